import DfuseDevice
import DfuseSimulator
import Testing

@testable import dfuse

/// Boards whose bootloader is a program in flash that a careless flash would erase.
@Suite struct ApplicationBootloaderTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func bus(_ name: String) throws -> SimulatedBus {
    var board = SimulatedBoard(try #require(SimulatedChip.named(name)))
    board.load([0xB0, 0x07], at: 0x0802_0000)
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    return bus
  }

  private func container(_ address: UInt32, alt: UInt8 = 0, ids: (UInt16, UInt16)) throws {
    try sandbox.write(
      try Firmware.container(
        [(alt, address, Firmware.program(3000, at: address))], productID: ids.1, vendorID: ids.0),
      to: "fw.dfu")
  }

  static let arduinos: [(String, UInt16, UInt16)] = [
    ("portenta-h7", 0x2341, 0x035B), ("giga-r1", 0x2341, 0x0366), ("opta", 0x35D1, 0x0364),
  ]

  @Test(arguments: arduinos)
  func `an Arduino's writable bootloader sector is refused, and nothing is changed`(
    name: String, vendor: UInt16, product: UInt16
  ) throws {
    let bus = try bus(name)
    for address in [0x0800_0000, 0x0801_F000, 0x0802_0000, 0x0803_F000] as [UInt32] {
      try container(address, ids: (vendor, product))
      let run = sandbox.run("flash", "@fw.dfu")
      #expect(run.status == .usage, "\(run.error)")
      #expect(run.error.contains("which is the Arduino bootloader's own\n"))
      #expect(run.error.contains("  why: programs for it begin at 0x0804_0000\n"))
      #expect(run.error.contains("  now: nothing on the board was changed\n"))
      #expect(run.error.contains("--allow-bootloader"))
    }
    for words in [
      ["erase", "--address", "08020000"], ["erase", "--address", "0801fff0", "--length", "64K"],
    ] {
      #expect(sandbox.run(words).status == .usage)
    }
    let counters = try #require(bus.board(at: "1-1")).counters
    #expect(counters.count(.dnload) == 0)
    #expect(bus.board(at: "1-1")?.read(2, at: 0x0802_0000) == [0xB0, 0x07])
  }

  @Test(arguments: arduinos)
  func `a raw file goes behind the bootloader, and is started there`(
    name: String, vendor: UInt16, product: UInt16
  ) throws {
    let bus = try bus(name)
    let program = Firmware.program(3000, at: 0x0804_0000)
    try sandbox.write(program, to: "fw.bin")
    let run = sandbox.run("flash", "@fw.bin")
    #expect(run.status == .success, "\(run.error)")
    #expect(
      run.error.contains(
        "fw.bin is a raw binary: it goes to 0x0804_0000, behind the Arduino bootloader in "
          + "Internal Flash 2MB; --address changes that"))
    #expect(bus.board(at: "1-1")?.read(3000, at: 0x0804_0000) == program)
    #expect(bus.board(at: "1-1")?.read(2, at: 0x0802_0000) == [0xB0, 0x07])
  }

  @Test func `--allow-bootloader overwrites the sector that the board lets be written`() throws {
    let bus = try bus("portenta-h7")
    try container(0x0802_0000, ids: (0x2341, 0x035B))
    #expect(sandbox.run("flash", "@fw.dfu", "--allow-bootloader", "--stay").status == .success)
    #expect(
      bus.board(at: "1-1")?.read(3000, at: 0x0802_0000) == Firmware.program(3000, at: 0x0802_0000))
    try container(0x0800_0000, ids: (0x2341, 0x035B))
    #expect(sandbox.run("flash", "@fw.dfu", "--allow-bootloader").status == .badData)
    #expect(sandbox.run("erase", "--address", "08020000", "--allow-bootloader").status == .success)
    #expect(bus.board(at: "1-1")?.read(2, at: 0x0802_0000) == [0xFF, 0xFF])
  }

  @Test func `erasing everything leaves the bootloader`() throws {
    let bus = try bus("portenta-h7")
    bus.changeBoard(at: "1-1") { $0.load([1, 2, 3], at: 0x0804_0000) }
    #expect(sandbox.run("erase", "--all").status == .success)
    #expect(bus.board(at: "1-1")?.read(2, at: 0x0802_0000) == [0xB0, 0x07])
    #expect(bus.board(at: "1-1")?.read(3, at: 0x0804_0000) == [0xFF, 0xFF, 0xFF])
    try container(0x0804_0000, ids: (0x2341, 0x035B))
    #expect(sandbox.run("flash", "@fw.dfu", "--mass-erase").status == .success)
    #expect(bus.board(at: "1-1")?.read(2, at: 0x0802_0000) == [0xB0, 0x07])
    #expect(bus.board(at: "1-1")?.counters.massErases == 0)
  }

  @Test func `leaving starts the program behind the bootloader`() throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named("portenta-h7")))
    board.recordsTransfers = true
    board.load(Firmware.program(64, at: 0x0804_0000), at: 0x0804_0000)
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    #expect(sandbox.run("leave").status == .success)
    let transcript = try #require(bus.board(at: "1-1")).transcript
    #expect(transcript.map(\.description).contains("DNLOAD 0: 21 00 00 04 08"))
  }

  /// Map, where a program of the board begins, and an address that is the bootloader's.
  @Test(
    arguments: [
      ("lego-hub", 0x0800_8000, 0x0800_4000), ("daisy", 0x9004_0000, 0x9000_0000),
    ] as [(String, UInt32, UInt32)])
  func `other known boards have their start and their floor`(
    name: String, start: UInt32, own: UInt32
  ) throws {
    let bus = try bus(name)
    let program = Firmware.program(3000, at: start)
    try sandbox.write(program, to: "fw.bin")
    let refused = sandbox.run("flash", "@fw.bin", "--address", String(own, radix: 16))
    #expect(refused.status == .usage, "\(refused.error)")
    #expect(refused.error.contains("'s own\n"))
    #expect(bus.board(at: "1-1")?.counters.count(.any) == 0)
    let run = sandbox.run("flash", "@fw.bin")
    #expect(run.status == .success, "\(run.error)")
    #expect(bus.board(at: "1-1")?.read(3000, at: start) == program)
  }

  @Test(
    arguments: [
      ("particle-argon", [0x0000_0000, 0x000F_4000, 0x000F_8000], 0x0003_0000),
      ("particle-photon", [0x0800_0000, 0x0800_8000], 0x0802_0000),
    ] as [(String, [UInt32], UInt32)])
  func `a Particle board's bootloader is refused, its programs are not`(
    name: String, own: [UInt32], start: UInt32
  ) throws {
    _ = try bus(name)
    for address in own {
      let ids: (UInt16, UInt16) = name == "particle-argon" ? (0x2B04, 0xD00C) : (0x2B04, 0xD006)
      try container(address, ids: ids)
      let run = sandbox.run("flash", "@fw.dfu")
      #expect(run.status == .usage, "\(run.error)")
      #expect(run.error.contains("the Particle bootloader's own\n"))
    }
    try sandbox.write(Firmware.program(3000, at: start), to: "fw.bin")
    let run = sandbox.run("flash", "@fw.bin", "--address", String(start, radix: 16), "--stay")
    #expect(run.status == .success, "\(run.error)")
  }

  /// libopencm3's example has no UPLOAD, and so nothing is compared or verified.
  @Test(arguments: [("libopencm3-dfu", false), ("black-magic-probe", true)])
  func `bootloaders on libopencm3 are flashed, and verified where they can be read`(
    name: String, isReadable: Bool
  ) throws {
    let bus = try bus(name)
    let start: UInt32 = 0x0800_2000
    bus.changeBoard(at: "1-1") { $0.load([UInt8](repeating: 0, count: 4096), at: start) }
    let program = Firmware.program(5000, at: start)
    try sandbox.write(program, to: "fw.bin")
    let run = sandbox.run("flash", "@fw.bin")
    #expect(run.status == .success, "\(run.error)")
    #expect(run.error.contains("cannot be read") != isReadable, "\(run.error)")
    #expect(bus.board(at: "1-1")?.read(5000, at: start) == program)
    #expect(bus.board(at: "1-1")?.counters.count(.leave) == 1)
  }

  @Test func `an unknown map that begins with what cannot be written takes its first writable`()
    throws
  {
    let bus = try bus("st-usbd")
    let program = Firmware.program(3000, at: 0x0800_C000)
    try sandbox.write(program, to: "fw.bin")
    let run = sandbox.run("flash", "@fw.bin")
    #expect(run.status == .success, "\(run.error)")
    #expect(bus.board(at: "1-1")?.read(3000, at: 0x0800_C000) == program)
  }

  @Test func `a memory of no sectors is said to be empty`() throws {
    let bus = try bus("portenta-h7")
    try sandbox.write(Firmware.program(100), to: "fw.bin")
    try container(0, alt: 3, ids: (0x2341, 0x035B))
    for words in [
      ["read", "-a", "2", "-o", "@out.bin"],
      ["read", "-a", "3", "--length", "16", "-o", "@out.bin"],
      ["read", "-a", "2", "--address", "0", "--length", "16", "-o", "@out.bin"],
      ["flash", "@fw.bin", "-a", "2", "--address", "0"], ["flash", "@fw.dfu"],
      ["verify", "@fw.dfu"],
    ] {
      let run = sandbox.run(words)
      #expect(run.status == .badData, "\(run.error)")
      #expect(run.error.contains(", is empty\n  why: its memory map lists no sectors\n"))
      #expect(!run.error.contains("0x0000_0000"))
    }
    #expect(bus.board(at: "1-1")?.counters.count(.any) == 0)
    #expect(
      sandbox.run("list").output.contains(
        """
          alternate setting 2: Ext File Flash 0MB
            no sectors: nothing is there

        """))
  }

  @Test func `the flash of a board that has none inside the chip is erased`() throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named("daisy")))
    board.load([1, 2, 3], at: 0x9000_0000)
    board.load([1, 2, 3], at: 0x9004_0000)
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    let run = sandbox.run("erase", "--all")
    #expect(run.status == .success, "\(run.error)")
    #expect(bus.board(at: "1-1")?.read(3, at: 0x9004_0000) == [0xFF, 0xFF, 0xFF])
    #expect(bus.board(at: "1-1")?.read(3, at: 0x9000_0000) == [1, 2, 3])
  }

  @Test func `a mass erase covers what erasing all covers, on such a board as well`() throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named("daisy")))
    board.load([1, 2, 3], at: 0x9000_0000)
    board.load([1, 2, 3], at: 0x9050_0000)
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    let program = Firmware.program(3000, at: 0x9004_0000)
    try sandbox.write(program, to: "fw.bin")
    let run = sandbox.run("flash", "@fw.bin", "--mass-erase", "--stay")
    #expect(run.status == .success, "\(run.error)")
    #expect(bus.board(at: "1-1")?.read(3000, at: 0x9004_0000) == program)
    #expect(bus.board(at: "1-1")?.read(3, at: 0x9050_0000) == [0xFF, 0xFF, 0xFF])
    #expect(bus.board(at: "1-1")?.read(3, at: 0x9000_0000) == [1, 2, 3])
  }

  @Test func `list says where programs begin`() throws {
    _ = try bus("portenta-h7")
    let run = sandbox.run("list")
    #expect(
      run.output.hasPrefix(
        """
        1-1  2341:035b  Arduino Portenta H7 bootloader  serial 003D00473133511137323532
          an application bootloader: programs begin at 0x0804_0000

        """))
    let json = sandbox.run("list", "--json").output
    #expect(json.contains(#""knownAs" : "Arduino Portenta H7 bootloader""#))
    #expect(json.contains(#""programStart" : 134479872"#))
  }
}
