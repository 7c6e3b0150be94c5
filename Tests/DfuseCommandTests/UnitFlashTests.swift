import DfuseSimulator
import DfuseTestSupport
import Synchronization
import Testing

@testable import dfuse

/// `dfuse flash --patch … --ledger …`: each board is a unit of its own.
@Suite struct UnitFlashTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus
  private let place: UInt32 = 0x0800_FC00

  init() throws {
    (sandbox, bus) = try Self.setUp()
  }

  private func board(_ number: Int, faults: String...) throws -> SimulatedBoard {
    let chip = try #require(SimulatedChip.named("f405"))
    return SimulatedBoard(
      chip, serial: chip.serial(ofBoard: number), faults: try FaultPlan(parsing: faults))
  }

  private func bytes(_ count: Int, at port: String = "1-1") -> [UInt8]? {
    bus.board(at: port)?.read(count, at: place)
  }

  /// The events of the ledger, without the names of the columns.
  private func ledger(_ name: String = "l.csv") throws -> [LedgerLine] {
    let lines = String(decoding: try sandbox.read(name), as: UTF8.self).split(separator: "\n")
    #expect(lines.first.map { $0 + "\n" } == LedgerLine.header[...])
    return try lines.dropFirst().map { try #require(LedgerLine(String($0)), "\($0)") }
  }

  private let verdict =
    "flashed 39.1 KiB to STM32F2/F4 (1 MiB) at 1-1 in T: verified; the firmware is running (the "
    + "board came back as 0483:5740 (STM32 Virtual ComPort)); unit 1000\n"

  // MARK: - One board

  @Test func `a board gets its number, and its line in the ledger`() throws {
    let run = flash(
      "-q", "@fw.bin", "--patch", "0x0800FC00=u32:counter:1000", "--ledger", "@l.csv")
    #expect(run == Sandbox.Run(status: .success, output: "", error: ""))
    #expect(bytes(6) == [0xE8, 3, 0, 0, 0xFF, 0xFF])
    #expect(memory(40_000) == Firmware.program(40_000))
    let lines = try ledger()
    #expect(lines.map(\.event) == [.taken, .verified])
    let last = try #require(lines.last)
    #expect(last.unit == 1000 && last.port == "1-1" && last.serial == "315A28A0B956")
    #expect(last.time == "2027-01-15T08:00:00Z" && last.values == "0x0800FC00=1000")
    #expect(last.uniqueID == "6FF52311075056B931333620" && last.verdict == "verified")
    #expect(Double(last.seconds).map { $0 > 0 } == true)
    #expect(last.firmwareCRC.count == 10)
  }

  @Test func `the verdict names the unit, and JSON its values`() throws {
    let words = ["--patch", "0x0800FC00=text8:{counter:1000}", "--ledger"]
    let run = sandbox.run(["flash", "@fw.bin"] + words + ["@l.csv"]).timeless
    #expect(run.output == verdict)
    bus.plugBack("1-1")
    let json = sandbox.run(["flash", "--json", "@fw.bin"] + words + ["@l.csv"])
    #expect(json.output.contains(#""unit":1001,"values":[{"address":134282240,"#))
    #expect(
      json.output.contains(
        #"{"address":134282240,"bytes":"3130303100000000","place":"0x0800FC00","text":"1001"}"#))
  }

  @Test func `a sector that only differs by a board's own data costs only itself`() throws {
    let words = [
      "flash", "-q", "@fw.bin", "--patch", "0x0800FC00=u32:counter", "--ledger", "@l.csv",
    ]
    #expect(sandbox.run(words).status == .success)
    bus.plugBack("1-1")
    let before = try #require(bus.board(at: "1-1")?.counters)
    #expect(sandbox.run(words).status == .success)
    let after = try #require(bus.board(at: "1-1")?.counters)
    #expect(after.erases.filter { before.erases[$0.key] != $0.value } == [0x0800_C000: 1])
    #expect(after.bytesProgrammed - before.bytesProgrammed == 4)
    #expect(bytes(4) == [2, 0, 0, 0])
  }

  @Test func `several patches, inside the firmware and outside, go to the board at once`() throws {
    let run = flash(
      "-q", "@fw.bin", "--patch", "0x0800FC00=uid", "--patch", "0x08001000+4=text16:date",
      "--patch", "0800FC0C=bytes:AABB")
    #expect(run.status == .success, "\(run.error)")
    #expect(
      bytes(14) == [
        0x6F, 0xF5, 0x23, 0x11, 0x07, 0x50, 0x56, 0xB9, 0x31, 0x33, 0x36, 0x20, 0xAA, 0xBB,
      ])
    #expect(
      bus.board(at: "1-1")?.read(16, at: 0x0800_1004)
        == Array("2027-01-15".utf8) + [UInt8](repeating: 0, count: 6))
    // Without a ledger there is no number.
    #expect(!run.output.contains("unit"))
  }

  @Test func `--dry-run shows the values and takes none`() throws {
    let run = flash(
      "@fw.bin", "--dry-run", "--patch", "0x0800FC00=u32:counter:1000", "--ledger", "@l.csv")
    #expect(run.status == .success)
    #expect(run.error.contains("\nunit 1000 (not taken): 0x0800FC00=1000\n"), "\(run.error)")
    #expect(!sandbox.files.contains("l.csv"))
    #expect(bytes(1) == [0xFF])
  }

  // MARK: - Names

  /// `fw.elf`: a vector table, and behind it a variable of eight bytes.
  private func writeELF() throws {
    let program = Firmware.program(0x400)
    let names = [UInt8](0...0) + Array("serial".utf8) + [0]
    let symbols =
      [UInt8](repeating: 0, count: 16) + ELFBuilder.symbol(name: 1, value: 0x0800_0200, size: 8)
    let start = ELFBuilder.contentOffset
    let size = UInt32(program.count)
    let builder = ELFBuilder(
      segments: [
        .init(
          offset: start, virtualAddress: 0x0800_0000, physicalAddress: 0x0800_0000, fileSize: size)
      ],
      sections: [
        .init(address: 0x0800_0000, offset: start, size: size),
        .init(
          type: 2, flags: 0, address: 0, offset: start + size, size: 32, link: 3, entrySize: 16),
        .init(type: 3, flags: 0, address: 0, offset: start + size + 32, size: UInt32(names.count)),
      ],
      content: program + symbols + names)
    try sandbox.write(builder.bytes, to: "fw.elf")
  }

  @Test func `a variable is found by its name, and text fills it`() throws {
    try writeELF()
    #expect(flash("-q", "@fw.elf", "--patch", "serial=text:ACME").status == .success)
    #expect(
      bus.board(at: "1-1")?.read(9, at: 0x0800_0200)
        == Array("ACME".utf8) + [0, 0, 0, 0, Firmware.program(0x400)[0x208]])
    bus.plugBack("1-1")
    #expect(flash("-q", "@fw.elf", "--patch", "serial+4=u32:7").status == .success)
  }

  @Test(
    arguments: [
      (
        ["@fw.elf", "--patch", "serial=text:ACME-12345"], Status.badData,
        "10 bytes (ACME-12345) do not fit into the 8"
      ),
      (["@fw.elf", "--patch", "serial+5=u32:1"], .badData, "4 bytes (1) do not fit into the 3"),
      (["@fw.elf", "--patch", "serial+8=u8:1"], .usage, "serial+8 is outside of serial"),
      (["@fw.elf", "--patch", "seril=u8:1"], .usage, "did you mean serial?"),
      (
        ["@fw.elf", "--patch", "serial=u8:1", "--patch", "0x08000200=u8:2"], .badData,
        "reaches into"
      ),
      (["@fw.bin", "--patch", "serial=u8:1"], .usage, "only ELF files have them"),
      (["@fw.bin", "--patch", "0x20000000=u8:1"], .badData, "--patch 0x20000000 is nothing that"),
      (["@fw.bin", "--patch", "0x08100000=u8:1"], .badData, "is nothing that"),
      (["@fw.bin", "--patch", "0x080FFFFE=u32:1"], .badData, "0x0810_0000-0x0810_0001"),
      (["@fw.bin", "--patch", "0x0800FC00=u8:counter"], .usage, "--ledger units.csv"),
      (["@fw.bin", "--patch", "0x0800FC00=u32:csv:none.csv:id"], .noInput, "cannot read none.csv"),
      (["@fw.bin", "--patch", "0x0800FC00=uid", "--no-identify"], .usage, "--no-identify and uid"),
      (["@fw.bin", "--ledger", "-"], .usage, "the ledger has to be a file"),
      (["@fw.bin", "--ledger", "@fw.bin"], .badData, "is no ledger of dfuse"),
      (["@fw.bin", "--ledger", "/dev/null"], .cannotCreate, "is no regular file"),
      (["@fw.bin", "--ledger", "@none/l.csv"], .cannotCreate, "No such file or directory"),
      (
        [
          "@fw.bin", "--ledger", "@l.csv", "--patch", "0x0800FC00=u8:counter:1", "--patch",
          "0x0800FC04=u8:counter:2",
        ],
        .usage, "the counter would start at 1 and 2"
      ),
    ])
  func `what cannot be is refused before anything is erased`(
    words: [String], status: Status, text: String
  ) throws {
    try writeELF()
    let run = sandbox.run(["flash"] + words)
    #expect(run.status == status, "\(run.error)")
    #expect(run.error.contains(text), "\(run.error)")
    #expect(bus.board(at: "1-1")?.counters.erases.isEmpty == true)
    #expect(bus.board(at: "1-1")?.counters.bytesProgrammed == 0)
  }

  @Test func `a chip that does not tell its unique id is refused`() throws {
    bus.changeBoard(at: "1-1") {
      $0.faults = (try? FaultPlan(parsing: ["system=refused"])) ?? $0.faults
    }
    let run = flash("@fw.bin", "--patch", "0x0800FC00=uid")
    #expect(run.status == .protocolError)
    #expect(run.error.contains("error: STM32F2/F4 (1 MiB) at 1-1 does not tell its unique id\n"))
    #expect(run.error.contains("  now: nothing on the board was changed\n"))
    // For the ledger alone it is not needed.
    #expect(flash("-q", "@fw.bin", "--ledger", "@l.csv").status == .success)
    #expect(try ledger().last?.uniqueID == "")
  }

  // MARK: - What goes wrong

  @Test func `a unit that fails keeps its number, and the next one gets another`() throws {
    let plan = try FaultPlan(parsing: ["errWRITE@write:2"])
    bus.changeBoard(at: "1-1") { $0.faults = plan }
    let words = ["flash", "@fw.bin", "--patch", "0x0800FC00=u32:counter:7", "--ledger", "@l.csv"]
    let run = sandbox.run(words)
    #expect(run.status == .protocolError)
    #expect(
      run.error.contains(
        "does not start; unit 7 is in the ledger as failed, and its number is not given again\n"),
      "\(run.error)")
    bus.changeBoard(at: "1-1") { $0.faults = FaultPlan() }
    #expect(sandbox.run(words).status == .success)
    let lines = try ledger()
    #expect(lines.map(\.event) == [.taken, .failed, .taken, .verified])
    #expect(lines.map(\.unit) == [7, 7, 8, 8])
    #expect(lines[1].verdict.contains("the device reports errWRITE"))
  }

  @Test func `a board that nothing was done to gives its number and its row back`() throws {
    try sandbox.write(Array("id\nA1\nA2\n".utf8), to: "t.csv")
    let words = [
      "flash", "@fw.bin", "--patch", "0x0800FC00=text:csv:\(sandbox.path("t.csv")):id", "--ledger",
      "@l.csv",
    ]
    bus.plugIn(try board(0, faults: "rdp=1"), path: "1-1")
    #expect(sandbox.run(words).status == .protocolError)
    bus.plugIn(try board(1), path: "1-1")
    #expect(sandbox.run(words).status == .success)
    #expect(bytes(2) == Array("A1".utf8))
    bus.plugIn(try board(2), path: "1-1")
    #expect(sandbox.run(words).status == .success)
    #expect(bytes(2) == Array("A2".utf8))
    bus.plugIn(try board(3), path: "1-1")
    let run = sandbox.run(words)
    #expect(run.status == .badData)
    #expect(run.error.contains("t.csv has no row left"))
    let lines = try ledger()
    #expect(lines.map(\.event) == [.taken, .returned, .taken, .verified, .taken, .verified])
    #expect(lines.map(\.unit) == [1, 1, 1, 1, 2, 2])
  }

  @Test func `a unit that an earlier run left open is told of and closed`() throws {
    let open = LedgerLine(unit: 1017, event: .taken, time: "2027-01-14T07:00:00Z", port: "1-4")
    try sandbox.write(Array((LedgerLine.header + open.text + "1018,ver").utf8), to: "l.csv")
    let run = flash("@fw.bin", "--patch", "0x0800FC00=u32:counter", "--ledger", "@l.csv")
    #expect(run.status == .success)
    #expect(
      run.error.hasPrefix(
        "warning: l.csv: unit 1017 was taken at 2027-01-14T07:00:00Z for port 1-4 and never "
          + "finished; it is closed as abandoned, and its number is not given again\n"))
    #expect(
      run.error.contains(
        "warning: l.csv: its last line was cut off, as when the power fails, and is taken away: "
          + "'1018,ver'\n"))
    let lines = try ledger()
    #expect(lines.map(\.unit) == [1017, 1017, 1018, 1019, 1019])
    #expect(lines.map(\.event) == [.taken, .abandoned, .abandoned, .taken, .verified])
    #expect(lines[1].port == "1-4")
  }

  @Test func `where a counter starts that is not at its beginning is said`() throws {
    func run(_ counter: String) -> String {
      let patch = "0x0800FC00=u32:\(counter)"
      return flash("@fw.bin", "--stay", "--patch", patch, "--ledger", "@l.csv").error
    }
    #expect(!run("counter:1000").contains("l.csv"))
    #expect(
      run("counter:1000").contains("l.csv goes on with 1001; counter:1000 is for a new ledger\n"))
    #expect(!run("counter").contains("l.csv"))
    #expect(
      run("counter:2000").contains(
        "l.csv is at 1003, and goes on with 2000 as was said: those between are no unit's\n"))
    #expect(try ledger().filter { $0.event == .taken }.map(\.unit) == [1000, 1001, 1002, 2000])
  }

  @Test func `without a ledger, what a board got is said`() {
    let run = flash("@fw.bin", "--stay", "--patch", "0x0800FC00=uid")
    #expect(run.status == .success)
    #expect(run.error.contains("1-1: 0x0800FC00=6FF52311075056B931333620\n"), "\(run.error)")
  }

  // MARK: - Many boards

  @Test(arguments: ["--all", "--loop"])
  func `each of many boards gets its own`(way: String) throws {
    for number in 1..<16 { bus.plugIn(try board(number), path: "1-\(number + 1)") }
    let run = flash(
      "@fw.bin", way, "--patch", "0x0800FC00=u32:counter:1000", "--patch",
      "0x0800FC04=text:uid", "--ledger", "@l.csv")
    #expect(run.status == .success, "\(run.error)")
    let numbers = (1...16).compactMap { bytes(2, at: "1-\($0)") }
    #expect(Set(numbers) == Set((1000...1015).map { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }))
    let lines = try ledger()
    #expect(lines.count == 32)
    for line in lines where line.event == .verified {
      let held = try #require(bytes(28, at: line.port))
      #expect(UInt64(held[0]) | UInt64(held[1]) << 8 == line.unit)
      #expect(Array(line.uniqueID.utf8) == Array(held[4...]))
      #expect(
        run.output.contains("at \(line.port) in T") && run.output.contains("; unit \(line.unit)\n"))
    }
  }

  @Test func `--dry-run of many boards shows each a number of its own`() throws {
    bus.plugIn(try board(1), path: "1-2")
    let run = flash(
      "@fw.bin", "--all", "--dry-run", "--patch", "0x0800FC00=u32:counter", "--ledger", "@l.csv")
    #expect(run.error.contains("unit 1 (not taken)") && run.error.contains("unit 2 (not taken)"))
  }
}
