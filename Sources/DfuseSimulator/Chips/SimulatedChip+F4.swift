// F2/F4: sectors of 16, 64 and 128 KiB, bits programmed from 1 to 0.
extension SimulatedChip {
  /// Sectors of one bank: 4 × 16 KiB, 64 KiB, then 128 KiB each.
  private static func bank(large: Int) -> [MemoryRegion.Run] {
    [.init(4, 16 * 1024), .init(1, 64 * 1024), .init(large, 128 * 1024)]
  }

  /// What every F4 has besides flash; addresses as in the memory map strings.
  private static func common(flash: [MemoryRegion.Run]) -> [MemoryRegion] {
    [
      MemoryRegion(.flash, at: 0x0800_0000, flash),
      MemoryRegion(.optionBytes, at: 0x1FFF_C000, [.init(1, 16)]),
      MemoryRegion(.otp, at: 0x1FFF_7800, [.init(1, 512), .init(1, 16)]),
      MemoryRegion(.deviceFeature, at: 0xFFFF_0000, [.init(1, 4)]),
      // AN2606: the bootloader uses 12 KiB from 0x20000000; the rest may be written.
      MemoryRegion(.ram, at: 0x2000_3000, [.init(1, 116 * 1024)]),
    ]
  }

  /// AN2606: word writes are possible, bits 1 → 0; RDP is byte 1 of the option bytes.
  private static let rules = FlashRules(
    unit: 1, hasECC: false, rewrite: .clearsBits, readProtectionByte: 0x1FFF_C001)

  /// Bytewise, as the ROM programs unless Device Feature names a higher supply range (AN2606).
  ///
  /// Datasheet typical values, from memory.
  private static let byteTimes = WorkTimes(
    erase: [
      16 * 1024: .milliseconds(400), 64 * 1024: .milliseconds(1200), 128 * 1024: .seconds(2),
    ], programWidth: 1, program: .microseconds(16), massErase: .seconds(16))

  /// The same at 2.1 to 2.7 V: half-words.
  private static let halfWordTimes = WorkTimes(
    erase: [
      16 * 1024: .milliseconds(300), 64 * 1024: .milliseconds(700), 128 * 1024: .milliseconds(1300),
    ], programWidth: 2, program: .microseconds(16), massErase: .seconds(11))

  /// The same at 2.7 to 3.6 V: words.
  private static let wordTimes = WorkTimes(
    erase: [
      16 * 1024: .milliseconds(250), 64 * 1024: .milliseconds(550), 128 * 1024: .seconds(1),
    ], programWidth: 4, program: .microseconds(16), massErase: .seconds(8))

  private static let timesBySupply: [UInt8: WorkTimes] = [
    1: halfWordTimes, 2: halfWordTimes, 3: wordTimes, 4: wordTimes,
  ]

  private static let optionBytes = "@Option Bytes  /0x1FFFC000/01*016 e"
  private static let otp = "@OTP Memory /0x1FFF7800/01*512 e,01*016 e"
  private static let feature = "@Device Feature/0xFFFF0000/01*004 e"

  private static func f4(
    _ part: String, _ guessed: DeviceProfile.Guesses, kibibytes: Int, large: Int, map: String,
    serial: String, isConstant: Bool = false, stated: UInt8? = nil
  ) -> DeviceProfile {
    var quirks = Quirks()
    quirks.statedStringLength = stated
    return DeviceProfile(
      part: part, guessed: guessed.union([.times, .polls]), flashSize: kibibytes * 1024,
      usb: USBFacts(
        bcdDevice: 0x2200, serial: serial, serialIsConstant: isConstant,
        maps: [map, optionBytes, otp, feature]),
      memories: common(flash: bank(large: large)), rules: rules, times: byteTimes,
      timesBySupply: timesBySupply,
      // dfu-util: a mass erase, which takes many seconds, reports 100 ms as well.
      polls: .internalFlash, quirks: quirks)
  }

  /// F401/F411, 512 KiB.
  static let stm32f401 = SimulatedChip(
    "stm32f401", "stm32f411",
    profile: f4(
      "STM32F401/F411 (512 KiB)", [], kibibytes: 512, large: 3,
      map: "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg", serial: "377A364D3234"))

  /// F405/F407, 1 MiB, V2.2.
  static let stm32f405 = SimulatedChip(
    "stm32f405", "stm32f407", "stm32f415", "stm32f417",
    profile: f4(
      "STM32F405/F407 (1 MiB)", [], kibibytes: 1024, large: 7,
      map: "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg", serial: "315A28A0B956"))

  /// F407 V2.1 as on the first Discovery boards: type g, found in dfuERROR.
  static let stm32f407v21: SimulatedChip = {
    // dfu-util's stm32f4discovery.lsusb and .bin-download.
    var profile = stm32f405.profile
    profile.part = "STM32F407 (1 MiB), bootloader with DFU V2.1"
    profile.usb.bcdDevice = 0x2100
    profile.usb.maps = [
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
      "@Option Bytes  /0x1FFFC000/01*016 g", "@OTP Memory /0x1FFF7800/01*512 g,01*016 g",
      "@Device Feature/0xFFFF0000/01*004 g",
    ]
    profile.quirks.powerOnError = StatusCode.errFIRMWARE
    return SimulatedChip("stm32f407-v2.1", profile: profile)
  }()

  /// F427/F429/F437/F439, 2 MiB in two banks.
  static let stm32f427 = SimulatedChip("stm32f427", "stm32f437", profile: twoBanks)

  private static var twoBanks: DeviceProfile {
    var profile = f4(
      "STM32F427/F437 (2 MiB)", [], kibibytes: 2048, large: 7,
      map: "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg",
      serial: "326433593336")
    profile.usb.maps[1] = "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e"
    profile.memories[0] = MemoryRegion(.flash, at: 0x0800_0000, bank(large: 7) + bank(large: 7))
    profile.memories.append(MemoryRegion(.optionBytes, at: 0x1FFE_C000, [.init(1, 16)]))
    return profile
  }

  /// The same with bootloader V9.0, whose erase in bank 2 does nothing (AN2606).
  static let stm32f427v90: SimulatedChip = {
    var profile = twoBanks
    profile.part = "STM32F427/F437 (2 MiB), bootloader V9.0"
    profile.quirks.ignoresEraseFrom = 0x0810_0000
    return SimulatedChip("stm32f427-v9.0", profile: profile)
  }()

  /// F429, 1 MiB in one bank: its string descriptor says 166 bytes and has 112.
  static let stm32f429 = SimulatedChip(
    "stm32f429", "stm32f439",
    profile: f4(
      "STM32F429/F439 (1 MiB)", [], kibibytes: 1024, large: 7,
      // BIGTREETECH-OCTOPUS-Pro#42: "was 166, received 112".
      map: "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg", serial: "3370365D3433",
      stated: 166))

  /// F446, 512 KiB; a constant serial number.
  static let stm32f446 = SimulatedChip(
    "stm32f446",
    profile: f4(
      "STM32F446 (512 KiB)", [.maps], kibibytes: 512, large: 3,
      map: "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg", serial: "STM32FxSTM32",
      isConstant: true))
}
