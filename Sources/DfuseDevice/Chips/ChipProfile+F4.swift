// STM32F4, and F2, which cannot be told from it: 16, 64 and 128 KiB sectors, option bytes at
// 0x1FFF_C000. The ROM programs byte by byte until Device Feature names the supply (AN2606).

extension ChipProfile {
  /// STM32F4 of any size.
  static func f4(name: String, quirks: ChipQuirks = []) -> ChipProfile {
    ChipProfile(
      name: name, family: .f4,
      programmingUnit: 4,
      sectorEraseTimes: [  // datasheet, 8-bit parallelism
        .kibibytes(16, 400, 800), .kibibytes(64, 1200, 2400), .kibibytes(128, 2000, 4000),
      ],
      programTimePerUnit: .microseconds(64, 400),  // four writes of 16/100 us (datasheet)
      massEraseTime: .milliseconds(16_000, 32_000),  // datasheet; the F405 reports 100 ms
      wordTimes: FlashTimes(  // datasheet, 32-bit parallelism
        sectorErase: [
          .kibibytes(16, 250, 500), .kibibytes(64, 550, 1100), .kibibytes(128, 1000, 2000),
        ],
        programPerUnit: .microseconds(16, 100), massErase: .milliseconds(8000, 16_000)),
      safePolling: .adaptive(
        reason: "an F429 polled every millisecond answered all the same (EdgeTX/buddy#88)"),
      quirks: quirks)
  }
}
