// H5, U5 and C5: 8 KiB sectors, quad words with ECC.
extension SimulatedChip {
  private static let rules = FlashRules(
    unit: 16, hasECC: true, rewrite: .never, optionWriteResets: false)

  /// From memory.
  private static func times(program: Duration) -> WorkTimes {
    WorkTimes(
      erase: [8192: .milliseconds(2)], programWidth: 16, program: program,
      massErase: .milliseconds(500))
  }

  /// H563, 2 MiB; protocol V3.0 without Read Unprotect (AN3156).
  static let stm32h563 = SimulatedChip(
    "stm32h563", "stm32h562", "stm32h573",
    profile: DeviceProfile(
      // Only the flash's string was seen.
      part: "STM32H563/H573 (2 MiB)", guessed: [.times, .polls, .transferSize, .behaviour],
      flashSize: 2048 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0300, product: "DFU in FS Mode", serial: "357D377F3133",
        maps: ["@Internal Flash   /0x08000000/256*08Kg"], transferSize: 1024),
      commands: [0x00, 0x21, 0x41],
      memories: [MemoryRegion(.flash, at: 0x0800_0000, [.init(256, 8192)])],
      rules: rules, times: times(program: .microseconds(31)),
      polls: ReportedPolls(erase: 5, write: 5, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy)))

  /// U575/U585, 2 MiB; gone before the last DFU_GETSTATUS is answered.
  static let stm32u575 = SimulatedChip(
    "stm32u575", "stm32u585",
    profile: DeviceProfile(
      part: "STM32U575/U585 (2 MiB)", guessed: [.times, .polls, .transferSize],
      flashSize: 2048 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in FS Mode", serial: "207136863530",
        maps: [
          "@Internal Flash   /0x08000000/256*08Kg",
          "@Option Bytes   /0x40022040/01*64 e",
          "@OTP Memory   /0x0BFA0000/01*512 e",
        ], transferSize: 1024),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(256, 8192)]),
        MemoryRegion(.optionBytes, at: 0x4002_2040, [.init(1, 64)]),
        MemoryRegion(.otp, at: 0x0BFA_0000, [.init(1, 512)]),
      ],
      rules: rules, times: times(program: .microseconds(118)),
      polls: ReportedPolls(erase: 5, write: 10, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy, leave: .duringStatus)))

  /// C562, 512 KiB: one alternate, CLRSTATUS stalls, GET_DESCRIPTOR(0x21) hangs
  /// (betaflight-configurator#5300).
  static let stm32c562 = SimulatedChip(
    "stm32c562", "stm32c5",
    profile: DeviceProfile(
      part: "STM32C562 (512 KiB)", guessed: [.times, .polls, .identity],
      flashSize: 512 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0300, product: "DFU in FS Mode", serial: "2038376C4E50",
        maps: ["@Internal Flash /0x08000000/64*08Kg"], transferSize: 1024),
      commands: [0x00, 0x21, 0x41],
      memories: [MemoryRegion(.flash, at: 0x0800_0000, [.init(64, 8192)])],
      rules: rules, times: times(program: .microseconds(60)),
      polls: ReportedPolls(erase: 5, write: 5, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy, clearStatus: .stalls), quirks: silentDescriptor))

  private static var silentDescriptor: Quirks {
    var quirks = Quirks()
    quirks.ignoresFunctionalDescriptorRequest = true
    return quirks
  }
}
