// F0, F105/107 and F3, whose flash is programmed in half-words; F4 and F7, whose sectors are of 16 to
// 256 KiB and whose bits are programmed from 1 to 0.
import DfuseFormat

extension SimulatedChip {
  // MARK: - F0, F1, F3

  /// Half-words; one that is not blank takes only 0x0000 (reference manuals, from memory).
  ///
  /// Datasheet typical values, from memory: 53.5 µs a half-word, 20 to 40 ms a page or everything.
  /// `size` in KiB.
  static func halfWords(
    _ name: String, _ aliases: [String] = [], part: String, guessed: Guesses, pages: Int,
    of size: Int, usb: USBFacts, polls: ReportedPolls, _ change: Change
  ) -> SimulatedChip {
    let profile = DeviceProfile(
      part: part, guessed: guessed, usb: usb,
      memories: [.flash(pages, size * kib), .init(.optionBytes, at: 0x1FFF_F800, 16)],
      options: .f072, rules: FlashRules(unit: 2, rewrite: .zeroOnly),
      times: WorkTimes([size: 25], width: 2, program: 53, massErase: 30), polls: polls)
    return SimulatedChip(name, aliases, profile: profile, change)
  }

  /// The F042's option bytes: those of its relatives are at the same place.
  private static let halfWordOptions = PostedListing.string("f042-ozseccon-badge", 1)

  static let f0f1f3: [SimulatedChip] = [
    // F042, 32 KiB.
    halfWords(
      "stm32f042", part: "STM32F042 (32 KiB)", guessed: [.polls, .transferSize, .behaviour],
      pages: 32, of: 1,
      // The number of a chip whose unique id was never programmed, as F072 show it as well.
      usb: USBFacts(serialIsConstant: true).posted("f042-ozseccon-badge"),
      polls: ReportedPolls(erase: 40, write: 40)
    ) { profile in
      profile.options = .f042
      profile.system = .init(
        id: 0xA1, at: 0x1FFF_F6A6, flashSize: 0x1FFF_F7CC, uniqueID: 0x1FFF_F7AC)
    },
    // F072, 128 KiB; drops work that is polled early.
    halfWords(
      "stm32f072", ["stm32f070"], part: "STM32F072 (128 KiB)", guessed: [.transferSize],
      pages: 64, of: 2,
      usb: USBFacts().posted("f070-sboot-issue")
        .posted("f072-blackmagic-readme", others: [halfWordOptions]),
      // dfu-util ticket 78: 40 ms again and again while a page is erased.
      polls: ReportedPolls(erase: 40, write: 60, setAddress: 1)
    ) { profile in
      profile.system = .init(
        id: 0xA1, at: 0x1FFF_F6A6, flashSize: 0x1FFF_F7CC, uniqueID: 0x1FFF_F7AC)
      profile.behaviour.whileBusy = .answersBusy
      profile.quirks.skipsWorkWhenPolledEarly = true
    },
    stm32f107,
    // F303, 256 KiB.
    halfWords(
      "stm32f303", ["stm32f302"], part: "STM32F303 (256 KiB)", guessed: [.polls, .behaviour],
      pages: 128, of: 2,
      usb: USBFacts(serial: "207E3354304B").posted("f303-betaflight", others: [halfWordOptions]),
      polls: ReportedPolls(erase: 100, write: 65, setAddress: 1)
    ) { profile in
      profile.behaviour.whileBusy = .answersBusy
      profile.system = .init(
        id: 0x41, at: 0x1FFF_F796, flashSize: 0x1FFF_F7CC, uniqueID: 0x1FFF_F7AC)
    },
  ]

  /// F105/107 V2.0, 256 KiB; option bytes of type g.
  static let stm32f107 = halfWords(
    "stm32f107", ["stm32f105"], part: "STM32F105/F107 (256 KiB)", guessed: [.polls, .behaviour],
    pages: 128, of: 2, usb: USBFacts(serialIsConstant: true).posted("f107-dfu-util-lsusb"),
    polls: .internalFlash
  ) { $0.options = .f107 }

  // MARK: - F4

  /// Sectors of one bank: 4 × 16 KiB, 64 KiB, then 128 KiB each.
  private static func bank(large: Int) -> [MemoryRegion.Run] {
    [.init(4, 16 * kib), .init(1, 64 * kib), .init(large, 128 * kib)]
  }

  /// Option bytes, one-time programmable memory and Device Feature of an F401: those of its relatives
  /// are at the same places.
  private static let f4Others = (1...3).map { PostedListing.string("f401-g30th", $0) }

  // Datasheet typical values, from memory.
  /// At 2.1 to 2.7 V: half-words.
  private static let f4HalfWords = WorkTimes(
    [16: 300, 64: 700, 128: 1300], width: 2, massErase: 11_000)
  /// At 2.7 to 3.6 V: words.
  private static let f4Words = WorkTimes(f4Sectors, width: 4, massErase: 8000)
  /// Erase times at 2.7 to 3.6 V.
  static let f4Sectors = [16: 250, 64: 550, 128: 1000]

  /// `banks` are the numbers of large sectors in each bank, `ram` the KiB from 0x20000000 (datasheets).
  private static func f4(
    _ name: String, _ aliases: [String] = [], part: String, banks: [Int], ram: Int = 128,
    usb: USBFacts, _ change: Change = { _ in }
  ) -> SimulatedChip {
    let profile = DeviceProfile(
      part: part, guessed: [.polls], usb: usb,
      memories: [
        .flash(banks.flatMap(bank)),
        .init(.optionBytes, at: 0x1FFF_C000, 16),
        .init(.otp, at: 0x1FFF_7800, [.init(1, 512), .init(1, 16)]),
        .init(.deviceFeature, at: 0xFFFF_0000, 4),
        // AN2606: the bootloader uses 12 KiB from 0x20000000; the rest may be written.
        .init(.ram, at: 0x2000_3000, (ram - 12) * kib),
      ],
      // AN2606: word writes are possible, bits 1 → 0.
      options: .f405, rules: FlashRules(unit: 1, rewrite: .clearsBits),
      // Bytewise, as the ROM programs unless Device Feature names a higher supply range (AN2606).
      times: WorkTimes([16: 400, 64: 1200, 128: 2000], width: 1, massErase: 16_000),
      timesBySupply: [1: f4HalfWords, 2: f4HalfWords, 3: f4Words, 4: f4Words],
      // dfu-util: a mass erase, which takes many seconds, reports 100 ms as well.
      polls: .internalFlash)
    return SimulatedChip(name, aliases, profile: profile, change)
  }

  /// F405/F407, 1 MiB, V2.2.
  private static let stm32f405 = f4(
    "stm32f405", ["stm32f407", "stm32f415", "stm32f417"], part: "STM32F405/F407 (1 MiB)",
    banks: [7], usb: USBFacts().posted("f407-black-platformio")
  ) { profile in
    // The one number of its kind in a device log.
    profile.usb.serial = PostedListing.serial("f407-discovery-lsusb")
    profile.system = .init(id: 0x31, at: 0x1FFF_77DE, flashSize: 0x1FFF_7A22, uniqueID: 0x1FFF_7A10)
  }

  /// F427/F429/F437/F439, 2 MiB in two banks.
  private static let stm32f427 = f4(
    "stm32f427", ["stm32f437"], part: "STM32F427/F437 (2 MiB)", banks: [7, 7], ram: 192,
    usb: USBFacts().posted("f429-leia")
  ) { profile in
    profile.system = .init(id: 0x70, at: 0x1FFF_76DE, flashSize: 0x1FFF_7A22, uniqueID: 0x1FFF_7A10)
    profile.options = .f427
    profile.memories.append(.init(.optionBytes, at: 0x1FFE_C000, 16))
  }

  static let f4Chips: [SimulatedChip] = [
    // F401/F411, 512 KiB.
    f4(
      "stm32f401", ["stm32f411"], part: "STM32F401/F411 (512 KiB)", banks: [3], ram: 96,
      usb: USBFacts().posted("f401-g30th")
    ) { profile in
      profile.options = .f401
      profile.system = .init(
        id: 0xD1, at: 0x1FFF_76DE, flashSize: 0x1FFF_7A22, uniqueID: 0x1FFF_7A10)
    },
    // F413/F423, 1.5 MiB in one bank; panda's map, with eleven written as 011.
    f4(
      "stm32f413", ["stm32f423"], part: "STM32F413/F423 (1536 KiB)", banks: [11], ram: 320,
      usb: USBFacts(serial: "3573386A3033").posted("f413-panda", others: f4Others)
    ) { profile in
      profile.options = .f413
      profile.system = .init(
        id: 0x90, at: 0x1FFF_76DE, flashSize: 0x1FFF_7A22, uniqueID: 0x1FFF_7A10)
    },
    stm32f405,
    // F407 V2.1 as on the first Discovery boards: type g, found in dfuERROR.
    stm32f405.variant(
      "stm32f407-v2.1", part: "STM32F407 (1 MiB), bootloader with DFU V2.1"
    ) { profile in
      profile.usb = USBFacts().posted("f407-discovery-lsusb")
      // dfu-util's stm32f4discovery.bin-download.
      profile.quirks.powerOnError = StatusCode.errFIRMWARE
    },
    stm32f427,
    // The same with bootloader V9.0, whose erase in bank 2 does nothing (AN2606).
    stm32f427.variant(
      "stm32f427-v9.0", part: "STM32F427/F437 (2 MiB), bootloader V9.0"
    ) { profile in
      profile.quirks.ignoresEraseFrom = 0x0810_0000
      profile.system = .init(
        id: 0x90, at: 0x1FFF_76DE, flashSize: 0x1FFF_7A22, uniqueID: 0x1FFF_7A10)
    },
    // F429, 1 MiB in one bank: its string descriptor says 166 bytes and has 112.
    f4(
      "stm32f429", ["stm32f439"], part: "STM32F429/F439 (1 MiB)", banks: [7], ram: 192,
      usb: USBFacts(serial: "3370365D3433").posted("f429-octopus-pro", others: f4Others)
    ) { profile in
      // What it sent; behind that, dfu-util 0.9 showed what was in its own memory.
      profile.usb.maps[0] = String(profile.usb.maps[0].prefix(55))
      profile.system = .init(
        id: 0x91, at: 0x1FFF_76DE, flashSize: 0x1FFF_7A22, uniqueID: 0x1FFF_7A10)
      profile.options = .f429
      // BIGTREETECH-OCTOPUS-Pro#42: "was 166, received 112".
      profile.quirks.statedStringLength = 166
    },
    // F446, 512 KiB; a constant serial number.
    f4(
      "stm32f446", part: "STM32F446 (512 KiB)", banks: [3],
      usb: USBFacts(serialIsConstant: true).posted("f446-tastm32", others: f4Others)
    ) { profile in
      profile.system = .init(
        id: 0x90, at: 0x1FFF_76DE, flashSize: 0x1FFF_7A22, uniqueID: 0x1FFF_7A10)
      profile.options = .f446
    },
  ]

  // MARK: - F7

  /// Erase times from memory; the F745 log of fwupd#2696 shows 350 ms for 32 KiB.
  ///
  /// Programming goes by words at any supply: another F745 took less than 12 ms for 1832 bytes
  /// (fwupd#1944).
  private static let f7Words = WorkTimes(
    [16: 200, 32: 250, 64: 350, 128: 500, 256: 1000], width: 4, massErase: 8000)

  /// Alternates other than flash are not in any log of an F74x or F76x; they follow the F4.
  private static let f7Others = [
    "@Option Bytes  /0x1FFF0000/01*032 e", "@OTP Memory /0x1FF0F000/01*01Ke",
    PostedListing.string("f401-g30th", 3),
  ]

  private static func f7(
    _ name: String, _ aliases: [String], part: String, runs: [MemoryRegion.Run], usb: USBFacts,
    _ change: Change = { _ in }
  ) -> SimulatedChip {
    let profile = DeviceProfile(
      part: part, guessed: [.polls], usb: usb,
      memories: [
        .flash(runs),
        .init(.optionBytes, at: 0x1FFF_0000, 32),
        .init(.otp, at: 0x1FF0_F000, 1 * kib),
        .init(.deviceFeature, at: 0xFFFF_0000, 4),
      ],
      options: .f745, rules: FlashRules(unit: 1, alignment: 8, rewrite: .clearsBits),
      times: WorkTimes(
        [16: 300, 32: 350, 64: 700, 128: 1100, 256: 2100], width: 4, massErase: 16_000),
      timesBySupply: [3: f7Words, 4: f7Words], polls: .internalFlash,
      quirks: Quirks(refusesAddressWhenProtected: true))
    return SimulatedChip(name, aliases, profile: profile, change)
  }

  /// F767, 2 MiB in one bank.
  private static let stm32f767 = f7(
    "stm32f767", ["stm32f765", "stm32f777"], part: "STM32F765/F767 (2 MiB)",
    runs: [.init(4, 32 * kib), .init(1, 128 * kib), .init(7, 256 * kib)],
    // As mboot calls the same flash.
    usb: USBFacts(
      serial: "205A36653253", maps: [PostedListing.string("mboot-f767-src")] + f7Others)
  ) { profile in
    profile.options = .f767
    profile.system = .init(id: 0x93, at: 0x1FF0_EDBE, flashSize: 0x1FF0_F442, uniqueID: 0x1FF0_F420)
  }

  static let f7Chips: [SimulatedChip] = [
    // F72x/F73x, 512 KiB.
    f7(
      "stm32f723", ["stm32f722", "stm32f730", "stm32f732", "stm32f733"],
      part: "STM32F722/F723/F73x (512 KiB)", runs: bank(large: 3),
      usb: USBFacts(serialIsConstant: true).posted("f72x-log")
    ) { profile in
      profile.system = .init(
        id: 0x90, at: 0x1FF0_EDBE, flashSize: 0x1FF0_7A22, uniqueID: 0x1FF0_7A10)
      profile.options = .f723
      // 528 bytes are 512 of OTP and the 16 that lock its blocks.
      profile.memories[1] = .init(.optionBytes, at: 0x1FFF_0000, 48)
      profile.memories[2] = .init(.otp, at: 0x1FF0_7800, 528)
    },
    // F745, 1 MiB; reports 104 ms after every block, whatever it needs (fwupd#2696).
    f7(
      "stm32f745", ["stm32f746", "stm32f756"], part: "STM32F745/F746 (1 MiB)",
      runs: [.init(4, 32 * kib), .init(1, 128 * kib), .init(3, 256 * kib)],
      usb: USBFacts(serial: "375F37623033").posted("f74x-betaflight", others: f7Others)
    ) { profile in
      profile.guessed.remove(.polls)
      profile.system = .init(
        id: 0x90, at: 0x1FF0_EDBE, flashSize: 0x1FF0_F442, uniqueID: 0x1FF0_F420)
    },
    stm32f767,
    // F767 in dual-bank mode: the sectors are those of an F42x.
    stm32f767.variant(
      "stm32f767-dual", part: "STM32F765/F767 (2 MiB), dual bank"
    ) { profile in
      profile.options = .f767dual
      profile.usb.maps[0] = PostedListing.string("f429-leia")
      profile.memories[0] = .flash(bank(large: 7) + bank(large: 7))
    },
  ]
}
