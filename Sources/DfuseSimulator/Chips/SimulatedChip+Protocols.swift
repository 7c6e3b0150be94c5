// Bootloaders whose descriptors do not say what they speak: clones without a version or with another
// one, and plain DFU that looks like DfuSe.
extension SimulatedChip {
  /// A clone's bootloader like another one's.
  private static func clone(
    of chip: SimulatedChip, _ part: String, vendorID: UInt16, productID: UInt16, release: UInt16,
    serial: String, maps: [String], version: UInt16? = nil
  ) -> DeviceProfile {
    var profile = chip.profile
    profile.part = part
    profile.guessed = [.times, .polls, .transferSize, .behaviour, .identity]
    profile.usb.vendorID = vendorID
    profile.usb.productID = productID
    profile.usb.bcdDevice = release
    profile.usb.serial = serial
    profile.usb.maps = maps
    if let version { profile.usb.bcdDFUVersion = version }
    profile.quirks.hasShortFunctionalDescriptor = version == nil
    return profile
  }

  /// AT32F415, 128 KiB; its map has a blank before the count, its descriptor no version.
  static let at32f415 = SimulatedChip(
    "at32f415",
    profile: clone(
      of: apm32f103, "AT32F415 (128 KiB)", vendorID: 0x2E3C, productID: 0xDF11, release: 0x0200,
      serial: "AT32",
      maps: ["@Internal Flash  /0x08000000/ 128*1Kg", "@Option Byte   /0x1FFFF800/02*016 e"]))

  /// APM32F072, 128 KiB; an address of seven digits.
  static let apm32f072: SimulatedChip = {
    var profile = clone(
      of: apm32f103, "APM32F072 (128 KiB)", vendorID: 0x314B, productID: 0x0106, release: 0x0010,
      serial: "0448",
      maps: [
        "@Internal Flash  /0x8000000/06*002Kg,058*002Kg", "@Option Bytes  /0x1FFFF800/01*016 e",
      ], version: 0x0110)
    profile.memories[0] = MemoryRegion(.flash, at: 0x0800_0000, [.init(64, 2048)])
    profile.times.erase = [2048: .milliseconds(25)]
    return SimulatedChip("apm32f072", profile: profile)
  }()

  /// A GD32 of which the first 12 KiB cannot be written; version 0x0100.
  static let gd32f303: SimulatedChip = {
    var profile = clone(
      of: apm32f103, "GD32 (128 KiB)", vendorID: 0x28E9, productID: 0x0189, release: 0x0100,
      serial: "??", maps: ["@Internal Flash  /0x08000000/12*001Ka,116*001Kg"], version: 0x0100)
    profile.memories = [
      MemoryRegion(.readOnly, at: 0x0800_0000, [.init(12, 1024)]),
      MemoryRegion(.flash, at: 0x0800_3000, [.init(116, 1024)]),
    ]
    profile.quirks.eightBitSerial = true
    return SimulatedChip("gd32-12k", profile: profile)
  }()

  /// X32, whose version no log shows.
  static let x32f103 = SimulatedChip(
    "x32f103",
    profile: clone(
      of: apm32f103, "X32F103 (128 KiB)", vendorID: 0x3997, productID: 0xDF11, release: 0x0200,
      serial: "00000000010C", maps: ["@Internal Flash  /0x08000000/128*001Kg"], version: 0x0110))

  // MARK: - Plain DFU

  /// A device with plain DFU: every block is firmware.
  private static func plain(
    _ part: String, usb: USBFacts, start: UInt32 = 0x0800_0000
  ) -> DeviceProfile {
    DeviceProfile(
      part: part, guessed: [.times, .polls, .behaviour], flashSize: 256 * 1024, usb: usb,
      commands: [], defaultPointer: start,
      memories: [MemoryRegion(.flash, at: start, [.init(128, 2048)])],
      rules: FlashRules(unit: 1, hasECC: false, rewrite: .clearsBits),
      times: WorkTimes(
        erase: [2048: .milliseconds(20)], programWidth: 4, program: .microseconds(16),
        massErase: .milliseconds(100)),
      polls: ReportedPolls(erase: 0, write: 1), behaviour: Behaviour(flavour: .plainDFU))
  }

  /// The DFU class of TinyUSB as its example has it, built with ST's ids.
  ///
  /// TinyUSB's `TUD_DFU_DESCRIPTOR` states version 0x0101.
  static let tinyusb = SimulatedChip(
    "tinyusb-dfu",
    profile: plain(
      "TinyUSB DFU class",
      usb: USBFacts(
        bcdDevice: 0x0100, manufacturer: "TinyUSB", product: "TinyUSB Device", serial: "123456",
        serialIsConstant: true, maps: ["FLASH", "EEPROM"], attributes: 0x07, detachTimeOut: 1000,
        transferSize: 512, bcdDFUVersion: 0x0101)))

  private static func renesas(_ part: String, _ productID: UInt16) -> DeviceProfile {
    plain(
      part,
      usb: USBFacts(
        vendorID: 0x2341, productID: productID, bcdDevice: 0x0100, manufacturer: "Arduino",
        product: part, serial: "3517080A0B3C5D2E",
        maps: [
          "@CodeFlash /0x00000000/8*2Ka,120*2Kg", "@DataFlash /0x08000000/8*1Kg",
          "@SketchFlash /0x100000/32*32Kg",
        ], attributes: 0x07, detachTimeOut: 1000, transferSize: 512, bcdDFUVersion: 0x0101),
      start: 0)
  }

  /// Arduino UNO R4 Minima: memory maps as names, over TinyUSB's DFU class.
  static let unoR4 = SimulatedChip("uno-r4", profile: renesas("Arduino UNO R4 Minima", 0x0369))
  /// Arduino Nano R4.
  static let nanoR4 = SimulatedChip("nano-r4", profile: renesas("Arduino Nano R4", 0x0374))
  /// Arduino Portenta C33.
  static let portentaC33 = SimulatedChip(
    "portenta-c33", profile: renesas("Arduino Portenta C33", 0x0368))

  /// The Maple bootloader: plain DFU that states 0x011A (dfu-util quirks.c).
  static let maple = SimulatedChip(
    "maple",
    profile: plain(
      "Maple bootloader",
      usb: USBFacts(
        vendorID: 0x1EAF, productID: 0x0003, bcdDevice: 0x0200, manufacturer: "LeafLabs",
        product: "Maple 003", serial: "LLM 003", serialIsConstant: true,
        maps: ["STM32duino bootloader v1.0  Upload to Flash 0x8002000"], attributes: 0x03,
        transferSize: 1024)))

  /// The ROM of the STM32MP15x: ST's ids, maps as names, and plain DFU (version 0x0110).
  static let stm32mp15 = SimulatedChip(
    "stm32mp15",
    profile: plain(
      "STM32MP15x ROM",
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in HS Mode @Device ID /0x500, @Revision ID /0x0000",
        serial: "003800000000000012345678", maps: ["@FSBL /0x01/1*1Me"], transferSize: 1024,
        bcdDFUVersion: 0x0110)))
}
