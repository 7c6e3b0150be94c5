// What is known of each chip, and from where: the rows of AN2606, by what a bootloader is known, and
// what is true of it. "datasheet" is for supplies above 2.7 V; what says "as" another has no source of
// its own; flash sizes are from datasheets, from memory, RAM from ST's CMSIS headers (`SRAM1_BASE` and
// the like); modm-devices agrees but for L47x. `reported` is in the order erase, block, Set Address.
extension ChipTable {
  /// STM32L, G, C0, U0, U3 and WB.
  static let lgcuw: [ChipEntry] = [
    .init(
      .init(flash: .sectors(of: 128, kibibytes: 1...192), options: .atOrHidden(0x1FF8_0000)),
      .l0([l07x])),
    .init(
      .init(flash: .sectors(of: 256, kibibytes: 1...512), options: .atOrHidden(0x1FF8_0000)),
      .l1([l1C, l1D, l1E])),
    // L4 and G4 share the address; the ROMs of the first are of another generation.
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...1024), options: .at(0x1FFF_7800),
        generation: .first),
      .l4([l412, l43x, l45x, l47x, l496])),
    .init(
      .init(flash: .sectors(of: 4096, kibibytes: 1...2048), options: .at(0x1FF0_0000)),
      .l4plus([l4r, l4p5])),
    .init(
      .init(flash: .sectors(of: 8192, kibibytes: 1...2048), options: .at(0x1FF0_0000)),
      .l4plus([l4r, l4p5])),
    .init(
      .init(flash: .sectors(of: 4096, kibibytes: 1...1024), options: .at(0x1FFF_8000)), .wb([wb])),
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...512), options: .at(0x4002_2040),
        generation: .second),
      .l5([l552])),
    .init(
      .init(
        flash: .sectors(of: 4096, kibibytes: 1...512), options: .at(0x4002_2040),
        generation: .second),
      .l5([l552])),
    // L5 has no more than 512 KiB; of a U3 with as much nothing tells it from an L5 with one bank.
    .init(
      .init(
        flash: .sectors(of: 4096, kibibytes: 512...2048), options: .at(0x4002_2040),
        generation: .second),
      .u3([u375, u3b5])),
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...128), options: .at(0x1FFF_7800),
        releases: 0x0200...0x021F, sharesOneMap: false),
      .g431([g431])),
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 129...512), options: .at(0x1FFF_7800),
        releases: 0x0200...0x021F, sharesOneMap: false),
      .g474([g47x, g491])),
    .init(
      .init(
        flash: .sectors(of: 4096, kibibytes: 129...512), options: .at(0x1FFF_7800),
        releases: 0x0200...0x021F),
      .g474([g47x])),
    // Every alternate setting has the flash's map, and only addresses count.
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...512), options: .hidden, sharesOneMap: true),
      .g0([g0b0, g0b1])),
    // A snapshot of one, in which the option bytes have a name of their own.
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...512), options: .at(0x1FFF_7800, bytes: [116]),
        generation: .second),
      .g0([g0b0, g0b1])),
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...256), options: .at(0x4002_2020), otp: 0x1FFF_6800),
      .u0([u073])),
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...128), options: .at(0x4002_2020),
        otpNot: 0x1FFF_6800),
      .c0([c071])),
    // As ST's programmer finds them through the ROM; the address above is that of a mock.
    .init(
      .init(
        flash: .sectors(of: 2048, kibibytes: 1...128), options: .at(0x1FFF_7800),
        releases: 0x0220...0x0220), .c0([c071])),
  ]

  // MARK: - AN2606 Rev 70, table 3

  private static let c071 = BootloaderROM(
    "STM32C071", ids: [0xD1], at: 0x1FFF_67FE, dfu: 0x0220, flash: [64, 128],
    ram: [.init(0x2000_0000, 24)], registers: .c0)
  private static let g0b0 = BootloaderROM(
    "STM32G0B0", ids: [0xD0], at: 0x1FFF_9FFE, dfu: 0x0220, flash: [512],
    ram: [.init(0x2000_0000, 144)], registers: .l4,
    limits: [
      .init(versions: [0xD0], text: "an erase of several sectors in bank 2 fails")
    ])
  private static let g0b1 = BootloaderROM(
    "STM32G0B1/0C1", ids: [0x92], at: 0x1FFF_9FFE, dfu: 0x0220, flash: [128, 256, 512],
    ram: [.init(0x2000_0000, 144)], registers: .l4,
    limits: [
      .init(versions: [0x92], text: "an erase of several sectors in bank 2 fails")
    ])
  private static let g431 = BootloaderROM(
    "STM32G431/441", ids: [0xD4], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [32, 64, 128],
    ram: [.init(0x2000_0000, 32), .init(0x1000_0000, 10)], registers: .l4,
    limits: [
      .init(versions: [0xD3], text: "CCM RAM and engineering bytes cannot be reached")
    ])
  private static let g47x = BootloaderROM(
    "STM32G47x/48x", ids: [0xD5], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [128, 256, 512],
    ram: [.init(0x2000_0000, 128), .init(0x1000_0000, 32)], registers: .l4,
    limits: [
      .init(
        versions: [0xD3, 0xD4],
        text: "the chip does not start from bank 2, and CCM RAM cannot be reached")
    ])
  private static let g491 = BootloaderROM(
    "STM32G491/4A1", ids: [0xD2], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [256, 512],
    ram: [.init(0x2000_0000, 112), .init(0x1000_0000, 16)], registers: .l4)
  private static let l07x = BootloaderROM(
    "STM32L07x/08x", ids: [0x41], at: 0x1FF0_1FFE, dfu: 0x0220, flash: [32, 64, 128, 192],
    ram: [.init(0x2000_0000, 20)], registers: .l0)
  private static let l1C = BootloaderROM(
    "STM32L1xxxC", ids: [0x40], at: 0x1FF0_1FFE, dfu: 0x0220, flash: [256],
    ram: [.init(0x2000_0000, 32)], registers: .l1)
  private static let l1D = BootloaderROM(
    "STM32L1xxxD", ids: [0x45], at: 0x1FF0_1FFE, dfu: 0x0220, flash: [384],
    ram: [.init(0x2000_0000, 80)], registers: .l1)
  private static let l1E = BootloaderROM(
    "STM32L1xxxE", ids: [0x40], at: 0x1FF0_1FFE, dfu: 0x0220, flash: [512],
    ram: [.init(0x2000_0000, 80)], registers: .l1)
  private static let l412 = BootloaderROM(
    "STM32L412/422", ids: [0xD1], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [64, 128],
    ram: [.init(0x2000_0000, 40), .init(0x1000_0000, 8)], registers: .l4)
  private static let l43x = BootloaderROM(
    "STM32L43x/44x", ids: [0x91], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [128, 256],
    ram: [.init(0x2000_0000, 64), .init(0x1000_0000, 16)], registers: .l4,
    limits: [
      .init(
        versions: [0x91],
        text:
          "in its first revision, USB fails at random, and a write of more than 256 bytes that is no multiple of 8 is corrupted"
      )
    ])
  private static let l45x = BootloaderROM(
    "STM32L45x/46x", ids: [0x92], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [256, 512],
    ram: [.init(0x2000_0000, 160), .init(0x1000_0000, 32)], registers: .l4)
  private static let l47x = BootloaderROM(
    "STM32L47x/48x", ids: [0xA3, 0x92], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [256, 512, 1024],
    ram: [.init(0x2000_0000, 96), .init(0x1000_0000, 32)], registers: .l4,
    limits: [
      .init(
        versions: [0xA1, 0xA2, 0xA3],
        text: "a write of more than 256 bytes that is no multiple of 8 is corrupted"),
      .init(versions: [0xA1], text: "writes to RAM are corrupted"),
    ])
  private static let l496 = BootloaderROM(
    "STM32L496/4A6", ids: [0x93], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [512, 1024],
    ram: [.init(0x2000_0000, 320), .init(0x1000_0000, 64)], registers: .l4)
  private static let l4r = BootloaderROM(
    "STM32L4R/4S", ids: [0x95], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [1024, 2048],
    ram: [.init(0x2000_0000, 640), .init(0x1000_0000, 64)], registers: .l4)
  private static let l4p5 = BootloaderROM(
    "STM32L4P5/4Q5", ids: [0x90], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [512, 1024],
    ram: [.init(0x2000_0000, 320), .init(0x1000_0000, 64)], registers: .l4)
  private static let l552 = BootloaderROM(
    "STM32L552/562", ids: [0x92], at: 0x0BF9_7FFE, dfu: 0x0220, flash: [256, 512],
    ram: .withSecureAlias([.init(0x2000_0000, 256)]), registers: .l5)
  private static let u073 = BootloaderROM(
    "STM32U073/083", ids: [0xD0], at: 0x1FFF_67FE, dfu: 0x0220, flash: [64, 128, 256],
    ram: [.init(0x2000_0000, 40)], registers: .u0)
  private static let u375 = BootloaderROM(
    "STM32U375/385", ids: [0xE2], at: 0x0BF9_8FFE, dfu: 0x0300, flash: [512, 1024],
    ram: .withSecureAlias([.init(0x2000_0000, 256)]))
  private static let u3b5 = BootloaderROM(
    "STM32U3B5/3C5", ids: [0xE0], at: 0x0BF9_8FFE, dfu: 0x0300, flash: [1024, 2048],
    ram: .withSecureAlias([.init(0x2000_0000, 640)]))
  private static let wb = BootloaderROM(
    "STM32WB30/35/50/55", ids: [0xD5], at: 0x1FFF_6FFE, dfu: 0x0220, flash: [256, 512, 1024],
    ram: [.init(0x2000_0000, 256)], registers: .l4)
}

// STM32L0 and L1: small pages that erase to 0x00, option bytes at 0x1FF8_0000.

extension ChipProfile {
  /// STM32L07x and L08x: 1536 pages of 128 bytes.
  static func l0(_ roms: [BootloaderROM]) -> ChipProfile {
    smallPages(
      roms, of: 128, massErase: .milliseconds(5_040, 6_050),
      reported: .milliseconds(10, 120, 1))  // guessed
  }
  /// STM32L1, categories 3 to 5: 2048 pages of 256 bytes.
  static func l1(_ roms: [BootloaderROM]) -> ChipProfile {
    smallPages(
      roms, of: 256, massErase: .milliseconds(6_720, 8_070),
      reported: .milliseconds(10, 60, 1))  // guessed
  }

  private static func smallPages(
    _ roms: [BootloaderROM], of size: UInt64, massErase: ExpectedTime,
    reported: ReportedTimes
  ) -> ChipProfile {
    ChipProfile(
      roms: roms, erasedByte: 0x00,
      programmingUnit: 8,  // the alignment that AN2606 Rev 70 table 7 asks for
      sectorEraseTimes: [SectorEraseTime(sectorSize: size, time: .milliseconds(3.28, 3.94))],
      // Datasheet: half a page, or a word, takes as long as an erase; half pages are a guess, the
      // longest time is that of two words.
      programTimePerUnit: .milliseconds(3.28 * 16 / Double(size), 7.88),
      massEraseTime: massErase,
      massEraseIsBySectors: true,  // their flash has no such command: OpenOCD makes do with RDP
      reported: reported,
      protection: .rdp(0x1FF8_0000))
  }
}

// STM32L4, L4+, L5 and WB: 8 bytes at a time with ECC. A write of more than 256 bytes that is
// not a multiple of 8 is corrupted by some L4 ROMs (AN2606), which the unit takes care of.

extension ChipProfile {
  /// STM32L4 and L4+.
  static func l4(
    _ roms: [BootloaderROM],
    reported: ReportedTimes = .milliseconds(20, 25, 1)  // as L476; all but 20 guessed
  ) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 8,
      sectorEraseTimes: [.kibibytes(8, 22, 30)],  // datasheet 24.5; one board needed 30
      programTimePerUnit: .microseconds(82, 91),  // datasheet
      massEraseTime: .milliseconds(22, 30),  // datasheet 25
      earlyPolling: .harmful(
        "it stalls a host that asks while it is busy, and reports too little (dfu-util)"),
      reported: reported,  // shorter than an erase (dfu-util)
      quirkFacts: [.init(.stallsWhileBusy)],
      protection: .rdp(0x1FFF_7800, 0x1FF0_0000))
  }

  /// STM32L4+.
  static func l4plus(_ roms: [BootloaderROM]) -> ChipProfile {
    l4(roms, reported: .milliseconds(25, 25, 25))  // guessed
  }

  /// STM32L5.
  static func l5(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 16,  // the alignment that AN2606 Rev 70 table 7 asks for
      sectorEraseTimes: [.kibibytes(4, 22, 30)],  // as L4
      programTimePerUnit: .microseconds(164, 182),  // as L4, twice
      massEraseTime: .milliseconds(22, 30),  // as L4
      protection: .rdp(0x4002_2040))
  }

  /// STM32U3; no map of one was ever posted.
  static func u3(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 16,  // with ECC
      sectorEraseTimes: [.kibibytes(4, 1.5, 5)],  // as U5; guessed
      programTimePerUnit: .microseconds(118, 236),  // as U5; guessed
      massEraseTime: .milliseconds(384, 1_280),  // 256 sectors; guessed
      massEraseIsBySectors: true,
      reported: .milliseconds(5, 10, 1),  // as U5; guessed
      protection: .rdp(0x4002_2040))
  }

  /// STM32WB30, WB35, WB50, WB55.
  static func wb(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 8,
      sectorEraseTimes: [.kibibytes(4, 22, 24.5)],  // datasheet; 44 to 62 ms with the transfers
      programTimePerUnit: .microseconds(82, 91),  // datasheet
      massEraseTime: .milliseconds(22, 25),  // datasheet
      reported: .milliseconds(40, 40, 40),  // guessed; Flipper's logs show 49 ms a block in all
      protection: .rdp(0x1FFF_8000))
  }
}

// STM32G0, G4, C0 and U0: pages of 2 KiB, programmed 8 bytes at a time with ECC.

extension ChipProfile {
  /// STM32G0B0, G0B1, G0C1: every alternate setting has the flash's map, and only addresses count.
  static func g0(_ roms: [BootloaderROM]) -> ChipProfile {
    var profile = pages(
      roms, reported: .milliseconds(30, 15, 15),  // guessed
      protection: .rdp(0x1FFF_7800))
    profile.readTimePerKiB = .milliseconds(30)  // a log of a G0B0 has 31 for an upload of 1 KiB
    return profile
  }

  /// STM32C071.
  static func c0(_ roms: [BootloaderROM]) -> ChipProfile {
    pages(
      roms, reported: .milliseconds(30, 20, 20),  // as G0; guessed
      protection: .rdp(0x1FFF_7800, 0x4002_2020))
  }

  /// STM32U073 and U083.
  static func u0(_ roms: [BootloaderROM]) -> ChipProfile {
    pages(
      roms, reported: .milliseconds(30, 20, 20),  // as C0
      protection: .rdp(0x4002_2020))
  }

  private static func pages(
    _ roms: [BootloaderROM], reported: ReportedTimes, protection: ProtectionLevel
  ) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 8,
      sectorEraseTimes: [.kibibytes(2, 22, 40)],  // datasheet
      programTimePerUnit: .microseconds(85, 125),  // datasheet
      massEraseTime: .milliseconds(22, 40),  // datasheet
      reported: reported,
      protection: protection)
  }

  /// STM32G431 and G441.
  static func g431(_ roms: [BootloaderROM]) -> ChipProfile {
    g4(roms, reported: .milliseconds(131, 131, 131))  // seen
  }

  /// STM32G47x, G48x and G491.
  static func g474(_ roms: [BootloaderROM]) -> ChipProfile {
    g4(roms, reported: .milliseconds(131, 20, 20))  // as G431; guessed
  }

  private static func g4(_ roms: [BootloaderROM], reported: ReportedTimes) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 8,
      sectorEraseTimes: [.kibibytes(4, 22, 24.5)],  // datasheet; 4 KiB in single-bank mode
      programTimePerUnit: .microseconds(82, 83),  // datasheet
      massEraseTime: .milliseconds(22, 25),  // datasheet
      reported: reported,
      protection: .rdp(0x1FFF_7800))
  }
}
