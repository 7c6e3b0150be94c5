import Testing

@testable import DfuseSimulator

/// What option bytes do once they are in force.
@Suite struct OptionEffectTests {
  // MARK: - When they are

  /// AN3156's footnote: the ROMs of F2, F4, F7 and some L4 reset; a G4 and a U5 were seen to leave.
  @Test(arguments: OptionFactoryTests.modelled)
  func `some boards leave the bus when they are written, others stay`(name: String) throws {
    let leaves =
      ["stm32f4", "stm32f7", "stm32l43", "stm32l45", "stm32l476", "stm32g4", "stm32u5"]
      .contains { name.hasPrefix($0) }
    let chip = try #require(SimulatedChip.named(name))
    #expect(
      chip.profile.leavesAfterOptions == leaves,
      "where AN3156 or a report says that \(name) leaves, its beginning belongs into the list above"
    )
    guard let region = chip.profile.memory(.optionBytes) else { return }
    var probe = try Probe(name)
    probe.clrStatusIfFailed()
    probe.setAddress(region.start)
    probe.dnload(2, Array(probe.memory(48, at: region.start).prefix(32)))
    #expect((probe.getStatus().then != .stay) == leaves)
  }

  @Test func `a C0 goes by its old ones over a reset, and by the new ones after a power cycle`()
    throws
  {
    var probe = try Probe("stm32c071")
    probe.powerCycle()
    #expect(probe.writeOptionWords([0x3EFE_FEAA], at: 0x1FFF_7800) == .bootloader)
    #expect(probe.board.optionWord(at: 0x1FFF_7800) == 0x3EFF_FEAA)
    #expect(probe.board.programmedOptionWord(at: 0x1FFF_7800) == 0x3EFE_FEAA)
    #expect(probe.restart(as: .bootloader) == .bootloader)
    #expect(probe.board.optionWord(at: 0x1FFF_7800) == 0x3EFF_FEAA)
    probe.powerCycle()
    #expect(probe.board.optionWord(at: 0x1FFF_7800) == 0x3EFE_FEAA)
  }

  /// RM0490 4.5.1, RM0440 3.5.1: a level that is raised in the ROM needs power off.
  @Test func `a level that a C0 is given holds after a power cycle`() throws {
    var probe = try Probe("stm32c071")
    #expect(probe.writeOptionWords([0x3EFF_FEBB], at: 0x1FFF_7800) == .bootloader)
    #expect(probe.readBack(4, at: 0x0800_0000) != nil)
    probe.powerCycle()
    #expect(probe.readBack(4, at: 0x0800_0000) == nil)
  }

  // MARK: - Read protection

  /// Chip, word, level 0, level 1, level 2: the reference manuals; PRODUCT_STATE and RDP_level by ST's
  /// programmer's data.
  static let levels: [(String, UInt32, UInt32, [UInt32], [UInt32])] = [
    ("stm32f107", 0, 0xA5, [0xAA, 0xCC, 0x00], []), ("stm32f072", 0, 0xAA, [0xBB, 0xFF], [0xCC]),
    ("stm32f405", 8, 0xAA, [0xBB, 0x55], [0xCC]), ("stm32l072", 0, 0xAA, [0xBB, 0x00], [0xCC]),
    ("stm32g431", 0, 0xAA, [0xBB, 0x00], [0xCC]), ("stm32u575", 0, 0xAA, [0xDC, 0x55], [0xCC]),
    ("stm32h743", 8, 0xAA, [0xBB], [0xCC]),
    ("stm32h563", 8, 0xED, [0x17, 0x2E, 0xC6, 0x72, 0xCC], [0x5C]),
    ("stm32c562", 8, 0xED, [0x17, 0xCC, 0x5C], [0xD1, 0x72]),
  ]

  @Test(arguments: levels)
  func `each family has its own values of the level`(
    name: String, shift: UInt32, open: UInt32, one: [UInt32], two: [UInt32]
  ) throws {
    let values = [(open, UInt8(0))] + one.map { ($0, 1) } + two.map { ($0, 2) }
    for (value, level) in values {
      var board = SimulatedBoard(try #require(SimulatedChip.named(name)))
      let options = try #require(board.chip.profile.options)
      let word = try #require(board.optionWord(at: options.level.address))
      board.setOptionWords([options.level.address: word & ~(0xFF << shift) | value << shift])
      #expect(board.state.readProtection == level)
      // Back to open: flash is erased from 1, and from 2 there is no way.
      board.load([1, 2, 3, 4], at: 0x0800_0000)
      board.setOptionWords([options.level.address: word])
      #expect(board.state.readProtection == (level == 2 ? 2 : 0))
      #expect((board.read(4, at: 0x0800_0000) == [1, 2, 3, 4]) == (level != 1))
      #expect(board.hasWayIntoROM == (level != 2))
    }
  }

  @Test(arguments: ["stm32f405", "stm32f072", "stm32l476", "stm32g431", "stm32u575", "stm32h743"])
  func `Read Unprotect erases the flash and keeps the other options`(name: String) throws {
    var probe = try Probe(name)
    let options = try #require(probe.board.chip.profile.options)
    let level = options.level
    let word = try #require(probe.board.optionWord(at: level.address))
    let bit: UInt32 = level.shift == 0 ? 16 : 5
    let marked = word & ~(0xFF << level.shift) | 0xBB << level.shift ^ 1 << bit
    probe.board.setOptionWords([level.address: marked])
    probe.board.load([1, 2, 3, 4], at: 0x0800_0000)
    probe.dnload(0, [0x92])
    guard case .leaveBus(_, let next, _) = probe.getStatus().then else {
      Issue.record("it stays")
      return
    }
    #expect(probe.restart(as: next) == .bootloader)
    #expect(probe.board.state.readProtection == 0)
    let open = marked & ~(0xFF << level.shift) | level.open << level.shift
    #expect(probe.board.optionWord(at: level.address) == open)
    #expect(probe.memory(4, at: 0x0800_0000) == [0xFF, 0xFF, 0xFF, 0xFF])
  }

  @Test func `under level 1 option bytes are neither read nor written`() throws {
    var probe = try Probe("stm32g431", faults: try FaultPlan(parsing: ["rdp=1"]))
    let before = probe.memory(40, at: 0x1FFF_7800)
    #expect(before.prefix(4) == [0xBB, 0xF8, 0xEF, 0xFF])
    #expect(probe.readBack(4, at: 0x1FFF_7800) == nil)
    probe.clrStatus()
    probe.setAddress(0x1FFF_7800)
    #expect(probe.run(2, le(UInt32(0xFFEF_F8AA))) == [11, 10])
    #expect(probe.memory(40, at: 0x1FFF_7800) == before)
  }

  /// rusefi#3597, after `-rdu`.
  @Test func `an F7 whose Read Unprotect takes its boot addresses along is gone`() throws {
    for (name, torn) in [("stm32f767-dual", 0xFFFF), ("stm32f745", 0xC0FF)] as [(String, UInt32)] {
      let plan = try FaultPlan(parsing: ["rdp=1", "options=torn-boot-addresses"])
      var probe = try Probe(name, faults: plan)
      probe.dnload(0, [0x92])
      #expect(probe.getStatus().then != .stay)
      #expect(probe.restart(as: .bootloader) == .nothing)
      #expect(probe.board.optionWord(at: 0x1FFF_0008) == torn)
      #expect(probe.board.optionWord(at: 0x1FFF_0010) == 0xFFFF)
      #expect(probe.board.optionWord(at: 0x1FFF_0018) == 0xFFFF)
      // As it was cured, with a debug probe.
      probe.board.setOptionWords([0x1FFF_0010: 0x80, 0x1FFF_0018: 0x40])
      #expect(probe.powerCycle() == .bootloader)
      // Without the fault they stay.
      var other = try Probe(name, faults: try FaultPlan(parsing: ["rdp=1"]))
      other.dnload(0, [0x92])
      _ = other.getStatus()
      #expect(other.restart(as: .bootloader) == .bootloader)
      #expect(other.board.optionWord(at: 0x1FFF_0018) == 0x40)
    }
  }

  // MARK: - Write protection

  /// Chip, words, first and last byte of what is protected.
  static let protections: [(String, [UInt32: UInt32], Range<UInt64>)] = [
    // Sectors 0 and 1; sector 11.
    ("stm32f405", [0x1FFF_C008: 0x0FFC], 0x0800_0000..<0x0800_8000),
    ("stm32f405", [0x1FFF_C008: 0x07FF], 0x080E_0000..<0x0810_0000),
    // The first sector of the other bank.
    ("stm32f427", [0x1FFE_C008: 0x0FFE], 0x0810_0000..<0x0810_4000),
    ("stm32f745", [0x1FFF_0008: 0xC0FD], 0x0800_8000..<0x0801_0000),
    ("stm32f767", [0x1FFF_0008: 0xF7FF], 0x081C_0000..<0x0820_0000),
    // 4 KiB a bit; the last bit is for all the rest.
    ("stm32f072", [0x1FFF_F808: 0x00FF_00FD], 0x0800_1000..<0x0800_2000),
    ("stm32f303", [0x1FFF_F80C: 0x007F_00FF], 0x0801_F000..<0x0804_0000),
    ("stm32l072", [0x1FF8_0008: 0x0002], 0x0800_1000..<0x0800_2000),
    ("stm32l152", [0x1FF8_0014: 0x8000], 0x0803_F000..<0x0804_0000),
    // Pages from, to.
    ("stm32l476", [0x1FFF_7818: 0x0003_0002], 0x0800_1000..<0x0800_2000),
    ("stm32l476", [0x1FFF_F820: 0x0000_0000], 0x0804_0000..<0x0804_0800),
    ("stm32g431", [0x1FFF_7820: 0xFF01_FF80 & ~0x80], 0x0800_0000..<0x0800_1000),
    ("stm32g474", [0x1FFF_F818: 0x0001_0001], 0x0804_0800..<0x0804_1000),
    ("stm32g0b1", [0x1FFF_7818: 0x0000_0000], 0x0800_0000..<0x0800_0800),
    ("stm32u575", [0x4002_2068: 0xFF81_FF80], 0x0810_0000..<0x0810_4000),
    ("stm32u083", [0x4002_202C: 0x0002_0001], 0x0800_0800..<0x0800_1800),
    ("stm32wb55", [0x1FFF_8018: 0x0000_0000], 0x0800_0000..<0x0800_1000),
    ("stm32h743", [0x5200_2038: 0xFE], 0x0800_0000..<0x0802_0000),
    ("stm32h7a3", [0x5200_2138: 0x7FFF_FFFF], 0x081F_8000..<0x0820_0000),
    ("stm32h7a3", [0x5200_2038: 0xFFFF_FFFD], 0x0800_8000..<0x0801_0000),
  ]

  @Test(arguments: protections)
  func `protected sectors ignore erase and program, others do not`(
    name: String, words: [UInt32: UInt32], range: Range<UInt64>
  ) throws {
    var probe = try Probe(name)
    probe.clrStatusIfFailed()
    probe.board.setOptionWords(words)
    let protected = probe.board.model.memory.optionProtected
    let expected = Set(
      stride(from: range.lowerBound, to: range.upperBound, by: 128).compactMap {
        probe.board.model.memory.sector(at: UInt32($0)).map { UInt32($0.lowerBound) }
      })
    #expect(protected == expected)
    let address = UInt32(range.lowerBound)
    probe.board.load(pattern(64), at: address)
    #expect(probe.erase(address) == [0, 5])
    #expect(probe.memory(64, at: address) == pattern(64))
    probe.run(0, [0x41])
    #expect(probe.memory(64, at: address) == pattern(64))
    // Free again.
    probe.board.setOptionWords(
      words.reduce(into: [:]) { $0[$1.key] = probe.board.factoryOptionWord(at: $1.key) })
    #expect(probe.erase(address) == [0, 5])
    #expect(probe.memory(64, at: address) != pattern(64))
  }

  @Test func `in dual-bank mode a bit of an F767 is for two sectors`() throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named("stm32f767-dual")))
    board.setOptionWords([0x1FFF_0008: 0xDFFE])
    #expect(board.model.memory.optionProtected == [0x0800_0000, 0x0800_4000])
  }

  // MARK: - The map

  @Test func `nDBANK gives an F767 the sectors of its other mode after the reset`() throws {
    var probe = try Probe("stm32f767")
    probe.board.load(pattern(64), at: 0x0800_0000)
    #expect(probe.writeOptionWords([0x2000_DFFF], at: 0x1FFF_0008) == .bootloader)
    let dual = try #require(SimulatedChip.named("stm32f767-dual"))
    #expect(probe.board.model.profile.memories == dual.profile.memories)
    let index = probe.firstString
    let text = ChipTests.get(&probe, 3, index).dropFirst(2).filter { $0 != 0 }
    #expect(text == Array(dual.profile.usb.maps[0].utf8))
    // What was one is scrambled: 16 bytes from each bank in turn.
    #expect(probe.memory(32, at: 0x0800_0000) == Array(pattern(64)[0..<16] + pattern(64)[32..<48]))
    #expect(probe.memory(32, at: 0x0810_0000) == Array(pattern(64)[16..<32] + pattern(64)[48..<64]))
    #expect(probe.erase(0x0800_4000) == [0, 5])
    #expect(probe.board.counters.erases == [0x0800_4000: 1])
    // And back.
    probe.abort()
    #expect(probe.writeOptionWords([0x0000_FFFF], at: 0x1FFF_0008) == .bootloader)
    #expect(probe.memory(64, at: 0x0800_0000) == pattern(64))
    #expect(probe.board.model.profile.memories == probe.board.chip.profile.memories)
  }

  @Test(
    arguments: [
      ("stm32g474", 0x1FFF_7800, 1 << 22, 4096), ("stm32l4r5", 0x1FF0_0000, 1 << 22, 8192),
    ] as [(String, UInt32, UInt32, Int)])
  func `with DBANK 0 pages are twice as large`(
    name: String, address: UInt32, bit: UInt32, size: Int
  ) throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named(name)))
    let word = try #require(board.optionWord(at: address))
    board.setOptionWords([address: word & ~bit])
    #expect(board.model.memory.sector(at: 0x0800_0000)?.count == size)
    #expect(board.model.profile.memory(.flash)?.size == board.chip.profile.memory(.flash)?.size)
    board.setOptionWords([address: word])
    #expect(board.model.memory.sector(at: 0x0800_0000)?.count == size / 2)
  }

  @Test func `DB1M makes two banks of an F429's megabyte`() throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named("stm32f429")))
    board.setOptionWords([0x1FFF_C008: 0x4FFF])
    #expect(board.model.memory.sector(at: 0x0808_0000) == 0x0808_0000..<0x0808_4000)
    #expect(board.model.profile.usb.maps[0].hasSuffix(",04*016Kg,01*064Kg,03*128Kg"))
  }

  @Test(
    arguments: [
      ("stm32h743", 0x5200_201C, 31, 0x0810_0000), ("stm32u575", 0x4002_2040, 20, 0x0810_0000),
      ("stm32g0b1", 0x1FFF_7800, 20, 0x0801_0000),
    ] as [(String, UInt32, UInt32, UInt32)])
  func `banks that change places are seen the other way round, and protected where they are`(
    name: String, address: UInt32, bit: UInt32, second: UInt32
  ) throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named(name)))
    board.load(pattern(16, seed: 3), at: 0x0800_0000)
    board.load(pattern(16, seed: 9), at: second)
    let word = try #require(board.optionWord(at: address))
    let wrp: [String: [UInt32: UInt32]] = [
      "stm32h743": [0x5200_2038: 0xFE], "stm32u575": [0x4002_2058: 0xFF80_FF80],
      "stm32g0b1": [0x1FFF_7818: 0],
    ]
    board.setOptionWords([address: word ^ 1 << bit].merging(wrp[name] ?? [:]) { $1 })
    #expect(board.read(16, at: 0x0800_0000) == pattern(16, seed: 9))
    #expect(board.read(16, at: second) == pattern(16, seed: 3))
    #expect(board.model.memory.optionProtected == [second])
    // A saved board goes on as it was.
    let saved = try SimulatedBoard(board.chip, state: board.state)
    #expect(saved.read(16, at: 0x0800_0000) == pattern(16, seed: 9))
    board.setOptionWords([address: word])
    #expect(board.read(16, at: 0x0800_0000) == pattern(16, seed: 3))
  }

  /// "Silicon-verified" by two projects: reads give zeros, writes vanish.
  @Test func `with TZEN the ROM of a U5 reads zeros and drops what is written`() throws {
    var probe = try Probe("stm32u575")
    probe.board.load(pattern(16), at: 0x0800_0000)
    #expect(probe.writeOptionWords([0x9FEF_F8AA], at: 0x4002_2040) == .bootloader)
    #expect(probe.readBack(16, at: 0x0800_0000) == [UInt8](repeating: 0, count: 16))
    #expect(probe.erase(0x0800_0000) == [0, 5])
    #expect(probe.write(pattern(16, seed: 7), at: 0x0810_0000) == [0, 5])
    #expect(probe.memory(16, at: 0x0800_0000) == pattern(16))
    #expect(probe.memory(16, at: 0x0810_0000) == [UInt8](repeating: 0xFF, count: 16))
    // Nothing of bank 2 is secure.
    probe.abort()
    #expect(probe.writeOptionWords([0xFF80_FFFF], at: 0x4002_2060) == .bootloader)
    #expect(probe.write(pattern(16, seed: 7), at: 0x0810_0000) == [0, 5])
    #expect(probe.memory(16, at: 0x0810_0000) == pattern(16, seed: 7))
  }
}

extension Probe {
  /// The string of the first alternate setting.
  fileprivate var firstString: UInt8 {
    mutating get { ChipTests.get(&self, 2, 0)[17] }
  }
}
