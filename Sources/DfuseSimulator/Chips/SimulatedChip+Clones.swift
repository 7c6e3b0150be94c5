// Chips of other makers with bootloaders that speak DfuSe, of some of which the descriptor says no
// version, or another one; and bootloaders with plain DFU that are easily taken for such.
extension SimulatedChip {
  /// APM32F103, 128 KiB: known are the ids only, the rest follows the F1.
  private static let apm32f103 = halfWords(
    "apm32f103", ["apm32"], part: "APM32F103 (128 KiB)",
    guessed: [.polls, .transferSize, .behaviour, .identity], pages: 128, of: 1,
    usb: USBFacts(
      vendorID: 0x314B, productID: 0x0106, bcdDevice: 0x0200, manufacturer: "Geehy",
      product: "APM32 DFU ISP Mode", serial: "00000000010C", serialIsConstant: true,
      maps: [flashMap("128*001Kg"), PostedListing.string("f107-dfu-util-lsusb", 1)]),
    polls: ReportedPolls(erase: 50, write: 50)
  ) { $0.options = nil }

  static let otherMakers: [SimulatedChip] = [
    // GD32VF103, 128 KiB: the map promises 1 MiB, the serial number is 8-bit text, and it leaves
    // without a status (dfu-util, fwupd, gd32-dfu-utils#3).
    SimulatedChip(
      "gd32vf103", ["gd32vf103cb"],
      profile: DeviceProfile(
        part: "GD32VF103CB (128 KiB)", guessed: [.behaviour],
        usb: USBFacts(
          manufacturer: "GDMicroelectronics", product: "GD32 0x418 DFU Bootloader",
          serialIsConstant: true
        ).posted("gd32vf103-longan-fiveforths"),
        memories: [.flash(128, 1 * kib), .init(.optionBytes, at: 0x1FFF_F800, 16)],
        rules: FlashRules(unit: 4, rewrite: .zeroOnly),
        // Guessed: less than it reports.
        times: WorkTimes([1: 50], width: 4, program: 40, massErase: 100),
        polls: .internalFlash, behaviour: Behaviour(whileBusy: .answersBusy, leave: .atDownload),
        quirks: Quirks(mapIsWrong: true, eightBitSerial: true),
        hasVectorTable: false)),
    // AT32F435, 4032 KiB; its first eight sectors cannot be written.
    SimulatedChip(
      "at32f435", ["at32f437"],
      profile: DeviceProfile(
        part: "AT32F435/F437 (4032 KiB)", guessed: [.polls, .transferSize, .behaviour, .identity],
        usb: USBFacts(
          bcdDevice: 0x0200, manufacturer: "Artery-Tech", product: "AT32 Bootloader DFU",
          serial: PostedListing.serial("at32f415-gotek"), serialIsConstant: true
        ).posted("at32f437-betaflight"),
        memories: [
          .init(.readOnly, at: 0x0800_0000, [.init(8, 4 * kib)]),
          .flash(1000, 4 * kib, at: 0x0800_8000),
          .init(.optionBytes, at: 0x1FFF_C000, 4 * kib),
        ],
        countsReadOnlyFlash: true, rules: FlashRules(unit: 4, rewrite: .zeroOnly),
        times: WorkTimes([4: 50], width: 4, program: 50, massErase: 8000),
        polls: ReportedPolls(erase: 100, write: 50, setAddress: 0),
        // Flashers for AT32 send their commands unasked (keirf/flashfloppy#584).
        quirks: Quirks(answersNoCommandList: true))),
    apm32f103,
    // A clone of the F105 with ST's ids and a functional descriptor of 7 bytes (flashfloppy#462).
    stm32f107.variant("f105-clone", part: "clone of the STM32F105 (256 KiB)") { profile in
      profile.guessed.insert(.identity)
      profile.usb = profile.usb.posted("f105-gotek-sfrc922d")
      profile.quirks.hasShortFunctionalDescriptor = true
    },
  ]

  // MARK: - Like the APM32F103

  /// A clone's bootloader like that of the APM32F103; without a version if that is nil.
  private static func clone(
    _ name: String, part: String, posted key: String? = nil, version: UInt16? = nil,
    _ change: Change
  ) -> SimulatedChip {
    apm32f103.variant(name, part: part) { profile in
      if let key { profile.usb = profile.usb.posted(key) }
      if let version { profile.usb.bcdDFUVersion = version }
      profile.quirks.hasShortFunctionalDescriptor = version == nil
      change(&profile)
    }
  }

  static let likeAPM32: [SimulatedChip] = [
    // AT32F415, 128 KiB; its map has a blank before the count, its descriptor no version.
    clone("at32f415", part: "AT32F415 (128 KiB)", posted: "at32f415-gotek") {
      $0.memories[1] = .init(.optionBytes, at: 0x1FFF_F800, [.init(2, 16)])
      $0.times = WorkTimes([1: 50], width: 4, program: 50, massErase: 8000)  // as the F435
    },
    // APM32F072, 128 KiB; an address of seven digits.
    clone(
      "apm32f072", part: "APM32F072 (128 KiB)", posted: "apm32f072-durgod-k320", version: 0x0110
    ) { profile in
      profile.memories[0] = .flash(64, 2 * kib)
      profile.times.erase = [2 * kib: .milliseconds(25)]
    },
    // A GD32 of which the first 12 KiB cannot be written; version 0x0100.
    clone(
      "gd32-12k", part: "GD32 (128 KiB)", posted: "gd32-12k-write-up", version: 0x0100
    ) { profile in
      profile.memories = [
        .init(.readOnly, at: 0x0800_0000, [.init(12, 1 * kib)]),
        .flash(116, 1 * kib, at: 0x0800_3000),
      ]
      profile.countsReadOnlyFlash = true
      // As the GD32VF103.
      profile.times = WorkTimes([1: 50], width: 4, program: 40, massErase: 100)
      profile.behaviour.whileBusy = .answersBusy
      profile.quirks.eightBitSerial = true
    },
    // X32, of which nothing but its ids was posted.
    clone("x32f103", part: "X32F103 (128 KiB)", version: 0x0110) { profile in
      (profile.usb.vendorID, profile.usb.productID) = (0x3997, 0xDF11)
      profile.usb.maps.removeLast()
    },
  ]

  // MARK: - Plain DFU that looks like DfuSe

  /// A device with plain DFU: every block is firmware.
  private static func plainDFU(
    _ name: String, part: String, usb: USBFacts, start: UInt32 = 0x0800_0000,
    _ change: Change = { _ in }
  ) -> SimulatedChip {
    let profile = DeviceProfile(
      part: part, guessed: [.polls, .behaviour], usb: usb, commands: [], defaultPointer: start,
      memories: [.flash(128, 2 * kib, at: start)], rules: FlashRules(unit: 1, rewrite: .clearsBits),
      times: WorkTimes([2: 20], width: 4, massErase: 100),
      polls: ReportedPolls(erase: 0, write: 1), behaviour: Behaviour(flavour: .plainDFU))
    return SimulatedChip(name, profile: profile, change)
  }

  /// What TinyUSB's class does with whatever application; the callbacks of both work at once.
  private static func asTinyUSB(_ profile: inout DeviceProfile) {
    profile.guessed = []
    profile.usb.configuration.attributes = 0x80
    profile.polls.manifest = 0
    profile.behaviour = Behaviour(
      flavour: .tinyUSB, whileBusy: .waits, leave: .returnsToIdle, clearStatus: .clears,
      oversize: .stallsUnchanged)
  }

  /// An Arduino with a Renesas chip: memory maps as names, over TinyUSB's DFU class
  /// (arduino/arduino-renesas-bootloader, src/main.c and usb_descriptors.c, 2026-03).
  private static func renesas(
    _ name: String, part: String, posted key: String, others: [String] = []
  ) -> SimulatedChip {
    plainDFU(
      name, part: part,
      usb: USBFacts(product: part, serial: "3517080A0B3C5D2E", detachTimeOut: 1000)
        .posted("arduino-renesas-src").posted(key, others: others),
      start: 0
    ) { profile in
      asTinyUSB(&profile)
      profile.guessed = [.identity]
      profile.polls.write = 0
    }
  }

  /// Bootloaders with plain DFU, to which a DfuSe command is firmware.
  package static let plain: [SimulatedChip] = [
    // The DFU class of TinyUSB as its example has it (examples/device/dfu, 2026-08), built with ST's
    // ids. TinyUSB's `TUD_DFU_DESCRIPTOR` states version 0x0110, and did 0x0101 before 2026-02.
    plainDFU(
      "tinyusb-dfu", part: "TinyUSB DFU class",
      usb: USBFacts(
        serialIsConstant: true, detachTimeOut: 1000, transferSize: 512, version: 0x0201,
        platform: .tinyUSB
      ).posted("tinyusb-dfu-src"), asTinyUSB),
    renesas("uno-r4", part: "Arduino UNO R4 Minima", posted: "uno-r4-kpn532"),
    renesas(
      "nano-r4", part: "Arduino Nano R4", posted: "nano-r4-rotator",
      others: [PostedListing.string("arduino-renesas-src")]),
    renesas("portenta-c33", part: "Arduino Portenta C33", posted: "portenta-c33-installer"),
    // dapboot on an F103 with 128 KiB, its first 8 its own (devanlai/dapboot, src/dfu.c, usb_conf.c and
    // stm32f103/target_stm32f103.c, 2025-02). It counts bytes, not blocks.
    plainDFU(
      "dapboot", part: "dapboot (F103, 128 KiB)",
      usb: USBFacts(serial: "34FFD5055448373532441343", version: 0x0210, platform: .dapboot)
        .posted("dapboot-src"), start: 0x0800_2000
    ) { profile in
      profile.guessed = []
      profile.memories = [
        .init(.readOnly, at: 0x0800_0000, [.init(8, kib)]), .flash(120, kib, at: 0x0800_2000),
      ]
      profile.rules = FlashRules(unit: 2, rewrite: .zeroOnly, failure: StatusCode.errVERIFY)
      profile.times = WorkTimes([1: 25], width: 2, program: 53, massErase: 30)
      profile.polls = ReportedPolls(erase: 0, write: 100, manifest: 0)
      profile.behaviour = Behaviour(
        flavour: .dapboot, whileBusy: .waits, clearStatus: .ignored, oversize: .stallsUnchanged,
        resetsToLeave: true)
      profile.quirks.mediaFailure = StatusCode.errVERIFY
    },
    // The Maple bootloader: plain DFU that states 0x011A (dfu-util quirks.c).
    plainDFU(
      "maple", part: "Maple bootloader",
      usb: USBFacts(
        vendorID: 0x1EAF, productID: 0x0003, bcdDevice: 0x0200, manufacturer: "LeafLabs",
        product: "Maple 003", serial: PostedListing.serial("stm32duino-bootloader"),
        serialIsConstant: true, maps: [PostedListing.string("stm32duino-bootloader", 2)],
        attributes: 0x03, transferSize: 1024)),
    // The ROM of the STM32MP15x: ST's ids, maps as names, and plain DFU (version 0x0110).
    plainDFU(
      "stm32mp15", part: "STM32MP15x ROM",
      usb: USBFacts(speed: .high).posted("mp15-rom-dhsom")),
  ]
}
