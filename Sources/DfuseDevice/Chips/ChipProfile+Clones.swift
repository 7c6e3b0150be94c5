// Chips like STM32 from other makers, told by their USB ids.

extension ChipProfile {
  /// GD32VF103, and GD32 parts with the same bootloader.
  static let gd32 = ChipProfile(
    name: "GD32VF103", family: .gd32,
    programmingUnit: 4,
    sectorEraseTimes: [.kibibytes(2, 100, 300)],  // bwPollTimeout (gd32-dfu-utils#3); a guess
    programTimePerUnit: .microseconds(203, 406),  // 104 ms for 2048 bytes (gd32-dfu-utils#3)
    massEraseTime: .milliseconds(16_000, 32_000),  // as an unknown chip
    massEraseWorks: false,  // not tried by anybody who wrote of it
    safePolling: .spec(reason: "early polling has not been measured"),
    quirks: .leavesWithoutStatus)

  /// AT32F435 and AT32F437.
  static let at32 = named("AT32F435/437", .at32)
  /// APM32.
  static let apm32 = named("APM32", .apm32)
  /// X32.
  static let x32 = named("X32", .x32)

  /// A clone of which nothing but its ids and map is known.
  private static func named(_ name: String, _ family: ChipFamily) -> ChipProfile {
    var profile = unknown
    profile.name = name
    profile.family = family
    profile.isROM = true
    return profile
  }
}
