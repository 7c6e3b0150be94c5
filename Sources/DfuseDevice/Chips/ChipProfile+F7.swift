// STM32F7: sectors of 32, 128 and 256 KiB, or F4's in dual-bank mode and on F72x/73x; option
// bytes at 0x1FFF_0000.

extension ChipProfile {
  /// STM32F7 of any size.
  static func f7(name: String) -> ChipProfile {
    ChipProfile(
      name: name, family: .f7,
      programmingUnit: 8,  // the alignment that AN2606 Rev 70 table 7 asks for
      sectorEraseTimes: [  // datasheet, 8-bit parallelism; an F745 took 351 ms (fwupd#2696)
        .kibibytes(32, 400, 800), .kibibytes(128, 1100, 2400), .kibibytes(256, 2100, 4000),
      ],
      programTimePerUnit: .microseconds(32, 800),  // two word writes, or eight byte writes
      massEraseTime: .milliseconds(16_000, 32_000),  // datasheet, 2 MiB
      wordTimes: FlashTimes(  // datasheet, 32-bit parallelism
        sectorErase: [
          .kibibytes(32, 250, 500), .kibibytes(128, 500, 1100), .kibibytes(256, 1000, 2000),
        ],
        programPerUnit: .microseconds(32, 200), massErase: .milliseconds(8000, 16_000)),
      safePolling: .adaptive(
        reason: "an F745 holds back its answer until the work is done (fwupd#1944, #2696)"))
  }
}
