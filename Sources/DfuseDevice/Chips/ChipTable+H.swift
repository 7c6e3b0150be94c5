// What is known of each chip, and from where: the rows of AN2606, by what a bootloader is known, and
// what is true of it. "datasheet" is for supplies above 2.7 V; what says "as" another has no source of
// its own; flash sizes are from datasheets, from memory, RAM from ST's CMSIS headers (`SRAM1_BASE` and
// the like); modm-devices agrees but for L47x. `reported` is in the order erase, block, Set Address.
extension ChipTable {
  /// STM32H5, H7, U5, WBA and C5: sectors of 8 or 128 KiB.
  static let h: [ChipEntry] = [
    .init(
      .init(
        flash: .sectors(of: 128 << 10, kibibytes: 1...1024), options: .at(0x5200_201C, bytes: [88])),
      .h723([h72x])),
    .init(
      .init(
        flash: .sectors(of: 128 << 10, kibibytes: 1...2048), options: .at(0x5200_201C, bytes: [128])
      ),
      .h743([h74x])),
    .init(
      .init(flash: .sectors(of: 128 << 10, kibibytes: 1025...2048), options: .hidden),
      .h743([h74x])),
    .init(
      .init(flash: .sectors(of: 8192, kibibytes: 65...2048), options: .at(0x5200_201C)),
      .h7a3([h7a3])),
    // An H7B3I-EVAL's first ROM; its sectors are told as of 2 KiB, and corrected or not.
    .init(
      .init(flash: .sectors(of: 2048, kibibytes: 512...512), options: .at(0x01FF_8000)),
      .h7a3([h7a3])),
    .init(
      .init(flash: .sectors(of: 2048, kibibytes: 512...512), options: .at(0x5200_201C)),
      .h7a3([h7a3])),
    .init(
      .init(flash: .sectors(of: 8192, kibibytes: 2048...2048), options: .at(0x01FF_8000)),
      .h7a3([h7a3])),
    .init(
      .init(flash: .sectors(of: 8192, kibibytes: 65...4096), options: .at(0x4002_2040)),
      // WBA has the same flash and option registers, as far as its manual shows; no map was posted.
      .u5([u535, u575, u59x, u5fx, wba2, wba6])),
    // Nothing else has so little in sectors of this size.
    .init(.init(flash: .sectors(of: 8192, kibibytes: 64...64)), .h7r([h7r])),
    .init(
      .init(
        flash: .sectors(of: 8192, kibibytes: 65...4096), options: .at(0x4002_2050, bytes: [176])),
      .h5([h503, h52x, h56x, h5e])),
    // Only the flash's string was seen.
    .init(
      .init(flash: .sectors(of: 8192, kibibytes: 513...4096), options: .hidden),
      .h5([h503, h52x, h56x, h5e])),
    // ST's OpenBootloader for the C5 shows option bytes.
    .init(
      .init(
        flash: .sectors(of: 8192, kibibytes: 65...1024), options: .at(0x4002_2050, bytes: [432])),
      .c5([c53x, c55x, c59x])),
    .init(
      .init(flash: .sectors(of: 8192, kibibytes: 512...512), options: .hidden, alternates: 1...1),
      .c5([c53x, c55x, c59x])),
  ]

  // MARK: - AN2606 Rev 70, table 3

  private static let wba2 = BootloaderROM(
    "STM32WBA2", ids: [0xD0], at: 0x0BF8_CCFE, dfu: 0x0300, flash: [256, 512],
    ram: .withSecureAlias([.init(0x2000_0000, 96)]))
  private static let wba6 = BootloaderROM(
    "STM32WBA62-65", ids: [0xD2], at: 0x0BF9_7EFE, dfu: 0x0300, flash: [1024, 2048],
    ram: .withSecureAlias([.init(0x2000_0000, 512)]))
  private static let c59x = BootloaderROM(
    "STM32C59x/5A3", ids: [0x100], at: 0x0BF8_85FE, dfu: 0x0300, flash: [512, 1024],
    ram: [])
  private static let c55x = BootloaderROM(
    "STM32C551/552/562", ids: [0x101], at: 0x0BF8_85FE, dfu: 0x0300, flash: [256, 512],
    ram: [])
  private static let c53x = BootloaderROM(
    "STM32C531/532/542", ids: [0x100], at: 0x0BF8_85FE, dfu: 0x0300, flash: [128, 256],
    ram: [])
  private static let h503 = BootloaderROM(
    "STM32H503", ids: [0xE2], at: 0x0BF8_FFFE, dfu: 0x0300, flash: [128],
    ram: [.init(0x2000_0000, 32)], registers: .h5)
  private static let h56x = BootloaderROM(
    "STM32H562/563/573", ids: [0xE5], at: 0x0BF9_FAFE, dfu: 0x0300, flash: [1024, 2048],
    ram: .withSecureAlias([.init(0x2000_0000, 640)]), registers: .h5)
  private static let h52x = BootloaderROM(
    "STM32H523/533", ids: [0xE2], at: nil, dfu: 0x0300, flash: [256, 512],
    ram: .withSecureAlias([.init(0x2000_0000, 272)]), registers: .h5)
  private static let h5e = BootloaderROM(
    "STM32H5E/5F", ids: [0xF0], at: 0x0BFB_5FFE, dfu: 0x0300, flash: [2048, 4096],
    ram: .withSecureAlias([.init(0x2000_0000, 1536)]))
  private static let h72x = BootloaderROM(
    "STM32H72x/73x", ids: [0x93], at: 0x1FF1_E7FE, dfu: 0x0220, flash: [128, 512, 1024],
    ram: [
      .init(0x0000_0000, 256), .init(0x2000_0000, 128), .init(0x2400_0000, 320),
      .init(0x3000_0000, 32), .init(0x3800_0000, 16),
    ], registers: .h74,
    limits: [
      .init(
        versions: [0x91, 0x92],
        text:
          "the memory map has a wrong size; the chip restarts again and again with RDP level 1 and USB plugged in"
      )
    ])
  private static let h74x = BootloaderROM(
    "STM32H74x/75x", ids: [0x92], at: 0x1FF1_E7FE, dfu: 0x0220, flash: [128, 1024, 2048],
    ram: [
      .init(0x0000_0000, 64), .init(0x2000_0000, 128), .init(0x2400_0000, 512),
      .init(0x3000_0000, 288), .init(0x3800_0000, 64),
    ], registers: .h74,
    limits: [
      .init(versions: [0xD3], text: "a mass erase does not work"),
      .init(versions: [0x90], text: "RAM and ITCM cannot be reached"),
      .init(versions: [0x91], text: "an erase in bank 2 is reported done while it goes on"),
      .init(
        versions: [0x90, 0x91, 0x92],
        text: "a program whose stack begins in the last 16 bytes of RAM is not started"),
    ])
  private static let h7a3 = BootloaderROM(
    "STM32H7A3/7B0/7B3", ids: [0x92], at: 0x1FF1_3FFE, dfu: 0x0220, flash: [128, 1024, 2048],
    ram: [
      .init(0x0000_0000, 64), .init(0x2000_0000, 128), .init(0x2400_0000, 1024),
      .init(0x3000_0000, 128), .init(0x3800_0000, 32),
    ], registers: .h5,
    limits: [
      .init(
        versions: [0x90], text: "the memory map says 2 KiB where sectors are 8 KiB, and lacks OTP"),
      .init(versions: [0x91], text: "the chip may restart again and again"),
    ])
  private static let h7r = BootloaderROM(
    "STM32H7R/7S", ids: [0xE3, 0xE5], at: 0x1FF1_FCFE, dfu: 0x0220, flash: [64],
    ram: [
      .init(0x0000_0000, 192), .init(0x2000_0000, 192), .init(0x2400_0000, 456),
      .init(0x3000_0000, 32),
    ])
  private static let u535 = BootloaderROM(
    "STM32U535/545", ids: [0x91], at: 0x0BF9_9EFE, dfu: 0x0220, flash: [128, 256, 512],
    ram: .withSecureAlias([.init(0x2000_0000, 256), .init(0x2800_0000, 16)]), registers: .u5)
  private static let u575 = BootloaderROM(
    "STM32U575/585", ids: [0x93], at: 0x0BF9_9EFE, dfu: 0x0220, flash: [1024, 2048],
    ram: .withSecureAlias([.init(0x2000_0000, 768), .init(0x2800_0000, 16)]), registers: .u5,
    limits: [
      .init(versions: [0x92], text: "RDP and secure option bytes cannot be changed together")
    ])
  private static let u59x = BootloaderROM(
    "STM32U59x/5Ax", ids: [0x92], at: 0x0BF9_9EFE, dfu: 0x0220, flash: [2048, 4096],
    ram: .withSecureAlias([.init(0x2000_0000, 2496), .init(0x2800_0000, 16)]), registers: .u5)
  private static let u5fx = BootloaderROM(
    "STM32U5Fx/5Gx", ids: [0x90], at: 0x0BF9_9EFE, dfu: 0x0220, flash: [2048, 4096],
    ram: .withSecureAlias([.init(0x2000_0000, 3008), .init(0x2800_0000, 16)]), registers: .u5)
}

// STM32H7: option bytes at 0x5200_201C; sectors of 128 KiB, or of 8 KiB on H7A3/7B3.

extension ChipProfile {
  /// STM32H742, H743, H750, H753 and the dual-core parts.
  static func h743(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 32,  // flash word with ECC
      sectorEraseTimes: [.kibibytes(128, 905, 4000)],  // seen (ST community 234209); datasheet
      programTimePerUnit: .microseconds(200, 580),  // datasheet: 100 to 290 by parallelism; a guess
      massEraseTime: .milliseconds(14_400, 26_000),  // 16 sectors of 0.9 s; datasheet
      massEraseWorks: false,  // bootloader V13.3 (AN2606); it would be no faster on the others
      earlyPolling: .harmless(
        "ST's own programmer does not wait once an H743 has answered (ST community 234209)"),
      reported: bigSectors,
      whileBusy: .worksFirst,  // the first DFU_GETSTATUS of an erase took 905 ms (234209)
      quirkFacts: [
        .init(.h743StuckBusy, .allBut([0x91])), .init(.waitWorstCaseErase, .only([0x91])),
      ],
      protection: .rdp(0x5200_201D, 0x5200_2021))
  }

  /// 1000 ms for an erase: dfu-util ticket 88; the rest is guessed.
  private static let bigSectors = ReportedTimes.milliseconds(1000, 5, 1)

  /// STM32H723, H725, H730, H733, H735.
  static func h723(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 32,  // flash word with ECC
      sectorEraseTimes: [.kibibytes(128, 905, 4000)],  // as H743
      programTimePerUnit: .microseconds(200, 580),  // as H743
      massEraseTime: .milliseconds(7_200, 26_000),  // 8 sectors of 0.9 s; as H743
      reported: bigSectors,  // as H743
      whileBusy: .worksFirst,  // as H743
      protection: .rdp(0x5200_201D, 0x5200_2021))
  }

  /// STM32H7R and H7S: 64 KiB; no map of one was ever posted.
  static func h7r(_ roms: [BootloaderROM]) -> ChipProfile {
    var profile = h7a3(roms)  // guessed, but for the unit
    profile.protection = nil
    return profile
  }

  /// STM32H7A3, H7B0, H7B3.
  static func h7a3(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 16,  // flash word with ECC
      sectorEraseTimes: [.kibibytes(8, 3, 20)],  // 3 by Zephyr; the limit is a guess
      programTimePerUnit: .microseconds(150, 580),  // a guess; as H743
      massEraseTime: .milliseconds(768, 5_200),  // 256 sectors; a guess
      massEraseIsBySectors: true,
      reported: .milliseconds(5, 15, 1),  // guessed
      protection: .rdp(0x5200_201D, 0x5200_2021))
  }
}

// STM32U5, H5 and C5: sectors of 8 KiB.

extension ChipProfile {
  /// STM32U5.
  static func u5(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 16,  // with ECC
      sectorEraseTimes: [.kibibytes(8, 1.5, 5)],  // datasheet
      programTimePerUnit: .microseconds(118, 236),  // datasheet; the limit is a guess
      massEraseTime: .milliseconds(768, 2_560),  // 512 sectors; a guess
      massEraseIsBySectors: true,
      reported: .milliseconds(5, 10, 1),  // guessed
      protection: .rdp(0x4002_2040))
  }

  /// STM32H5.
  static func h5(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 16,  // with ECC
      sectorEraseTimes: [.kibibytes(8, 2, 5)],  // datasheet
      programTimePerUnit: .microseconds(31, 62),  // datasheet; the limit is a guess
      massEraseTime: .milliseconds(512, 1_280),  // 256 sectors; a guess
      massEraseIsBySectors: true,
      reported: .milliseconds(5, 5, 1),  // guessed
      // PRODUCT_STATE: 0xED is open. From the others only debug authentication leads back, which
      // cannot be told over USB; a C5, which looks alike, has other levels for ever among them.
      protection: ProtectionLevel(
        bytes: [0x4002_2051, 0x4002_2055], permanent: Set(0...0xFF).subtracting([0xED])))
  }

  /// STM32C5, of which little is known but its descriptors (betaflight-configurator#5300).
  static func c5(_ roms: [BootloaderROM]) -> ChipProfile {
    ChipProfile(
      roms: roms,
      programmingUnit: 32,  // as an unknown chip
      sectorEraseTimes: [.kibibytes(8, 2, 40)],  // as H5; the limit is a guess
      programTimePerUnit: .microseconds(62, 3200),  // as H5; as an unknown chip
      massEraseTime: .milliseconds(512, 32_000),  // as H5; as an unknown chip
      massEraseWorks: false,
      reported: .milliseconds(5, 5, 1),  // as H5
      // RDP_LEVEL: both are level 2.
      protection: ProtectionLevel(bytes: [0x4002_2051, 0x4002_2055], permanent: [0xD1, 0x72]))
  }
}
