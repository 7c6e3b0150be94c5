// STM32F0, F105/107 and F3: pages of 1 or 2 KiB, half-word programming, option bytes at 0x1FFF_F800.

extension ChipProfile {
  /// STM32F04x, F07x.
  static func f0(name: String) -> ChipProfile {
    ChipProfile(
      name: name, family: .f0,
      programmingUnit: 4,  // the flash takes 2; two at 53.5/60 us make the time (datasheet)
      sectorEraseTimes: [.kibibytes(2, 20, 40)],  // datasheet
      programTimePerUnit: .microseconds(107, 120),
      massEraseTime: .milliseconds(20, 40),  // datasheet
      safePolling: .spec(reason: "an F072 polled early stalls (openmv#1508)"),
      quirks: .acknowledgesWithoutWork)
  }

  /// STM32F105 and F107.
  static let f105 = ChipProfile(
    name: "STM32F105/107", family: .f1,
    programmingUnit: 4,  // the flash takes 2; two at 52.5/70 us make the time (datasheet)
    sectorEraseTimes: [.kibibytes(2, 20, 40)],  // datasheet
    programTimePerUnit: .microseconds(105, 140),
    massEraseTime: .milliseconds(20, 40),  // datasheet
    safePolling: .spec(reason: "early polling has not been measured"))

  /// STM32F3 with more than 128 KiB.
  static let f3 = ChipProfile(
    name: "STM32F3", family: .f3,
    programmingUnit: 4,  // as F0
    sectorEraseTimes: [.kibibytes(2, 20, 40)],  // datasheet
    programTimePerUnit: .microseconds(107, 120),
    massEraseTime: .milliseconds(20, 40),  // datasheet
    safePolling: .spec(reason: "early polling has not been measured"))
}
