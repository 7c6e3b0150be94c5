// STM32L0 and L1: small pages that erase to 0x00, option bytes at 0x1FF8_0000.

extension ChipProfile {
  /// STM32L07x and L08x: pages of 128 bytes.
  static let l0 = ChipProfile(
    name: "STM32L07x/08x", family: .l0, erasedByte: 0x00,
    programmingUnit: 8,  // the alignment that AN2606 Rev 70 table 7 asks for
    sectorEraseTimes: [SectorEraseTime(sectorSize: 128, time: .milliseconds(3.28, 3.94))],
    programTimePerUnit: .milliseconds(6.56, 7.88),  // datasheet: two words, each as an erase
    massEraseTime: .milliseconds(5_040, 6_050),  // 1536 pages
    safePolling: .spec(reason: "early polling has not been measured"))

  /// STM32L1, categories 3 to 5: pages of 256 bytes.
  static let l1 = ChipProfile(
    name: "STM32L1", family: .l1, erasedByte: 0x00,
    programmingUnit: 8,  // the alignment that AN2606 Rev 70 table 7 asks for
    sectorEraseTimes: [SectorEraseTime(sectorSize: 256, time: .milliseconds(3.28, 3.94))],
    programTimePerUnit: .milliseconds(6.56, 7.88),  // datasheet: two words, each as an erase
    massEraseTime: .milliseconds(6_720, 8_070),  // 2048 pages
    safePolling: .spec(reason: "early polling has not been measured"))
}
