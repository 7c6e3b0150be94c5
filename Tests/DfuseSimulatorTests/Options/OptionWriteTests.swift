import Testing

@testable import DfuseSimulator

/// What each form of option bytes takes.
@Suite struct OptionWriteTests {
  // MARK: - Bytes with complements (F0, F1, F3)

  @Test func `an F0 erases all of them, and what is not written again counts as ones`() throws {
    var probe = try Probe("stm32f072")
    probe.board.setOptionWords([0x1FFF_F808: 0x00FF_00FE])
    #expect(probe.board.model.memory.optionProtected == [0x0800_0000, 0x0800_0800])
    // Level and user byte, nothing else: the write protection is lost.
    #expect(probe.writeOptionWords([0x01FE_55AA], at: 0x1FFF_F800) == .bootloader)
    #expect(probe.memory(8, at: 0x1FFF_F808) == [UInt8](repeating: 0xFF, count: 8))
    #expect(probe.board.programmedOptionWord(at: 0x1FFF_F808) == 0x00FF_00FF)
    #expect(probe.board.programmedOptionWord(at: 0x1FFF_F800) == 0x00FE_00AA)
    probe.powerCycle()
    #expect(probe.board.optionWord(at: 0x1FFF_F800) == 0x00FE_00AA)
    #expect(probe.board.model.memory.optionProtected.isEmpty)
  }

  @Test func `an F0 that is not told its level again is protected`() throws {
    var probe = try Probe("stm32f072")
    #expect(probe.writeOptionWords([0x00FF_7887], at: 0x1FFF_F804) == .bootloader)
    probe.powerCycle()
    #expect(probe.board.state.readProtection == 1)
  }

  /// RM0091, section 4: a byte whose complement is wrong counts as 0xFF.
  @Test func `a wrong complement on an F0 counts as ones`() throws {
    var probe = try Probe("stm32f072")
    // The user byte 0xEE with the complement of 0xEF; level 0 with a wrong one.
    _ = probe.writeOptionWords([0x10EE_54AA], at: 0x1FFF_F800)
    #expect(probe.board.programmedOptionWord(at: 0x1FFF_F800) == 0x00FF_00FF)
    probe.powerCycle()
    #expect(probe.board.state.readProtection == 1)
  }

  @Test func `no pair but 0xCC and its complement is level 2 on an F0`() throws {
    for raw: UInt32 in [0x00FF_FFCC, 0x00FF_32CC, 0x00FF_00CC] {
      var probe = try Probe("stm32f072")
      _ = probe.writeOptionWords([raw], at: 0x1FFF_F800)
      probe.powerCycle()
      #expect(probe.board.state.readProtection == 1)
    }
    var probe = try Probe("stm32f072")
    _ = probe.writeOptionWords([0x00FF_33CC], at: 0x1FFF_F800)
    #expect(probe.powerCycle() == .nothing)
    #expect(probe.board.state.readProtection == 2)
  }

  // MARK: - Half-words (F4, F7, L0, L1)

  @Test func `an F4 computes the complement and leaves the register's lock alone`() throws {
    var probe = try Probe("stm32f405")
    // The upper half is wrong, and bits 1 and 0 are not options.
    #expect(probe.writeOptionWords([0x1234_AACF], at: 0x1FFF_C000) == .bootloader)
    #expect(probe.readBack(4, at: 0x1FFF_C000) == le(UInt32(0x5533_AACC)))
    #expect(probe.board.optionWord(at: 0x1FFF_C000) == 0xAACC)
    // The other words are what they were.
    #expect(probe.board.optionWord(at: 0x1FFF_C008) == 0x0FFF)
  }

  @Test func `an F7 takes its last words alone, or 44 of its bytes`() throws {
    var probe = try Probe("stm32f723")
    #expect(probe.writeOptionWords([0xDFFF_2000], at: 0x1FFF_0010) == .bootloader)
    #expect(probe.board.optionWord(at: 0x1FFF_0010) == 0x2000)
    let block = Array(probe.memory(48, at: 0x1FFF_0000).prefix(44))
    #expect(probe.writeOptions(block, at: 0x1FFF_0000) == .bootloader)
    #expect(probe.memory(44, at: 0x1FFF_0000) == block)
  }

  @Test func `an L0 takes a word as it is, and one with a wrong complement is level 1`() throws {
    var probe = try Probe("stm32l072")
    #expect(probe.writeOptionWords([0x7F9F_8060], at: 0x1FF8_0004) == .bootloader)
    #expect(probe.board.programmedOptionWord(at: 0x1FF8_0004) == 0x8060)
    #expect(probe.board.programmedOptionWord(at: 0x1FF8_0000) == 0x00AA)
    #expect(probe.writeOptionWords([0x0000_00AA], at: 0x1FF8_0000) == .bootloader)
    #expect(probe.memory(4, at: 0x1FF8_0000) == [0xAA, 0, 0, 0])
    probe.powerCycle()
    #expect(probe.board.state.readProtection == 1)
  }

  // MARK: - Words with complements (L4, G4, G0, C0, WB)

  @Test(arguments: ["stm32l476", "stm32g431", "stm32g474", "stm32c071", "stm32g0b1", "stm32wb55"])
  func `only the words written change, and complements are computed`(name: String) throws {
    var probe = try Probe(name)
    let first = try #require(probe.board.optionWords.first)
    let others = probe.board.optionWords.dropFirst()
    let before = try #require(probe.board.optionWord(at: first))
    let wanted = before ^ 1 << 16
    // With a complement that is none.
    #expect(probe.writeOptionWords([wanted, 0x1234_5678], at: first) == .bootloader)
    probe.powerCycle()
    #expect(probe.board.optionWord(at: first) == wanted)
    #expect(probe.memory(8, at: first) == le(wanted) + le(~wanted))
    for other in others {
      #expect(probe.board.optionWord(at: other) == probe.board.initialOptionWord(at: other))
    }
  }

  @Test func `36 of an L4's 40 bytes will do`() throws {
    var probe = try Probe("stm32l476")
    var block = probe.memory(40, at: 0x1FFF_7800)
    block.replaceSubrange(32..<36, with: le(UInt32(0x0003_0002)))
    #expect(probe.writeOptions(Array(block.prefix(36)), at: 0x1FFF_7800) == .bootloader)
    #expect(probe.readBack(40, at: 0x1FFF_7800) == block.prefix(36) + le(~UInt32(0x0003_0002)))
  }

  @Test func `a G474's groups are written each by itself`() throws {
    var probe = try Probe("stm32g474")
    let block = probe.memory(48, at: 0x1FFF_F800)
    var changed = block
    changed.replaceSubrange(24..<28, with: le(UInt32(0xFF01_FF80)))
    #expect(probe.writeOptions(changed, at: 0x1FFF_F800) == .bootloader)
    #expect(probe.board.optionWord(at: 0x1FFF_F818) == 0xFF01_FF80)
    #expect(probe.board.optionWord(at: 0x1FFF_7818) == 0xFF00_FFFF)
  }

  @Test func `from the middle of a word nothing is written`() throws {
    for (name, address) in [("stm32g431", 0x1FFF_7802), ("stm32f072", 0x1FFF_F801)]
      as [(String, UInt32)]
    {
      var probe = try Probe(name)
      let before = probe.memory(16, at: address & ~0xF)
      #expect(probe.writeOptions([1, 2, 3, 4], at: address) == .bootloader)
      #expect(probe.memory(16, at: address & ~0xF) == before)
    }
  }

  // MARK: - Registers (U5, U0, H7)

  @Test func `48 bytes of a U5 touch no password, 64 do`() throws {
    var probe = try Probe("stm32u575")
    let block = probe.readBack(64, at: 0x4002_2040) ?? []
    #expect(block.suffix(16) == [UInt8](repeating: 0, count: 16))
    #expect(probe.writeOptions(Array(block.prefix(48)), at: 0x4002_2040) == .bootloader)
    #expect(probe.board.touchedPasswordWords.isEmpty)
    #expect(probe.writeOptions(block, at: 0x4002_2040) == .bootloader)
    #expect(
      probe.board.touchedPasswordWords == [0x4002_2070, 0x4002_2074, 0x4002_2078, 0x4002_207C])
    // They are never shown.
    #expect(probe.writeOptionWords([0x1234_5678], at: 0x4002_2070) == .bootloader)
    #expect(probe.readBack(64, at: 0x4002_2040) == block)
  }

  @Test func `100 bytes of a U0 touch no password, 136 do`() throws {
    var probe = try Probe("stm32u083")
    let block = probe.readBack(136, at: 0x4002_2020) ?? []
    #expect(probe.writeOptions(Array(block.prefix(100)), at: 0x4002_2020) == .bootloader)
    #expect(probe.board.touchedPasswordWords.isEmpty)
    #expect(probe.writeOptions(Array(block.prefix(108)), at: 0x4002_2020) == .bootloader)
    #expect(probe.board.touchedPasswordWords == [0x4002_2088])
    #expect(probe.writeOptions(block, at: 0x4002_2020) == .bootloader)
    #expect(probe.board.touchedPasswordWords.count == 8)
  }

  @Test func `an H7 takes what is programmed, and shows what is in force until it is`() throws {
    var probe = try Probe("stm32h743")
    let before = probe.memory(128, at: 0x5200_201C)
    // What is in force cannot be written.
    #expect(probe.writeOptionWords([0x1234_5678], at: 0x5200_2040) == .bootloader)
    #expect(probe.memory(128, at: 0x5200_201C) == before)
    #expect(probe.writeOptionWords([0x1FF0_0810], at: 0x5200_2044) == .bootloader)
    #expect(probe.readBack(8, at: 0x5200_2040) == le(UInt32(0x1FF0_0800)) + le(UInt32(0x1FF0_0810)))
    #expect(probe.board.hasPendingOptions)
    #expect(probe.board.optionWord(at: 0x5200_2040) == 0x1FF0_0800)
    #expect(probe.powerCycle() == .bootloader)
    #expect(probe.readBack(8, at: 0x5200_2040) == le(UInt32(0x1FF0_0810)) + le(UInt32(0x1FF0_0810)))
    #expect(!probe.board.hasPendingOptions)
  }

  /// 0x5200_2070 is inside the string of an H723, and what programs it is not (AN2606: wrong size).
  @Test func `an H723 shows its second user word and does not take it`() throws {
    var probe = try Probe("stm32h723")
    let before = probe.memory(88, at: 0x5200_201C)
    #expect(before.suffix(4) == [0, 0, 0, 0])
    #expect(
      probe.writeOptions(Array(before.dropLast(4)) + [4, 0, 0, 0], at: 0x5200_201C) == .bootloader)
    probe.powerCycle()
    #expect(probe.board.optionWord(at: 0x5200_2070) == 0)
    #expect(probe.setAddress(0x5200_2074) == [1, 10])
  }

  @Test func `the odd length of an H7A3's string is written and read`() throws {
    var probe = try Probe("stm32h7a3")
    let block = probe.readBack(297, at: 0x5200_201C) ?? []
    #expect(block.count == 297)
    #expect(probe.writeOptions(block, at: 0x5200_201C) == .bootloader)
    #expect(probe.memory(297, at: 0x5200_201C) == block)
  }

  // MARK: - Faults

  @Test func `a block that stalls changes nothing`() throws {
    var probe = try Probe("stm32g431", faults: try FaultPlan(parsing: ["options=stall"]))
    probe.setAddress(0x1FFF_7800)
    #expect(probe.dnload(2, le(UInt32(0xFFEE_F8AA))) == .stall)
    #expect(probe.condition()?[1] == 10)
    probe.clrStatus()
    #expect(probe.board.programmedOptionWord(at: 0x1FFF_7800) == 0xFFEF_F8AA)
    #expect(probe.write([1, 2, 3, 4, 5, 6, 7, 8], at: 0x0800_0000) == [0, 5])
  }

  @Test func `where they come late, the old ones are read until power has been off`() throws {
    var probe = try Probe("stm32c071", faults: try FaultPlan(parsing: ["options=late"]))
    #expect(probe.writeOptionWords([0x3EFE_FEAA], at: 0x1FFF_7800) == .bootloader)
    #expect(probe.readBack(4, at: 0x1FFF_7800) == le(UInt32(0x3EFF_FEAA)))
    probe.powerCycle()
    #expect(probe.readBack(4, at: 0x1FFF_7800) == le(UInt32(0x3EFE_FEAA)))
  }

  @Test func `other words for the fault are refused`() {
    for text in ["options=other", "options", "options="] {
      #expect(throws: FaultSpecError.malformed(text)) { try FaultPlan(parsing: [text]) }
    }
  }
}
