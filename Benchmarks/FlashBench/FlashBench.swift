import DfuseSimulator

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measures flashes of simulated boards in virtual time, and prints a table.
///
/// Arguments are chips; without any, every chip is measured.
@main
struct FlashBench {
  static func main() {
    do {
      try run()
    } catch {
      print("flash benchmark: \(error)")
      exit(1)
    }
  }

  private static func run() throws(BenchError) {
    let names = CommandLine.arguments.dropFirst()
    var chips: [SimulatedChip] = []
    for name in names {
      guard let chip = SimulatedChip.named(name) else { throw .noSuchChip(name) }
      chips.append(chip)
    }
    if names.isEmpty { chips = SimulatedChip.all }
    var rows: [BenchRow] = []
    for chip in chips { rows += try BenchRow.measure(chip) }
    print(BenchTable(rows: rows).text)
    let slow = rows.filter { !$0.isFastEnough }
    guard slow.isEmpty else { throw .tooSlow(rows: slow.count) }
  }
}
