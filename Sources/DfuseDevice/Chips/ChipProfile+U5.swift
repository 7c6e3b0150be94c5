// STM32U5, H5 and C5: sectors of 8 KiB.

extension ChipProfile {
  /// STM32U5.
  static func u5(name: String) -> ChipProfile {
    ChipProfile(
      name: name, family: .u5,
      programmingUnit: 16,  // with ECC
      sectorEraseTimes: [.kibibytes(8, 1.5, 5)],  // datasheet
      programTimePerUnit: .microseconds(118, 236),  // datasheet; the limit is a guess
      massEraseTime: .milliseconds(768, 2_560),  // 512 sectors
      safePolling: .spec(reason: "early polling has not been measured"))
  }

  /// STM32H5.
  static let h5 = ChipProfile(
    name: "STM32H5", family: .h5,
    programmingUnit: 16,  // with ECC
    sectorEraseTimes: [.kibibytes(8, 2, 5)],  // datasheet
    programTimePerUnit: .microseconds(31, 62),  // datasheet; the limit is a guess
    massEraseTime: .milliseconds(512, 1_280),  // 256 sectors
    safePolling: .spec(reason: "early polling has not been measured"))

  /// STM32C5, of which little is known but its descriptors (betaflight-configurator#5300).
  static let c5 = ChipProfile(
    name: "STM32C5", family: .c5,
    programmingUnit: 32,  // as an unknown chip
    sectorEraseTimes: [.kibibytes(8, 2, 40)],  // as H5; the limit is a guess
    programTimePerUnit: .microseconds(62, 3200),  // as H5; as an unknown chip
    massEraseTime: .milliseconds(512, 32_000),  // as H5; as an unknown chip
    massEraseWorks: false,
    safePolling: .spec(reason: "early polling has not been measured"))
}
