// Bootloaders that are programs in a memory that they can write, not ROMs. Maps and ids from logs.
extension SimulatedChip {
  private static let kib = 1024

  /// A board whose bootloader is a program: ST's device class, or code like it.
  private static func board(
    _ part: String, guessed: DeviceProfile.Guesses = [.polls, .behaviour], usb: USBFacts,
    defaultPointer: UInt32 = 0x0800_0000, memories: [MemoryRegion],
    sectors: [Int: Duration] = f4Words.erase, unit: Int = 4,
    polls: ReportedPolls = ReportedPolls(erase: 50, write: 5), behaviour: Behaviour = Behaviour(),
    quirks: Quirks = Quirks()
  ) -> DeviceProfile {
    var times = f4Words
    times.erase = sectors
    return DeviceProfile(
      part: part, guessed: guessed.union(.times), usb: usb, commands: [0x00, 0x21, 0x41],
      defaultPointer: defaultPointer, memories: memories,
      rules: FlashRules(unit: unit, rewrite: .clearsBits), times: times, polls: polls,
      behaviour: behaviour, quirks: quirks)
  }

  /// The sectors of an F4's 1 MiB: those of the bootloader, which it does not write, and the rest.
  private static func f4Sectors(reserved: Int) -> [MemoryRegion] {
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
  static let stUsbd: SimulatedChip = {
    var profile = board(
      "ST USB device library, DFU class", guessed: [],
      usb: .fullSpeedMode(
        serial: "00000000001A",
        maps: Array(
          repeating: "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg", count: 2)
      ),
      defaultPointer: 0x0800_8000, memories: f4Sectors(reserved: 3),
      // ST's code generator's default: 50 ms for both; Set Address reports the program time.
      polls: ReportedPolls(erase: 50, write: 50),
      behaviour: Behaviour(
        flavour: .stMiddleware, whileBusy: .worksBeforeAnswering, leave: .duringStatus,
        clearStatus: .errUnknown, oversize: .hangs),
      quirks: Quirks(
        ignoresMassErase: true, acceptsAnyAddress: true, mediaFailure: StatusCode.errVENDOR))
    profile.rules.failure = .status(StatusCode.errVENDOR)
    profile.countsReadOnlyFlash = true
    return SimulatedChip("st-usbd", "stm32-usbd", profile: profile)
  }()

  /// The same with a `wTransferSize` beyond what a Linux host carries in one control transfer.
  ///
  /// The library takes its buffer's size from USBD_DFU_XFER_SIZE, which its user sets.
  static let bigBlocks = stUsbd.variant(
    "st-usbd-8192", part: "ST USB device library, blocks of 8192 bytes"
  ) { $0.usb.transferSize = 8192 }

  /// The same with 16 KiB of FRAM, which is written in place, as its second memory.
  static let withFRAM = stUsbd.variant(
    "st-usbd-fram", part: "ST USB device library, flash and FRAM"
  ) { profile in
    profile.usb.maps[1] = "@FRAM /0x90000000/04*004Ke"
    profile.memories.append(.init(.eeprom, at: 0x9000_0000, [.init(4, 4 * kib)]))
  }

  /// MicroPython's mboot on an F4: no poll timeouts, CLRSTATUS from every state, texts for errors.
  static let mboot = SimulatedChip(
    "mboot",
    profile: board(
      "MicroPython mboot (F405, 1 MiB)", guessed: [.identity],
      usb: USBFacts(
        bcdDevice: 0x0200, manufacturer: "MicroPython", product: "Pyboard DFU Bootloader",
        serial: "2F0038000C51",
        maps: ["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"]),
      memories: f4Sectors(reserved: 2), polls: ReportedPolls(erase: 0, write: 0, manifest: 0),
      // Its source works once the answer has gone out, and in that time answers nothing: a mass erase
      // of many seconds made pydfu give up (micropython#5730).
      behaviour: Behaviour(whileBusy: .waits, clearStatus: .clears),
      quirks: Quirks(
        mediaFailure: StatusCode.errADDRESS, failureTexts: [0x11: "Address out of range"])))

  // MARK: - Arduino

  /// Portenta, GIGA and Opta: the bootloader is in two sectors, of which one is marked writable.
  ///
  /// `dfu-util -l` in Zephyr's boards/arduino/portenta_h7 documentation; the memories of no
  /// sectors as in arduino/mcuboot-arduino-stm32h7#33.
  private static func arduino(
    _ part: String, vendorID: UInt16 = 0x2341, productID: UInt16, serial: String
  ) -> DeviceProfile {
    board(
      part,
      usb: USBFacts(
        vendorID: vendorID, productID: productID, bcdDevice: 0x0200, manufacturer: "Arduino",
        product: part, serial: serial,
        maps: [
          "@Internal Flash  2MB   /0x08000000/01*128Ka,15*128Kg",
          "@Ext RAW  Flash 16MB   /0x90000000/4096*4Kg",
          "@Ext File Flash  0MB   /0x00000000/0*4Kg", "@Arduino  boot  v.25   /0x00000000/0*4Kg",
        ], transferSize: 4096),
      memories: [
        .init(.readOnly, at: 0x0800_0000, 128 * kib),
        .flash(15, 128 * kib, at: 0x0802_0000), .flash(4096, 4 * kib, at: 0x9000_0000),
      ],
      sectors: [128 * kib: .seconds(1), 4 * kib: .milliseconds(45)], unit: 32)
  }

  /// Arduino Portenta H7.
  static let portentaH7 = SimulatedChip(
    "portenta-h7",
    profile: arduino(
      "Arduino Portenta H7", productID: 0x035B, serial: "003D00473133511137323532"))
  /// Arduino GIGA R1 WiFi.
  static let gigaR1 = SimulatedChip(
    "giga-r1",
    profile: arduino("Arduino GIGA R1", productID: 0x0366, serial: "002A00303230510B31333330"))
  /// Arduino (Finder) Opta.
  static let opta = SimulatedChip(
    "opta",
    profile: arduino(
      "Opta", vendorID: 0x35D1, productID: 0x0364, serial: "003B00353130510B37333439"))

  // MARK: - Others

  /// LEGO SPIKE Prime hub: an STM32F413, 32 KiB of bootloader (micropython, LEGO_HUB_NO6).
  static let legoHub = SimulatedChip(
    "lego-hub", "spike-prime",
    profile: board(
      "LEGO SPIKE Prime hub", guessed: [.maps, .identity, .polls, .behaviour],
      usb: USBFacts(
        vendorID: 0x0694, productID: 0x0008, bcdDevice: 0x0200, manufacturer: "LEGO System A/S",
        product: "LEGO Technic Large Hub in DFU Mode", serial: "387032653436",
        maps: ["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"]),
      memories: f4Sectors(reserved: 2)))

  /// Particle Photon: an STM32F205 (`dfu-util -l` in NuttX's boards/arm/stm32/photon).
  static let photon = SimulatedChip(
    "particle-photon",
    profile: board(
      "Particle Photon",
      usb: USBFacts(
        vendorID: 0x2B04, productID: 0xD006, bcdDevice: 0x0250, manufacturer: "Particle",
        product: "Photon DFU Mode", serial: "00000000010C", serialIsConstant: true,
        maps: [
          "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg",
          "@DCT Flash   /0x00000000/01*016Kg",
        ]),
      memories: f4Sectors(reserved: 3) + [.flash(1, 16 * kib, at: 0)]))

  /// RedBear Duo: as the Photon, with a functional descriptor of 7 bytes (its
  /// docs/dfu-util_installation_guide.md).
  static let redBearDuo = photon.variant("redbear-duo", part: "RedBear Duo") { profile in
    profile.usb.productID = 0xD058
    profile.usb.bcdDevice = 0x0200
    profile.usb.product = "Duo DFU Mode"
    profile.usb.maps[0] =
      "@Internal Flash   /0x08000000/01*016Ka,02*016Kg,01*016Kg,01*064Kg,07*128Kg"
    profile.memories = f4Sectors(reserved: 1) + [.flash(1, 16 * kib, at: 0)]
    profile.quirks.hasShortFunctionalDescriptor = true
  }

  /// Particle Argon: an nRF52840, whose flash begins at 0.
  static let argon = SimulatedChip(
    "particle-argon",
    profile: board(
      "Particle Argon", guessed: [.identity, .polls, .behaviour],
      usb: USBFacts(
        vendorID: 0x2B04, productID: 0xD00C, bcdDevice: 0x0250, manufacturer: "Particle",
        product: "Argon DFU Mode", serial: "E00FCE68A1B2C3D4E5F60718",
        maps: [
          "@Internal Flash   /0x00000000/1*004Ka,47*004Kg,192*004Kg,4*004Kg,4*004Ka,8*004Kg",
          "@DCD Flash   /0x00000000/1*016Ke", "@External Flash   /0x80000000/1024*004Kg",
        ], transferSize: 4096),
      defaultPointer: 0,
      memories: [
        .init(.readOnly, at: 0, 4 * kib), .flash(243, 4 * kib, at: 0x1000),
        .init(.readOnly, at: 0xF_4000, [.init(4, 4 * kib)]), .flash(8, 4 * kib, at: 0xF_8000),
        .flash(1024, 4 * kib, at: 0x8000_0000),
      ],
      sectors: [4 * kib: .milliseconds(85)]))

  /// The Daisy bootloader, which serves the QSPI flash of an STM32H750 (electro-smith/libDaisy).
  static let daisy = SimulatedChip(
    "daisy",
    profile: board(
      "Daisy Seed bootloader",
      usb: USBFacts(
        bcdDevice: 0x0200, manufacturer: "Electrosmith", product: "Daisy Bootloader",
        serial: "3067366D3433",
        maps: ["@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg"],
        transferSize: 1024),
      defaultPointer: 0x9004_0000,
      memories: [
        .flash([.init(64, 4 * kib), .init(60, 64 * kib)], at: 0x9000_0000),
        .flash(60, 64 * kib, at: 0x9040_0000),
      ],
      sectors: [4 * kib: .milliseconds(45), 64 * kib: .milliseconds(150)]))

  /// NumWorks N0110: speaks DfuSe and states version 0x0100.
  static let numworks = SimulatedChip(
    "numworks",
    profile: board(
      "NumWorks N0110", guessed: [.identity, .transferSize, .polls, .behaviour],
      usb: USBFacts(
        productID: 0xA291, bcdDevice: 0x0100, manufacturer: "NumWorks",
        product: "NumWorks Calculator", serial: "3A5D32643430",
        maps: [
          "@External Flash /0x90000000/08*004Kg,01*032Kg,63*064Kg/0x90400000/64*064Kg",
          "@Internal Flash /0x08000000/04*016Kg",
        ], bcdDFUVersion: 0x0100),
      defaultPointer: 0x9000_0000,
      memories: [
        .flash([.init(8, 4 * kib), .init(1, 32 * kib), .init(127, 64 * kib)], at: 0x9000_0000),
        .flash(4, 16 * kib),
      ],
      sectors: [
        4 * kib: .milliseconds(45), 32 * kib: .milliseconds(120), 64 * kib: .milliseconds(150),
        16 * kib: .milliseconds(250),
      ]))

  /// OPC-20: DfuSe, with the bytes of its version swapped (dfu-util device-logs/opc-20.lsusb).
  static let opc20 = SimulatedChip(
    "opc-20",
    profile: board(
      "OPC-20", guessed: [.identity, .polls, .behaviour],
      usb: USBFacts(
        bcdDevice: 0x0100, manufacturer: "Virtenio", product: "DFU Demo", serial: "001",
        maps: ["@SPI Flash : M25P64/0x00000000/128*64Kg"], transferSize: 1024,
        bcdDFUVersion: 0x1A01),
      defaultPointer: 0, memories: [.flash(128, 64 * kib, at: 0)],
      sectors: [64 * kib: .milliseconds(600)], unit: 1))

  // MARK: - Plain DFU that looks like DfuSe

  /// A device with plain DFU: every block is firmware.
  private static func plain(
    _ part: String, usb: USBFacts, start: UInt32 = 0x0800_0000
  ) -> DeviceProfile {
    DeviceProfile(
      part: part, guessed: [.times, .polls, .behaviour], usb: usb, commands: [],
      defaultPointer: start, memories: [.flash(128, 2 * kib, at: start)],
      rules: FlashRules(unit: 1, rewrite: .clearsBits),
      times: WorkTimes(
        erase: [2 * kib: .milliseconds(20)], programWidth: 4, program: .microseconds(16),
        massErase: .milliseconds(100)),
      polls: ReportedPolls(erase: 0, write: 1), behaviour: Behaviour(flavour: .plainDFU))
  }

  /// The DFU class of TinyUSB as its example has it, built with ST's ids.
  ///
  /// TinyUSB's `TUD_DFU_DESCRIPTOR` states version 0x0101.
  static let tinyusb = SimulatedChip(
    "tinyusb-dfu",
    profile: plain(
      "TinyUSB DFU class",
      usb: USBFacts(
        bcdDevice: 0x0100, manufacturer: "TinyUSB", product: "TinyUSB Device", serial: "123456",
        serialIsConstant: true, maps: ["FLASH", "EEPROM"], attributes: 0x07, detachTimeOut: 1000,
        transferSize: 512, bcdDFUVersion: 0x0101)))

  /// An Arduino with a Renesas chip: memory maps as names, over TinyUSB's DFU class.
  private static func renesas(_ name: String, _ part: String, _ productID: UInt16)
    -> SimulatedChip
  {
    SimulatedChip(
      name,
      profile: plain(
        part,
        usb: USBFacts(
          vendorID: 0x2341, productID: productID, bcdDevice: 0x0100, manufacturer: "Arduino",
          product: part, serial: "3517080A0B3C5D2E",
          maps: [
            "@CodeFlash /0x00000000/8*2Ka,120*2Kg", "@DataFlash /0x08000000/8*1Kg",
            "@SketchFlash /0x100000/32*32Kg",
          ], attributes: 0x07, detachTimeOut: 1000, transferSize: 512, bcdDFUVersion: 0x0101),
        start: 0))
  }

  /// Arduino UNO R4 Minima.
  static let unoR4 = renesas("uno-r4", "Arduino UNO R4 Minima", 0x0369)
  /// Arduino Nano R4.
  static let nanoR4 = renesas("nano-r4", "Arduino Nano R4", 0x0374)
  /// Arduino Portenta C33.
  static let portentaC33 = renesas("portenta-c33", "Arduino Portenta C33", 0x0368)

  /// The Maple bootloader: plain DFU that states 0x011A (dfu-util quirks.c).
  static let maple = SimulatedChip(
    "maple",
    profile: plain(
      "Maple bootloader",
      usb: USBFacts(
        vendorID: 0x1EAF, productID: 0x0003, bcdDevice: 0x0200, manufacturer: "LeafLabs",
        product: "Maple 003", serial: "LLM 003", serialIsConstant: true,
        maps: ["STM32duino bootloader v1.0  Upload to Flash 0x8002000"], attributes: 0x03,
        transferSize: 1024)))

  /// The ROM of the STM32MP15x: ST's ids, maps as names, and plain DFU (version 0x0110).
  static let stm32mp15 = SimulatedChip(
    "stm32mp15",
    profile: plain(
      "STM32MP15x ROM",
      usb: USBFacts(
        bcdDevice: 0x0200, product: "DFU in HS Mode @Device ID /0x500, @Revision ID /0x0000",
        serial: "003800000000000012345678", maps: ["@FSBL /0x01/1*1Me"], transferSize: 1024,
        bcdDFUVersion: 0x0110)))
}
