// High performance: H5, U5 and C5 with 8 KiB sectors and ECC quad words; H7 with 128 KiB sectors and
// flash words of 32 bytes, or those of 16 on the H7A3.
extension SimulatedChip {
  private static let kib = 1024

  /// Flash words of some bytes with ECC, each programmed once (reference manuals, from memory).
  ///
  /// Times of sectors in milliseconds and of words in microseconds, from memory.
  private static func flashWords(
    _ part: String, _ guessed: DeviceProfile.Guesses, sectors: Int, of size: Int, word: Int,
    usb: USBFacts, commands: [UInt8] = [0x00, 0x21, 0x41, 0x92], others: [MemoryRegion] = [],
    erase: Int, program: Int, massErase: Int, polls: ReportedPolls, behaviour: Behaviour,
    quirks: Quirks = Quirks()
  ) -> DeviceProfile {
    DeviceProfile(
      part: part, guessed: guessed.union(.times), usb: usb, commands: commands,
      memories: [.flash(sectors, size)] + others,
      rules: FlashRules(unit: word, hasECC: true, rewrite: .never, optionWriteResets: false),
      times: WorkTimes(
        erase: [size: .milliseconds(erase)], programWidth: word,
        program: .microseconds(program), massErase: .milliseconds(massErase)),
      polls: polls, behaviour: behaviour, quirks: quirks)
  }

  // MARK: - H5, U5, C5

  /// H563, 2 MiB; protocol V3.0 without Read Unprotect (AN3156).
  static let stm32h563 = SimulatedChip(
    "stm32h563", "stm32h562", "stm32h573",
    profile: flashWords(
      // Only the flash's string was seen.
      "STM32H563/H573 (2 MiB)", [.polls, .transferSize, .behaviour], sectors: 256, of: 8 * kib,
      word: 16,
      usb: .fullSpeedMode(
        bcdDevice: 0x0300, serial: "357D377F3133",
        maps: ["@Internal Flash   /0x08000000/256*08Kg"]),
      commands: [0x00, 0x21, 0x41], erase: 2, program: 31, massErase: 500,
      polls: ReportedPolls(erase: 5, write: 5, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy)))

  /// U575/U585, 2 MiB; gone before the last DFU_GETSTATUS is answered.
  static let stm32u575 = SimulatedChip(
    "stm32u575", "stm32u585",
    profile: flashWords(
      "STM32U575/U585 (2 MiB)", [.polls, .transferSize], sectors: 256, of: 8 * kib, word: 16,
      usb: .fullSpeedMode(
        serial: "207136863530",
        maps: [
          "@Internal Flash   /0x08000000/256*08Kg", "@Option Bytes   /0x40022040/01*64 e",
          "@OTP Memory   /0x0BFA0000/01*512 e",
        ]),
      others: [.init(.optionBytes, at: 0x4002_2040, 64), .init(.otp, at: 0x0BFA_0000, 512)],
      erase: 2, program: 118, massErase: 500,
      polls: ReportedPolls(erase: 5, write: 10, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy, leave: .duringStatus)))

  /// C562, 512 KiB: one alternate, CLRSTATUS stalls, GET_DESCRIPTOR(0x21) hangs
  /// (betaflight-configurator#5300).
  static let stm32c562 = SimulatedChip(
    "stm32c562", "stm32c5",
    profile: flashWords(
      "STM32C562 (512 KiB)", [.polls, .identity], sectors: 64, of: 8 * kib, word: 16,
      usb: .fullSpeedMode(
        bcdDevice: 0x0300, serial: "2038376C4E50",
        maps: ["@Internal Flash /0x08000000/64*08Kg"]),
      commands: [0x00, 0x21, 0x41], erase: 2, program: 60, massErase: 500,
      polls: ReportedPolls(erase: 5, write: 5, setAddress: 1),
      behaviour: Behaviour(whileBusy: .answersBusy, clearStatus: .stalls),
      quirks: Quirks(ignoresFunctionalDescriptorRequest: true)))

  // MARK: - H7

  /// From memory: 32-byte words take some 200 µs, a sector one second or two; the erase time of
  /// 0.9 s is from a log of an H743 (ST community 234209).
  private static func bigSectors(
    _ part: String, _ guessed: DeviceProfile.Guesses, sectors: Int, optionBytes: Int,
    serial: String, isConstant: Bool = false, stuckFrom: UInt32? = nil
  ) -> DeviceProfile {
    flashWords(
      part, guessed, sectors: sectors, of: 128 * kib, word: 32,
      usb: .fullSpeedMode(
        serial: serial, serialIsConstant: isConstant,
        maps: [
          "@Internal Flash   /0x08000000/\(sectors)*128Kg",
          "@Option Bytes   /0x5200201C/01*\(optionBytes) e",
        ]),
      others: [.init(.optionBytes, at: 0x5200_201C, optionBytes)],
      erase: 905, program: 200, massErase: 12_000,
      // dfu-util ticket 88: 1000 ms for an erase.
      polls: ReportedPolls(erase: 1000, write: 5, setAddress: 1),
      // ST community 234209: the first DFU_GETSTATUS takes as long as the erase, the next finds
      // the device idle. Too long a block gives an error status.
      behaviour: Behaviour(
        whileBusy: .worksBeforeAnswering, clearStatus: .errUnknown,
        oversize: .stalls(StatusCode.errFILE)),
      quirks: Quirks(staysBusyErasingFrom: stuckFrom, refusesAddressWhenProtected: true))
  }

  /// H723, 1 MiB.
  static let stm32h723 = SimulatedChip(
    "stm32h723", "stm32h725", "stm32h733",
    profile: bigSectors(
      "STM32H723/H725 (1 MiB)", [.polls], sectors: 8, optionBytes: 88, serial: "3560376F3431"))

  /// H743 revision V, 2 MiB: erases in bank 2 never end (betaflight-configurator#1861).
  static let stm32h743 = SimulatedChip(
    "stm32h743", "stm32h753",
    profile: bigSectors(
      "STM32H743/H753 (2 MiB), revision V", [], sectors: 16, optionBytes: 128,
      serial: "200364500000", isConstant: true, stuckFrom: 0x0810_0000))

  /// The same with bootloader V9.1, which reports an erase in bank 2 as done while it goes on
  /// (AN2606).
  static let stm32h743v91 = stm32h743.variant(
    "stm32h743-v9.1", part: "STM32H743/H753 (2 MiB), bootloader V9.1"
  ) { profile in
    profile.guessed.insert(.behaviour)
    profile.quirks.staysBusyErasingFrom = nil
    profile.quirks.reportsEraseEarlyFrom = 0x0810_0000
    // Longer than the time it reports.
    profile.times.erase = [128 * kib: .seconds(2)]
  }

  /// H7A3/H7B3, 2 MiB of 8 KiB sectors; gone before the last DFU_GETSTATUS is answered.
  static let stm32h7a3 = SimulatedChip(
    "stm32h7a3", "stm32h7b3",
    profile: flashWords(
      "STM32H7A3/H7B3 (2 MiB)", [.polls], sectors: 256, of: 8 * kib, word: 16,
      usb: .fullSpeedMode(
        serial: "376E356F3339",
        maps: [
          "@Internal Flash   /0x08000000/256*08Kg", "@Option Bytes   /0x5200201C/01*297 e",
          "@OTP Memory   /0x08FFF000/01*1024 e",
        ]),
      others: [
        .init(.optionBytes, at: 0x5200_201C, 297), .init(.otp, at: 0x08FF_F000, 1 * kib),
      ], erase: 3, program: 150, massErase: 20,
      polls: ReportedPolls(erase: 5, write: 15, setAddress: 1),
      behaviour: Behaviour(
        whileBusy: .answersBusy, leave: .duringStatus, clearStatus: .errUnknown)))

  /// The same with bootloader V9.0: its string says 2 KiB sectors, and it has no OTP (AN2606).
  static let stm32h7a3v90 = stm32h7a3.variant(
    "stm32h7a3-v9.0", part: "STM32H7A3/H7B3 (2 MiB), bootloader V9.0"
  ) { profile in
    // AN2606 gives the sense; the exact text is not known.
    profile.guessed.insert(.maps)
    profile.usb.maps = [
      "@Internal Flash   /0x08000000/256*02Kg", "@Option Bytes   /0x5200201C/01*297 e",
    ]
    profile.memories.removeLast()
  }
}
