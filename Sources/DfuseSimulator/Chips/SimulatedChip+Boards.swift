// Bootloaders that are programs in a memory that they can write, not ROMs. Maps and ids from logs.
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
  /// Behaviour as measured on the unmodified Core and DFU class.
  static let stUsbd = board(
    "st-usbd", ["stm32-usbd"], part: "ST USB device library, DFU class", guessed: [],
    usb: .mode(
      serial: "00000000001A",
      maps: Array(
        repeating: "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg", count: 2)),
    pointer: 0x0800_8000, memories: f4Memories(reserved: 3)
  ) { profile in
    // ST's code generator's default: 50 ms for both; Set Address reports the program time.
    profile.polls = ReportedPolls(erase: 50, write: 50)
    profile.behaviour = Behaviour(
      flavour: .stMiddleware, whileBusy: .worksBeforeAnswering, leave: .duringStatus,
      clearStatus: .errUnknown, oversize: .hangs)
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

  /// MicroPython's mboot on an F4: no poll timeouts, CLRSTATUS from every state, texts for errors.
  static let mboot = board(
    "mboot", part: "MicroPython mboot (F405, 1 MiB)", guessed: [.identity],
    usb: USBFacts(
      bcdDevice: 0x0200, manufacturer: "MicroPython", product: "Pyboard DFU Bootloader",
      serial: "2F0038000C51",
      maps: ["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"]),
    memories: f4Memories(reserved: 2)
  ) { profile in
    profile.polls = ReportedPolls(erase: 0, write: 0, manifest: 0)
    // Its source works once the answer has gone out, and in that time answers nothing: a mass erase
    // of many seconds made pydfu give up (micropython#5730).
    profile.behaviour = Behaviour(whileBusy: .waits, clearStatus: .clears)
    profile.quirks = Quirks(
      mediaFailure: StatusCode.errADDRESS, failureTexts: [0x11: "Address out of range"])
  }

  // MARK: - Arduino

  /// Portenta, GIGA and Opta: the bootloader is in two sectors, of which one is marked writable.
  ///
  /// `dfu-util -l` in Zephyr's boards/arduino/portenta_h7 documentation; the memories of no
  /// sectors as in arduino/mcuboot-arduino-stm32h7#33.
  private static func arduino(
    _ name: String, part: String, vendorID: UInt16 = 0x2341, productID: UInt16, serial: String,
    speed: USBSpeed = .full
  ) -> SimulatedChip {
    board(
      name, part: part,
      usb: USBFacts(
        vendorID: vendorID, productID: productID, bcdDevice: 0x0200, manufacturer: "Arduino",
        product: part, serial: serial,
        maps: [
          "@Internal Flash  2MB   /0x08000000/01*128Ka,15*128Kg",
          "@Ext RAW  Flash 16MB   /0x90000000/4096*4Kg",
          "@Ext File Flash  0MB   /0x00000000/0*4Kg", "@Arduino  boot  v.25   /0x00000000/0*4Kg",
        ], transferSize: 4096, speed: speed),
      memories: [
        .init(.readOnly, at: 0x0800_0000, 128 * kib),
        .flash(15, 128 * kib, at: 0x0802_0000), .flash(4096, 4 * kib, at: 0x9000_0000),
      ], sectors: [128: 1000, 4: 45]
    ) { profile in
      profile.rules.unit = 32
      // Where the board packages put a sketch (arduino/ArduinoCore-mbed boards.txt).
      profile.programStart = 0x0804_0000
    }
  }

  // MARK: - Others

  /// Particle Photon: an STM32F205 (`dfu-util -l` in NuttX's boards/arm/stm32/photon).
  private static let photon = board(
    "particle-photon", part: "Particle Photon",
    usb: USBFacts(
      vendorID: 0x2B04, productID: 0xD006, bcdDevice: 0x0250, manufacturer: "Particle",
      product: "Photon DFU Mode", serial: "00000000010C", serialIsConstant: true,
      maps: [
        "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg",
        "@DCT Flash   /0x00000000/01*016Kg",
      ]),
    memories: f4Memories(reserved: 3) + [.flash(1, 16 * kib, at: 0)])

  static let boards: [SimulatedChip] = [
    arduino(
      "portenta-h7", part: "Arduino Portenta H7", productID: 0x035B,
      serial: "003D00473133511137323532", speed: .high),
    arduino(
      "giga-r1", part: "Arduino GIGA R1", productID: 0x0366, serial: "002A00303230510B31333330"),
    // Arduino (Finder) Opta.
    arduino(
      "opta", part: "Opta", vendorID: 0x35D1, productID: 0x0364,
      serial: "003B00353130510B37333439"),
    // LEGO SPIKE Prime hub: an STM32F413, 32 KiB of bootloader (micropython, LEGO_HUB_NO6).
    board(
      "lego-hub", ["spike-prime"], part: "LEGO SPIKE Prime hub",
      guessed: [.maps, .identity, .polls, .behaviour],
      usb: USBFacts(
        vendorID: 0x0694, productID: 0x0008, bcdDevice: 0x0200, manufacturer: "LEGO System A/S",
        product: "LEGO Technic Large Hub in DFU Mode", serial: "387032653436",
        maps: ["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"]),
      memories: f4Memories(reserved: 2)),
    photon,
    // Particle Argon: an nRF52840, whose flash begins at 0.
    board(
      "particle-argon", part: "Particle Argon", guessed: [.identity, .polls, .behaviour],
      usb: USBFacts(
        vendorID: 0x2B04, productID: 0xD00C, bcdDevice: 0x0250, manufacturer: "Particle",
        product: "Argon DFU Mode", serial: "E00FCE68A1B2C3D4E5F60718",
        maps: [
          "@Internal Flash   /0x00000000/1*004Ka,47*004Kg,192*004Kg,4*004Kg,4*004Ka,8*004Kg",
          "@DCD Flash   /0x00000000/1*016Ke", "@External Flash   /0x80000000/1024*004Kg",
        ], transferSize: 4096),
      pointer: 0,
      memories: [
        .init(.readOnly, at: 0, 4 * kib), .flash(243, 4 * kib, at: 0x1000),
        .init(.readOnly, at: 0xF_4000, [.init(4, 4 * kib)]), .flash(8, 4 * kib, at: 0xF_8000),
        .flash(1024, 4 * kib, at: 0x8000_0000),
      ], sectors: [4: 85]),
    // RedBear Duo: as the Photon, with a functional descriptor of 7 bytes (its
    // docs/dfu-util_installation_guide.md).
    photon.variant("redbear-duo", part: "RedBear Duo") { profile in
      profile.usb.productID = 0xD058
      profile.usb.bcdDevice = 0x0200
      profile.usb.product = "Duo DFU Mode"
      profile.usb.maps[0] =
        "@Internal Flash   /0x08000000/01*016Ka,02*016Kg,01*016Kg,01*064Kg,07*128Kg"
      profile.memories = f4Memories(reserved: 1) + [.flash(1, 16 * kib, at: 0)]
      profile.quirks.hasShortFunctionalDescriptor = true
    },
    // The Daisy bootloader, which serves the QSPI flash of an STM32H750 (electro-smith/libDaisy).
    board(
      "daisy", part: "Daisy Seed bootloader",
      usb: USBFacts(
        bcdDevice: 0x0200, manufacturer: "Electrosmith", product: "Daisy Bootloader",
        serial: "3067366D3433",
        maps: ["@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg"],
        transferSize: 1024),
      pointer: 0x9004_0000,
      memories: [
        .flash([.init(64, 4 * kib), .init(60, 64 * kib)], at: 0x9000_0000),
        .flash(60, 64 * kib, at: 0x9040_0000),
      ], sectors: [4: 45, 64: 150]),
    // NumWorks N0110: speaks DfuSe and states version 0x0100.
    board(
      "numworks", part: "NumWorks N0110", guessed: [.identity, .transferSize, .polls, .behaviour],
      usb: USBFacts(
        productID: 0xA291, bcdDevice: 0x0100, manufacturer: "NumWorks",
        product: "NumWorks Calculator", serial: "3A5D32643430",
        maps: [
          "@External Flash /0x90000000/08*004Kg,01*032Kg,63*064Kg/0x90400000/64*064Kg",
          "@Internal Flash /0x08000000/04*016Kg",
        ], bcdDFUVersion: 0x0100),
      pointer: 0x9000_0000,
      memories: [
        .flash([.init(8, 4 * kib), .init(1, 32 * kib), .init(127, 64 * kib)], at: 0x9000_0000),
        .flash(4, 16 * kib),
      ], sectors: [4: 45, 32: 120, 64: 150, 16: 250]),
    // OPC-20: DfuSe, with the bytes of its version swapped (dfu-util device-logs/opc-20.lsusb).
    board(
      "opc-20", part: "OPC-20", guessed: [.identity, .polls, .behaviour],
      usb: USBFacts(
        bcdDevice: 0x0100, manufacturer: "Virtenio", product: "DFU Demo", serial: "001",
        maps: ["@SPI Flash : M25P64/0x00000000/128*64Kg"], transferSize: 1024,
        bcdDFUVersion: 0x1A01),
      pointer: 0, memories: [.flash(128, 64 * kib, at: 0)], sectors: [64: 600]
    ) { $0.rules.unit = 1 },
  ]

  // MARK: - Plain DFU that looks like DfuSe

  /// A device with plain DFU: every block is firmware.
  private static func plainDFU(
    _ name: String, part: String, usb: USBFacts, start: UInt32 = 0x0800_0000
  ) -> SimulatedChip {
    let profile = DeviceProfile(
      part: part, guessed: [.polls, .behaviour], usb: usb, commands: [], defaultPointer: start,
      memories: [.flash(128, 2 * kib, at: start)], rules: FlashRules(unit: 1, rewrite: .clearsBits),
      times: WorkTimes([2: 20], width: 4, massErase: 100),
      polls: ReportedPolls(erase: 0, write: 1), behaviour: Behaviour(flavour: .plainDFU))
    return SimulatedChip(name, profile: profile)
  }

  /// An Arduino with a Renesas chip: memory maps as names, over TinyUSB's DFU class.
  private static func renesas(_ name: String, part: String, productID: UInt16) -> SimulatedChip {
    plainDFU(
      name, part: part,
      usb: USBFacts(
        vendorID: 0x2341, productID: productID, bcdDevice: 0x0100, manufacturer: "Arduino",
        product: part, serial: "3517080A0B3C5D2E",
        maps: [
          "@CodeFlash /0x00000000/8*2Ka,120*2Kg", "@DataFlash /0x08000000/8*1Kg",
          "@SketchFlash /0x100000/32*32Kg",
        ], attributes: 0x07, detachTimeOut: 1000, transferSize: 512, bcdDFUVersion: 0x0101),
      start: 0)
  }

  /// Bootloaders with plain DFU, to which a DfuSe command is firmware.
  package static let plain: [SimulatedChip] = [
    // The DFU class of TinyUSB as its example has it, built with ST's ids. TinyUSB's
    // `TUD_DFU_DESCRIPTOR` states version 0x0101.
    plainDFU(
      "tinyusb-dfu", part: "TinyUSB DFU class",
      usb: USBFacts(
        bcdDevice: 0x0100, manufacturer: "TinyUSB", product: "TinyUSB Device", serial: "123456",
        serialIsConstant: true, maps: ["FLASH", "EEPROM"], attributes: 0x07, detachTimeOut: 1000,
        transferSize: 512, bcdDFUVersion: 0x0101)),
    renesas("uno-r4", part: "Arduino UNO R4 Minima", productID: 0x0369),
    renesas("nano-r4", part: "Arduino Nano R4", productID: 0x0374),
    renesas("portenta-c33", part: "Arduino Portenta C33", productID: 0x0368),
    // The Maple bootloader: plain DFU that states 0x011A (dfu-util quirks.c).
    plainDFU(
      "maple", part: "Maple bootloader",
      usb: USBFacts(
        vendorID: 0x1EAF, productID: 0x0003, bcdDevice: 0x0200, manufacturer: "LeafLabs",
        product: "Maple 003", serial: "LLM 003", serialIsConstant: true,
        maps: ["STM32duino bootloader v1.0  Upload to Flash 0x8002000"], attributes: 0x03,
        transferSize: 1024)),
    // The ROM of the STM32MP15x: ST's ids, maps as names, and plain DFU (version 0x0110).
    plainDFU(
      "stm32mp15", part: "STM32MP15x ROM",
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in HS Mode @Device ID /0x500, @Revision ID /0x0000",
        serial: "003800000000000012345678", maps: ["@FSBL /0x01/1*1Me"], transferSize: 1024,
        bcdDFUVersion: 0x0110, speed: .high)),
  ]
}
