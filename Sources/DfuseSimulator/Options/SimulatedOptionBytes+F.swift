// F0 to F7. Factory words: RM0091 table 12 for the F0, whose layout the F3 has; Black Magic Debug for F4
// and F7, with the manuals' revisions; the F1's from PM0075, from memory.
extension SimulatedOptionBytes {
  /// One bit of a word.
  static func bit(_ address: UInt32, _ bit: UInt32, is value: UInt32 = 1) -> Condition {
    Condition(address: address, mask: 1 << bit, values: (value << bit)...(value << bit))
  }

  // MARK: - F0, F1, F3

  private static let user: UInt32 = 0x1FFF_F800

  /// One bit for so many sectors, in four bytes of two words; the last one's is the rest of the flash.
  private static func bytes(sectors: Int) -> [Protection] {
    [(0, 0), (0, 16), (4, 0), (4, 16)].enumerated().map { index, place in
      .bits(
        at: user + 8 + place.0, from: place.1, count: 8, sectors: sectors,
        first: index * 8 * sectors,
        lastTakesRest: index == 3)
    }
  }

  /// A torn write leaves erased bytes, which are level 1, software watchdog, nothing protected.
  static let f072 = SimulatedOptionBytes(
    form: .bytes,
    words: [
      user: 0x00FF_00AA, user + 4: 0x00FF_00FF, user + 8: 0x00FF_00FF, user + 12: 0x00FF_00FF,
    ],
    level: Level(address: user), after: .staysUntilReset, doors: [[bit(user, 20)]],
    protections: bytes(sectors: 2))

  /// It takes the pin's place with nBOOT0 while BOOT_SEL is 0, and an empty flash leads into its ROM.
  static let f042 = f072.with {
    $0.doors = [
      [bit(user, 20), bit(user, 23)], [bit(user, 20), bit(user, 23, is: 0), bit(user, 19, is: 0)],
    ]
    $0.blankLeadsToROM = true
    $0.protections = bytes(sectors: 4)
  }

  static let f303 = f072

  /// Its key is 0xA5, and there is no level 2; both boot pins are pins.
  static let f107 = f072.with {
    $0.words[user] = 0x00FF_00A5
    $0.level = Level(address: user, open: 0xA5, forEver: [])
    $0.doors = [[]]
  }

  // MARK: - F4

  private static let f4Words: UInt32 = 0x1FFF_C000

  /// Bits 1 and 0 lock and start the register; they are no options.
  private static func f4(sectors: Int) -> SimulatedOptionBytes {
    SimulatedOptionBytes(
      form: .halfWords, words: [f4Words: 0xAAEC, f4Words + 8: 0x0FFF],
      level: Level(address: f4Words, shift: 8), fixed: [f4Words: 0x0003], after: .reset,
      // STM32CubeF7#96, PM0059 2.6.3: erased is level 1.
      torn: [Patch(address: f4Words, mask: 0xFF00, value: 0xFF00)],
      protections: [.bits(at: f4Words + 8, count: sectors)])
  }

  static let f401 = f4(sectors: 8)
  static let f405 = f4(sectors: 12)
  static let f446 = f4(sectors: 8)
  /// RM0430 3.6: fifteen sectors, and so three bits more.
  static let f413 = f4(sectors: 15).with { $0.words[f4Words + 8] = 0x7FFF }

  /// The other bank has a word of its own.
  static let f427 = f4(sectors: 12).with {
    $0.words[0x1FFE_C008] = 0x0FFF
    $0.protections.append(.bits(at: 0x1FFE_C008, count: 12, first: 12))
  }

  /// With 1 MiB, DB1M makes two banks of it.
  static let f429 = f427.with {
    let bank: [MemoryRegion.Run] = [.init(4, 16 << 10), .init(1, 64 << 10), .init(3, 128 << 10)]
    let sectors = "04*016Kg,01*064Kg,03*128Kg"
    $0.modes = [
      Mode(
        condition: bit(f4Words + 8, 14), runs: bank + bank,
        map: "@Internal Flash  /0x08000000/\(sectors),\(sectors)")
    ]
  }

  // MARK: - F7

  private static let f7Words: UInt32 = 0x1FFF_0000

  /// System memory begins at 0x0010_0000, or 0x1FF0_0000; addresses count by 16 KiB.
  private static func f7(_ boot: UInt32) -> [[Condition]] {
    [0x0040...0x0043, 0x7FC0...0x7FC3].map {
      [Condition(address: f7Words + boot, mask: 0xFFFF, values: $0)]
    }
  }

  static let f745 = SimulatedOptionBytes(
    form: .halfWords,
    words: [
      f7Words: 0xAAFC, f7Words + 8: 0xC0FF, f7Words + 0x10: 0x0080, f7Words + 0x18: 0x0040,
    ],
    level: Level(address: f7Words, shift: 8), fixed: [f7Words: 0x0003], after: .reset,
    // rusefi#3597 and #8926: both boot addresses were found so.
    torn: [
      Patch(address: f7Words, mask: 0xFF00, value: 0xFF00),
      Patch(address: f7Words + 0x10, mask: 0xFFFF, value: 0xFFFF),
      Patch(address: f7Words + 0x18, mask: 0xFFFF, value: 0xFFFF),
    ],
    // rusefi#3597, after `-rdu`.
    lostByUnprotect: [
      Patch(address: f7Words + 0x10, mask: 0xFFFF, value: 0xFFFF),
      Patch(address: f7Words + 0x18, mask: 0xFFFF, value: 0xFFFF),
    ], doors: f7(0x18) + f7(0x10), protections: [.bits(at: f7Words + 8, count: 8)])

  static let f723 = f745.with {
    $0.words[f7Words + 0x20] = 0
    $0.words[f7Words + 0x28] = 0
  }

  /// nDBANK, bit 13: with two banks, each bit is for two sectors.
  static let f767 = f745.with {
    let bank: [MemoryRegion.Run] = [.init(4, 16 << 10), .init(1, 64 << 10), .init(7, 128 << 10)]
    let sectors = "04*016Kg,01*064Kg,07*128Kg"
    $0.words[f7Words + 8] = 0xFFFF
    $0.lostByUnprotect.append(Patch(address: f7Words + 8, mask: 0x2000, value: 0x2000))
    $0.protections = [.bits(at: f7Words + 8, count: 12, sectors: 0)]
    $0.joins = bit(f7Words + 8, 13)
    $0.modes = [
      Mode(
        condition: bit(f7Words + 8, 13, is: 0), runs: bank + bank,
        map: "@Internal Flash  /0x08000000/\(sectors),\(sectors)"),
      Mode(
        condition: bit(f7Words + 8, 13),
        runs: [.init(4, 32 << 10), .init(1, 128 << 10), .init(7, 256 << 10)],
        map: PostedListing.string("mboot-f767-src")),
    ]
  }

  /// As it is found with two banks.
  static let f767dual = f767.with {
    $0.found = [Patch(address: f7Words + 8, mask: 0x2000, value: 0)]
  }
}
