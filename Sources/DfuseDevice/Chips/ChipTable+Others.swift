extension USBID {
  /// Artery's ROM bootloaders.
  static let arteryBootloader = USBID(vendorID: 0x2E3C, productID: 0xDF11)
}

extension ChipTable {
  /// Chips of other makers, by their USB ids.
  static let clones: [ChipEntry] = [
    .init(.init(ids: [.gd32Bootloader]), .gd32),
    // The maker has one id for all; option bytes as iNav and betaflight have them for F435/437, as a
    // Gotek and a keyboard show them for the others.
    .init(.init(ids: [.arteryBootloader], options: .at(0x1FFF_C000)), .at32("AT32F435/437")),
    .init(
      .init(ids: [.arteryBootloader], options: .at(0x1FFF_F800, bytes: [32])), .at32("AT32F415")),
    .init(
      .init(ids: [.arteryBootloader], options: .at(0x1FFF_F800, bytes: [512])),
      .at32("AT32F402/405")),
    .init(.init(ids: [.arteryBootloader], optionsNot: [0x1FFF_C000, 0x1FFF_F800]), .at32("AT32")),
    .init(.init(ids: [USBID(vendorID: 0x314B, productID: 0x0106)]), .apm32),
    .init(.init(ids: [USBID(vendorID: 0x3997, productID: 0xDF11)]), .x32),
    .init(.init(ids: [USBID(vendorID: 0x1D50, productID: 0x6017)]), .blackMagicProbe),
    // Particle Argon, Boron and Xenon.
    .init(
      .init(
        ids: [
          USBID(vendorID: 0x2B04, productID: 0xD00C), USBID(vendorID: 0x2B04, productID: 0xD00D),
          USBID(vendorID: 0x2B04, productID: 0xD00E),
        ]), .nrf52),
  ]
}

// Chips like STM32 from other makers, told by their USB ids.

extension ChipProfile {
  /// GD32VF103, and GD32 parts with the same bootloader.
  static let gd32 = ChipProfile(
    name: "GD32VF103",
    programmingUnit: 4,
    sectorEraseTimes: [.kibibytes(2, 50, 300)],  // a guess; less than it reports
    programTimePerUnit: .microseconds(40, 406),  // a guess; 104 ms reported for 2048 bytes
    massEraseTime: .milliseconds(16_000, 32_000),  // as an unknown chip
    massEraseWorks: false,  // not tried by anybody who wrote of it
    takesRequestsTogether: false,  // nor this
    mayBeRISCV: true,  // GD32's id is used by RISC-V and ARM parts
    sharesItsID: true,
    reported: .internalFlash,  // gd32-dfu-utils#3
    quirkFacts: [.init(.leavesWithoutStatus)])

  /// AT32, all with the times of the AT32F435.
  static func at32(_ name: String) -> ChipProfile {
    var profile = named(name)
    // AT32F435's datasheet, from memory: 50 ms a sector, 50 us a word; the limits are guesses.
    profile.sectorEraseTimes = [.kibibytes(4, 50, 500)]
    profile.programTimePerUnit = .microseconds(400, 3200)
    profile.reported = .milliseconds(100, 50, 0)  // guessed
    profile.sharesItsID = true
    return profile
  }

  /// APM32.
  static let apm32 = likeF103("APM32")
  /// X32.
  static let x32 = likeF103("X32")

  /// nRF52840, under an application bootloader: a page takes 85 ms (product specification).
  static let nrf52: ChipProfile = {
    var profile = unknown
    profile.name = "nRF52840"
    profile.isKnown = true
    profile.sectorEraseTimes = [.kibibytes(4, 85, 100)]
    return profile
  }()

  /// A Black Magic Probe, an STM32F103 under a bootloader of its own.
  static let blackMagicProbe: ChipProfile = {
    var profile = likeF103("STM32F103")
    profile.isROM = false
    profile.sectorEraseTimes = [.kibibytes(2, 40, 100)]  // its source: 40 ms at most
    return profile
  }()

  /// A copy of the STM32F103, with its times.
  ///
  /// Half words of 52.5 us; the limits are guesses.
  private static func likeF103(_ name: String) -> ChipProfile {
    var profile = named(name)
    profile.sectorEraseTimes = [.kibibytes(2, 20, 100)]
    profile.programTimePerUnit = .microseconds(840, 3200)
    return profile
  }

  /// A clone of which nothing but its ids and map is known.
  private static func named(_ name: String) -> ChipProfile {
    var profile = unknown
    profile.name = name
    profile.isKnown = true
    profile.isROM = true
    return profile
  }
}

extension ChipProfile {
  /// A chip nobody knows: the values that suit, or at least do not harm, all others.
  public static let unknown = ChipProfile(
    name: "unknown",
    programmingUnit: 32,  // a multiple of all units, harmless inside an erased sector
    sectorEraseTimes: [  // at most the slowest of the known families; usually F4, word by word
      .kibibytes(8, 40, 100), .kibibytes(16, 250, 800), .kibibytes(64, 550, 2400),
      .kibibytes(128, 1000, 4000), .kibibytes(256, 1000, 4000),
    ],
    programTimePerUnit: .microseconds(128, 3200),  // F4, word by word; byte by byte
    massEraseTime: .milliseconds(8_000, 32_000),  // F4, word by word; byte by byte
    massEraseWorks: false,
    isROM: false,
    takesRequestsTogether: false,
    whileBusy: .holdsBack,  // as mboot's source has it
    isKnown: false)

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
    profile.earlyPolling = .unknown
    profile.takesRequestsTogether = false
    profile.quirkFacts = []
    profile.roms = []
    profile.reported = nil
    profile.whileBusy = Self.unknown.whileBusy
    return profile
  }
}
