// Chips of other makers with bootloaders that speak DfuSe.
extension SimulatedChip {
  /// GD32VF103, 128 KiB: the map promises 1 MiB, the serial number is 8-bit text, and it leaves
  /// without a status (dfu-util, fwupd, gd32-dfu-utils#3).
  static let gd32vf103 = SimulatedChip(
    "gd32vf103", "gd32vf103cb",
    profile: DeviceProfile(
      part: "GD32VF103CB (128 KiB)", guessed: [.times, .behaviour], flashSize: 128 * 1024,
      usb: USBFacts(
        vendorID: 0x28E9, productID: 0x0189, bcdDevice: 0x1000, manufacturer: "GDMicroelectronics",
        product: "GD32 0x418 DFU Bootloader", serial: "3CBJ", serialIsConstant: true,
        maps: [
          "@Internal Flash  /0x08000000/512*002Kg",
          "@Option Bytes  /0x1FFFF800/01*016 g",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(128, 1024)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_F800, [.init(1, 16)]),
      ],
      rules: FlashRules(unit: 4, hasECC: false, rewrite: .zeroOnly),
      times: WorkTimes(
        erase: [1024: .milliseconds(60)], programWidth: 4, program: .microseconds(40),
        massErase: .milliseconds(100)),
      polls: .internalFlash,
      behaviour: Behaviour(whileBusy: .answersBusy, leave: .atDownload), quirks: eightBitSerial,
      hasVectorTable: false))

  private static var eightBitSerial: Quirks {
    var quirks = Quirks()
    quirks.eightBitSerial = true
    return quirks
  }

  /// AT32F435, 4032 KiB; its first eight sectors cannot be written.
  static let at32f435 = SimulatedChip(
    "at32f435", "at32f437",
    profile: DeviceProfile(
      part: "AT32F435/F437 (4032 KiB)",
      guessed: [.times, .polls, .transferSize, .behaviour, .identity],
      flashSize: 4032 * 1024,
      usb: USBFacts(
        vendorID: 0x2E3C, productID: 0xDF11, bcdDevice: 0x0200, manufacturer: "Artery-Tech",
        product: "AT32 Bootloader DFU", serial: "AT32", serialIsConstant: true,
        maps: [
          "@Internal Flash   /0x08000000/08*04Ka,1000*04Kg",
          "@Option byte   /0x1FFFC000/01*4096 g",
        ]),
      memories: [
        MemoryRegion(.readOnly, at: 0x0800_0000, [.init(8, 4096)]),
        MemoryRegion(.flash, at: 0x0800_8000, [.init(1000, 4096)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_C000, [.init(1, 4096)]),
      ],
      rules: FlashRules(unit: 4, hasECC: false, rewrite: .zeroOnly),
      times: WorkTimes(
        erase: [4096: .milliseconds(50)], programWidth: 4, program: .microseconds(50),
        massErase: .seconds(8)),
      polls: ReportedPolls(erase: 100, write: 50, setAddress: 0), quirks: noCommandList))

  /// Flashers for AT32 send their commands unasked (keirf/flashfloppy#584).
  private static var noCommandList: Quirks {
    var quirks = Quirks()
    quirks.answersNoCommandList = true
    return quirks
  }

  /// APM32F103, 128 KiB: known are the ids only, the rest follows the F1.
  static let apm32f103 = SimulatedChip(
    "apm32f103", "apm32",
    profile: DeviceProfile(
      part: "APM32F103 (128 KiB)",
      guessed: [.times, .polls, .transferSize, .behaviour, .identity, .maps], flashSize: 128 * 1024,
      usb: USBFacts(
        vendorID: 0x314B, productID: 0x0106, bcdDevice: 0x0200, manufacturer: "Geehy",
        product: "APM32 DFU ISP Mode", serial: "00000000010C", serialIsConstant: true,
        maps: [
          "@Internal Flash  /0x08000000/128*001Kg",
          "@Option Bytes  /0x1FFFF800/01*016 g",
        ]),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(128, 1024)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_F800, [.init(1, 16)]),
      ],
      rules: FlashRules(unit: 2, hasECC: false, rewrite: .zeroOnly),
      times: WorkTimes(
        erase: [1024: .milliseconds(25)], programWidth: 2, program: .microseconds(53),
        massErase: .milliseconds(30)),
      polls: ReportedPolls(erase: 50, write: 50)))

  /// A clone of the F105 with ST's ids and a functional descriptor of 7 bytes (flashfloppy#462).
  static let f105clone: SimulatedChip = {
    var profile = stm32f107.profile
    profile.part = "clone of the STM32F105 (256 KiB)"
    profile.guessed.insert(.identity)
    profile.usb.bcdDevice = 0x2200
    profile.usb.maps[1] = "@Option Bytes  /0x1FFFF800/01*016 e"
    profile.quirks.hasShortFunctionalDescriptor = true
    return SimulatedChip("f105-clone", profile: profile)
  }()
}
