import DfuseDevice
import DfuseSimulator
import Foundation
import Testing

@testable import dfuse

/// `--log`, and `dfuse simulate CHIP --replay`: a trace of one board held against another.
@Suite struct TraceTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Firmware.program(3000), to: "fw.bin")
  }

  private func flash(_ more: String...) -> Sandbox.Run {
    sandbox.run(["flash", "--stay", "@fw.bin", "--log", sandbox.path("traces")] + more)
  }

  private func lines(_ name: String) throws -> [Substring] {
    String(decoding: try sandbox.read("traces/\(name)"), as: UTF8.self).split(separator: "\n")
  }

  /// DFU 1.1 table 3.2: DFU_GETSTATUS is 0xA1 0x03 and asks for six bytes.
  @Test func `each board gets a file with every byte, and an older one stays`() throws {
    let board = ["--simulate", "stm32f405", "--address", "08000000"]
    #expect(
      sandbox.run(["flash", "--stay", "@fw.bin", "--log", sandbox.path("traces")] + board).status
        == .success)
    let first = try lines("1-1-315A28A0B956.jsonl")
    #expect(first[0].contains(#""transferSize":2048,"vendorID":1155}"#))
    #expect(
      first[0].contains(#""names":["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg""#))
    #expect(
      first[1].hasPrefix(#"{"answer":"00 00 00 00 02 00","at":0,"setup":"a1 03 00 00 00 00 06 00""#)
    )
    // Set Address: command 0x21 and the address, least byte first (AN3156).
    #expect(
      first.contains { $0.contains(#""data":"21 00 00 00 08","setup":"21 01 00 00 00 00 05 00""#) })
    #expect(
      sandbox.run(["flash", "--stay", "@fw.bin", "--log", sandbox.path("traces")] + board).status
        == .success)
    #expect(try lines("1-1-315A28A0B956.jsonl") == first)
    #expect(try lines("1-1-315A28A0B956-2.jsonl").count > 10)
  }

  @Test func `several boards have a file each`() throws {
    let run = flash("--all", "--simulate", "stm32f405", "--simulate", "stm32f072")
    #expect(run.status == .success, "\(run)")
    #expect(try lines("1-1-315A28A0B956.jsonl")[0].contains(#""chip":"STM32F2/F4 (1 MiB)""#))
    #expect(try lines("1-2-357236543131.jsonl")[0].contains(#""path":"1-2""#))
  }

  @Test func `a folder that cannot be made is told before anything is done`() throws {
    try sandbox.write([1], to: "traces")
    let bus = SimulatedBus([SimulatedBoard(try #require(.named("f405")))])
    sandbox.bus = bus
    let run = flash("--full", "--address", "08000000")
    #expect(run.status == .cannotCreate, "\(run)")
    #expect(run.error.contains("traces"))
    #expect(bus.board(at: "1-1")?.counters.count(.any) == 0)
  }

  /// What the host sends a chip, and what that answers, is the same a second time: also its times.
  @Test(arguments: SimulatedChip.all.map(\.name))
  func `a trace of a chip is what the same chip answers`(chip: String) throws {
    let bus = SimulatedBus()
    bus.plugIn(SimulatedBoard(try #require(.named(chip)), serial: "A"))
    sandbox.bus = bus
    let board = try #require(try bus.devices().first?.board)
    let start = try #require(board.programMemory?.map.segments.first?.start)
    // A GD32VF103 has none, or one that is no name of a file.
    let serial = (board.identity.serialNumber ?? "").filter { $0.isLetter || $0.isNumber }
      .reduce(into: "") { $0 += $0.isEmpty ? "-\($1)" : "\($1)" }
    _ = sandbox.run(
      "flash", "--stay", "--full", "@fw.bin", "--address", String(start &+ 0x1_0000, radix: 16),
      "--log", sandbox.path("traces"), "--allow-bootloader")
    let run = sandbox.run("simulate", chip, "--replay", "@traces/1-1\(serial).jsonl")
    #expect(run.status == .success, "\(run)")
    #expect(run.output.contains(" as the board did "))
  }

  @Test func `the first answer that differs is told, with what came before it`() throws {
    #expect(flash("--simulate", "stm32f405", "--address", "08000000").status == .success)
    let trace = "@traces/1-1-315A28A0B956.jsonl"
    let run = sandbox.run("simulate", "stm32f405", "--fault", "errWRITE@write:2", "--replay", trace)
    #expect(run.status == .different)
    #expect(
      run.output.contains(
        """
        : DFU_GETSTATUS
          before it: write 2048 bytes at 0x08000000
          the board: OK, dfuDNBUSY, bwPollTimeout 104 ms
          stm32f405: errWRITE, dfuERROR, bwPollTimeout 0 ms

        """), "\(run)")
    #expect(run.error.contains("stm32f405 answers otherwise than the board of "))
    let other = sandbox.run("simulate", "stm32f446", "--replay", trace)
    #expect(other.status == .different)
    #expect(
      other.output.hasPrefix(
        """
        alternate setting 0
          the board: @Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg
          stm32f446: @Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg

        """), "\(other)")
    let stalled = sandbox.run(
      "simulate", "stm32f405", "--fault", "stall@write:1", "--replay", trace)
    #expect(stalled.output.contains("  the board: took it\n  stm32f405: stall\n"), "\(stalled)")
  }

  @Test func `a trace that was cut off is taken as far as it goes`() throws {
    #expect(flash("--simulate", "stm32f405", "--address", "08000000").status == .success)
    let bytes = try sandbox.read("traces/1-1-315A28A0B956.jsonl")
    try sandbox.write(Array(bytes.dropLast(20)), to: "cut.jsonl")
    let run = sandbox.run("simulate", "stm32f405", "--replay", "@cut.jsonl")
    #expect(run.status == .success, "\(run)")
  }

  /// Traces of boards that did what a simulated chip does since; their names begin with the chip's.
  ///
  /// The first one holds the form, too: what one release wrote, each later one reads.
  static let kept: [URL] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Traces")
    let files = try? FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension == "jsonl" }
  }()

  @Test func `traces are kept`() { #expect(!Self.kept.isEmpty) }

  @Test(arguments: kept)
  func `a trace that is kept is what the simulated chip answers`(file: URL) throws {
    let name = file.lastPathComponent
    let chip = SimulatedChip.every.map(\.name).filter { name.hasPrefix($0 + ".") }.max {
      $0.count < $1.count
    }
    let run = sandbox.run(
      "simulate", try #require(chip, "\(name) does not begin with a chip and a full stop"),
      "--replay", file.path)
    #expect(run.status == .success, "\(run)")
  }

  private static let head =
    #"{"dfuse":"x","trace":1,"path":"1-1","vendorID":1155,"productID":57105,"deviceVersion":1,"#
    + #""names":[]}"# + "\n"

  @Test(arguments: [
    "", "\n", "hello\n", "{}\n", head + "{}\n",
    head + #"{"at":0,"took":0,"setup":"a1 03"}"# + "\n",
    head + #"{"at":-1,"took":0,"setup":"a1 03 00 00 00 00 06 00"}"# + "\n",
    head + #"{"at":1e300,"took":0,"setup":"a1 03 00 00 00 00 06 00"}"# + "\n",
    head + #"{"at":0,"took":0,"setup":"a 103 00 00 00 00 06 00"}"# + "\n",
    head + #"{"at":0,"took":0,"setup":"+1 03 00 00 00 00 06 00"}"# + "\n",
    head + #"{"at":0,"took":0,"setup":"a1 03 00 00 00 00 06 00","answer":"zz"}"# + "\n",
  ])
  func `what is no trace is refused`(text: String) throws {
    try sandbox.write(Array(text.utf8), to: "t.jsonl")
    let run = sandbox.run("simulate", "stm32f405", "--replay", "@t.jsonl")
    #expect(run.status == .badData, "\(run)")
    #expect(run.error.contains(" of t.jsonl is no line of a trace"))
  }

  /// Requests that no host sends are answered or refused, by a simulated board as by a real one.
  @Test func `requests of any kind are played`() throws {
    var text = Self.head
    var setups = ["ff ff ff ff ff ff ff ff", "00 00 00 00 00 00 00 00", "21 01 ff ff 00 00 00 10"]
    for number in 0..<16 { setups.append("a1 0\(String(number, radix: 16)) 00 00 07 00 ff ff") }
    for setup in setups { text += #"{"at":1,"took":0,"setup":"\#(setup)"}"# + "\n" }
    try sandbox.write(Array(text.utf8), to: "t.jsonl")
    let run = sandbox.run("simulate", "stm32f405", "--replay", "@t.jsonl")
    #expect(run.status == .different)
  }
}
