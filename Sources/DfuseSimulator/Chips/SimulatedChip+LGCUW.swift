// Low power and mainstream: L0 and L1 with an erased value of 0x00; L4, WB, G0, G4, C0 and U0 with ECC
// double words.
extension SimulatedChip {
  // MARK: - L0, L1

  /// Words that must be zero before (reference manuals, from memory).
  ///
  /// Datasheet typical values, from memory: 3.28 ms for a page, a word or half a page.
  private static func zeroErased(
    _ name: String, _ aliases: [String], part: String, pages: Int, of size: Int,
    usb: USBFacts, eeprom: Int, options: SimulatedOptionBytes, polls: ReportedPolls
  ) -> SimulatedChip {
    let profile = DeviceProfile(
      part: part, guessed: [.polls, .transferSize, .behaviour], usb: usb,
      memories: [
        .init(.flash, at: 0x0800_0000, [.init(pages, size)], erased: 0x00),
        .init(.optionBytes, at: 0x1FF8_0000, [.init(1, 32)], erased: 0x00),
        .init(.eeprom, at: 0x0808_0000, [.init(2, eeprom)], erased: 0x00),
      ],
      options: options, rules: FlashRules(unit: 4, alignment: 8, rewrite: .never),
      times: WorkTimes(
        erase: [size: .microseconds(3280)], programWidth: size / 2, program: .microseconds(3280),
        massErase: .microseconds(3280) * pages),
      polls: polls, behaviour: Behaviour(whileBusy: .answersBusy))
    return SimulatedChip(name, aliases, profile: profile)
  }

  static let l0l1: [SimulatedChip] = [
    // L072, 192 KiB of 128-byte pages.
    zeroErased(
      "stm32l072", ["stm32l073", "stm32l082"], part: "STM32L072/L073 (192 KiB)", pages: 1536,
      of: 128, usb: USBFacts().posted("l08x-bigclown"), eeprom: 3 * kib, options: .l072,
      polls: ReportedPolls(erase: 10, write: 120, setAddress: 1)),
    // L152, 256 KiB of 256-byte pages.
    zeroErased(
      "stm32l152", ["stm32l151", "stm32l1"], part: "STM32L151/L152 (256 KiB)", pages: 1024, of: 256,
      usb: USBFacts().posted("l1-bttn"), eeprom: 4 * kib, options: .l152,
      polls: ReportedPolls(erase: 10, write: 60, setAddress: 1)),
  ]

  // MARK: - Double words with ECC

  /// Double words with ECC (reference manuals, from memory).
  ///
  /// AN3156 Rev 12: no reset after option bytes outside the parts its footnote lists. Times are
  /// datasheet typical values, from memory: a page or everything takes 22 ms.
  /// `size` in KiB.
  private static func doubleWords(
    _ name: String, _ aliases: [String] = [], part: String, guessed: Guesses = [], pages: Int,
    of size: Int, usb: USBFacts, others: [MemoryRegion],
    options: SimulatedOptionBytes, polls: ReportedPolls, _ change: Change = { _ in }
  ) -> SimulatedChip {
    let profile = DeviceProfile(
      part: part, guessed: guessed, usb: usb,
      memories: [.flash(pages, size * kib)] + others,
      options: options, rules: FlashRules(unit: 8, hasECC: true, rewrite: .zeroOnly),
      times: WorkTimes([size: 22], width: 8, program: 85, massErase: 22),
      polls: polls, behaviour: Behaviour(whileBusy: .answersBusy))
    return SimulatedChip(name, aliases, profile: profile, change)
  }

  /// 1 KiB of one-time programmable memory, where most of them have it.
  private static let otp = MemoryRegion(.otp, at: 0x1FFF_7000, 1 * kib)

  /// What L4, WB, G0 and G4 tell of themselves, the id where most of them have it.
  ///
  /// - SeeAlso: Their manuals, "Device electronic signature"; AN2606.
  private static func system(id: UInt16, at address: UInt32 = 0x1FFF_6FFE) -> SystemMemory {
    SystemMemory(id: id, at: address, flashSize: 0x1FFF_75E0, uniqueID: 0x1FFF_7590)
  }

  /// What the L4 have of their own: DFU_GETSTATUS stalls while busy.
  private static func isL4(_ profile: inout DeviceProfile) {
    profile.times.program = .microseconds(82)
    profile.behaviour.whileBusy = .stalls
  }

  /// G0B1, 128 KiB; every alternate setting shows the flash's string (ST community 839156).
  private static let stm32g0b1 = doubleWords(
    "stm32g0b1", part: "STM32G0B1 (128 KiB)",
    guessed: [.polls, .transferSize], pages: 64, of: 2, usb: .mode().posted("g0b1-bigtreetech"),
    others: [.init(.optionBytes, at: 0x1FFF_7800, 128), otp],
    options: .g0b1, polls: ReportedPolls(erase: 30, write: 15)
  ) { profile in
    profile.system = system(id: 0x92, at: 0x1FFF_9FFE)
    // A log of a G0B0 shows 31 ms for an upload of 1 KiB.
    profile.times.readKiB = .milliseconds(30)
  }

  static let l4wbg0g4c0u0: [SimulatedChip] = [
    // L476, 512 KiB.
    doubleWords(
      "stm32l476", ["stm32l475", "stm32l486"], part: "STM32L476 (512 KiB)",
      guessed: [.polls, .transferSize], pages: 256, of: 2,
      usb: USBFacts(serial: PostedListing.serial("l4-mobilinkd-tnc3"))
        .posted("l4-inertial-sense-imx5"),
      others: [
        .init(.optionBytes, at: 0x1FFF_7800, 40), otp, .init(.deviceFeature, at: 0xFFFF_0000, 4),
      ],
      // dfu-util: the reported time is shorter than the erase.
      options: .l476, polls: ReportedPolls(erase: 20, write: 25, setAddress: 1)
    ) { profile in
      profile.system = system(id: 0xA3)
      isL4(&profile)
      // AN2606, bootloaders V10.1 to V10.3.
      profile.quirks.corruptsLongOddWrites = true
    },
    // L433, 256 KiB in one bank.
    doubleWords(
      "stm32l433", ["stm32l432", "stm32l443"], part: "STM32L433 (256 KiB)",
      guessed: [.polls, .transferSize], pages: 128, of: 2,
      usb: USBFacts().posted("l4-mobilinkd-tnc3"),
      others: [
        .init(.optionBytes, at: 0x1FFF_7800, 40), otp, .init(.deviceFeature, at: 0xFFFF_0000, 4),
      ],
      options: .l432, polls: ReportedPolls(erase: 20, write: 25, setAddress: 1)
    ) { profile in
      profile.system = system(id: 0x91)
      isL4(&profile)
      // AN2606, bootloader V9.1.
      profile.quirks.corruptsLongOddWrites = true
    },
    // L452, 512 KiB in one bank; ST's programmer said which it is (joyeuse-linux, log).
    doubleWords(
      "stm32l452", ["stm32l451", "stm32l462"], part: "STM32L452 (512 KiB)", guessed: [.polls],
      pages: 256, of: 2, usb: USBFacts().posted("l45x-joyeuse"),
      others: [
        .init(.optionBytes, at: 0x1FFF_7800, 40), otp, .init(.deviceFeature, at: 0xFFFF_0000, 4),
      ],
      options: .l452, polls: ReportedPolls(erase: 20, write: 25, setAddress: 1)
    ) { profile in
      profile.system = system(id: 0x92)
      isL4(&profile)
    },
    // L4R5, 2 MiB in two banks of 4 KiB pages.
    doubleWords(
      "stm32l4r5", ["stm32l4r9", "stm32l4s5"], part: "STM32L4R5/L4R9 (2 MiB)",
      guessed: [.polls, .transferSize, .behaviour], pages: 512, of: 4,
      usb: USBFacts().posted("l4r9-sensortile-box-zephyr"),
      others: [
        .init(.optionBytes, at: 0x1FF0_0000, 40), .init(.optionBytes, at: 0x1FF0_1000, 40), otp,
      ], options: .l4r5, polls: ReportedPolls(erase: 25, write: 25)
    ) { profile in
      isL4(&profile)
      profile.system = system(id: 0x95)
    },
    // WB55, 1 MiB of 4 KiB pages; leaving ends in an error (qFlipper).
    doubleWords(
      // Transfer size from Flipper logs; no map string was ever posted.
      "stm32wb55", part: "STM32WB55 (1 MiB)", guessed: [.polls, .identity], pages: 256, of: 4,
      usb: .mode(
        serial: "204B36813542",
        maps: [
          flashMap("256*04Kg", blanks: 3), "@Option Bytes   /0x1FFF8000/01*128 e",
          PostedListing.string("g474-zephyr", 2),
        ]), others: [.init(.optionBytes, at: 0x1FFF_8000, 128), otp],
      // Flipper logs: 49 ms a block, 44 to 62 ms a page.
      options: .wb55, polls: ReportedPolls(erase: 40, write: 40)
    ) { profile in
      profile.system = system(id: 0xD5)
      profile.times.program = .microseconds(82)
      profile.behaviour.leave = .stallsStatus
    },
    // L552, 512 KiB in two banks of 2 KiB pages. The listing has one-time programmable memory where the
    // L4 has it, not at the L5's own address.
    doubleWords(
      "stm32l552", ["stm32l562"], part: "STM32L552/L562 (512 KiB)",
      guessed: [.polls, .transferSize, .behaviour], pages: 256, of: 2,
      usb: .mode().posted("l5-script"),
      others: [.init(.optionBytes, at: 0x4002_2040, 48), .init(.otp, at: 0x1FFF_7000, 512)],
      options: .l552, polls: ReportedPolls(erase: 25, write: 25)
    ) { profile in
      profile.system = .init(
        id: 0x92, at: 0x0BF9_7FFE, flashSize: 0x0BFA_05E0, uniqueID: 0x0BFA_0590)
      profile.times.program = .microseconds(82)
      // AN2606 Rev 70 table 7.
      profile.rules.alignment = 16
    },
    stm32g0b1,
    // With 512 KiB in two banks (ST community 839156); it says no serial number, so one is made up.
    stm32g0b1.variant("stm32g0c1", part: "STM32G0C1 (512 KiB)") { profile in
      profile.usb = .mode(serial: "2039396B5542").posted("g0c1-st-community")
      profile.memories[0] = .flash(256, 2 * kib)
    },
    // G431, 128 KiB.
    doubleWords(
      "stm32g431", ["stm32g441"], part: "STM32G431 (128 KiB)", pages: 64, of: 2,
      usb: .mode().posted("g431-exp"), others: [.init(.optionBytes, at: 0x1FFF_7800, 40), otp],
      // 131 ms was seen on a G431.
      options: .g431, polls: ReportedPolls(erase: 131, write: 131)
    ) { profile in
      profile.system = system(id: 0xD4)
    },
    // G474, 512 KiB in two banks; two groups in the option bytes' string.
    doubleWords(
      "stm32g474", ["stm32g473", "stm32g491"], part: "STM32G473/G474 (512 KiB)",
      guessed: [.polls, .behaviour], pages: 256, of: 2, usb: .mode().posted("g474-zephyr"),
      others: [
        .init(.optionBytes, at: 0x1FFF_7800, 48), .init(.optionBytes, at: 0x1FFF_F800, 48), otp,
      ], options: .g474, polls: ReportedPolls(erase: 131, write: 20)
    ) { profile in
      profile.system = system(id: 0xD5)
    },
    // C071, 128 KiB; leaving needs a Set Address before (LibUsbDfu#13).
    doubleWords(
      "stm32c071", part: "STM32C071 (128 KiB)", guessed: [.polls, .behaviour],
      pages: 64, of: 2,
      usb: .mode(
        serial: "203A35725532",
        maps: [
          "@Internal Flash    /0x08000000/64*02Kg", "@OB Bytes          /0x1FFF7800/01*128 e",
          "@OTP Memory        /0x1FFF7000/01*1024 e", "@ENGI Bytes        /0x1FFF7500/01*768 e",
        ]),
      // ST's programmer has the option bytes there for the bootloader, and in the registers at
      // 0x40022020 for a debug probe alone (STM32CubeProgrammer's data base, device 0x493). The
      // strings of flash and engineering bytes are in a test of another flasher; none was posted.
      others: [
        .init(.optionBytes, at: 0x1FFF_7800, 128), otp, .init(.readOnly, at: 0x1FFF_7500, 768),
      ], options: .c071, polls: ReportedPolls(erase: 30, write: 20)
    ) { profile in
      profile.system = .init(
        id: 0xD1, at: 0x1FFF_67FE, flashSize: 0x1FFF_75A0, uniqueID: 0x1FFF_7550)
      profile.usb.bcdDevice = 0x0220
      profile.quirks.leaveNeedsAddress = true
    },
    // U083, 256 KiB; four alternates, names padded with blanks, `.` as multiplier.
    doubleWords(
      "stm32u083", ["stm32u073"], part: "STM32U073/U083 (256 KiB)",
      guessed: [.polls, .transferSize, .behaviour], pages: 128, of: 2,
      usb: .mode(serial: "2056336C5847").posted("u083-solarlorabox"),
      others: [
        .init(.optionBytes, at: 0x4002_2020, 136), .init(.otp, at: 0x1FFF_6800, 1 * kib),
        .init(.readOnly, at: 0x1FFF_6C00, 1 * kib),
      ], options: .u083, polls: ReportedPolls(erase: 30, write: 20)
    ) { profile in
      profile.system = .init(
        id: 0xD0, at: 0x1FFF_67FE, flashSize: 0x1FFF_6EA0, uniqueID: 0x1FFF_6E50)
    },
  ]
}
