// Low power and mainstream: L0 and L1 with an erased value of 0x00; L4, WB, G0, G4, C0 and U0 with ECC
// double words.
extension SimulatedChip {
  private static let kib = 1024

  // MARK: - L0, L1

  /// Words that must be zero before (reference manuals, from memory).
  ///
  /// Datasheet typical values, from memory: 3.28 ms for a page, a word or half a page.
  private static func zeroErased(
    _ part: String, pages: Int, of size: Int, serial: String, maps: [String],
    eeprom: [MemoryRegion.Run], polls: ReportedPolls
  ) -> DeviceProfile {
    DeviceProfile(
      part: part, guessed: [.times, .polls, .transferSize, .behaviour],
      usb: USBFacts(serial: serial, maps: maps),
      memories: [
        .init(.flash, at: 0x0800_0000, [.init(pages, size)], erased: 0x00),
        .init(.optionBytes, at: 0x1FF8_0000, [.init(1, 32)], erased: 0x00),
        .init(.eeprom, at: 0x0808_0000, eeprom, erased: 0x00),
      ],
      rules: FlashRules(unit: 4, alignment: 8, rewrite: .never),
      times: WorkTimes(
        erase: [size: .microseconds(3280)], programWidth: size / 2, program: .microseconds(3280),
        massErase: .microseconds(3280) * pages),
      polls: polls, behaviour: Behaviour(whileBusy: .answersBusy))
  }

  /// L072, 192 KiB of 128-byte pages.
  static let stm32l072 = SimulatedChip(
    "stm32l072", "stm32l073", "stm32l082",
    profile: zeroErased(
      "STM32L072/L073 (192 KiB)", pages: 1536, of: 128, serial: "367239433132",
      maps: [
        "@Internal Flash  /0x08000000/1536*128g", "@Option Bytes  /0x1FF80000/01*032 e",
        "@DATA Memory /0x08080000/2*3Ke",
      ], eeprom: [.init(2, 3 * kib)], polls: ReportedPolls(erase: 10, write: 120, setAddress: 1)))

  /// L152, 256 KiB of 256-byte pages; EEPROM comes before the option bytes.
  static let stm32l152 = SimulatedChip(
    "stm32l152", "stm32l151", "stm32l1",
    profile: zeroErased(
      "STM32L151/L152 (256 KiB)", pages: 1024, of: 256, serial: "76B0A1336969",
      maps: [
        "@Internal Flash  /0x08000000/1024*256 g", "@DATA Memory /0x08080000/02*004Ke",
        "@Option Bytes  /0x1FF80000/01*032 e",
      ], eeprom: [.init(2, 4 * kib)], polls: ReportedPolls(erase: 10, write: 60, setAddress: 1)))

  // MARK: - Double words with ECC

  /// Double words with ECC; RDP is byte 0 of the option bytes (reference manuals, from memory).
  ///
  /// AN3156 Rev 12: no reset after option bytes outside the parts its footnote lists. Times are
  /// datasheet typical values, from memory: a page or everything takes 22 ms.
  private static func doubleWords(
    _ part: String, _ guessed: DeviceProfile.Guesses, pages: Int, of size: Int, usb: USBFacts,
    others: [MemoryRegion], readProtectionByte: UInt32? = 0x1FFF_7800,
    optionWriteResets: Bool = false, program: Duration = .microseconds(85),
    readKiB: Duration = .milliseconds(3), polls: ReportedPolls,
    behaviour: Behaviour = Behaviour(whileBusy: .answersBusy), quirks: Quirks = Quirks()
  ) -> DeviceProfile {
    DeviceProfile(
      part: part, guessed: guessed.union(.times), usb: usb,
      memories: [.flash(pages, size)] + others,
      rules: FlashRules(
        unit: 8, hasECC: true, rewrite: .zeroOnly, readProtectionByte: readProtectionByte,
        optionWriteResets: optionWriteResets),
      times: WorkTimes(
        erase: [size: .milliseconds(22)], programWidth: 8, program: program,
        massErase: .milliseconds(22), readKiB: readKiB),
      polls: polls, behaviour: behaviour, quirks: quirks)
  }

  /// 1 KiB of one-time programmable memory, where most of them have it.
  private static let otp = MemoryRegion(.otp, at: 0x1FFF_7000, 1 * kib)

  /// L476, 512 KiB; DFU_GETSTATUS stalls while busy.
  static let stm32l476 = SimulatedChip(
    "stm32l476", "stm32l475", "stm32l486",
    profile: doubleWords(
      "STM32L476 (512 KiB)", [.polls, .transferSize], pages: 256, of: 2 * kib,
      usb: USBFacts(
        serial: "207E32823141",
        maps: [
          "@Internal Flash  /0x08000000/0256*0002Kg", "@Option Bytes  /0x1FFF7800/01*040 e",
          "@OTP Memory /0x1FFF7000/01*0001Ke", "@Device Feature/0xFFFF0000/01*004 e",
        ]),
      others: [
        .init(.optionBytes, at: 0x1FFF_7800, 40), otp,
        .init(.deviceFeature, at: 0xFFFF_0000, 4),
      ], optionWriteResets: true, program: .microseconds(82),
      // dfu-util: the reported time is shorter than the erase.
      polls: ReportedPolls(erase: 20, write: 25, setAddress: 1),
      behaviour: Behaviour(whileBusy: .stalls),
      // AN2606, bootloaders V10.1 to V10.3.
      quirks: Quirks(corruptsLongOddWrites: true)))

  /// L4R5, 2 MiB in two banks of 4 KiB pages.
  static let stm32l4r5 = SimulatedChip(
    "stm32l4r5", "stm32l4r9", "stm32l4s5",
    profile: doubleWords(
      "STM32L4R5/L4R9 (2 MiB)", [.polls, .transferSize, .behaviour], pages: 512, of: 4 * kib,
      usb: USBFacts(
        serial: "205C35794842",
        maps: [
          "@Internal Flash  /0x08000000/512*0004Kg",
          "@Option Bytes  /0x1FF00000/01*040 e/0x1FF01000/01*040 e",
          "@OTP Memory /0x1FFF7000/01*0001Ke",
        ]),
      others: [
        .init(.optionBytes, at: 0x1FF0_0000, 40), .init(.optionBytes, at: 0x1FF0_1000, 40),
        otp,
      ], readProtectionByte: 0x1FF0_0000, program: .microseconds(82),
      polls: ReportedPolls(erase: 25, write: 25), behaviour: Behaviour(whileBusy: .stalls)))

  /// WB55, 1 MiB of 4 KiB pages; leaving ends in an error (qFlipper).
  static let stm32wb55 = SimulatedChip(
    "stm32wb55",
    profile: doubleWords(
      // Transfer size from Flipper logs; no map string was ever posted.
      "STM32WB55 (1 MiB)", [.polls, .maps, .identity], pages: 256, of: 4 * kib,
      usb: .fullSpeedMode(
        serial: "204B36813542",
        maps: [
          "@Internal Flash   /0x08000000/256*04Kg", "@Option Bytes   /0x1FFF8000/01*128 e",
          "@OTP Memory   /0x1FFF7000/01*1024 e",
        ]),
      others: [.init(.optionBytes, at: 0x1FFF_8000, 128), otp], readProtectionByte: 0x1FFF_8000,
      program: .microseconds(82),
      // Flipper logs: 49 ms a block, 44 to 62 ms a page.
      polls: ReportedPolls(erase: 40, write: 40),
      behaviour: Behaviour(whileBusy: .answersBusy, leave: .stallsStatus)))

  /// G0B1, 128 KiB; every alternate setting shows the flash's string (ST community 839156).
  static let stm32g0b1 = SimulatedChip(
    "stm32g0b1", "stm32g0c1",
    profile: doubleWords(
      "STM32G0B1/G0C1 (128 KiB)", [.polls, .transferSize], pages: 64, of: 2 * kib,
      usb: .fullSpeedMode(
        serial: "203739645542",
        maps: Array(repeating: "@Internal Flash   /0x08000000/64*02Kg", count: 3)),
      others: [.init(.optionBytes, at: 0x1FFF_7800, 128), otp],
      // A log of a G0B0 shows 31 ms for an upload of 1 KiB.
      readKiB: .milliseconds(30), polls: ReportedPolls(erase: 30, write: 15)))

  /// G431, 128 KiB.
  static let stm32g431 = SimulatedChip(
    "stm32g431", "stm32g441",
    profile: doubleWords(
      "STM32G431 (128 KiB)", [], pages: 64, of: 2 * kib,
      usb: .fullSpeedMode(
        serial: "207F33794250",
        maps: [
          "@Internal Flash   /0x08000000/64*02Kg", "@Option Bytes   /0x1FFF7800/01*40Be",
          "@OTP Memory   /0x1FFF7000/01*01Ke",
        ]),
      others: [.init(.optionBytes, at: 0x1FFF_7800, 40), otp],
      // 131 ms was seen on a G431.
      polls: ReportedPolls(erase: 131, write: 131)))

  /// G474, 512 KiB in two banks; two groups in the option bytes' string.
  static let stm32g474 = SimulatedChip(
    "stm32g474", "stm32g473", "stm32g491",
    profile: doubleWords(
      "STM32G473/G474 (512 KiB)", [.polls, .behaviour], pages: 256, of: 2 * kib,
      usb: .fullSpeedMode(
        serial: "205939885533",
        maps: [
          "@Internal Flash   /0x08000000/256*02Kg",
          "@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e",
          "@OTP Memory   /0x1FFF7000/01*1024 e",
        ]),
      others: [
        .init(.optionBytes, at: 0x1FFF_7800, 48), .init(.optionBytes, at: 0x1FFF_F800, 48),
        otp,
      ], polls: ReportedPolls(erase: 131, write: 20)))

  /// C071, 128 KiB; leaving needs a Set Address before (LibUsbDfu#13).
  static let stm32c071 = SimulatedChip(
    "stm32c071",
    profile: doubleWords(
      "STM32C071 (128 KiB)", [.polls, .maps, .behaviour], pages: 64, of: 2 * kib,
      usb: .fullSpeedMode(
        bcdDevice: 0x0220, serial: "203A35725532",
        maps: [
          "@Internal Flash    /0x08000000/64*02Kg", "@OB Bytes          /0x40022020/01*128 e",
          "@OTP Memory        /0x1FFF7000/01*1024 e", "@ENGI Bytes        /0x1FFF7500/01*768 e",
        ]),
      others: [
        .init(.optionBytes, at: 0x4002_2020, 128), otp,
        .init(.readOnly, at: 0x1FFF_7500, 768),
      ], readProtectionByte: nil, polls: ReportedPolls(erase: 30, write: 20),
      quirks: Quirks(leaveNeedsAddress: true)))

  /// U083, 256 KiB; four alternates, names padded with blanks, `.` as multiplier.
  static let stm32u083 = SimulatedChip(
    "stm32u083", "stm32u073",
    profile: doubleWords(
      "STM32U073/U083 (256 KiB)", [.polls, .transferSize, .behaviour], pages: 128, of: 2 * kib,
      usb: .fullSpeedMode(
        bcdDevice: 0x0220, serial: "2056336C5847",
        maps: [
          "@Internal Flash    /0x08000000/128*02Kg", "@OB Bytes          /0x40022020/01*136 e",
          "@OTP Memory        /0x1FFF6800/01*1024 e", "@ENGI Bytes        /0x1FFF6C00/01*1024.e",
        ]),
      others: [
        .init(.optionBytes, at: 0x4002_2020, 136), .init(.otp, at: 0x1FFF_6800, 1 * kib),
        .init(.readOnly, at: 0x1FFF_6C00, 1 * kib),
      ], readProtectionByte: nil, polls: ReportedPolls(erase: 30, write: 20)))
}
