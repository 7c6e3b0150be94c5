// STM32G0, G4, C0 and U0: pages of 2 KiB, programmed 8 bytes at a time with ECC.

extension ChipProfile {
  /// STM32G0B0, G0B1, G0C1.
  static let g0 = ChipProfile(
    name: "STM32G0B1/0C1", family: .g0,
    programmingUnit: 8,
    sectorEraseTimes: [.kibibytes(2, 22, 40)],  // datasheet
    programTimePerUnit: .microseconds(85, 125),  // datasheet
    massEraseTime: .milliseconds(22, 40),  // datasheet
    safePolling: .spec(reason: "early polling has not been measured"),
    quirks: .alternatesShareOneMap)

  /// STM32G4.
  static func g4(name: String) -> ChipProfile {
    ChipProfile(
      name: name, family: .g4,
      programmingUnit: 8,
      sectorEraseTimes: [.kibibytes(4, 22, 24.5)],  // datasheet; 4 KiB in single-bank mode
      programTimePerUnit: .microseconds(82, 83),  // datasheet
      massEraseTime: .milliseconds(22, 25),  // datasheet
      safePolling: .spec(reason: "early polling has not been measured"))
  }

  /// STM32C071.
  static let c0 = ChipProfile(
    name: "STM32C0", family: .c0,
    programmingUnit: 8,
    sectorEraseTimes: [.kibibytes(2, 22, 40)],  // as G0
    programTimePerUnit: .microseconds(85, 125),  // as G0
    massEraseTime: .milliseconds(22, 40),  // as G0
    safePolling: .spec(reason: "early polling has not been measured"))

  /// STM32U073 and U083.
  static let u0 = ChipProfile(
    name: "STM32U073/083", family: .u0,
    programmingUnit: 8,
    sectorEraseTimes: [.kibibytes(2, 22, 40)],  // as G0
    programTimePerUnit: .microseconds(85, 125),  // as G0
    massEraseTime: .milliseconds(22, 40),  // as G0
    safePolling: .spec(reason: "early polling has not been measured"))
}
