import Testing

@testable import DfuseSimulator

/// What a new board's option bytes are, in the form in which its bootloader shows them.
@Suite struct OptionFactoryTests {
  private static let erased: [UInt32] = [0xFFFF_FFFF]

  /// Words with their complements: RM0091 table 12 (F0), Black Magic Debug (F4, F7, L4, G0), RM0440 (G4),
  /// RM0490 table 18 (C0), RM0456 (U5), posted OPTSR (H7).
  static let words: [(String, UInt32, [UInt32])] = [
    ("stm32f042", 0x1FFF_F800, [0x00FF_55AA, 0x00FF_00FF, 0x00FF_00FF, 0x00FF_00FF]),
    ("stm32f072", 0x1FFF_F800, [0x00FF_55AA, 0x00FF_00FF, 0x00FF_00FF, 0x00FF_00FF]),
    ("stm32f107", 0x1FFF_F800, [0x00FF_5AA5, 0x00FF_00FF, 0x00FF_00FF, 0x00FF_00FF]),
    ("stm32f303", 0x1FFF_F800, [0x00FF_55AA, 0x00FF_00FF, 0x00FF_00FF, 0x00FF_00FF]),
    ("stm32f401", 0x1FFF_C000, [0x5513_AAEC] + erased + [0xF000_0FFF] + erased),
    ("stm32f405", 0x1FFF_C000, [0x5513_AAEC] + erased + [0xF000_0FFF] + erased),
    ("stm32f427", 0x1FFF_C000, [0x5513_AAEC] + erased + [0xF000_0FFF] + erased),
    ("stm32f427", 0x1FFE_C000, erased + erased + [0xF000_0FFF] + erased),
    ("stm32f429", 0x1FFF_C000, [0x5513_AAEC] + erased + [0xF000_0FFF] + erased),
    ("stm32f446", 0x1FFF_C000, [0x5513_AAEC] + erased + [0xF000_0FFF] + erased),
    (
      "stm32f723", 0x1FFF_0000,
      [0x5503_AAFC] + erased + [0x3F00_C0FF] + erased + [0xFF7F_0080] + erased + [0xFFBF_0040]
        + erased + [0xFFFF_0000] + erased + [0xFFFF_0000] + erased
    ),
    (
      "stm32f745", 0x1FFF_0000,
      [0x5503_AAFC] + erased + [0x3F00_C0FF] + erased + [0xFF7F_0080] + erased + [0xFFBF_0040]
        + erased
    ),
    ("stm32f767", 0x1FFF_0008, [0x0000_FFFF] + erased + [0xFF7F_0080]),
    // Found with two banks: nDBANK, bit 13, is 0.
    ("stm32f767-dual", 0x1FFF_0008, [0x2000_DFFF] + erased + [0xFF7F_0080]),
    (
      "stm32l072", 0x1FF8_0000,
      [0xFF55_00AA, 0x7F8F_8070, 0xFFFF_0000, 0xFFFF_0000, 0xFFFF_0000, 0, 0, 0]
    ),
    (
      "stm32l152", 0x1FF8_0000,
      [0xFF55_00AA, 0xFF07_00F8, 0xFFFF_0000, 0xFFFF_0000, 0xFFFF_0000, 0xFFFF_0000, 0, 0]
    ),
    (
      "stm32l476", 0x1FFF_7800,
      [
        0xFFEF_F8AA, 0x0010_0755, 0xFFFF_FFFF, 0, 0, 0xFFFF_FFFF, 0xFF, 0xFFFF_FF00, 0xFF,
        0xFFFF_FF00,
      ]
    ),
    ("stm32l4r5", 0x1FF0_0000, [0xFFEF_F8AA, 0x0010_0755, 0xFFFF_FFFF, 0]),
    ("stm32l4r5", 0x1FF0_1008, [0xFFFF_FFFF, 0, 0, 0xFFFF_FFFF, 0xFF, 0xFFFF_FF00]),
    (
      "stm32g431", 0x1FFF_7800,
      [
        0xFFEF_F8AA, 0x0010_0755, 0xFFFF_FFFF, 0, 0x00FF_0000, 0xFF00_FFFF, 0xFF00_FFFF,
        0x00FF_0000, 0xFF00_FFFF, 0x00FF_0000,
      ]
    ),
    ("stm32g474", 0x1FFF_7828, [0xFF00_FE00, 0x00FF_01FF]),
    ("stm32g474", 0x1FFF_F828, [0xFF00_FF00, 0x00FF_00FF]),
    // nBOOT_SEL, bit 24, is 0 where boards are found in their bootloaders.
    ("stm32g0b1", 0x1FFF_7800, [0xFEFF_FEAA, 0x0100_0155, 0xFFFF_FFFF, 0, 0, 0xFFFF_FFFF]),
    ("stm32g0b1", 0x1FFF_7848, [0xFF, 0xFFFF_FF00]),
    ("stm32c071", 0x1FFF_7800, [0x3EFF_FEAA, 0xC100_0155]),
    ("stm32c071", 0x1FFF_7870, [0, 0xFFFF_FFFF]),
    ("stm32wb55", 0x1FFF_8000, [0x3DFF_F1AA, 0xC200_0E55, 0x1FF, 0xFFFF_FE00, 0x8000_0000]),
    (
      "stm32u575", 0x4002_2040,
      [0x1FEF_F8AA, 0x0800_007F, 0x0BF9_007F, 0x0C00_007C, 0xFFFF_FF80, 0, 0xFF80_FFFF]
    ),
    ("stm32u575", 0x4002_2070, [0, 0, 0, 0]),
    ("stm32u083", 0x4002_2080, [0xB400_0000, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    (
      "stm32h743", 0x5200_201C,
      [0x1BC6_AAF0, 0x1BC6_AAF0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1FF0_0800, 0x1FF0_0800]
    ),
    ("stm32h723", 0x5200_2040, [0x1FF0_0800, 0x1FF0_0800]),
    ("stm32h7a3", 0x5200_2038, [0xFFFF_FFFF, 0xFFFF_FFFF]),
  ]

  @Test(arguments: words)
  func `a new board has the factory's words, complements and all`(
    name: String, address: UInt32, words: [UInt32]
  ) throws {
    var probe = try Probe(name)
    probe.clrStatusIfFailed()
    let bytes = words.flatMap { le($0) }
    #expect(probe.memory(bytes.count, at: address) == bytes)
    // Over the wire as well.
    #expect(probe.setAddress(address) == [0, 5])
    probe.abort()
    #expect(probe.upload(2, UInt16(bytes.count)) == .data(bytes))
  }

  /// Every chip of ST whose bootloader shows option bytes.
  static let modelled = SimulatedChip.all.filter { $0.profile.options != nil }.map(\.name)

  @Test func `the chips of ST are modelled, clones are not`() {
    for chip in SimulatedChip.all where chip.profile.memory(.optionBytes) != nil {
      #expect(
        (chip.profile.options != nil) == (chip.name.hasPrefix("stm32") || chip.name == "f105-clone")
      )
    }
  }

  @Test(arguments: modelled)
  func `a new board is open, unprotected, and finds its way into its ROM`(name: String) throws {
    let board = SimulatedBoard(try #require(SimulatedChip.named(name)))
    #expect(board.state.readProtection == 0)
    #expect(board.hasWayIntoROM)
    #expect(!board.hasPendingOptions)
    #expect(board.model.memory.optionProtected.isEmpty)
    #expect(board.model.memory.hidden.isEmpty)
    #expect(board.touchedPasswordWords.isEmpty)
    for word in board.optionWords {
      #expect(board.optionWord(at: word) == board.initialOptionWord(at: word))
    }
  }

  @Test(arguments: modelled)
  func `a new board's map is what its profile says`(name: String) throws {
    let board = SimulatedBoard(try #require(SimulatedChip.named(name)))
    #expect(board.model.profile.memories == board.chip.profile.memories)
    #expect(board.model.profile.usb.maps == board.chip.profile.usb.maps)
  }

  @Test(
    arguments: [
      ("stm32g0b1", 0x1FFF_7800, 0xFFFF_FEAA), ("stm32c071", 0x1FFF_7800, 0x3FFF_FEAA),
      ("stm32f767-dual", 0x1FFF_0008, 0xFFFF), ("stm32g431", 0x1FFF_7828, 0xFF00_FE00),
      ("stm32h743", 0x5200_2138, 0xFF), ("stm32h563", 0x4002_2050, 0x2D30_EDF8),
    ] as [(String, UInt32, UInt32)])
  func `the factory's value is known, also beyond the map and where boards are found otherwise`(
    name: String, address: UInt32, value: UInt32
  ) throws {
    let board = SimulatedBoard(try #require(SimulatedChip.named(name)))
    #expect(board.factoryOptionWord(at: address) == value)
  }

  @Test func `what was never told is guessed`() throws {
    let guessed = Self.modelled.filter { name in
      SimulatedChip.named(name)?.profile.options?.isGuessed ?? false
    }
    #expect(
      guessed == [
        "stm32wb55", "stm32u083", "stm32h723", "stm32h7a3", "stm32h7a3-v9.0", "stm32h563",
        "stm32u595", "stm32c562",
      ])
  }
}
