// Bootloaders that are programs in a memory that they can write, not ROMs. Maps and ids from logs.
extension USBFacts {
  /// As ST's device library has it: `iConfiguration` is the product's string, and the maps come
  /// behind two more (usbd_dfu.c, usbd_def.h); their texts are those of `usbd_desc.c`.
  mutating func asInSTLibrary(texts: [UInt8: String]) {
    (configuration.text, firstMap) = (2, 6)
    self.texts = texts
  }
}

extension SimulatedChip {
  /// A board whose bootloader is a program: ST's device class, or code like it.
  ///
  /// `sectors` are erase times in milliseconds by KiB.
  private static func board(
    _ name: String, _ aliases: [String] = [], part: String,
    guessed: Guesses = [.polls, .behaviour], usb: USBFacts, pointer: UInt32 = 0x0800_0000,
    memories: [MemoryRegion], sectors: [Int: Int] = f4Sectors, _ change: Change = { _ in }
  ) -> SimulatedChip {
    let profile = DeviceProfile(
      part: part, guessed: guessed, usb: usb, commands: [0x00, 0x21, 0x41],
      defaultPointer: pointer, memories: memories, rules: FlashRules(unit: 4, rewrite: .clearsBits),
      times: WorkTimes(sectors, width: 4, massErase: 8000), polls: .init(erase: 50, write: 5))
    return SimulatedChip(name, aliases, profile: profile, change)
  }

  /// The sectors of an F4's 1 MiB: those of the bootloader, which it does not write, and the rest.
  private static func f4Memories(reserved: Int) -> [MemoryRegion] {
    [
      .init(.readOnly, at: 0x0800_0000, [.init(reserved, 16 * kib)]),
      .flash(
        [.init(4 - reserved, 16 * kib), .init(1, 64 * kib), .init(7, 128 * kib)],
        at: 0x0800_0000 + UInt32(reserved * 16 * kib)),
    ]
  }

  // MARK: - Software that is measured as well

  /// ST's USB device library 2.11.3 with the flash layout of its F4 template.
  ///
  /// Behaviour as measured on the unmodified Core and DFU class; it leaves by a reset, after which the
  /// template starts what is at its default address (usbd_dfu.c, `DFU_Leave`).
  static let stUsbd = board(
    "st-usbd", ["stm32-usbd"], part: "ST USB device library, DFU class", guessed: [],
    usb: .mode(serial: "00000000001A").posted("f407-eval-cube-src"), pointer: 0x0800_8000,
    memories: f4Memories(reserved: 3)
  ) { profile in
    profile.usb.asInSTLibrary(texts: [4: "DFU Config", 5: "DFU Interface"])
    // As it was measured, with USBD_DFU_MAX_ITF_NUM of two and the same string for both.
    profile.usb.maps += profile.usb.maps
    // ST's code generator's default: 50 ms for both; Set Address reports the program time.
    profile.polls = ReportedPolls(erase: 50, write: 50)
    profile.behaviour = Behaviour(
      flavour: .stMiddleware, whileBusy: .worksBeforeAnswering, leave: .duringStatus,
      clearStatus: .errUnknown, oversize: .hangs, resetsToLeave: true)
    profile.quirks = Quirks(
      ignoresMassErase: true, acceptsAnyAddress: true, mediaFailure: StatusCode.errVENDOR)
    profile.rules.failure = StatusCode.errVENDOR
    profile.countsReadOnlyFlash = true
  }

  static let stUsbdOthers: [SimulatedChip] = [
    // The same with a `wTransferSize` beyond what a Linux host carries in one control transfer. The
    // library takes its buffer's size from USBD_DFU_XFER_SIZE, which its user sets.
    stUsbd.variant(
      "st-usbd-8192", part: "ST USB device library, blocks of 8192 bytes"
    ) { $0.usb.transferSize = 8192 },
    // The same with 16 KiB of FRAM, which is written in place, as its second memory.
    stUsbd.variant(
      "st-usbd-fram", part: "ST USB device library, flash and FRAM"
    ) { profile in
      profile.usb.maps[1] = "@FRAM /0x90000000/04*004Ke"
      profile.memories.append(.init(.eeprom, at: 0x9000_0000, [.init(4, 4 * kib)]))
    },
  ]

  /// MicroPython's mboot on an F4: no poll timeouts, no look at states, texts for errors.
  ///
  /// From ports/stm32/mboot/main.c and dfu.h (2026-08); the first 32 KiB are its own (stm32_memory.ld), and programs begin behind them, as its PYBD boards have it.
  static let mboot = board(
    "mboot", part: "MicroPython mboot (F405, 1 MiB)", guessed: [],
    usb: USBFacts(serial: "2F0038000C51").posted("mboot-f405-src"),
    memories: f4Memories(reserved: 2), asMboot)

  /// What an mboot does on whatever board.
  private static func asMboot(_ profile: inout DeviceProfile) {
    profile.polls = ReportedPolls(erase: 0, write: 0, manifest: 0)
    // Its source works once the answer has gone out, and in that time answers nothing: a mass erase
    // of many seconds made pydfu give up (micropython#5730). It resets 50 ms after it has told so.
    profile.behaviour = Behaviour(
      flavour: .mboot, whileBusy: .waits, clearStatus: .clears, resetsToLeave: true,
      leaveDelay: .milliseconds(50))
    profile.usb.platform = .mboot
    profile.quirks = Quirks(
      acceptsAnyAddress: true, mediaFailure: StatusCode.errADDRESS,
      failureTexts: [0x10: "Can't overwrite mboot", 0x11: "Address out of range"])
  }

  // MARK: - Arduino

  /// Portenta, GIGA and Opta: the bootloader is in two sectors, of which one is marked writable.
  ///
  /// All but the maps from arduino/mcuboot-arduino-stm32h7 (version 25 of the bootloader, 2025-03):
  /// app/board.h, usbd_desc.c, usbd_conf.h, usbd_dfu.cpp, usbd_dfu_flash.cpp. It has a serial port whose
  /// endpoints are never opened: nothing comes from there, and what is sent there is lost.
  private static func arduino(
    _ name: String, product: String, _ change: (inout USBFacts) -> Void
  ) -> SimulatedChip {
    var usb = USBFacts(product: product).posted("arduino-h7-mcuboot-src")
      .posted("portenta-h7-nuttx")
    change(&usb)
    return board(
      name, part: "Arduino " + product, guessed: [], usb: usb, pointer: 0x0804_0000,
      memories: [
        .init(.readOnly, at: 0x0800_0000, 128 * kib),
        .flash(15, 128 * kib, at: 0x0802_0000), .flash(4096, 4 * kib, at: 0x9000_0000),
      ], sectors: [128: 1000, 4: 45]
    ) { profile in
      profile.usb.asInSTLibrary(texts: [4: "DFU Config", 5: "DFU Interface"])
      profile.usb.configuration.current = 0xFA
      profile.usb.otherInterfaces = Descriptors.Interface.serialPort(
        from: 1, isAssociated: true, protocolCode: 1, notification: 0x83, interval: 9, data: 2,
        packetSize: usb.speed == .high ? 512 : 64)
      profile.rules.unit = 32
      profile.programStart = 0x0804_0000
      profile.polls = ReportedPolls(erase: 0, write: 0)
      profile.behaviour = Behaviour(
        flavour: .arduino, whileBusy: .worksBeforeAnswering, clearStatus: .errUnknown,
        oversize: .hangs, resetsToLeave: true, leaveDelay: .milliseconds(200))
      profile.quirks.acceptsAnyAddress = true
    }
  }

  // MARK: - Others

  /// Particle Photon: an STM32F205.
  ///
  /// Release, texts, times, block size and behaviour from particle-iot/device-os
  /// (platform/MCU/STM32F2xx, 2021-12): usbd_dfu_core.c, usbd_dfu_mal.c, usbd_flash_if.c, usbd_conf.h;
  /// bootloader/src/stm32f2xx, usbd_desc.c.
  private static let photon = board(
    "particle-photon", part: "Particle Photon", guessed: [],
    usb: USBFacts(
      manufacturer: "Particle", product: "Photon DFU Mode", serialIsConstant: true,
      transferSize: 4096
    ).posted("photon-nuttx"),
    memories: f4Memories(reserved: 3) + [.flash(1, 16 * kib, at: 0)]
  ) { profile in
    profile.usb.asInSTLibrary(texts: [4: "DFU", 5: "DFU"])
    profile.usb.platform = .particle(value: 0)
    // The one that was posted is older.
    profile.usb.bcdDevice = 0x0250
    profile.programStart = 0x0802_0000
    profile.polls = ReportedPolls(erase: 0, write: 0, manifest: 0)
    profile.behaviour = Behaviour(
      flavour: .photon, whileBusy: .worksBeforeAnswering, clearStatus: .errUnknown,
      oversize: .hangs, resetsToLeave: true, leaveDelay: .milliseconds(500))
    profile.quirks.acceptsAnyAddress = true
  }

  /// A bootloader on libopencm3's USB stack, on an F1 with pages of 1 KiB, of which the first eight are
  /// its own and can be erased all the same.
  private static func libopencm3(
    _ name: String, part: String, flavour: Behaviour.Flavour, usb: USBFacts, pages: Int,
    polls: ReportedPolls
  ) -> SimulatedChip {
    board(
      name, part: part, guessed: [], usb: usb, pointer: 0x0800_2000,
      memories: [
        .init(.readOnly, at: 0x0800_0000, [.init(8, kib)]), .flash(pages, kib, at: 0x0800_2000),
      ]
    ) { profile in
      profile.commands = []
      profile.rules = FlashRules(unit: 2, rewrite: .zeroOnly)
      profile.times = WorkTimes([1: 25], width: 2, program: 53, massErase: 30)
      profile.polls = polls
      profile.behaviour = Behaviour(
        flavour: flavour, whileBusy: .waits, clearStatus: .ignored, oversize: .stallsUnchanged,
        resetsToLeave: true)
    }
  }

  static let boards: [SimulatedChip] = [
    arduino("portenta-h7", product: "Portenta H7") { $0.speed = .high },
    arduino("giga-r1", product: "Giga") { usb in
      usb.productID = 0x0366
      usb.serial = "002A00303230510B31333330"
    },
    // Arduino (Finder) Opta.
    arduino("opta", product: "Opta") { usb in
      (usb.vendorID, usb.productID) = (0x35D1, 0x0364)
      usb.serial = "003B00353130510B37333439"
    },
    // LEGO SPIKE Prime hub: an STM32F413, 32 KiB of bootloader (micropython, LEGO_HUB_NO6), which is
    // an mboot. Descriptors and texts are those in SPIKE 3's own binary (pybricks/pybricks-micropython,
    // bricks/primehub_f4/mboot.bin, 2026-08), what it does is taken from MicroPython's source.
    board(
      "lego-hub", ["spike-prime"], part: "LEGO SPIKE Prime hub", guessed: [.behaviour],
      usb: USBFacts(serial: "387032653436").posted("lego-spike3-src"),
      memories: f4Memories(reserved: 2) + [.flash(8192, 4 * kib, at: 0x8000_0000)],
      sectors: f4Sectors.merging([4: 45]) { $1 }, asMboot),
    photon,
    // Particle Argon: an nRF52840, whose flash begins at 0; behaviour, times and block size from
    // particle-iot/device-os (bootloader/src/nRF52840, 2024-10). Its two commands of its own, 0xFA and
    // 0xFB, are listed and not known.
    board(
      "particle-argon", part: "Particle Argon", guessed: [.identity],
      usb: USBFacts(
        manufacturer: "Particle", product: "Argon DFU Mode", serial: "E00FCE68A1B2C3D4E5F60718",
        transferSize: 4096
      ).posted(
        "particle-argon", others: [1, 2].map { PostedListing.string("particle-boron", $0) }),
      pointer: 0,
      memories: [
        .init(.readOnly, at: 0, 4 * kib), .flash(243, 4 * kib, at: 0x1000),
        .init(.readOnly, at: 0xF_4000, [.init(4, 4 * kib)]), .flash(8, 4 * kib, at: 0xF_8000),
        .flash(1024, 4 * kib, at: 0x8000_0000),
      ], sectors: [4: 85]
    ) { profile in
      // The one that was posted is older.
      profile.usb.bcdDevice = 0x0251
      profile.usb.configuration.text = 4
      profile.usb.firstMap = 6
      profile.usb.texts = [4: "Argon DFU Mode", 5: "Argon DFU Mode"]
      profile.usb.platform = .particle()
      // Where its system firmware begins.
      profile.programStart = 0x0003_0000
      profile.commands = [0x00, 0x21, 0x41, 0xFA, 0xFB]
      profile.polls = ReportedPolls(erase: 0, write: 0, manifest: 0)
      profile.behaviour = Behaviour(
        flavour: .deviceOS, whileBusy: .waits, resetsToLeave: true,
        leaveDelay: .milliseconds(500))
      profile.quirks.acceptsAnyAddress = true
      profile.quirks.mediaFailure = StatusCode.errUNKNOWN
    },
    // RedBear Duo: as the Photon, with a functional descriptor of 7 bytes.
    photon.variant("redbear-duo", part: "RedBear Duo") { profile in
      profile.guessed = [.transferSize, .polls, .behaviour]
      profile.usb.platform = PlatformFacts()
      profile.usb.product = "Duo DFU Mode"
      profile.usb = profile.usb.posted("redbear-duo")
      // Its serial flash has the addresses of the second one's; here an address is one memory.
      profile.usb.maps.removeLast()
      profile.memories = f4Memories(reserved: 1) + [.flash(1, 16 * kib, at: 0)]
      profile.quirks.hasShortFunctionalDescriptor = true
    },
    // The Daisy bootloader, which serves the QSPI flash of an STM32H750. There is no public source:
    // descriptors and texts are those in its binary (electro-smith/libDaisy,
    // core/dsy_bootloader_v6_4-intdfu-2000ms.bin, 2026-04). They are those of ST's device library; what
    // the program behind them does is not known, and here that of a ROM.
    board(
      "daisy", part: "Daisy Seed bootloader",
      usb: USBFacts(transferSize: 4096).posted("daisy-bootloader-gamma"), pointer: 0x9004_0000,
      memories: [
        .flash([.init(64, 4 * kib), .init(60, 64 * kib)], at: 0x9000_0000),
        .flash(60, 64 * kib, at: 0x9040_0000),
      ], sectors: [4: 45, 64: 150]
    ) { $0.usb.asInSTLibrary(texts: [4: "DFU Config", 5: "DFU Interface"]) },
    // NumWorks N0110: speaks DfuSe and states version 0x0100. All of it from numworks/epsilon
    // (ion/src/device, 2026-03): include/n0110/config/usb.h, usb_userland.h for an authenticated
    // system in slot B, shared/usb/dfu_interfaces_helpers.h.
    board(
      "numworks", part: "NumWorks N0110", guessed: [],
      usb: USBFacts(serial: "3A5D32643430", detachTimeOut: 0).posted("numworks-n0110-slot-b-src"),
      pointer: 0,
      memories: [
        .flash([.init(8, 4 * kib), .init(1, 32 * kib), .init(127, 64 * kib)], at: 0x9000_0000),
        .init(.ram, at: 0x2000_0000, 252 * kib),
      ], sectors: [4: 45, 32: 120, 64: 150]
    ) { profile in
      profile.usb.version = 0x0210
      profile.usb.configuration.attributes = 0x80
      profile.usb.firstMap = 16
      profile.usb.platform = .numWorks
      profile.programStart = 0x9000_0000
      profile.commands = []
      profile.polls = ReportedPolls(erase: 1, write: 1, idle: 1)
      profile.behaviour = Behaviour(flavour: .epsilon, whileBusy: .waits, clearStatus: .clears)
      profile.quirks.acceptsAnyAddress = true
    },
    // libopencm3's example for an F103, as many have built on.
    libopencm3(
      "libopencm3-dfu", part: "libopencm3's DfuSe example", flavour: .libopencm3,
      usb: USBFacts(serialIsConstant: true).posted("libopencm3-dfu-demo-src"),
      pages: 56, polls: ReportedPolls(erase: 100, write: 100, manifest: 0)),
    // The Black Magic Probe's bootloader on its own hardware (dfucore.c, dfu_f1.c, 2026-03).
    libopencm3(
      "black-magic-probe", part: "Black Magic Probe", flavour: .blackMagic,
      usb: USBFacts(
        manufacturer: "Black Magic Debug", product: "Black Magic Probe DFU v2.0.0"
      ).posted("black-magic-log"),
      pages: 120, polls: ReportedPolls(erase: 20, write: 27, manifest: 0)
    ).variant("black-magic-probe", part: "Black Magic Probe") { profile in
      // The longest that its source expects of an STM32F103.
      profile.times.erase = [kib: .milliseconds(40)]
      profile.quirks.mediaFailure = StatusCode.ok
      profile.quirks.skipsRepeatedErase = true
    },
    // OPC-20: DfuSe, with the bytes of its version swapped; of its two memories the serial flash.
    board(
      "opc-20", part: "OPC-20", usb: USBFacts(serial: "001").posted("opc-20"),
      pointer: 0, memories: [.flash(128, 64 * kib, at: 0)], sectors: [64: 600]
    ) { profile in
      profile.usb.maps.removeFirst()
      profile.rules.unit = 1
    },
  ]
}
