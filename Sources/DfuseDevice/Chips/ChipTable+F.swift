// What is known of each chip, and from where: the rows of AN2606, by what a bootloader is known, and
// what is true of it. "datasheet" is for supplies above 2.7 V; what says "as" another has no source of
// its own; flash sizes are from datasheets, from memory, RAM from ST's CMSIS headers (`SRAM1_BASE` and
// the like); modm-devices agrees but for L47x. `reported` is in the order erase, block, Set Address.
extension ChipTable {
  /// STM32F0 to F7.
  static let f: [ChipEntry] = [
    .init(
      .init(
        flash: .sectors(of: 1024, kibibytes: 1...64), options: .at(0x1FFF_F800),
        saysNot: f105Marks),
      .f042([f04x, f070x6])),
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...128), options: .at(0x1FFF_F800),
        saysNot: f105Marks),
      .f0([f07x, f070xB, f301, f30xC, f373])),
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 129...512), options: .at(0x1FFF_F800),
        saysNot: f105Marks),
      .f3([f30xC, f373, f30xE])),
    // F0 and F3 write their pages with four digits, "0002Kg".
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...256), options: .at(0x1FFF_F800), says: f105Marks),
      .f105([f105])),
    // F2 and F4 look the same but for the size.
    .init(
      .init(flash: .banks(1, unit: 16, kibibytes: 1...1536), options: .atOrHidden(0x1FFF_C000)),
      .f4([f2xx, f40x, f42x, f401, f411, f412, f413, f446, f469])),
    .init(
      .init(flash: .banks(2, unit: 16, kibibytes: 1...2048), options: .atOrHidden(0x1FFF_C000)),
      // An F42x's releases; nobody says that an F469's V9.0 does the same, or does not.
      .f4([f42x, f469], quirks: [.init(.secondBankEraseBroken, .only([0x90, 0x91]))])),
    .init(
      .init(flash: .banks(1, unit: 32, kibibytes: 1...1024), options: .atOrHidden(0x1FFF_0000)),
      .f7([f74x, f76x])),
    .init(
      .init(flash: .banks(1, unit: 32, kibibytes: 1025...2048), options: .atOrHidden(0x1FFF_0000)),
      .f7([f76x])),
    .init(
      .init(flash: .banks(1, unit: 16, kibibytes: 1...512), options: .atOrHidden(0x1FFF_0000)),
      .f7([f72x])),
    // Two banks, as an option byte has it.
    .init(
      .init(flash: .banks(2, unit: 16, kibibytes: 1...2048), options: .atOrHidden(0x1FFF_0000)),
      .f7([f76x])
    ),
  ]

  private static let f105Marks = ["0x418", "*002Kg"]

  // MARK: - AN2606 Rev 70, table 3

  private static let f04x = BootloaderROM(
    "STM32F04x", ids: [0xA1], at: 0x1FFF_F6A6, dfu: 0x0220, flash: [16, 32],
    ram: [.init(0x2000_0000, 6)], registers: .f0)
  private static let f07x = BootloaderROM(
    "STM32F071/072", ids: [0xA1], at: 0x1FFF_F6A6, dfu: 0x0220, flash: [64, 128],
    ram: [.init(0x2000_0000, 16)], registers: .f0)
  private static let f070x6 = BootloaderROM(
    "STM32F070x6", ids: [0xA2], at: 0x1FFF_F6A6, dfu: 0x0220, flash: [32],
    ram: [.init(0x2000_0000, 6)], registers: .f0)
  private static let f070xB = BootloaderROM(
    "STM32F070xB", ids: [0xA3], at: 0x1FFF_F6A6, dfu: 0x0220, flash: [128],
    ram: [.init(0x2000_0000, 16)], registers: .f0)
  private static let f105 = BootloaderROM(
    "STM32F105/107", ids: [], at: nil, dfu: 0x0220, flash: [64, 128, 256],
    ram: [.init(0x2000_0000, 64)], registers: .f1)
  private static let f2xx = BootloaderROM(
    "STM32F2xx", ids: [0x33], at: 0x1FFF_77DE, dfu: 0x0220, flash: [128, 256, 512, 768, 1024],
    ram: [.init(0x2000_0000, 128)], registers: .f4)
  private static let f373 = BootloaderROM(
    "STM32F373", ids: [0x41], at: 0x1FFF_F7A6, dfu: 0x0220, flash: [64, 128, 256],
    ram: [.init(0x2000_0000, 32)], registers: .f0)
  private static let f30xC = BootloaderROM(
    "STM32F302/303xB/C", ids: [0x41], at: 0x1FFF_F796, dfu: 0x0220, flash: [128, 256],
    ram: [.init(0x2000_0000, 40), .init(0x1000_0000, 8)], registers: .f0)
  private static let f301 = BootloaderROM(
    "STM32F301, F302x4/6/8", ids: [0x40], at: 0x1FFF_F796, dfu: 0x0220, flash: [16, 32, 64],
    ram: [.init(0x2000_0000, 16)], registers: .f0)
  private static let f30xE = BootloaderROM(
    "STM32F302/303xD/E", ids: [0x40], at: 0x1FFF_F796, dfu: 0x0220, flash: [384, 512],
    ram: [.init(0x2000_0000, 64), .init(0x1000_0000, 16)], registers: .f0)
  private static let f40x = BootloaderROM(
    "STM32F40x/41x", ids: [0x31, 0x91], at: 0x1FFF_77DE, dfu: 0x0220, flash: [512, 1024],
    ram: [.init(0x2000_0000, 128), .init(0x1000_0000, 64)], registers: .f4)
  private static let f42x = BootloaderROM(
    "STM32F42x/43x", ids: [0x70, 0x91], at: 0x1FFF_76DE, dfu: 0x0220, flash: [512, 1024, 2048],
    ram: [.init(0x2000_0000, 192), .init(0x1000_0000, 64)], registers: .f4,
    limits: [
      .init(versions: [0x90, 0x91], text: "an erase in bank 2 does nothing in dual-bank mode")
    ])
  private static let f401 = BootloaderROM(
    "STM32F401", ids: [0xD1], at: 0x1FFF_76DE, dfu: 0x0220, flash: [128, 256, 384, 512],
    ram: [.init(0x2000_0000, 96)], registers: .f4, troubles: [.f401FirstWrite])
  private static let f411 = BootloaderROM(
    "STM32F411", ids: [0xD0], at: 0x1FFF_76DE, dfu: 0x0220, flash: [256, 512],
    ram: [.init(0x2000_0000, 128)], registers: .f4, troubles: [.f401FirstWrite])
  private static let f412 = BootloaderROM(
    "STM32F412", ids: [0x91], at: 0x1FFF_76DE, dfu: 0x0220, flash: [512, 1024],
    ram: [.init(0x2000_0000, 256)], registers: .f4)
  private static let f413 = BootloaderROM(
    "STM32F413/423", ids: [0x90], at: 0x1FFF_76DE, dfu: 0x0220, flash: [1024, 1536],
    ram: [.init(0x2000_0000, 320), .init(0x1000_0000, 64)], registers: .f4)
  private static let f446 = BootloaderROM(
    "STM32F446", ids: [0x90], at: 0x1FFF_76DE, dfu: 0x0220, flash: [256, 512],
    ram: [.init(0x2000_0000, 128)], registers: .f4)
  private static let f469 = BootloaderROM(
    "STM32F469/479", ids: [0x90], at: 0x1FFF_76DE, dfu: 0x0220, flash: [512, 1024, 2048],
    ram: [.init(0x2000_0000, 320), .init(0x1000_0000, 64)], registers: .f4)
  private static let f72x = BootloaderROM(
    "STM32F72x/73x", ids: [0x90], at: 0x1FF0_EDBE, dfu: 0x0220, flash: [64, 256, 512],
    ram: [.init(0x0000_0000, 16), .init(0x2000_0000, 256)], registers: .f72)
  private static let f74x = BootloaderROM(
    "STM32F74x/75x", ids: [0x70, 0x90], at: 0x1FF0_EDBE, dfu: 0x0220, flash: [64, 512, 1024],
    ram: [.init(0x0000_0000, 16), .init(0x2000_0000, 320)], registers: .f74)
  private static let f76x = BootloaderROM(
    "STM32F76x/77x", ids: [0x93], at: 0x1FF0_EDBE, dfu: 0x0220, flash: [1024, 2048],
    ram: [.init(0x0000_0000, 16), .init(0x2000_0000, 512)], registers: .f74)
}

// STM32F0, F105/107 and F3: pages of 1 or 2 KiB, half-word programming, option bytes at
// 0x1FFF_F800.

extension ChipProfile {
  /// STM32F04x and F070x6.
  static func f042(_ roms: [BootloaderROM]) -> ChipProfile {
    var profile = halfWords(
      roms, reported: .milliseconds(40, 40, 40), whileBusy: .holdsBack)  // guessed
    profile.takesRequestsTogether = false  // as F07x
    profile.earlyPolling = f072PolledEarly
    return profile
  }
  private static let f072PolledEarly = EarlyPolling.harmful(
    "an F072 polled early stalls (openmv#1508), or says that it is done and does nothing (dfu-util "
      + "ticket 78)")

  /// STM32F07x.
  static func f0(_ roms: [BootloaderROM]) -> ChipProfile {
    // 40 ms: dfu-util ticket 78; the rest is guessed.
    var profile = halfWords(roms, reported: .milliseconds(40, 60, 1))
    // Short gaps are what makes an F072 drop its work; to try would be the harm.
    profile.takesRequestsTogether = false
    profile.earlyPolling = f072PolledEarly
    return profile
  }

  /// STM32F105 and F107.
  static func f105(_ roms: [BootloaderROM]) -> ChipProfile {
    var profile = halfWords(
      roms, .microseconds(105, 140),  // 52.5/70 us twice
      reported: .internalFlash, whileBusy: .holdsBack)  // guessed, since its ROM is of F4's time
    // F1 knows no level 2 (PM0075).
    profile.protection = ProtectionLevel(bytes: [0x1FFF_F800], permanent: [])
    return profile
  }

  /// STM32F3 with more than 128 KiB.
  static func f3(_ roms: [BootloaderROM]) -> ChipProfile {
    halfWords(roms, reported: .milliseconds(100, 65, 1))  // as F0; guessed
  }

  private static func halfWords(
    _ roms: [BootloaderROM], _ programTime: ExpectedTime = .microseconds(107, 120),
    reported: ReportedTimes,
    whileBusy: StatusWhileBusy = .saysBusy  // an F072 said it again and again (dfu-util ticket 78)
  ) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 4,  // the flash takes 2; two at 53.5/60 us make the time (datasheet)
      sectorEraseTimes: [.kibibytes(2, 20, 40)],  // datasheet
      programTimePerUnit: programTime,
      massEraseTime: .milliseconds(20, 40),  // datasheet
      reported: reported,
      whileBusy: whileBusy,
      protection: .rdp(0x1FFF_F800))
  }
}

// STM32F4, and F2, which cannot be told from it: 16, 64 and 128 KiB sectors, option bytes at
// 0x1FFF_C000. The ROM programs byte by byte until Device Feature names the supply (AN2606).

extension ChipProfile {
  /// STM32F4 of any size.
  static func f4(_ roms: [BootloaderROM], quirks: [QuirkFact] = []) -> ChipProfile {
    ChipProfile(
      roms: roms,
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
      earlyPolling: .harmless(
        "an F429 polled every millisecond answered all the same, and its report is far too long "
          + "(EdgeTX/buddy#88)"),
      reported: .internalFlash,
      whileBusy: .holdsBack,  // guessed, as F7
      quirkFacts: quirks,
      protection: .rdp(0x1FFF_C001))
  }
}

// STM32F7: sectors of 32, 128 and 256 KiB, or F4's in dual-bank mode and on F72x/73x; option
// bytes at 0x1FFF_0000.

extension ChipProfile {
  /// STM32F7 of any size.
  static func f7(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
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
      earlyPolling: .harmless(
        "an F745 holds back its answer until the work is done (fwupd#1944, #2696)"),
      reported: .internalFlash,
      whileBusy: .holdsBack,  // the same F745
      protection: .rdp(0x1FFF_0001))
  }
}
