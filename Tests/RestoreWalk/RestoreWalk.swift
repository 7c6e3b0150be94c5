import DfuseSimulator

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Cuts a restore at each of its requests, and in the middle of all work of the chip's, and runs it
/// again: on four sectors of every simulated chip, and on a whole chip of each family.
///
/// `RestoreWalk [EVERY] [CHIP…]`: of the boards that a cut in the flash of a whole chip leaves, behind
/// the first twenty-five, one in EVERY gets its second run (100); with 1, all do. With names, these chips
/// alone, whole. Ends with status 1 where something is not as it was.
@main
struct RestoreWalk {
  /// A chip of each family, whole.
  static let families = [
    "stm32f072", "stm32f107", "stm32f303", "stm32f405", "stm32f723", "stm32l072", "stm32l152",
    "stm32l476", "stm32l4r5", "stm32l552", "stm32wb55", "stm32g0b1", "stm32g431", "stm32c071",
    "stm32u083", "stm32h563", "stm32u575", "stm32c562", "stm32h723", "gd32vf103", "apm32f103",
  ]

  static func main() async {
    var arguments = CommandLine.arguments.dropFirst()
    let every = arguments.first.flatMap { Int($0) } ?? 100
    if arguments.first.flatMap({ Int($0) }) != nil { arguments.removeFirst() }
    var courses: [(chip: SimulatedChip, isWhole: Bool)] = []
    if arguments.isEmpty {
      courses = SimulatedChip.all.map { ($0, false) }
      courses += families.compactMap { name in SimulatedChip.named(name).map { ($0, true) } }
    } else {
      courses = arguments.compactMap { name in SimulatedChip.named(name).map { ($0, true) } }
    }
    let clock = ContinuousClock()
    let begin = clock.now
    var problems: [String] = []
    for isWhole in [false, true] {
      var total = WalkedRestore.Findings()
      var options = 0
      let wanted = courses.filter { $0.isWhole == isWhole }.map(\.chip)
      await withTaskGroup(of: WalkedRestore.Findings.self) { group in
        for chip in wanted {
          group.addTask {
            WalkedRestore(chip, isWhole: isWhole, every: isWhole ? max(1, every) : 1).run()
          }
        }
        for await found in group {
          if isWhole { print("  \(found.name): \(found.words)") }
          total.cuts += found.cuts
          total.boards += found.boards
          total.runs += found.runs
          total.protected += found.protected
          total.reserved += found.reserved
          total.closed += found.closed
          if found.hasOptions { options += 1 }
          problems += found.problems
        }
      }
      guard !wanted.isEmpty else { continue }
      print(
        "RestoreWalk: \(wanted.count) chips, \(isWhole ? "whole" : "four sectors"), \(options) with "
          + "option bytes: \(total.words), in \(clock.now - begin)")
    }
    for problem in problems.prefix(20) { print("  not so: \(problem)") }
    if !problems.isEmpty { exit(1) }
  }
}

extension WalkedRestore.Findings {
  var words: String {
    "\(cuts) cuts leave \(boards) boards; run again on \(runs), of which \(protected) had to be opened"
      + "\(reserved > 0 ? " (\(reserved) with other bits that are no field's)" : ""); \(closed) without a way into the bootloader, as was said before"
  }
}
