// H7, H5 and C5: a register with what is in force, and one that is programmed. OPTSR of the H743 and the
// H563 was posted; the rest is from memory, or guessed.
extension SimulatedOptionBytes {
  private static let h7Words: UInt32 = 0x5200_201C

  /// Old values stay after a cut, and OPTCHANGEERR tells of it.
  ///
  /// Addresses count by 64 KiB; the ROM is at 0x1FF0.
  static let h743 = SimulatedOptionBytes(
    form: .pairs,
    words: [
      h7Words: 0x1BC6_AAF0, 0x5200_2028: 0xFF, 0x5200_2030: 0xFF, 0x5200_2038: 0xFF,
      0x5200_2040: 0x1FF0_0800, 0x5200_2128: 0xFF, 0x5200_2130: 0xFF, 0x5200_2138: 0xFF,
    ],
    level: Level(address: h7Words, shift: 8),
    doors: [
      [Condition(address: 0x5200_2040, mask: 0xFFFF_0000, values: 0x1FF0_0000...0x1FF1_0000)],
      [Condition(address: 0x5200_2040, mask: 0xFFFF, values: 0x1FF0...0x1FF1)],
    ],
    protections: [
      .bits(at: 0x5200_2038, count: 8), .bits(at: 0x5200_2138, count: 8, first: 8),
    ], swap: bit(h7Words, 31))

  /// One bank; the word at 0x5200_2070 can be read in its string, and not be written.
  static let h723 = h743.with {
    $0.words = $0.words.filter { $0.key < 0x5200_2100 }
    $0.words[0x5200_2070] = 0
    $0.isGuessed = true
    $0.protections.removeLast()
    $0.swap = nil
  }

  /// A bit is for four sectors.
  static let h7a3 = h743.with {
    $0.words[0x5200_2038] = .max
    $0.words[0x5200_2138] = .max
    $0.words[0x5200_2068] = 0
    $0.isGuessed = true
    $0.protections = [
      .bits(at: 0x5200_2038, count: 32, sectors: 4),
      .bits(at: 0x5200_2138, count: 32, sectors: 4, first: 128),
    ]
  }

  private static let h5Words: UInt32 = 0x4002_2050

  /// Closed in its several ways is level 1 here, locked is for ever.
  ///
  /// Its ROM shows none of them as far as is known.
  static let h563 = SimulatedOptionBytes(
    form: .pairs,
    words: [
      h5Words: 0x2D30_EDF8, 0x4002_2070: 0xC300_0000, 0x4002_2080: 0x0800_00C3,
      0x4002_2088: 0x0C00_00C3, 0x4002_2090: 0, 0x4002_20E0: 0x7F, 0x4002_20E8: .max,
      0x4002_20F0: 0, 0x4002_20F8: 0, 0x4002_21E0: 0x7F, 0x4002_21E8: .max, 0x4002_21F0: 0,
      0x4002_21F8: 0,
    ],
    isGuessed: true, level: Level(address: h5Words, shift: 8, open: 0xED, forEver: [0x5C]),
    torn: [Patch(address: h5Words, mask: 0xFF00, value: 0x1700)],  // guessed
    // A bit is for four sectors of 8 KiB.
    protections: [
      .bits(at: 0x4002_20E8, count: 32, sectors: 4),
      .bits(at: 0x4002_21E8, count: 32, sectors: 4, first: 128),
    ], swap: bit(h5Words, 31))

  /// 0x72, which is "closed" on an H5, is for ever here.
  static let c562 = SimulatedOptionBytes(
    form: .pairs,
    words: [
      h5Words: 0x0030_EDD8, 0x4002_2070: 0, 0x4002_2080: 0x0800_00C3, 0x4002_2090: 0,
      0x4002_2098: 0, 0x4002_20E8: .max, 0x4002_20F8: 0, 0x4002_21E8: .max, 0x4002_21F8: 0,
    ],
    isGuessed: true, level: Level(address: h5Words, shift: 8, open: 0xED, forEver: [0xD1, 0x72]),
    torn: [Patch(address: h5Words, mask: 0xFF00, value: 0)],  // guessed
    protections: [
      .bits(at: 0x4002_20E8, count: 32), .bits(at: 0x4002_21E8, count: 32, first: 32),
    ], swap: bit(h5Words, 31))
}
