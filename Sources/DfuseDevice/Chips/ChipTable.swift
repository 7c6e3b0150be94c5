// What is known of each chip, and from where. One entry a bootloader that can be told from the others.
//
// "datasheet" is for supplies above 2.7 V; an entry that says "as" another has no source of its own.
// `reported` is in the order erase, block, Set Address.

// STM32F0, F105/107 and F3: pages of 1 or 2 KiB, half-word programming, option bytes at
// 0x1FFF_F800.

extension ChipProfile {
  /// STM32F04x.
  static let f042 = halfWords(
    "STM32F04x", .f0, reported: .milliseconds(40, 40, 40), whileBusy: .holdsBack)  // guessed
  /// STM32F07x.
  ///
  /// An F072 polled early stalls (openmv#1508), and on some hosts acknowledges without having worked
  /// (dfu-util ticket 78).
  static func f0(name: String) -> ChipProfile {
    // 40 ms: dfu-util ticket 78; the rest is guessed.
    halfWords(name, .f0, reported: .milliseconds(40, 60, 1))
  }

  /// STM32F105 and F107.
  static let f105 = halfWords(
    "STM32F105/107", .f1, .microseconds(105, 140),  // 52.5/70 us twice
    reported: .internalFlash, whileBusy: .holdsBack)  // guessed, since its ROM is of F4's time
  /// STM32F3 with more than 128 KiB.
  static let f3 = halfWords("STM32F3", .f3, reported: .milliseconds(100, 65, 1))  // as F0; guessed

  private static func halfWords(
    _ name: String, _ family: ChipFamily, _ programTime: ExpectedTime = .microseconds(107, 120),
    reported: ReportedTimes,
    whileBusy: StatusWhileBusy = .saysBusy  // an F072 said it again and again (dfu-util ticket 78)
  ) -> ChipProfile {
    ChipProfile(
      name: name, family: family,
      programmingUnit: 4,  // the flash takes 2; two at 53.5/60 us make the time (datasheet)
      sectorEraseTimes: [.kibibytes(2, 20, 40)],  // datasheet
      programTimePerUnit: programTime,
      massEraseTime: .milliseconds(20, 40),  // datasheet
      reported: reported,
      whileBusy: whileBusy)
  }
}

// STM32F4, and F2, which cannot be told from it: 16, 64 and 128 KiB sectors, option bytes at
// 0x1FFF_C000. The ROM programs byte by byte until Device Feature names the supply (AN2606).

extension ChipProfile {
  /// STM32F4 of any size.
  static func f4(name: String, quirks: Set<ChipQuirk> = []) -> ChipProfile {
    ChipProfile(
      name: name, family: .f4,
      programmingUnit: 4,
      sectorEraseTimes: [  // datasheet, 8-bit parallelism
        .kibibytes(16, 400, 800), .kibibytes(64, 1200, 2400), .kibibytes(128, 2000, 4000),
      ],
      programTimePerUnit: .microseconds(64, 400),  // four writes of 16/100 us (datasheet)
      massEraseTime: .milliseconds(16_000, 32_000),  // datasheet; the F405 reports 100 ms
      halfWordTimes: FlashTimes(  // datasheet, 16-bit parallelism
        sectorErase: [
          .kibibytes(16, 300, 600), .kibibytes(64, 700, 1400), .kibibytes(128, 1300, 2600),
        ],
        programPerUnit: .microseconds(32, 200), massErase: .milliseconds(11_000, 22_000)),
      wordTimes: FlashTimes(  // datasheet, 32-bit parallelism
        sectorErase: [
          .kibibytes(16, 250, 500), .kibibytes(64, 550, 1100), .kibibytes(128, 1000, 2000),
        ],
        programPerUnit: .microseconds(16, 100), massErase: .milliseconds(8000, 16_000)),
      // An F429 polled every millisecond answered all the same (EdgeTX/buddy#88).
      mayBePolledEarly: true,
      quirks: quirks,
      reported: .internalFlash,
      whileBusy: .holdsBack)  // guessed, as F7
  }
}

// STM32F7: sectors of 32, 128 and 256 KiB, or F4's in dual-bank mode and on F72x/73x; option
// bytes at 0x1FFF_0000.

extension ChipProfile {
  /// STM32F7 of any size.
  static func f7(name: String) -> ChipProfile {
    ChipProfile(
      name: name, family: .f7,
      programmingUnit: 8,  // the alignment that AN2606 Rev 70 table 7 asks for
      sectorEraseTimes: [  // datasheet, 8-bit parallelism; an F745 took 351 ms (fwupd#2696) for 32
        .kibibytes(16, 300, 800), .kibibytes(32, 350, 800), .kibibytes(64, 700, 2400),
        .kibibytes(128, 1100, 2400), .kibibytes(256, 2100, 4000),
      ],
      programTimePerUnit: .microseconds(32, 800),  // two word writes, or eight byte writes
      massEraseTime: .milliseconds(16_000, 32_000),  // datasheet, 2 MiB
      wordTimes: FlashTimes(  // datasheet, 32-bit parallelism
        sectorErase: [
          .kibibytes(16, 200, 500), .kibibytes(32, 250, 500), .kibibytes(64, 350, 1100),
          .kibibytes(128, 500, 1100), .kibibytes(256, 1000, 2000),
        ],
        programPerUnit: .microseconds(32, 200), massErase: .milliseconds(8000, 16_000)),
      // An F745 holds back its answer until the work is done (fwupd#1944, #2696).
      mayBePolledEarly: true,
      reported: .internalFlash,
      whileBusy: .holdsBack)  // the same F745
  }
}

// STM32L0 and L1: small pages that erase to 0x00, option bytes at 0x1FF8_0000.

extension ChipProfile {
  /// STM32L07x and L08x: 1536 pages of 128 bytes.
  static let l0 = smallPages(
    "STM32L07x/08x", .l0, of: 128, massErase: .milliseconds(5_040, 6_050),
    reported: .milliseconds(10, 120, 1))  // guessed
  /// STM32L1, categories 3 to 5: 2048 pages of 256 bytes.
  static let l1 = smallPages(
    "STM32L1", .l1, of: 256, massErase: .milliseconds(6_720, 8_070),
    reported: .milliseconds(10, 60, 1))  // guessed

  private static func smallPages(
    _ name: String, _ family: ChipFamily, of size: UInt64, massErase: ExpectedTime,
    reported: ReportedTimes
  ) -> ChipProfile {
    ChipProfile(
      name: name, family: family, erasedByte: 0x00,
      programmingUnit: 8,  // the alignment that AN2606 Rev 70 table 7 asks for
      sectorEraseTimes: [SectorEraseTime(sectorSize: size, time: .milliseconds(3.28, 3.94))],
      // Datasheet: half a page, or a word, takes as long as an erase; half pages are a guess, the
      // longest time is that of two words.
      programTimePerUnit: .milliseconds(3.28 * 16 / Double(size), 7.88),
      massEraseTime: massErase,
      massEraseIsBySectors: true,  // their flash has no such command: OpenOCD makes do with RDP
      reported: reported)
  }
}

// STM32L4, L4+, L5 and WB: 8 bytes at a time with ECC. A write of more than 256 bytes that is
// not a multiple of 8 is corrupted by some L4 ROMs (AN2606), which the unit takes care of.

extension ChipProfile {
  /// STM32L4 and L4+; one that is polled early stalls (dfu-util 0.10).
  static func l4(
    name: String, reported: ReportedTimes = .milliseconds(20, 25, 1)  // as L476; all but 20 guessed
  ) -> ChipProfile {
    ChipProfile(
      name: name, family: .l4,
      programmingUnit: 8,
      sectorEraseTimes: [.kibibytes(8, 22, 30)],  // datasheet 24.5; one board needed 30
      programTimePerUnit: .microseconds(82, 91),  // datasheet
      massEraseTime: .milliseconds(22, 30),  // datasheet 25
      quirks: [.stallsWhileBusy],
      reported: reported)  // shorter than an erase (dfu-util)
  }

  /// STM32L4+.
  static let l4plus = l4(name: "STM32L4R/4S", reported: .milliseconds(25, 25, 25))  // guessed

  /// STM32L5.
  static let l5 = ChipProfile(
    name: "STM32L5", family: .l5,
    programmingUnit: 16,  // the alignment that AN2606 Rev 70 table 7 asks for
    sectorEraseTimes: [.kibibytes(4, 22, 30)],  // as L4
    programTimePerUnit: .microseconds(164, 182),  // as L4, twice
    massEraseTime: .milliseconds(22, 30))  // as L4

  /// STM32WB30, WB35, WB50, WB55.
  static let wb = ChipProfile(
    name: "STM32WB", family: .wb,
    programmingUnit: 8,
    sectorEraseTimes: [.kibibytes(4, 22, 24.5)],  // datasheet; 44 to 62 ms with the transfers
    programTimePerUnit: .microseconds(82, 91),  // datasheet
    massEraseTime: .milliseconds(22, 25),  // datasheet
    reported: .milliseconds(40, 40, 40))  // guessed; Flipper's logs show 49 ms a block in all
}

// STM32G0, G4, C0 and U0: pages of 2 KiB, programmed 8 bytes at a time with ECC.

extension ChipProfile {
  /// STM32G0B0, G0B1, G0C1: every alternate setting has the flash's map, and only addresses count.
  static let g0: ChipProfile = {
    var profile = pages("STM32G0B1/0C1", .g0, reported: .milliseconds(30, 15, 15))  // guessed
    profile.readTimePerKiB = .milliseconds(30)  // a log of a G0B0 has 31 for an upload of 1 KiB
    return profile
  }()
  /// STM32C071.
  static let c0 = pages("STM32C0", .c0, reported: .milliseconds(30, 20, 20))  // as G0; guessed
  /// STM32U073 and U083.
  static let u0 = pages("STM32U073/083", .u0, reported: .milliseconds(30, 20, 20))  // as C0

  private static func pages(
    _ name: String, _ family: ChipFamily, reported: ReportedTimes
  ) -> ChipProfile {
    ChipProfile(
      name: name, family: family,
      programmingUnit: 8,
      sectorEraseTimes: [.kibibytes(2, 22, 40)],  // datasheet
      programTimePerUnit: .microseconds(85, 125),  // datasheet
      massEraseTime: .milliseconds(22, 40),  // datasheet
      reported: reported)
  }

  /// STM32G431 and G441.
  static let g431 = g4("STM32G431/441", reported: .milliseconds(131, 131, 131))  // seen
  /// STM32G47x, G48x and G491.
  static let g474 = g4(
    "STM32G47x/48x/491", reported: .milliseconds(131, 20, 20))  // as G431; guessed

  private static func g4(_ name: String, reported: ReportedTimes) -> ChipProfile {
    ChipProfile(
      name: name, family: .g4,
      programmingUnit: 8,
      sectorEraseTimes: [.kibibytes(4, 22, 24.5)],  // datasheet; 4 KiB in single-bank mode
      programTimePerUnit: .microseconds(82, 83),  // datasheet
      massEraseTime: .milliseconds(22, 25),  // datasheet
      reported: reported)
  }
}

// STM32H7: option bytes at 0x5200_201C; sectors of 128 KiB, or of 8 KiB on H7A3/7B3.

extension ChipProfile {
  /// STM32H742, H743, H750, H753 and the dual-core parts.
  static let h743 = ChipProfile(
    name: "STM32H74x/75x", family: .h7,
    programmingUnit: 32,  // flash word with ECC
    sectorEraseTimes: [.kibibytes(128, 905, 4000)],  // seen (ST community 234209); datasheet
    programTimePerUnit: .microseconds(200, 580),  // datasheet: 100 to 290 by parallelism; a guess
    massEraseTime: .milliseconds(14_400, 26_000),  // 16 sectors of 0.9 s; datasheet
    massEraseWorks: false,  // bootloader V13.3 (AN2606); the version cannot be seen
    // ST's own programmer does not wait once an H743 has answered (ST community 234209).
    mayBePolledEarly: true,
    quirks: [.h743StuckBusy, .waitWorstCaseErase],
    reported: bigSectors,
    whileBusy: .worksFirst)  // the first DFU_GETSTATUS of an erase took 905 ms (234209)

  /// 1000 ms for an erase: dfu-util ticket 88; the rest is guessed.
  private static let bigSectors = ReportedTimes.milliseconds(1000, 5, 1)

  /// STM32H723, H725, H730, H733, H735.
  static let h723 = ChipProfile(
    name: "STM32H72x/73x", family: .h7,
    programmingUnit: 32,  // flash word with ECC
    sectorEraseTimes: [.kibibytes(128, 905, 4000)],  // as H743
    programTimePerUnit: .microseconds(200, 580),  // as H743
    massEraseTime: .milliseconds(7_200, 26_000),  // 8 sectors of 0.9 s; as H743
    reported: bigSectors,  // as H743
    whileBusy: .worksFirst)  // as H743

  /// STM32H7A3, H7B0, H7B3.
  static let h7a3 = ChipProfile(
    name: "STM32H7A3/7B0/7B3", family: .h7,
    programmingUnit: 16,  // flash word with ECC
    sectorEraseTimes: [.kibibytes(8, 3, 20)],  // 3 by Zephyr; the limit is a guess
    programTimePerUnit: .microseconds(150, 580),  // a guess; as H743
    massEraseTime: .milliseconds(768, 5_200),  // 256 sectors; a guess
    massEraseIsBySectors: true,
    reported: .milliseconds(5, 15, 1))  // guessed
}

// STM32U5, H5 and C5: sectors of 8 KiB.

extension ChipProfile {
  /// STM32U5.
  static func u5(name: String) -> ChipProfile {
    ChipProfile(
      name: name, family: .u5,
      programmingUnit: 16,  // with ECC
      sectorEraseTimes: [.kibibytes(8, 1.5, 5)],  // datasheet
      programTimePerUnit: .microseconds(118, 236),  // datasheet; the limit is a guess
      massEraseTime: .milliseconds(768, 2_560),  // 512 sectors; a guess
      massEraseIsBySectors: true,
      reported: .milliseconds(5, 10, 1))  // guessed
  }

  /// STM32H5.
  static let h5 = ChipProfile(
    name: "STM32H5", family: .h5,
    programmingUnit: 16,  // with ECC
    sectorEraseTimes: [.kibibytes(8, 2, 5)],  // datasheet
    programTimePerUnit: .microseconds(31, 62),  // datasheet; the limit is a guess
    massEraseTime: .milliseconds(512, 1_280),  // 256 sectors; a guess
    massEraseIsBySectors: true,
    reported: .milliseconds(5, 5, 1))  // guessed

  /// STM32C5, of which little is known but its descriptors (betaflight-configurator#5300).
  static let c5 = ChipProfile(
    name: "STM32C5", family: .c5,
    programmingUnit: 32,  // as an unknown chip
    sectorEraseTimes: [.kibibytes(8, 2, 40)],  // as H5; the limit is a guess
    programTimePerUnit: .microseconds(62, 3200),  // as H5; as an unknown chip
    massEraseTime: .milliseconds(512, 32_000),  // as H5; as an unknown chip
    massEraseWorks: false,
    reported: .milliseconds(5, 5, 1))  // as H5
}

// Chips like STM32 from other makers, told by their USB ids.

extension ChipProfile {
  /// GD32VF103, and GD32 parts with the same bootloader.
  static let gd32 = ChipProfile(
    name: "GD32VF103", family: .gd32,
    programmingUnit: 4,
    sectorEraseTimes: [.kibibytes(2, 50, 300)],  // a guess; less than it reports
    programTimePerUnit: .microseconds(40, 406),  // a guess; 104 ms reported for 2048 bytes
    massEraseTime: .milliseconds(16_000, 32_000),  // as an unknown chip
    massEraseWorks: false,  // not tried by anybody who wrote of it
    mayBeRISCV: true,  // GD32's id is used by RISC-V and ARM parts
    sharesItsID: true,
    quirks: [.leavesWithoutStatus],
    reported: .internalFlash)  // gd32-dfu-utils#3

  /// AT32F435 and AT32F437, and all others of the maker.
  static let at32: ChipProfile = {
    var profile = named("AT32F435/437", .at32)
    // AT32F435's datasheet, from memory: 50 ms a sector, 50 us a word; the limits are guesses.
    profile.sectorEraseTimes = [.kibibytes(4, 50, 500)]
    profile.programTimePerUnit = .microseconds(400, 3200)
    profile.reported = .milliseconds(100, 50, 0)  // guessed
    profile.sharesItsID = true
    return profile
  }()
  /// APM32.
  static let apm32 = likeF103("APM32", .apm32)
  /// X32.
  static let x32 = likeF103("X32", .x32)

  /// nRF52840, under an application bootloader: a page takes 85 ms (product specification).
  static let nrf52: ChipProfile = {
    var profile = unknown
    profile.name = "nRF52840"
    profile.sectorEraseTimes = [.kibibytes(4, 85, 100)]
    return profile
  }()

  /// A copy of the STM32F103, with its times.
  ///
  /// Half words of 52.5 us; the limits are guesses.
  private static func likeF103(_ name: String, _ family: ChipFamily) -> ChipProfile {
    var profile = named(name, family)
    profile.sectorEraseTimes = [.kibibytes(2, 20, 100)]
    profile.programTimePerUnit = .microseconds(840, 3200)
    return profile
  }

  /// A clone of which nothing but its ids and map is known.
  private static func named(_ name: String, _ family: ChipFamily) -> ChipProfile {
    var profile = unknown
    profile.name = name
    profile.family = family
    profile.isROM = true
    return profile
  }
}

extension ChipProfile {
  /// A chip nobody knows: the values that suit, or at least do not harm, all others.
  public static let unknown = ChipProfile(
    name: "unknown", family: .unknown,
    programmingUnit: 32,  // a multiple of all units, harmless inside an erased sector
    sectorEraseTimes: [  // at most the slowest of the known families; usually F4, word by word
      .kibibytes(8, 40, 100), .kibibytes(16, 250, 800), .kibibytes(64, 550, 2400),
      .kibibytes(128, 1000, 4000), .kibibytes(256, 1000, 4000),
    ],
    programTimePerUnit: .microseconds(128, 3200),  // F4, word by word; byte by byte
    massEraseTime: .milliseconds(8_000, 32_000),  // F4, word by word; byte by byte
    massEraseWorks: false,
    isROM: false,
    whileBusy: .holdsBack)  // as mboot's source has it

  /// An unknown chip with pages of 128 or 256 bytes, which only flash that erases to 0x00 has.
  static let unknownWithSmallPages: ChipProfile = {
    var profile = unknown
    profile.erasedByte = 0x00
    profile.programTimePerUnit = .milliseconds(26.3, 31.6)  // L0: eight words
    return profile
  }()

  /// Memory beside the chip, at the addresses of external memory: serial flash.
  static let externalFlash: ChipProfile = {
    var profile = unknown
    profile.sectorEraseTimes = [  // datasheet of the W25Q family
      .kibibytes(4, 45, 400), .kibibytes(32, 120, 1600), .kibibytes(64, 150, 2000),
    ]
    return profile
  }()

  /// The same chip under a bootloader that is not its ROM: what is true of the flash stays.
  ///
  /// A program writes words, since it knows its supply.
  var withoutROM: ChipProfile {
    var profile = withTimes(at: .from2700mV)
    profile.massEraseWorks = false
    profile.isROM = false
    profile.mayBePolledEarly = false
    profile.quirks = []
    profile.reported = nil
    profile.whileBusy = Self.unknown.whileBusy
    return profile
  }
}
