extension ChipProfile {
  /// A chip nobody knows: the values that suit, or at least do not harm, all others.
  public static let unknown = ChipProfile(
    name: "unknown", family: .unknown,
    programmingUnit: 32,  // a multiple of all units, harmless inside an erased sector
    sectorEraseTimes: [  // the slowest of the known families
      .kibibytes(8, 40, 100), .kibibytes(16, 400, 800), .kibibytes(64, 1200, 2400),
      .kibibytes(128, 2000, 4000), .kibibytes(256, 2100, 4000),
    ],
    programTimePerUnit: .microseconds(512, 3200),  // F4, byte by byte
    massEraseTime: .milliseconds(16_000, 32_000),  // F4, byte by byte
    massEraseWorks: false,
    isROM: false,
    safePolling: .spec(reason: "the chip is not known"))

  /// An unknown chip with pages of 128 or 256 bytes, which only flash that erases to 0x00 has.
  static let unknownWithSmallPages: ChipProfile = {
    var profile = unknown
    profile.erasedByte = 0x00
    profile.programTimePerUnit = .milliseconds(26.3, 31.6)  // L0: eight words
    return profile
  }()

  /// The same chip under a bootloader that is not its ROM: what is true of the flash stays.
  var withoutROM: ChipProfile {
    var profile = self
    profile.massEraseWorks = false
    profile.isROM = false
    profile.safePolling = .spec(reason: "the bootloader is not the chip's ROM")
    profile.quirks = []
    return profile
  }
}
