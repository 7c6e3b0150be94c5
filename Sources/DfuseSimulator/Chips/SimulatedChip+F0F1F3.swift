// Chips whose flash is programmed in half-words: F0, F105/107, F3.
extension SimulatedChip {
  /// Half-words; one that is not blank takes only 0x0000 (reference manuals, from memory).
  private static func halfWordRules(readProtectionByte: UInt32) -> FlashRules {
    FlashRules(
      unit: 2, hasECC: false, rewrite: .zeroOnly, readProtectionByte: readProtectionByte)
  }

  /// Datasheet typical values, from memory: 53.5 µs a half-word, 20 to 40 ms a page or everything.
  private static func halfWordTimes(page: Int) -> WorkTimes {
    WorkTimes(
      erase: [page: .milliseconds(25)], programWidth: 2, program: .microseconds(53),
      massErase: .milliseconds(30))
  }

  /// F042, 32 KiB.
  static let stm32f042 = SimulatedChip(
    "stm32f042",
    profile: DeviceProfile(
      part: "STM32F042 (32 KiB)", guessed: [.times, .polls, .transferSize, .behaviour],
      flashSize: 32 * 1024,
      usb: USBFacts(
        bcdDevice: 0x2200,
        // A chip whose unique id was never programmed: seen in logs of F042 and F072.
        serial: "FFFFFFFEFFFF", serialIsConstant: true,
        maps: [
          "@Internal Flash  /0x08000000/032*0001Kg",  // log of an F042
          "@Option Bytes  /0x1FFFF800/01*016 e",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(32, 1024)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_F800, [.init(1, 16)]),
      ],
      rules: halfWordRules(readProtectionByte: 0x1FFF_F800), times: halfWordTimes(page: 1024),
      polls: ReportedPolls(erase: 40, write: 40)))

  /// F072, 128 KiB; drops work that is polled early.
  static let stm32f072 = SimulatedChip(
    "stm32f072", "stm32f070",
    profile: DeviceProfile(
      part: "STM32F072 (128 KiB)", guessed: [.times, .transferSize], flashSize: 128 * 1024,
      usb: USBFacts(
        bcdDevice: 0x2200, serial: "357236543131",  // sboot_stm32#25
        maps: [
          "@Internal Flash  /0x08000000/064*0002Kg",
          "@Option Bytes  /0x1FFFF800/01*016 e",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(64, 2048)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_F800, [.init(1, 16)]),
      ],
      rules: halfWordRules(readProtectionByte: 0x1FFF_F800), times: halfWordTimes(page: 2048),
      // dfu-util ticket 78: 40 ms again and again while a page is erased.
      polls: ReportedPolls(erase: 40, write: 60, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy), quirks: hastyQuirks))

  private static var hastyQuirks: Quirks {
    var quirks = Quirks()
    quirks.skipsWorkWhenPolledEarly = true
    return quirks
  }

  /// F105/107 V2.0, 256 KiB; option bytes of type g.
  static let stm32f107 = SimulatedChip(
    "stm32f107", "stm32f105",
    profile: DeviceProfile(
      part: "STM32F105/F107 (256 KiB)", guessed: [.times, .polls, .behaviour],
      flashSize: 256 * 1024,
      // All of it from dfu-util's stm32f107.lsusb.
      usb: USBFacts(
        bcdDevice: 0x2000, product: "STM32 0x418 DFU Bootloader", serial: "STM32",
        serialIsConstant: true,
        maps: [
          "@Internal Flash  /0x08000000/128*002Kg",
          "@Option Bytes  /0x1FFFF800/01*016 g",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(128, 2048)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_F800, [.init(1, 16)]),
      ],
      // Its read protection key is 0xA5, not 0xAA, so the byte is not modelled.
      rules: FlashRules(unit: 2, hasECC: false, rewrite: .zeroOnly),
      times: halfWordTimes(page: 2048), polls: .internalFlash))

  /// F303, 256 KiB.
  static let stm32f303 = SimulatedChip(
    "stm32f303", "stm32f302",
    profile: DeviceProfile(
      part: "STM32F303 (256 KiB)", guessed: [.times, .polls, .behaviour], flashSize: 256 * 1024,
      usb: USBFacts(
        bcdDevice: 0x2200, serial: "207E3354304B",
        maps: [
          "@Internal Flash  /0x08000000/128*0002Kg",  // betaflight-configurator
          "@Option Bytes  /0x1FFFF800/01*016 e",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(128, 2048)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_F800, [.init(1, 16)]),
      ],
      rules: halfWordRules(readProtectionByte: 0x1FFF_F800), times: halfWordTimes(page: 2048),
      polls: ReportedPolls(erase: 100, write: 65, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy)))
}
