import DfuseDevice
import Testing

@testable import DfuseSimulator

/// Whether a board comes back in its ROM, with BOOT0 held: the boot options of each family.
@Suite struct OptionWayInTests {
  /// Chip, words, whether there is a way into the ROM of a chip with a program.
  static let states: [(String, [UInt32: UInt32], Bool)] = [
    // F0, F3: nBOOT1; F04x: BOOT_SEL and nBOOT0 too. F1 and F4 have pins only.
    ("stm32f072", [0x1FFF_F800: 0x00EF_00AA], false),
    ("stm32f303", [0x1FFF_F800: 0x00EF_00AA], false),
    ("stm32f042", [0x1FFF_F800: 0x007F_00AA], false),
    ("stm32f042", [0x1FFF_F800: 0x0077_00AA], true),
    ("stm32f042", [0x1FFF_F800: 0x00EF_00AA], false),
    ("stm32f107", [0x1FFF_F800: 0x0000_00A5], true),
    ("stm32f405", [0x1FFF_C000: 0xAA00, 0x1FFF_C008: 0], true),
    // F7: one of the boot addresses is in system memory.
    ("stm32f745", [0x1FFF_0010: 0x2000, 0x1FFF_0018: 0x2040], false),
    ("stm32f745", [0x1FFF_0010: 0x2000, 0x1FFF_0018: 0x0040], true),
    ("stm32f745", [0x1FFF_0010: 0x0040, 0x1FFF_0018: 0x2040], true),
    ("stm32f723", [0x1FFF_0010: 0xFFFF, 0x1FFF_0018: 0xFFFF], false),
    // L0: nBOOT1.
    ("stm32l072", [0x1FF8_0004: 0x0070], false),
    ("stm32l152", [0x1FF8_0004: 0x0000], true),
    // L4, G4, WB: nSWBOOT0 takes the pin, else nBOOT0 counts; nBOOT1 must be 1.
    ("stm32l476", [0x1FFF_7800: 0xFF6F_F8AA], false),
    ("stm32g431", [0x1FFF_7800: 0xFBEF_F8AA], false),
    ("stm32g431", [0x1FFF_7800: 0xF3EF_F8AA], true),
    ("stm32g431", [0x1FFF_7800: 0xFF6F_F8AA], false),
    ("stm32g431", [0x1FFF_7828: 0xFF01_FE00], false),
    ("stm32g431", [0x1FFF_7828: 0xFF01_FE00, 0x1FFF_7800: 0xF3EF_F8AA], false),
    ("stm32wb55", [0x1FFF_8000: 0x39FF_F1AA], false),
    // G0, C0, U0: nBOOT_SEL has the opposite sense.
    ("stm32g0b1", [0x1FFF_7800: 0xFFFF_FEAA], false),
    ("stm32g0b1", [0x1FFF_7800: 0xFBFF_FEAA], true),
    ("stm32g0b1", [0x1FFF_7800: 0xFCFF_FEAA], false),
    ("stm32c071", [0x1FFF_7800: 0x3FFF_FEAA], false),
    ("stm32c071", [0x1FFF_7870: 0x0001_0000], false),
    ("stm32u083", [0x4002_2020: 0x3FFF_FEAA], false),
    ("stm32u083", [0x4002_2080: 0xB401_0000], false),
    // H7: addresses by 64 KiB.
    ("stm32h743", [0x5200_2040: 0x0810_0800], false),
    ("stm32h743", [0x5200_2040: 0x0810_1FF0], true),
    ("stm32h743", [0x5200_2040: 0x1FF0_0810], true),
    // U5: nSWBOOT0, nBOOT0 and two addresses.
    ("stm32u575", [0x4002_2040: 0x1BEF_F8AA], false),
    ("stm32u575", [0x4002_2040: 0x13EF_F8AA], true),
    ("stm32u575", [0x4002_2048: 0x0801_007F], false),
    ("stm32u575", [0x4002_2048: 0x0801_007F, 0x4002_2044: 0x0BF9_007F], true),
    ("stm32u575", [0x4002_204C: 0x0C00_007D], false),
  ]

  @Test(arguments: states)
  func `with a program in flash the boot options decide`(
    name: String, words: [UInt32: UInt32], isOpen: Bool
  ) throws {
    var probe = try Probe(name)
    probe.loadProgram()
    #expect(probe.board.hasWayIntoROM)
    probe.board.setOptionWords(words)
    #expect(probe.board.hasWayIntoROM == isOpen)
    #expect(probe.powerCycle() == (isOpen ? .bootloader : .application))
  }

  @Test func `an empty chip with the option finds its ROM all the same, a locked one does not`()
    throws
  {
    for (name, address, word, opens) in [
      ("stm32g431", 0x1FFF_7800, 0xFBEF_F8AA, true), ("stm32c071", 0x1FFF_7800, 0x3FFF_FEAA, true),
      ("stm32g431", 0x1FFF_7828, 0xFF01_FE00, false),
      ("stm32u575", 0x4002_2040, 0x1BEF_F8AA, false),
    ] as [(String, UInt32, UInt32, Bool)] {
      var probe = try Probe(name)
      probe.board.setOptionWords([address: word])
      #expect(probe.board.hasWayIntoROM == opens)
      #expect(probe.powerCycle() == (opens ? .bootloader : .nothing))
    }
  }

  /// Lines 1 and 6 of the posted ones: nSWBOOT0=0 nBOOT0=1.
  @Test func `a G431 whose pin is ignored is gone from the bus after the write`() throws {
    let bus = SimulatedBus([
      SimulatedBoard(try #require(SimulatedChip.named("stm32g431")))
    ])
    bus.changeBoard(at: "1-1") { $0.load([0, 0x50, 0, 0x20, 9, 0, 0, 8], at: 0x0800_0000) }
    #expect(try bus.devices().count == 1)
    bus.changeBoard(at: "1-1") { $0.afterLeave = .nothing }
    bus.withSlot("1-1") { slot, now in
      slot.board.setOptionWords([0x1FFF_7800: 0xFBEF_F8AA])
      slot.follow(.leaveBus(after: .zero, as: .bootloader), answeredAt: now)
      slot.settle(at: now + .seconds(2))
    }
    #expect(try bus.devices().isEmpty)
    bus.plugBack("1-1")
    #expect(try bus.devices().isEmpty)
    // With a debug probe the pin counts again.
    bus.changeBoard(at: "1-1") { $0.setOptionWords([0x1FFF_7800: 0xFFEF_F8AA]) }
    bus.plugBack("1-1")
    #expect(try bus.devices().count == 1)
  }

  @Test func `a firmware that jumps into the ROM needs no way in`() throws {
    let chip = try #require(SimulatedChip.named("stm32g431"))
    var board = SimulatedBoard(chip, application: .betaflight)
    board.setOptionWords([0x1FFF_7800: 0xFBEF_F8AA])
    #expect(board.starts(board.firstProgram) == .application)
    board.isEnteredByFirmware = true
    #expect(board.starts(.bootloader) == .bootloader)
    #expect(board.starts(.bootloader) == .application)
  }

  @Test func `a board at level 2 never comes back, whatever its boot options`() throws {
    var probe = try Probe("stm32f405")
    probe.loadProgram()
    #expect(probe.writeOptionWords([0x3313_CCEC], at: 0x1FFF_C000) == .nothing)
    #expect(probe.powerCycle() == .nothing)
    probe.board.setOptionWords([0x1FFF_C000: 0xAAEC])
    #expect(probe.powerCycle() == .nothing)
    let saved = try SimulatedBoard(probe.board.chip, state: probe.board.state)
    #expect(saved.state.readProtection == 2)
    #expect(!saved.hasWayIntoROM)
  }

  @Test func `behind USB/IP a board without a way in cannot be imported any more`() throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named("stm32f405")))
    board.setOptionWords([0x1FFF_C000: 0xCCEC])
    let device = SimulatedUSBIPDevice(board, port: 1)
    device.attach(at: .zero)
    device.detach(at: .seconds(1))
    #expect(!device.isAvailable(at: .seconds(60)))
    let other = SimulatedUSBIPDevice(
      SimulatedBoard(try #require(SimulatedChip.named("stm32f405"))), port: 2)
    other.attach(at: .zero)
    other.detach(at: .seconds(1))
    #expect(other.isAvailable(at: .seconds(60)))
  }

  @Test func `behind USB/IP a write is done when the board has left`() throws {
    let device = SimulatedUSBIPDevice(
      SimulatedBoard(try #require(SimulatedChip.named("stm32f405"))), port: 1)
    device.attach(at: .zero)
    _ = device.control(setup: [0x00, 9, 1, 0, 0, 0, 0, 0], data: [], at: .zero)
    _ = device.control(
      setup: [0x21, 1, 0, 0, 0, 0, 5, 0], data: [0x21] + le(UInt32(0x1FFF_C000)), at: .zero)
    for second in [1, 2] {
      _ = device.control(setup: [0xA1, 3, 0, 0, 0, 0, 6, 0], data: [], at: .seconds(second))
    }
    _ = device.control(
      setup: [0x21, 1, 2, 0, 0, 0, 4, 0], data: le(UInt32(0x5533_AACC)), at: .seconds(3))
    let reply = device.control(setup: [0xA1, 3, 0, 0, 0, 0, 6, 0], data: [], at: .seconds(4))
    #expect(reply.then != .stay)
    device.detach(at: .seconds(5))
    #expect(device.board.optionWord(at: 0x1FFF_C000) == 0xAACC)
    #expect(device.departure == .left(.bootloader))
    #expect(device.isAvailable(at: .seconds(6)))
  }
}
