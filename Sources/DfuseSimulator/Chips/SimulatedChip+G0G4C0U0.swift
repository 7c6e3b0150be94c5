// The newer mainstream parts: ECC double words, 2 KiB pages.
extension SimulatedChip {
  private static func rules(_ readProtectionByte: UInt32?) -> FlashRules {
    FlashRules(
      unit: 8, hasECC: true, rewrite: .zeroOnly, readProtectionByte: readProtectionByte,
      optionWriteResets: false)
  }

  /// Datasheet typical values, from memory.
  private static func times(readKiB: Duration = .milliseconds(3)) -> WorkTimes {
    WorkTimes(
      erase: [2048: .milliseconds(22)], programWidth: 8, program: .microseconds(85),
      massErase: .milliseconds(22), readKiB: readKiB)
  }

  /// G0B1, 128 KiB; every alternate setting shows the flash's string (ST community 839156).
  static let stm32g0b1 = SimulatedChip(
    "stm32g0b1", "stm32g0c1",
    profile: DeviceProfile(
      part: "STM32G0B1/G0C1 (128 KiB)", guessed: [.times, .polls, .transferSize],
      flashSize: 128 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in FS Mode", serial: "203739645542",
        maps: Array(repeating: "@Internal Flash   /0x08000000/64*02Kg", count: 3),
        transferSize: 1024),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(64, 2048)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_7800, [.init(1, 128)]),
        MemoryRegion(.otp, at: 0x1FFF_7000, [.init(1, 1024)]),
      ],
      // A log of a G0B0 shows 31 ms for an upload of 1 KiB.
      rules: rules(0x1FFF_7800), times: times(readKiB: .milliseconds(30)),
      polls: ReportedPolls(erase: 30, write: 15), behaviour: Behaviour(whileBusy: .answersBusy)))

  /// G431, 128 KiB.
  static let stm32g431 = SimulatedChip(
    "stm32g431", "stm32g441",
    profile: DeviceProfile(
      part: "STM32G431 (128 KiB)", guessed: [.times], flashSize: 128 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in FS Mode", serial: "207F33794250",
        maps: [
          "@Internal Flash   /0x08000000/64*02Kg",
          "@Option Bytes   /0x1FFF7800/01*40Be",
          "@OTP Memory   /0x1FFF7000/01*01Ke",
        ], transferSize: 1024),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(64, 2048)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_7800, [.init(1, 40)]),
        MemoryRegion(.otp, at: 0x1FFF_7000, [.init(1, 1024)]),
      ],
      rules: rules(0x1FFF_7800), times: times(),
      // 131 ms was seen on a G431.
      polls: ReportedPolls(erase: 131, write: 131, setAddress: 131),
      behaviour: Behaviour(whileBusy: .answersBusy)))

  /// G474, 512 KiB in two banks; two groups in the option bytes' string.
  static let stm32g474 = SimulatedChip(
    "stm32g474", "stm32g473", "stm32g491",
    profile: DeviceProfile(
      part: "STM32G473/G474 (512 KiB)", guessed: [.times, .polls, .behaviour],
      flashSize: 512 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in FS Mode", serial: "205939885533",
        maps: [
          "@Internal Flash   /0x08000000/256*02Kg",
          "@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e",
          "@OTP Memory   /0x1FFF7000/01*1024 e",
        ], transferSize: 1024),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(256, 2048)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_7800, [.init(1, 48)]),
        MemoryRegion(.optionBytes, at: 0x1FFF_F800, [.init(1, 48)]),
        MemoryRegion(.otp, at: 0x1FFF_7000, [.init(1, 1024)]),
      ],
      rules: rules(0x1FFF_7800), times: times(), polls: ReportedPolls(erase: 131, write: 20),
      behaviour: Behaviour(whileBusy: .answersBusy)))

  /// C071, 128 KiB; leaving needs a Set Address before (LibUsbDfu#13).
  static let stm32c071 = SimulatedChip(
    "stm32c071",
    profile: DeviceProfile(
      part: "STM32C071 (128 KiB)", guessed: [.times, .polls, .maps, .behaviour],
      flashSize: 128 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0220, product: "DFU in FS Mode", serial: "203A35725532",
        maps: [
          "@Internal Flash    /0x08000000/64*02Kg",
          "@OB Bytes          /0x40022020/01*128 e",
          "@OTP Memory        /0x1FFF7000/01*1024 e",
          "@ENGI Bytes        /0x1FFF7500/01*768 e",
        ], transferSize: 1024),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(64, 2048)]),
        MemoryRegion(.optionBytes, at: 0x4002_2020, [.init(1, 128)]),
        MemoryRegion(.otp, at: 0x1FFF_7000, [.init(1, 1024)]),
        MemoryRegion(.readOnly, at: 0x1FFF_7500, [.init(1, 768)]),
      ],
      rules: rules(nil), times: times(), polls: ReportedPolls(erase: 30, write: 20),
      behaviour: Behaviour(whileBusy: .answersBusy), quirks: addressBeforeLeave))

  private static var addressBeforeLeave: Quirks {
    var quirks = Quirks()
    quirks.leaveNeedsAddress = true
    return quirks
  }

  /// U083, 256 KiB; four alternates, names padded with blanks, `.` as multiplier.
  static let stm32u083 = SimulatedChip(
    "stm32u083", "stm32u073",
    profile: DeviceProfile(
      part: "STM32U073/U083 (256 KiB)", guessed: [.times, .polls, .transferSize, .behaviour],
      flashSize: 256 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0220, product: "DFU in FS Mode", serial: "2056336C5847",
        maps: [
          "@Internal Flash    /0x08000000/128*02Kg",
          "@OB Bytes          /0x40022020/01*136 e",
          "@OTP Memory        /0x1FFF6800/01*1024 e",
          "@ENGI Bytes        /0x1FFF6C00/01*1024.e",
        ], transferSize: 1024),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(128, 2048)]),
        MemoryRegion(.optionBytes, at: 0x4002_2020, [.init(1, 136)]),
        MemoryRegion(.otp, at: 0x1FFF_6800, [.init(1, 1024)]),
        MemoryRegion(.readOnly, at: 0x1FFF_6C00, [.init(1, 1024)]),
      ],
      rules: rules(nil), times: times(), polls: ReportedPolls(erase: 30, write: 20),
      behaviour: Behaviour(whileBusy: .answersBusy)))
}
