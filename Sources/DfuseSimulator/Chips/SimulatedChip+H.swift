// High performance: H5, U5 and C5 with 8 KiB sectors and ECC quad words; H7 with 128 KiB sectors and
// flash words of 32 bytes, or those of 16 on the H7A3.
extension SimulatedChip {
  /// Flash words of some bytes with ECC, each programmed once (reference manuals, from memory).
  ///
  /// Times of sectors in milliseconds and of words in microseconds, from memory; `size` in KiB. All of
  /// the flash takes as long as its sectors one by one: nobody has timed a mass erase of these.
  private static func flashWords(
    _ name: String, _ aliases: [String], part: String, guessed: Guesses, sectors: Int,
    of size: Int = 8, word: Int = 16, usb: USBFacts, others: [MemoryRegion] = [],
    options: SimulatedOptionBytes, erase: Int, program: Int,
    polls: ReportedPolls,
    _ change: Change
  ) -> SimulatedChip {
    let profile = DeviceProfile(
      part: part, guessed: guessed, usb: usb,
      memories: [.flash(sectors, size * kib)] + others,
      options: options, rules: FlashRules(unit: word, hasECC: true, rewrite: .never),
      times: WorkTimes([size: erase], width: word, program: program, massErase: erase * sectors),
      polls: polls, behaviour: Behaviour(whileBusy: .answersBusy))
    return SimulatedChip(name, aliases, profile: profile, change)
  }

  // MARK: - H5, U5, C5

  /// U575/U585, 2 MiB; gone before the last DFU_GETSTATUS is answered.
  private static let stm32u575 = flashWords(
    "stm32u575", ["stm32u585"], part: "STM32U575/U585 (2 MiB)", guessed: [.polls, .transferSize],
    sectors: 256, usb: .mode().posted("u585-stwinbx1-zephyr"),
    others: [.init(.optionBytes, at: 0x4002_2040, 64), .init(.otp, at: 0x0BFA_0000, 512)],
    options: .u575, erase: 2, program: 118, polls: .init(erase: 5, write: 10, setAddress: 1)
  ) { profile in
    profile.system = .init(
      id: 0x93, at: 0x0BF9_9EFE, flashSize: 0x0BFA_07A0, uniqueID: 0x0BFA_0700)
    // Datasheet, from memory.
    profile.times.erase = [8 * kib: .microseconds(1500)]
    profile.times.massErase = .microseconds(1500) * 256
    profile.behaviour.leave = .duringStatus
  }

  static let h5u5c5: [SimulatedChip] = [
    // H563, 2 MiB; protocol V3.0 without Read Unprotect (AN3156).
    flashWords(
      "stm32h563", ["stm32h562", "stm32h573"], part: "STM32H563/H573 (2 MiB)",
      guessed: [.polls, .transferSize, .behaviour], sectors: 256,
      // Only the flash's string was seen.
      usb: .mode().posted("h563-benchpod-test"), options: .h563, erase: 2, program: 31,
      polls: .init(erase: 5, write: 5, setAddress: 1)
    ) { profile in
      profile.system = .init(
        id: 0xE5, at: 0x0BF9_FAFE, flashSize: 0x08FF_F80C, uniqueID: 0x08FF_F800)
      profile.commands = [0x00, 0x21, 0x41]
    },
    stm32u575,
    // U595, 4 MiB, as a BatGizmo says it; its product string and blocks were not posted.
    stm32u575.variant(
      "stm32u595", ["stm32u599", "stm32u5a5", "stm32u5a9"], part: "STM32U595/U5A5 (4 MiB)"
    ) { profile in
      profile.usb = .mode().posted("u595-batgizmo")
      profile.memories[0] = .flash(512, 8 * kib)
      profile.options = .u595
      profile.times.massErase = .microseconds(1500) * 512
      profile.system = .init(
        id: 0x92, at: 0x0BF9_9EFE, flashSize: 0x0BFA_07A0, uniqueID: 0x0BFA_0700)
    },
    // C562, 512 KiB: one alternate, CLRSTATUS stalls, GET_DESCRIPTOR(0x21) hangs
    // (betaflight-configurator#5300).
    flashWords(
      "stm32c562", ["stm32c5"], part: "STM32C562 (512 KiB)", guessed: [.polls, .identity],
      sectors: 64, usb: .mode(serial: "2038376C4E50").posted("c562-betaflight-test"),
      // Times as the H563: nobody has told its own.
      options: .c562, erase: 2, program: 31, polls: .init(erase: 5, write: 5, setAddress: 1)
    ) { profile in
      profile.system = .init(id: 0x101, at: 0x0BF8_85FE)
      profile.usb.bcdDevice = 0x0300
      profile.commands = [0x00, 0x21, 0x41]
      profile.behaviour.clearStatus = .stalls
      profile.quirks.ignoresFunctionalDescriptorRequest = true
    },
  ]

  // MARK: - H7

  /// H723, 1 MiB.
  ///
  /// From memory: 32-byte words take some 200 µs, a sector one second or two; the erase time of
  /// 0.9 s is from a log of an H743 (ST community 234209).
  private static let stm32h723 = flashWords(
    "stm32h723", ["stm32h725", "stm32h733"], part: "STM32H723/H725 (1 MiB)", guessed: [.polls],
    sectors: 8, of: 128, word: 32, usb: .mode().posted("h723-manta-m8p"),
    others: [.init(.optionBytes, at: 0x5200_201C, 88)], options: .h723,
    erase: 905, program: 200,
    // dfu-util ticket 88: 1000 ms for an erase.
    polls: ReportedPolls(erase: 1000, write: 5, setAddress: 1)
  ) { profile in
    profile.system = .init(id: 0x93, at: 0x1FF1_E7FE, flashSize: 0x1FF1_E880, uniqueID: 0x1FF1_E800)
    // ST community 234209: the first DFU_GETSTATUS takes as long as the erase, the next finds
    // the device idle. Too long a block gives an error status.
    profile.behaviour = Behaviour(
      whileBusy: .worksBeforeAnswering, clearStatus: .errUnknown,
      oversize: .stalls(StatusCode.errFILE))
    profile.quirks.refusesAddressWhenProtected = true
  }

  /// H743 revision V, 2 MiB: erases in bank 2 never end (betaflight-configurator#1861).
  private static let stm32h743 = stm32h723.variant(
    "stm32h743", ["stm32h753"], part: "STM32H743/H753 (2 MiB), revision V"
  ) { profile in
    profile.system = .init(id: 0x90, at: 0x1FF1_E7FE, flashSize: 0x1FF1_E880, uniqueID: 0x1FF1_E800)
    profile.options = .h743
    profile.guessed = []
    profile.usb = .mode().posted("h750-daisy-issue")
    profile.usb.serialIsConstant = true
    profile.memories = [.flash(16, 128 * kib), .init(.optionBytes, at: 0x5200_201C, 128)]
    profile.times.massErase = .milliseconds(905) * 16
    profile.quirks.staysBusyErasingFrom = 0x0810_0000
  }

  /// H7A3/H7B3, 2 MiB of 8 KiB sectors; gone before the last DFU_GETSTATUS is answered.
  private static let stm32h7a3 = flashWords(
    "stm32h7a3", ["stm32h7b3"], part: "STM32H7A3/H7B3 (2 MiB)", guessed: [.polls], sectors: 256,
    usb: .mode().posted("h7a3-spiram"),
    others: [.init(.optionBytes, at: 0x5200_201C, 297), .init(.otp, at: 0x08FF_F000, 1 * kib)],
    options: .h7a3, erase: 3, program: 150, polls: .init(erase: 5, write: 15, setAddress: 1)
  ) { profile in
    profile.system = .init(id: 0x92, at: 0x1FF1_3FFE, flashSize: 0x08FF_F80C, uniqueID: 0x08FF_F800)
    profile.behaviour.leave = .duringStatus
    profile.behaviour.clearStatus = .errUnknown
  }

  static let h7: [SimulatedChip] = [
    stm32h723,
    stm32h743,
    // The same with bootloader V9.1, which reports an erase in bank 2 as done while it goes on
    // (AN2606).
    stm32h743.variant(
      "stm32h743-v9.1", part: "STM32H743/H753 (2 MiB), bootloader V9.1"
    ) { profile in
      profile.system = .init(
        id: 0x91, at: 0x1FF1_E7FE, flashSize: 0x1FF1_E880, uniqueID: 0x1FF1_E800)
      profile.guessed.insert(.behaviour)
      profile.quirks.staysBusyErasingFrom = nil
      // The datasheet's typical time with the least parallelism: longer than what it reports.
      profile.quirks.reportsEraseEarly = .init(start: 0x0810_0000, time: .seconds(2))
    },
    stm32h7a3,
    // The same with bootloader V9.0: its string says 2 KiB sectors, and it has no OTP (AN2606).
    stm32h7a3.variant(
      "stm32h7a3-v9.0", part: "STM32H7A3/H7B3 (2 MiB), bootloader V9.0"
    ) { profile in
      profile.system = .init(
        id: 0x90, at: 0x1FF1_3FFE, flashSize: 0x08FF_F80C, uniqueID: 0x08FF_F800)
      // AN2606 gives the sense; the exact text is not known.
      profile.usb.maps[0] = flashMap("256*02Kg", blanks: 3)
      profile.quirks.mapIsWrong = true
      profile.usb.maps.removeLast()
      profile.memories.removeLast()
    },
  ]
}
