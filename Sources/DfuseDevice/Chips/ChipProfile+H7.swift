// STM32H7: option bytes at 0x5200_201C; sectors of 128 KiB, or of 8 KiB on H7A3/7B3.

extension ChipProfile {
  /// STM32H742, H743, H750, H753 and the dual-core parts.
  static let h743 = ChipProfile(
    name: "STM32H74x/75x", family: .h7,
    programmingUnit: 32,  // flash word with ECC
    sectorEraseTimes: [.kibibytes(128, 2000, 4000)],  // datasheet; 0.9 s seen (ST forum 234209)
    programTimePerUnit: .microseconds(290, 580),  // datasheet
    massEraseTime: .milliseconds(14_500, 26_000),  // 16 sectors of 0.9 s; datasheet
    massEraseWorks: false,  // bootloader V13.3 (AN2606); the version cannot be seen
    safePolling: .adaptive(
      reason: "ST's own programmer does not wait once an H743 has answered (ST community 234209)"),
    quirks: [.h743StuckBusy, .waitWorstCaseErase])

  /// STM32H723, H725, H730, H733, H735.
  static let h723 = ChipProfile(
    name: "STM32H72x/73x", family: .h7,
    programmingUnit: 32,  // flash word with ECC
    sectorEraseTimes: [.kibibytes(128, 2000, 4000)],  // as H743
    programTimePerUnit: .microseconds(290, 580),  // as H743
    massEraseTime: .milliseconds(7_300, 26_000),  // 8 sectors of 0.9 s; as H743
    safePolling: .spec(reason: "early polling has not been measured"))

  /// STM32H7A3, H7B0, H7B3.
  static let h7a3 = ChipProfile(
    name: "STM32H7A3/7B0/7B3", family: .h7,
    programmingUnit: 16,  // flash word with ECC
    sectorEraseTimes: [.kibibytes(8, 5, 20)],  // "some milliseconds"; the limit is a guess
    programTimePerUnit: .microseconds(290, 580),  // as H743
    massEraseTime: .milliseconds(1_300, 5_200),  // 256 sectors
    safePolling: .spec(reason: "early polling has not been measured"))
}
