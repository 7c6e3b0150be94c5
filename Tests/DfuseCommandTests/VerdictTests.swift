import DfuseSimulator
import Testing

@testable import dfuse

/// Where a command says what, and what is left of it with `-q`.
@Suite struct VerdictTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus

  private static let board = "STM32F2/F4 (1 MiB) at 1-1"

  init() throws {
    (sandbox, bus) = try Self.setUp()
  }

  @Test(arguments: [
    (
      ["flash", "--stay", "@fw.bin"],
      "flashed 39.1 KiB to \(board) in T (2 of 3 sectors held their bytes already): verified; "
    ),
    (["verify", "@fw.bin"], "\(board) holds fw.bin: 39.1 KiB compared in T"),
    (["read", "-o", "@r.bin", "--length", "16"], "read 16 bytes ("),
    (["leave"], "\(board): the firmware is running "),
    (["erase", "--all"], "erased the whole flash of \(board) in T"),
    (["unprotect", "--yes"], "\(board) is not read protected, and nothing was erased; "),
  ])
  func `the verdict goes to standard output, progress to standard error`(
    words: [String], verdict: String
  ) throws {
    bus.changeBoard(at: "1-1") { $0.load(Firmware.program(40_000), at: 0x0800_0000) }
    if words[0] == "flash" { bus.changeBoard(at: "1-1") { $0.load([1], at: 0x0800_0000) } }
    let run = sandbox.run(words).timeless
    #expect(run.status == .success, "\(run)")
    #expect(run.output.hasPrefix(verdict), "\(run)")
    #expect(run.output.filter { $0 == "\n" }.count == 1)
    #expect(!run.error.contains(verdict))
  }

  @Test func `with -q, a success says nothing at all`() throws {
    for words in [
      ["flash", "--stay", "@fw.bin"], ["verify", "@fw.bin"], ["read", "-o", "@r.bin"],
      ["flash", "--all", "--stay", "@fw.bin"], ["erase", "--all"],
    ] {
      #expect(
        sandbox.run(words + ["-q"]) == Sandbox.Run(status: .success, output: "", error: ""))
    }
    let packed = sandbox.run("pack", "-q", "-o", "@o.dfu", "-i", "@fw.bin", "-a", "0")
    #expect(packed == Sandbox.Run(status: .success, output: "", error: ""))
  }

  @Test func `with -q, a firmware that is not verified is told`() {
    let told = "warning: \(Self.board): not verified\n"
    #expect(
      flash("-q", "--no-verify", "--stay", "@fw.bin")
        == Sandbox.Run(status: .success, output: "", error: told))
    bus.changeBoard(at: "1-1") { $0.load([1], at: 0x0800_0000) }
    #expect(
      flash("-q", "--all", "--no-verify", "--stay", "@fw.bin")
        == Sandbox.Run(status: .success, output: "", error: told))
  }

  @Test func `with -q, bytes beside the firmware that get lost are told`() throws {
    // Behind the firmware in its sector of 16 KiB: 100 bytes, of which 4 are blank.
    try sandbox.write(Firmware.program(1000), to: "small.bin")
    let data = (0..<100).map { (10..<14).contains($0) ? 0xFF : 0x55 as UInt8 }
    bus.changeBoard(at: "1-1") { board in
      board.load([1, 2, 3, 4], at: 0x0800_0000)
      board.load(data, at: 0x0800_2000)
    }
    let told =
      "warning: 96 bytes of other data beside the firmware, in sectors that are erased, will be "
      + "lost; --preserve keeps them\n"
    let plan = flash("--dry-run", "@small.bin")
    #expect(plan.error.contains(told), "\(plan)")
    #expect(memory(100, at: 0x0800_2000) == data)
    #expect(flash("-q", "--preserve", "--stay", "@small.bin").error == "")
    #expect(memory(100, at: 0x0800_2000) == data)
    bus.changeBoard(at: "1-1") { $0.load([1, 2, 3, 4], at: 0x0800_0000) }
    #expect(
      flash("-q", "--stay", "@small.bin")
        == Sandbox.Run(status: .success, output: "", error: told))
    #expect(memory(100, at: 0x0800_2000) == [UInt8](repeating: 0xFF, count: 100))
    // Nothing is left to lose.
    bus.changeBoard(at: "1-1") { $0.load([1, 2, 3, 4], at: 0x0800_0000) }
    #expect(flash("-q", "--stay", "@small.bin").error == "")
  }

  @Test func `where standard output carries the data, the verdict goes to standard error`() throws {
    let read = sandbox.run("read", "-o", "-", "--length", "4")
    #expect(read.output == "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}")
    #expect(read.error.contains("\nread 4 bytes ("))
    let packed = sandbox.run("pack", "-o", "-", "-m", "08000000", "-i", "@fw.bin", "-a", "0")
    #expect(packed.output.hasPrefix("DfuSe"))
    #expect(packed.error.hasPrefix("packed standard output  40309 bytes (39.4 KiB), CRC 0x"))
    let file = sandbox.run("pack", "-o", "@o.dfu", "-m", "08000000", "-i", "@fw.bin", "-a", "0")
    #expect(file.output.hasPrefix("packed o.dfu  40309 bytes (39.4 KiB), CRC 0x"))
    #expect(file.error == "")
  }

  @Test func `several boards have a verdict each, and one for all`() throws {
    bus.plugIn(SimulatedBoard(try #require(.named("f405")), serial: "2"))
    let run = flash("--all", "--stay", "@fw.bin")
    // A table stands between.
    let verdicts = run.output.split(separator: "\n").filter { $0.hasPrefix("flashed ") }
    #expect(
      verdicts.map { $0.prefix(15) } == ["flashed 39.1 Ki", "flashed 39.1 Ki", "flashed 2 board"])
    #expect(!run.error.contains("flashed "))
  }
}
