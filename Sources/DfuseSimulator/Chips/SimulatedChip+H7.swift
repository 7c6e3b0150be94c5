// H7: 128 KiB sectors and flash words of 32 bytes, or 8 KiB sectors and 16 bytes on the H7A3.
extension SimulatedChip {
  /// From memory: 32-byte words take some 200 µs, a sector one second or two; the erase time of
  /// 0.9 s is from a log of an H743 (ST community 234209).
  private static let bigSectorTimes = WorkTimes(
    erase: [128 * 1024: .milliseconds(905)], programWidth: 32, program: .microseconds(200),
    massErase: .seconds(12))

  private static func h7Quirks(stuckFrom: UInt32? = nil) -> Quirks {
    var quirks = Quirks()
    quirks.staysBusyErasingFrom = stuckFrom
    quirks.refusesAddressWhenProtected = true
    return quirks
  }

  private static func bigSectors(
    _ part: String, _ guessed: DeviceProfile.Guesses, sectors: Int, map: String, optionBytes: Int,
    optionMap: String, serial: String, isConstant: Bool = false, quirks: Quirks
  ) -> DeviceProfile {
    DeviceProfile(
      part: part, guessed: guessed.union(.times), flashSize: sectors * 128 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in FS Mode", serial: serial,
        serialIsConstant: isConstant, maps: [map, optionMap], transferSize: 1024),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(sectors, 128 * 1024)]),
        MemoryRegion(.optionBytes, at: 0x5200_201C, [.init(1, optionBytes)]),
      ],
      rules: FlashRules(unit: 32, hasECC: true, rewrite: .never, optionWriteResets: false),
      times: bigSectorTimes,
      // dfu-util ticket 88: 1000 ms for an erase.
      polls: ReportedPolls(erase: 1000, write: 5, setAddress: 1),
      // ST community 234209: the first DFU_GETSTATUS takes as long as the erase, the next finds
      // the device idle. Too long a block gives an error status.
      behaviour: Behaviour(
        whileBusy: .worksBeforeAnswering, clearStatus: .errUnknown,
        oversize: .stalls(StatusCode.errFILE)),
      quirks: quirks)
  }

  /// H723, 1 MiB.
  static let stm32h723 = SimulatedChip(
    "stm32h723", "stm32h725", "stm32h733",
    profile: bigSectors(
      "STM32H723/H725 (1 MiB)", [.polls], sectors: 8,
      map: "@Internal Flash   /0x08000000/8*128Kg", optionBytes: 88,
      optionMap: "@Option Bytes   /0x5200201C/01*88 e", serial: "3560376F3431",
      quirks: h7Quirks()))

  /// H743 revision V, 2 MiB: erases in bank 2 never end (betaflight-configurator#1861).
  static let stm32h743 = SimulatedChip(
    "stm32h743", "stm32h753",
    profile: bigSectors(
      "STM32H743/H753 (2 MiB), revision V", [], sectors: 16,
      map: "@Internal Flash   /0x08000000/16*128Kg", optionBytes: 128,
      optionMap: "@Option Bytes   /0x5200201C/01*128 e", serial: "200364500000",
      isConstant: true, quirks: h7Quirks(stuckFrom: 0x0810_0000)))

  /// The same with bootloader V9.1, which reports an erase in bank 2 as done while it goes on
  /// (AN2606).
  static let stm32h743v91: SimulatedChip = {
    var profile = stm32h743.profile
    profile.part = "STM32H743/H753 (2 MiB), bootloader V9.1"
    profile.guessed.insert(.behaviour)
    profile.quirks.staysBusyErasingFrom = nil
    profile.quirks.reportsEraseEarlyFrom = 0x0810_0000
    // Longer than the time it reports.
    profile.times.erase = [128 * 1024: .seconds(2)]
    return SimulatedChip("stm32h743-v9.1", profile: profile)
  }()

  /// H7A3/H7B3, 2 MiB of 8 KiB sectors; gone before the last DFU_GETSTATUS is answered.
  static let stm32h7a3 = SimulatedChip("stm32h7a3", "stm32h7b3", profile: smallSectors)

  private static var smallSectors: DeviceProfile {
    DeviceProfile(
      part: "STM32H7A3/H7B3 (2 MiB)", guessed: [.times, .polls], flashSize: 2048 * 1024,
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in FS Mode", serial: "376E356F3339",
        maps: [
          "@Internal Flash   /0x08000000/256*08Kg",
          "@Option Bytes   /0x5200201C/01*297 e",
          "@OTP Memory   /0x08FFF000/01*1024 e",
        ], transferSize: 1024),
      memories: [
        MemoryRegion(.flash, at: 0x0800_0000, [.init(256, 8192)]),
        MemoryRegion(.optionBytes, at: 0x5200_201C, [.init(1, 297)]),
        MemoryRegion(.otp, at: 0x08FF_F000, [.init(1, 1024)]),
      ],
      rules: FlashRules(unit: 16, hasECC: true, rewrite: .never, optionWriteResets: false),
      times: WorkTimes(
        erase: [8192: .milliseconds(3)], programWidth: 16, program: .microseconds(150),
        massErase: .milliseconds(20)),
      polls: ReportedPolls(erase: 5, write: 15, setAddress: 1),
      behaviour: Behaviour(
        whileBusy: .answersBusy, leave: .duringStatus, clearStatus: .errUnknown))
  }

  /// The same with bootloader V9.0: its string says 2 KiB sectors, and it has no OTP (AN2606).
  static let stm32h7a3v90: SimulatedChip = {
    var profile = smallSectors
    profile.part = "STM32H7A3/H7B3 (2 MiB), bootloader V9.0"
    // AN2606 gives the sense; the exact text is not known.
    profile.guessed.insert(.maps)
    profile.usb.maps = [
      "@Internal Flash   /0x08000000/256*02Kg", "@Option Bytes   /0x5200201C/01*297 e",
    ]
    profile.memories.removeLast()
    return SimulatedChip("stm32h7a3-v9.0", profile: profile)
  }()
}
