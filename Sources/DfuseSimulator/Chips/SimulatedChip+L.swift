// Low power: L0 and L1 with an erased value of 0x00; L4 and WB with ECC double words.
extension SimulatedChip {
  /// Words that must be zero before (reference manuals, from memory).
  private static let zeroRules = FlashRules(
    unit: 4, alignment: 8, hasECC: false, rewrite: .never)

  /// Datasheet typical values, from memory: 3.28 ms for a page, a word or half a page.
  private static func zeroTimes(page: Int, pages: Int) -> WorkTimes {
    WorkTimes(
      erase: [page: .microseconds(3280)], programWidth: page / 2, program: .microseconds(3280),
      massErase: .microseconds(3280) * pages)
  }

  /// L072, 192 KiB of 128-byte pages.
  static let stm32l072 = SimulatedChip(
    "stm32l072", "stm32l073", "stm32l082",
    profile: DeviceProfile(
      part: "STM32L072/L073 (192 KiB)", guessed: [.times, .polls, .transferSize, .behaviour],
      flashSize: 192 * 1024,
      usb: USBFacts(
        bcdDevice: 0x2200, serial: "367239433132",
        maps: [
          "@Internal Flash  /0x08000000/1536*128g",
          "@Option Bytes  /0x1FF80000/01*032 e",
          "@DATA Memory /0x08080000/2*3Ke",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(1536, 128)], erased: 0x00),
        MemoryRegion(.optionBytes, at: 0x1FF8_0000, [.init(1, 32)], erased: 0x00),
        MemoryRegion(.eeprom, at: 0x0808_0000, [.init(2, 3072)], erased: 0x00),
      ],
      rules: zeroRules, times: zeroTimes(page: 128, pages: 1536),
      polls: ReportedPolls(erase: 10, write: 120, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy)))

  /// L152, 256 KiB of 256-byte pages; EEPROM comes before the option bytes.
  static let stm32l152 = SimulatedChip(
    "stm32l152", "stm32l151", "stm32l1",
    profile: DeviceProfile(
      part: "STM32L151/L152 (256 KiB)", guessed: [.times, .polls, .transferSize, .behaviour],
      flashSize: 256 * 1024,
      usb: USBFacts(
        bcdDevice: 0x2200, serial: "76B0A1336969",
        maps: [
          "@Internal Flash  /0x08000000/1024*256 g",
          "@DATA Memory /0x08080000/02*004Ke",
          "@Option Bytes  /0x1FF80000/01*032 e",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(1024, 256)], erased: 0x00),
        MemoryRegion(.eeprom, at: 0x0808_0000, [.init(2, 4096)], erased: 0x00),
        MemoryRegion(.optionBytes, at: 0x1FF8_0000, [.init(1, 32)], erased: 0x00),
      ],
      rules: zeroRules, times: zeroTimes(page: 256, pages: 1024),
      polls: ReportedPolls(erase: 10, write: 60, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy)))

  /// Double words with ECC; RDP is byte 0 of the option bytes (reference manuals, from memory).
  private static let doubleWordRules = FlashRules(
    unit: 8, hasECC: true, rewrite: .zeroOnly, readProtectionByte: 0x1FFF_7800)

  private static func doubleWordTimes(page: Int) -> WorkTimes {
    WorkTimes(
      erase: [page: .milliseconds(22)], programWidth: 8, program: .microseconds(82),
      massErase: .milliseconds(22))
  }

  /// L476, 512 KiB; DFU_GETSTATUS stalls while busy.
  static let stm32l476 = SimulatedChip(
    "stm32l476", "stm32l475", "stm32l486",
    profile: DeviceProfile(
      part: "STM32L476 (512 KiB)", guessed: [.times, .polls, .transferSize],
      flashSize: 512 * 1024,
      usb: USBFacts(
        bcdDevice: 0x2200, serial: "207E32823141",
        maps: [
          "@Internal Flash  /0x08000000/0256*0002Kg",
          "@Option Bytes  /0x1FFF7800/01*040 e",
          "@OTP Memory /0x1FFF7000/01*0001Ke",
          "@Device Feature/0xFFFF0000/01*004 e",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(256, 2048)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_7800, [.init(1, 40)]),
        MemoryRegion(.otp, at: 0x1FFF_7000, [.init(1, 1024)]),
        MemoryRegion(.deviceFeature, at: 0xFFFF_0000, [.init(1, 4)]),
      ],
      rules: doubleWordRules, times: doubleWordTimes(page: 2048),
      // dfu-util: the reported time is shorter than the erase.
      polls: ReportedPolls(erase: 20, write: 25, setAddress: 1),
      behaviour: Behaviour(whileBusy: .stalls), quirks: longWriteQuirks))

  /// AN2606, bootloaders V10.1 to V10.3.
  private static var longWriteQuirks: Quirks {
    var quirks = Quirks()
    quirks.corruptsLongOddWrites = true
    return quirks
  }

  /// L4R5, 2 MiB in two banks of 4 KiB pages.
  static let stm32l4r5 = SimulatedChip(
    "stm32l4r5", "stm32l4r9", "stm32l4s5",
    profile: DeviceProfile(
      part: "STM32L4R5/L4R9 (2 MiB)", guessed: [.times, .polls, .transferSize, .behaviour],
      flashSize: 2048 * 1024,
      usb: USBFacts(
        bcdDevice: 0x2200, serial: "205C35794842",
        maps: [
          "@Internal Flash  /0x08000000/512*0004Kg",
          "@Option Bytes  /0x1FF00000/01*040 e/0x1FF01000/01*040 e",
          "@OTP Memory /0x1FFF7000/01*0001Ke",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(512, 4096)]),
        MemoryRegion(.optionBytes, at: 0x1FF0_0000, [.init(1, 40)]),
        MemoryRegion(.optionBytes, at: 0x1FF0_1000, [.init(1, 40)]),
        MemoryRegion(.otp, at: 0x1FFF_7000, [.init(1, 1024)]),
      ],
      // AN3156 Rev 12: no reset after option bytes outside the parts its footnote lists.
      rules: FlashRules(
        unit: 8, hasECC: true, rewrite: .zeroOnly, readProtectionByte: 0x1FF0_0000,
        optionWriteResets: false),
      times: doubleWordTimes(page: 4096), polls: ReportedPolls(erase: 25, write: 25),
      behaviour: Behaviour(whileBusy: .stalls)))

  /// WB55, 1 MiB of 4 KiB pages; leaving ends in an error (qFlipper).
  static let stm32wb55 = SimulatedChip(
    "stm32wb55",
    profile: DeviceProfile(
      // Transfer size from Flipper logs; no map string was ever posted.
      part: "STM32WB55 (1 MiB)", guessed: [.times, .polls, .maps, .identity],
      flashSize: 1024 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in FS Mode", serial: "204B36813542",
        maps: [
          "@Internal Flash   /0x08000000/256*04Kg",
          "@Option Bytes   /0x1FFF8000/01*128 e",
          "@OTP Memory   /0x1FFF7000/01*1024 e",
        ], transferSize: 1024),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(256, 4096)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_8000, [.init(1, 128)]),
        MemoryRegion(.otp, at: 0x1FFF_7000, [.init(1, 1024)]),
      ],
      rules: FlashRules(
        unit: 8, hasECC: true, rewrite: .zeroOnly, readProtectionByte: 0x1FFF_8000,
        optionWriteResets: false),
      times: doubleWordTimes(page: 4096),
      // Flipper logs: 49 ms a block, 44 to 62 ms a page.
      polls: ReportedPolls(erase: 40, write: 40),
      behaviour: Behaviour(whileBusy: .answersBusy, leave: .stallsStatus)))
}
