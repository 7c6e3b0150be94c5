import DfuseDevice
import DfuseFormat
import DfuseSimulator
import DfuseTestSupport
import Testing

@testable import dfuse

/// `dfuse snapshot`, and what `info` says of one.
@Suite struct SnapshotTests {
  let sandbox: Sandbox
  private let bus = SimulatedBus()
  private let program = Firmware.program(5000)

  init() throws {
    sandbox = try Sandbox()
    var board = SimulatedBoard(try #require(.named("f405")))
    board.load(program, at: 0x0800_0000)
    board.load([1, 2, 3], at: 0x0802_0000)
    bus.plugIn(board)
    sandbox.bus = bus
  }

  private func break_(_ faults: String...) throws {
    let plan = try FaultPlan(parsing: faults)
    bus.changeBoard(at: "1-1") { $0.faults = plan }
  }

  @Test func `a snapshot has each memory under its map, without what is blank`() throws {
    let run = sandbox.run("snapshot", "-o", "@b.dfu")
    #expect(
      run.timeless
        == Sandbox.Run(
          status: .success,
          output: """
            read all of STM32F2/F4 (1 MiB) at 1-1 (1.0 MiB: Internal Flash, Option Bytes, OTP \
            Memory) in T into b.dfu

            """,
          error: "read 1.0 MiB in T\n"))
    #expect(sandbox.files == ["b.dfu", "b.dfu.json"])
    let container = try DfuseFormat.Firmware(reading: sandbox.read("b.dfu"))
    #expect(container.targets.map(\.alternateSetting) == [0, 1, 2])
    #expect(
      container.targets.first?.name
        == "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg")
    #expect(
      container.targets.first?.elements == [
        ImageElement(
          address: 0x0800_0000, bytes: program + [UInt8](repeating: 0xFF, count: 5120 - 5000)),
        ImageElement(
          address: 0x0802_0000, bytes: [1, 2, 3] + [UInt8](repeating: 0xFF, count: 1021)),
      ])
    #expect(container.targets[1].elements.map(\.bytes.count) == [16])
    #expect(container.targets[2].elements.map(\.bytes.count) == [528])
  }

  @Test func `the same contents make the same bytes, whatever board they are of`() throws {
    #expect(sandbox.run("snapshot", "-q", "-o", "@a.dfu").status == .success)
    var other = SimulatedBoard(try #require(.named("f405")), serial: "0123456789AB")
    other.load(program, at: 0x0800_0000)
    other.load([1, 2, 3], at: 0x0802_0000)
    bus.plugIn(other)
    #expect(sandbox.run("snapshot", "-q", "-o", "@b.dfu", "--path", "1-2").status == .success)
    #expect(try sandbox.read("a.dfu") == sandbox.read("b.dfu"))
    #expect(try sandbox.read("a.dfu.json") != sandbox.read("b.dfu.json"))
  }

  @Test func `info shows which board a snapshot is of, and notices a file of another`() throws {
    #expect(sandbox.run("snapshot", "-q", "-o", "@b.dfu").status == .success)
    let run = sandbox.run("info", "@b.dfu")
    #expect(run.status == .success)
    #expect(
      run.output.contains("  snapshot of STM32F40x/41x, bootloader V3.1, 1 MiB of flash\n"),
      "\(run.output)")
    #expect(run.output.contains("    serial number 315A28A0B956\n"))
    #expect(
      run.output.contains("    Internal Flash (alternate setting 0): 1 MiB, 1018 KiB blank\n"))
    bus.changeBoard(at: "1-1") { $0.load([9], at: 0x0800_0000) }
    let facts = try sandbox.read("b.dfu.json")
    #expect(sandbox.run("snapshot", "-q", "-o", "@b.dfu").status == .success)
    try sandbox.write(facts, to: "b.dfu.json")
    let other = sandbox.run("info", "@b.dfu")
    #expect(other.output.contains("warning: b.dfu.json is of another container than this one"))
    try sandbox.write(Array("{}".utf8), to: "b.dfu.json")
    #expect(!sandbox.run("info", "@b.dfu").output.contains("snapshot of"))
  }

  @Test func `a blank memory is there all the same`() throws {
    bus.plugIn(SimulatedBoard(try #require(.named("l072"))))
    #expect(sandbox.run("snapshot", "-q", "-o", "@b.dfu", "--path", "1-2").status == .success)
    let container = try DfuseFormat.Firmware(reading: sandbox.read("b.dfu"))
    let first = try #require(container.targets.first)
    // An L0 erases to zero.
    #expect(
      first.elements == [
        ImageElement(address: 0x0800_0000, bytes: .init(repeating: 0, count: 1024))
      ])
    let snapshot = try #require(Snapshot(container))
    #expect(snapshot.chip.erasedByte == 0)
  }

  @Test func `a snapshot that was cut goes on`() throws {
    try break_("disconnect@read:300")
    let cut = sandbox.run("snapshot", "-o", "@b.dfu")
    #expect(cut.status == .inputOutput)
    #expect(cut.error.contains("fix: run the same command again: it goes on from there"), "\(cut)")
    #expect(sandbox.files == ["b.dfu.part"])
    try break_()
    bus.plugBack("1-1")
    let run = sandbox.run("snapshot", "-o", "@b.dfu")
    #expect(run.status == .success)
    #expect(run.error.contains("going on where it was cut: "))
    #expect(sandbox.files == ["b.dfu", "b.dfu.json"])
    #expect(sandbox.run("snapshot", "-q", "-o", "@c.dfu").status == .success)
    #expect(try sandbox.read("b.dfu") == sandbox.read("c.dfu"))
  }

  @Test func `a snapshot that was cut is begun anew when the board holds something else`() throws {
    try break_("disconnect@read:300")
    #expect(sandbox.run("snapshot", "-o", "@b.dfu").status == .inputOutput)
    try break_()
    bus.plugBack("1-1")
    bus.changeBoard(at: "1-1") { $0.load([9], at: 0x0800_0000) }
    let run = sandbox.run("snapshot", "-o", "@b.dfu")
    #expect(run.status == .success)
    #expect(run.error.contains("b.dfu.part is of another board, or of other contents: begun anew"))
    let container = try DfuseFormat.Firmware(reading: sandbox.read("b.dfu"))
    #expect(container.targets.first?.elements.first?.bytes.first == 9)
  }

  @Test func `--verify reads everything twice`() throws {
    let run = sandbox.run("snapshot", "--verify", "-o", "@b.dfu")
    #expect(run.status == .success)
    #expect(run.output.contains("into b.dfu: read twice, and the same"))
    #expect(run.error.contains("verified 1.0 MiB"))
  }

  @Test func `no key word is read`() throws {
    for (chip, address, count) in [("u575", 0x4002_2070, 16), ("u083", 0x4002_2084, 36)] {
      let bus = SimulatedBus()
      var board = SimulatedBoard(try #require(.named(chip)))
      let key = [UInt8](repeating: 0x5A, count: count)
      board.load(key, at: UInt32(address))
      bus.plugIn(board)
      sandbox.bus = bus
      #expect(sandbox.run("snapshot", "-q", "-o", "@k.dfu").status == .success)
      #expect(sandbox.run("read", "-q", "-a", "1", "-o", "@r.dfu").status == .success)
      for name in ["k.dfu", "r.dfu"] {
        let container = try DfuseFormat.Firmware(reading: sandbox.read(name))
        for element in container.elements {
          #expect(!element.range.overlaps(UInt64(address)..<UInt64(address + count)))
        }
      }
      let run = sandbox.run(
        "read", "-o", "@x.bin", "--address", String(address, radix: 16), "--length", "4")
      #expect(run.status == .badData)
    }
  }

  @Test func `key words in a file are left out, and the rest is written`() throws {
    let bus = SimulatedBus()
    bus.plugIn(SimulatedBoard(try #require(.named("u575"))))
    sandbox.bus = bus
    var bytes = try #require(bus.board(at: "1-1")?.read(48, at: 0x4002_2040))
    let keys = try #require(bus.board(at: "1-1")?.read(16, at: 0x4002_2070))
    // The watchdog by software or by hardware.
    bytes[2] ^= 1
    try sandbox.write(
      Firmware.container([(1, 0x4002_2040, bytes + [UInt8](repeating: 0x5A, count: 16))]),
      to: "o.dfu")
    let run = sandbox.run("flash", "--stay", "--allow-option-bytes", "@o.dfu")
    #expect(run.status == .success, "\(run)")
    #expect(
      run.error.contains(
        "warning: 0x4002_2070-0x4002_207f is left out: a locked chip takes its keys there"),
      "\(run)")
    let board = try #require(bus.board(at: "1-1"))
    #expect(board.read(48, at: 0x4002_2040) == bytes)
    #expect(board.read(16, at: 0x4002_2070) == keys)
  }

  @Test(arguments: ["r.hex", "r.bin", "r.elf"])
  func `a snapshot is a container`(_ name: String) {
    let run = sandbox.run("snapshot", "-o", "@\(name)")
    #expect(run.status == .usage)
    #expect(run.error.contains("a snapshot is a DfuSe container"))
  }

  @Test func `standard output gets the container alone`() {
    #expect(sandbox.run("snapshot", "-o", "-").output.hasPrefix("DfuSe"))
    #expect(sandbox.files.isEmpty)
  }
}
