// Bootloaders of boards: programs in a memory that they can write. Maps and ids from logs.
extension SimulatedChip {
  private static let kib = 1024

  /// A board whose bootloader is a program: ST's device class, or code like it.
  private static func board(
    _ part: String, guessed: DeviceProfile.Guesses = [], usb: USBFacts,
    defaultPointer: UInt32 = 0x0800_0000, memories: [MemoryRegion],
    sectors: [Int: Duration], unit: Int = 4, behaviour: Behaviour = Behaviour(),
    quirks: Quirks = Quirks()
  ) -> DeviceProfile {
    let flash = memories.filter { $0.kind == .flash }.reduce(0) { $0 + $1.size }
    return DeviceProfile(
      part: part, guessed: guessed.union([.times, .polls, .behaviour]), flashSize: flash, usb: usb,
      commands: [0x00, 0x21, 0x41], defaultPointer: defaultPointer, memories: memories,
      rules: FlashRules(unit: unit, hasECC: false, rewrite: .clearsBits),
      times: WorkTimes(
        erase: sectors, programWidth: 4, program: .microseconds(16), massErase: .seconds(8)),
      polls: ReportedPolls(erase: 50, write: 5), behaviour: behaviour, quirks: quirks)
  }

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
          "@Ext File Flash  0MB   /0x00000000/0*4Kg",
          "@Arduino  boot  v.25   /0x00000000/0*4Kg",
        ], transferSize: 4096),
      memories: [
        MemoryRegion(.readOnly, at: 0x0800_0000, [.init(1, 128 * kib)]),
        MemoryRegion(.flash, at: 0x0802_0000, [.init(15, 128 * kib)]),
        MemoryRegion(.flash, at: 0x9000_0000, [.init(4096, 4 * kib)]),
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
      "LEGO SPIKE Prime hub", guessed: [.maps, .identity],
      usb: USBFacts(
        vendorID: 0x0694, productID: 0x0008, bcdDevice: 0x0200, manufacturer: "LEGO System A/S",
        product: "LEGO Technic Large Hub in DFU Mode", serial: "387032653436",
        maps: ["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"]),
      memories: [
        MemoryRegion(.readOnly, at: 0x0800_0000, [.init(2, 16 * kib)]),
        MemoryRegion(
          .flash, at: 0x0800_8000,
          [.init(2, 16 * kib), .init(1, 64 * kib), .init(7, 128 * kib)]),
      ],
      sectors: [
        16 * kib: .milliseconds(250), 64 * kib: .milliseconds(550), 128 * kib: .seconds(1),
      ]))

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
      memories: [
        MemoryRegion(.readOnly, at: 0x0800_0000, [.init(3, 16 * kib)]),
        MemoryRegion(
          .flash, at: 0x0800_C000,
          [.init(1, 16 * kib), .init(1, 64 * kib), .init(7, 128 * kib)]),
        MemoryRegion(.flash, at: 0x0000_0000, [.init(1, 16 * kib)]),
      ],
      sectors: [
        16 * kib: .milliseconds(250), 64 * kib: .milliseconds(550), 128 * kib: .seconds(1),
      ]))

  /// Particle Argon: an nRF52840, whose flash begins at 0.
  static let argon = SimulatedChip(
    "particle-argon",
    profile: board(
      "Particle Argon", guessed: [.identity],
      usb: USBFacts(
        vendorID: 0x2B04, productID: 0xD00C, bcdDevice: 0x0250, manufacturer: "Particle",
        product: "Argon DFU Mode", serial: "E00FCE68A1B2C3D4E5F60718",
        maps: [
          "@Internal Flash   /0x00000000/1*004Ka,47*004Kg,192*004Kg,4*004Kg,4*004Ka,8*004Kg",
          "@DCD Flash   /0x00000000/1*016Ke",
          "@External Flash   /0x80000000/1024*004Kg",
        ], transferSize: 4096),
      defaultPointer: 0,
      memories: [
        MemoryRegion(.readOnly, at: 0, [.init(1, 4 * kib)]),
        MemoryRegion(.flash, at: 0x1000, [.init(243, 4 * kib)]),
        MemoryRegion(.readOnly, at: 0xF_4000, [.init(4, 4 * kib)]),
        MemoryRegion(.flash, at: 0xF_8000, [.init(8, 4 * kib)]),
        MemoryRegion(.flash, at: 0x8000_0000, [.init(1024, 4 * kib)]),
      ],
      sectors: [4 * kib: .milliseconds(85)]))

  /// RedBear Duo: as the Photon, with a functional descriptor of 7 bytes (its
  /// docs/dfu-util_installation_guide.md).
  static let redBearDuo: SimulatedChip = {
    var profile = photon.profile
    profile.part = "RedBear Duo"
    profile.usb.productID = 0xD058
    profile.usb.bcdDevice = 0x0200
    profile.usb.product = "Duo DFU Mode"
    profile.usb.maps = [
      "@Internal Flash   /0x08000000/01*016Ka,02*016Kg,01*016Kg,01*064Kg,07*128Kg",
      "@DCT Flash   /0x00000000/01*016Kg",
    ]
    profile.memories[0] = MemoryRegion(.readOnly, at: 0x0800_0000, [.init(1, 16 * kib)])
    profile.memories[1] = MemoryRegion(
      .flash, at: 0x0800_4000, [.init(3, 16 * kib), .init(1, 64 * kib), .init(7, 128 * kib)])
    profile.quirks.hasShortFunctionalDescriptor = true
    return SimulatedChip("redbear-duo", profile: profile)
  }()

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
        MemoryRegion(.flash, at: 0x9000_0000, [.init(64, 4 * kib), .init(60, 64 * kib)]),
        MemoryRegion(.flash, at: 0x9040_0000, [.init(60, 64 * kib)]),
      ],
      sectors: [4 * kib: .milliseconds(45), 64 * kib: .milliseconds(150)]))

  /// NumWorks N0110: speaks DfuSe and states version 0x0100.
  static let numworks = SimulatedChip(
    "numworks",
    profile: board(
      "NumWorks N0110", guessed: [.identity, .transferSize],
      usb: USBFacts(
        vendorID: 0x0483, productID: 0xA291, bcdDevice: 0x0100, manufacturer: "NumWorks",
        product: "NumWorks Calculator", serial: "3A5D32643430",
        maps: [
          "@External Flash /0x90000000/08*004Kg,01*032Kg,63*064Kg/0x90400000/64*064Kg",
          "@Internal Flash /0x08000000/04*016Kg",
        ], bcdDFUVersion: 0x0100),
      defaultPointer: 0x9000_0000,
      memories: [
        MemoryRegion(
          .flash, at: 0x9000_0000,
          [.init(8, 4 * kib), .init(1, 32 * kib), .init(127, 64 * kib)]),
        MemoryRegion(.flash, at: 0x0800_0000, [.init(4, 16 * kib)]),
      ],
      sectors: [
        4 * kib: .milliseconds(45), 32 * kib: .milliseconds(120), 64 * kib: .milliseconds(150),
        16 * kib: .milliseconds(250),
      ]))

  /// OPC-20: DfuSe, with the bytes of its version swapped (dfu-util device-logs/opc-20.lsusb).
  static let opc20 = SimulatedChip(
    "opc-20",
    profile: board(
      "OPC-20", guessed: [.identity],
      usb: USBFacts(
        bcdDevice: 0x0100, manufacturer: "Virtenio", product: "DFU Demo",
        serial: "001", maps: ["@SPI Flash : M25P64/0x00000000/128*64Kg"], transferSize: 1024,
        bcdDFUVersion: 0x1A01),
      defaultPointer: 0, memories: [MemoryRegion(.flash, at: 0, [.init(128, 64 * kib)])],
      sectors: [64 * kib: .milliseconds(600)], unit: 1))
}
