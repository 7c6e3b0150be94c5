// STM32L4, L4+, L5 and WB: 8 bytes at a time with ECC. A write of more than 256 bytes that is not
// a multiple of 8 is corrupted by some L4 ROMs (AN2606), which the unit takes care of.

extension ChipProfile {
  /// STM32L4 and L4+.
  static func l4(name: String) -> ChipProfile {
    ChipProfile(
      name: name, family: .l4,
      programmingUnit: 8,
      sectorEraseTimes: [.kibibytes(8, 22, 30)],  // datasheet 24.5; one board needed 30
      programTimePerUnit: .microseconds(82, 91),  // datasheet
      massEraseTime: .milliseconds(22, 30),  // datasheet 25
      safePolling: .spec(reason: "an L4 polled early stalls (dfu-util 0.10)"),
      quirks: .stallsWhileBusy)
  }

  /// STM32L5.
  static let l5 = ChipProfile(
    name: "STM32L5", family: .l5,
    programmingUnit: 16,  // the alignment that AN2606 Rev 70 table 7 asks for
    sectorEraseTimes: [.kibibytes(4, 22, 30)],  // as L4
    programTimePerUnit: .microseconds(164, 182),  // as L4, twice
    massEraseTime: .milliseconds(22, 30),  // as L4
    safePolling: .spec(reason: "early polling has not been measured"))

  /// STM32WB30, WB35, WB50, WB55.
  static let wb = ChipProfile(
    name: "STM32WB", family: .wb,
    programmingUnit: 8,
    sectorEraseTimes: [.kibibytes(4, 22, 24.5)],  // datasheet; 44 to 62 ms with the transfers
    programTimePerUnit: .microseconds(82, 91),  // datasheet
    massEraseTime: .milliseconds(22, 25),  // datasheet
    safePolling: .spec(reason: "early polling has not been measured"))
}
