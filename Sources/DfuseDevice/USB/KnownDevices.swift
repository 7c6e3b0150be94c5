/// A bootloader that is known by its USB ids.
public struct KnownDevice: Hashable, Sendable {
  /// Whether it speaks DfuSe.
  public enum DfuSe: Hashable, Sendable {
    /// As its descriptors say, like any other device.
    case asStated
    /// Always, though its descriptors say otherwise.
    case always
    /// Where the name of an alternate setting is a memory map, whatever version it states.
    case withMap
    /// Never, though its descriptors look like it.
    case never
  }

  /// Its USB id.
  public var id: USBID
  /// The releases (`bcdDevice`) that this is about; nil for all.
  public var release: UInt16?
  /// What it is, for people.
  public var name: String
  /// Whether it speaks DfuSe.
  public var dfuse: DfuSe
  /// The bootloader, if it is a program in flash of which more is known.
  public var bootloader: ApplicationBootloader?

  init(
    _ vendorID: UInt16, _ productID: UInt16, release: UInt16? = nil, _ name: String,
    dfuse: DfuSe = .asStated, _ bootloader: ApplicationBootloader? = nil
  ) {
    self.id = USBID(vendorID: vendorID, productID: productID)
    self.release = release
    self.name = name
    self.dfuse = dfuse
    self.bootloader = bootloader
  }
}

extension KnownDevice {
  /// What is known of a device, or nil.
  public static func of(_ identity: DeviceIdentity) -> KnownDevice? {
    (plain + all).first { known in
      known.id == identity.usbID && (known.release ?? identity.bcdDevice) == identity.bcdDevice
    }
  }

  /// Whether a bootloader that is known to speak DfuSe has these ids.
  package static func isBootloader(_ id: USBID) -> Bool { all.contains { $0.id == id } }

  /// Bootloaders known to speak DfuSe, ST's first.
  ///
  /// Not needed to find a device, since any DfuSe interface will do; needed where ids have to be
  /// known beforehand, as in udev rules. Above each stands where it is known from. WB32 (342D:DFA0)
  /// is left out: it has a protocol of its own.
  public static let all: [KnownDevice] = [
    // AN2606.
    KnownDevice(0x0483, 0xDF11, "STM32 bootloader"),
    // dfu-util quirks.c; gd32-dfu-utils#6; no log shows every release's version.
    KnownDevice(0x28E9, 0x0189, "GD32 bootloader", dfuse: .withMap),
    // betaflight-configurator usbdfu.js; WeActStudio/ArduinoCore-AT32F4#43.
    KnownDevice(0x2E3C, 0xDF11, "AT32 bootloader", dfuse: .withMap),
    // qmk_firmware#20770, #25267.
    KnownDevice(0x314B, 0x0106, "APM32 bootloader", dfuse: .withMap),
    // betaflight-configurator.
    KnownDevice(0x3997, 0xDF11, "X32 bootloader", dfuse: .withMap),
    // Its bootloader states 0x0100 and takes DfuSe commands; numworks/epsilon.
    KnownDevice(0x0483, 0xA291, "NumWorks calculator", dfuse: .always),
    // blackmagic-debug/blackmagic, usbdfu.c.
    KnownDevice(0x1D50, 0x6017, "Black Magic Probe, DFU mode"),
    // dfu-util device-logs/sparkcore.lsusb.
    KnownDevice(0x1D50, 0x607F, "Spark Core, DFU mode"),
    // 'Found DFU: [2b04:d006]' in NuttX's boards/arm/stm32/photon/README.txt.
    KnownDevice(0x2B04, 0xD006, "Particle Photon, DFU mode", .particleSTM32),
    // particle-iot/device-os#706.
    KnownDevice(0x2B04, 0xD008, "Particle P1, DFU mode", .particleSTM32),
    // dfu-util -l of an Electron.
    KnownDevice(0x2B04, 0xD00A, "Particle Electron, DFU mode", .particleSTM32),
    // dfu-util -l of an Argon.
    KnownDevice(0x2B04, 0xD00C, "Particle Argon, DFU mode", .particleNRF52),
    // particle-iot/device-os.
    KnownDevice(0x2B04, 0xD00D, "Particle Boron, DFU mode", .particleNRF52),
    // particle-iot/device-os.
    KnownDevice(0x2B04, 0xD00E, "Particle Xenon, DFU mode", .particleNRF52),
    // redbear/Duo, docs/dfu-util_installation_guide.md.
    KnownDevice(0x2B04, 0xD058, "RedBear Duo, DFU mode", .redBearDuo),
    // micropython ports/stm32/boards/ARDUINO_PORTENTA_H7.
    KnownDevice(0x2341, 0x035B, "Arduino Portenta H7 bootloader", .arduino),
    // micropython ports/stm32/boards/ARDUINO_NICLA_VISION.
    KnownDevice(0x2341, 0x035F, "Arduino Nicla Vision bootloader", .arduino),
    // micropython ports/stm32/boards/ARDUINO_OPTA.
    KnownDevice(0x2341, 0x0364, "Arduino Opta bootloader", .arduino),
    // micropython ports/stm32/boards/ARDUINO_GIGA.
    KnownDevice(0x2341, 0x0366, "Arduino GIGA R1 bootloader", .arduino),
    // arduino/ArduinoCore-mbed boards.txt.
    KnownDevice(0x35D1, 0x0364, "Finder Opta bootloader", .arduino),
    // micropython ports/stm32/boards/LEGO_HUB_NO6.
    KnownDevice(0x0694, 0x0008, "LEGO SPIKE Prime hub, DFU mode", .lego),
    // micropython ports/stm32/boards/LEGO_HUB_NO7.
    KnownDevice(0x0694, 0x000C, "LEGO SPIKE Essential hub, DFU mode", .lego),
    // pybricks/pybricksdev.
    KnownDevice(0x0694, 0x0011, "LEGO MINDSTORMS Robot Inventor hub, DFU mode", .lego),
  ]

  /// Bootloaders with plain DFU that look as if they spoke DfuSe.
  public static let plain: [KnownDevice] = [
    // States 0x011A; dfu-util quirks.c, QUIRK_FORCE_DFU11.
    KnownDevice(0x1EAF, 0x0003, release: 0x0200, "Maple bootloader", dfuse: .never),
    // Memory maps as names over TinyUSB's DFU class; arduino/arduino-renesas-bootloader.
    KnownDevice(0x2341, 0x0369, "Arduino UNO R4 Minima bootloader", dfuse: .never),
    // arduino/arduino-renesas-bootloader.
    KnownDevice(0x2341, 0x0374, "Arduino Nano R4 bootloader", dfuse: .never),
    // arduino/arduino-renesas-bootloader.
    KnownDevice(0x2341, 0x0368, "Arduino Portenta C33 bootloader", dfuse: .never),
  ]
}

/// A bootloader that is itself a program in a memory it can write.
///
/// Its memory map does not say where it is: the Portenta's marks a sector writable that holds the
/// second half of its code. So that is data, for the boards where it is known.
public struct ApplicationBootloader: Hashable, Sendable {
  /// What it is called, for people.
  public var name: String
  /// The addresses that are its own: its code, and what it keeps.
  public var ownRanges: [Range<UInt64>]
  /// Where the vector table of its programs is; nil where that differs from board to board.
  public var programStart: UInt32?
  /// Whether a mass erase leaves its own sectors alone.
  var survivesMassErase = false
  /// Whether it answers for the commands that it knows; one that does not lets the host wait.
  var listsCommands = true

  /// Whether some address of `range` is the bootloader's own.
  public func owns(_ range: Range<UInt64>) -> Bool {
    ownRanges.contains { $0.overlaps(range) }
  }

  /// The bootloader that runs on a device, if it is one of those known.
  ///
  /// - Parameter identity: The device, with its strings if they could be read.
  /// - Returns: The bootloader, or nil for a ROM and for what is not known.
  public static func running(on identity: DeviceIdentity) -> ApplicationBootloader? {
    if let bootloader = KnownDevice.of(identity)?.bootloader { return bootloader }
    if identity.product == "Daisy Bootloader" { return daisy }
    let isMboot =
      identity.manufacturer == "MicroPython" || identity.product?.hasPrefix("Pyboard DFU") == true
    return isMboot ? mboot : nil
  }

  /// Two sectors, one of them marked writable: arduino/mcuboot-arduino-stm32h7; TEXT0_ADDR in
  /// micropython's boards/ARDUINO_PORTENTA_H7, _GIGA, _OPTA, _NICLA_VISION.
  fileprivate static let arduino = ApplicationBootloader(
    name: "the Arduino bootloader", ownRanges: [0x0800_0000..<0x0804_0000],
    programStart: 0x0804_0000)

  /// 32 KiB: micropython's boards/LEGO_HUB_NO6/README.md; pybricksdev.
  fileprivate static let lego = ApplicationBootloader(
    name: "the LEGO bootloader", ownRanges: [0x0800_0000..<0x0800_8000],
    programStart: 0x0800_8000)

  /// System firmware begins at 0x08020000, user programs at 0x080A0000 (device-os): no one start.
  ///
  /// Three sectors for it and its configuration: 03*016Ka in its map; zerynth/docs.
  fileprivate static let particleSTM32 = ApplicationBootloader(
    name: "the Particle bootloader", ownRanges: [0x0800_0000..<0x0800_C000])

  /// The master boot record below, the bootloader and its settings at the top, as Nordic has it.
  ///
  /// 1*004Ka and 4*004Ka,8*004Kg in its map; Nordic's nRF52840 layout.
  fileprivate static let particleNRF52 = ApplicationBootloader(
    name: "the Particle bootloader", ownRanges: [0..<0x1000, 0xF_4000..<0x10_0000])

  /// 01*016Ka in its map: redbear/Duo, user_dfu docs.
  fileprivate static let redBearDuo = ApplicationBootloader(
    name: "the RedBear bootloader", ownRanges: [0x0800_0000..<0x0800_4000])

  /// It leaves the first four 64 KiB of the QSPI flash untouched: electro-smith/libDaisy,
  /// doc/md/_a7_Getting-Started-Daisy-Bootloader.md.
  static let daisy = ApplicationBootloader(
    name: "the Daisy bootloader", ownRanges: [0x9000_0000..<0x9004_0000],
    programStart: 0x9004_0000)

  /// It fits into 16 KiB and may have 32 or a sector of 128, as its builder chose, and refuses to
  /// overwrite itself (`flash_is_modifiable_addr_range`, micropython's ports/stm32/mboot/main.c).
  ///
  /// From micropython's ports/stm32/mboot/README.md, and main.c: mboot_flash_mass_erase, and
  /// dfu_handle_tx, which has no answer to an UPLOAD of block 0.
  static let mboot = ApplicationBootloader(
    name: "mboot", ownRanges: [0x0800_0000..<0x0800_4000], survivesMassErase: true,
    listsCommands: false)
}
