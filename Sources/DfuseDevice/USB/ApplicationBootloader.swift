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
  public var survivesMassErase: Bool
  /// Where that is known from.
  public var source: String

  /// The first address behind the bootloader, in the memory that programs are in.
  public var floor: UInt64? { programStart.map(UInt64.init) ?? ownRanges.first?.upperBound }

  /// Whether some address of `range` is the bootloader's own.
  public func owns(_ range: Range<UInt64>) -> Bool {
    ownRanges.contains { $0.overlaps(range) }
  }

  /// The bootloader that runs on a device, if it is one of those known.
  ///
  /// - Parameter identity: The device, with its strings if they could be read.
  /// - Returns: The bootloader, or nil for a ROM and for what is not known.
  public static func running(on identity: DeviceIdentity) -> ApplicationBootloader? {
    if let bootloader = byID[identity.usbID] { return bootloader }
    let texts = (identity.manufacturer, identity.product)
    if identity.product == "Daisy Bootloader" { return daisy }
    if texts.0 == "MicroPython" || identity.product?.hasPrefix("Pyboard DFU") == true {
      return mboot
    }
    return nil
  }

  private static let byID: [USBID: ApplicationBootloader] = [
    USBID(vendorID: 0x2341, productID: 0x035B): arduino,
    USBID(vendorID: 0x2341, productID: 0x035F): arduino,
    USBID(vendorID: 0x2341, productID: 0x0364): arduino,
    USBID(vendorID: 0x2341, productID: 0x0366): arduino,
    USBID(vendorID: 0x35D1, productID: 0x0364): arduino,
    USBID(vendorID: 0x0694, productID: 0x0008): lego,
    USBID(vendorID: 0x0694, productID: 0x000C): lego,
    USBID(vendorID: 0x0694, productID: 0x0011): lego,
    USBID(vendorID: 0x2B04, productID: 0xD006): particleSTM32,
    USBID(vendorID: 0x2B04, productID: 0xD008): particleSTM32,
    USBID(vendorID: 0x2B04, productID: 0xD00A): particleSTM32,
    USBID(vendorID: 0x2B04, productID: 0xD00C): particleNRF52,
    USBID(vendorID: 0x2B04, productID: 0xD00D): particleNRF52,
    USBID(vendorID: 0x2B04, productID: 0xD00E): particleNRF52,
    USBID(vendorID: 0x2B04, productID: 0xD058): redBearDuo,
  ]

  private static let arduino = ApplicationBootloader(
    name: "the Arduino bootloader", ownRanges: [0x0800_0000..<0x0804_0000],
    programStart: 0x0804_0000, survivesMassErase: false,
    source: "two sectors, one of them marked writable: arduino/mcuboot-arduino-stm32h7; "
      + "TEXT0_ADDR in micropython's boards/ARDUINO_PORTENTA_H7, _GIGA, _OPTA, _NICLA_VISION")

  private static let lego = ApplicationBootloader(
    name: "the LEGO bootloader", ownRanges: [0x0800_0000..<0x0800_8000],
    programStart: 0x0800_8000, survivesMassErase: false,
    source: "32 KiB: micropython's boards/LEGO_HUB_NO6/README.md; pybricksdev")

  /// System firmware begins at 0x08020000, user programs at 0x080A0000 (device-os): no one start.
  private static let particleSTM32 = ApplicationBootloader(
    name: "the Particle bootloader", ownRanges: [0x0800_0000..<0x0800_C000], programStart: nil,
    survivesMassErase: false,
    source: "three sectors for it and its configuration: 03*016Ka in its map; zerynth/docs")

  /// The master boot record below, the bootloader and its settings at the top, as Nordic has it.
  private static let particleNRF52 = ApplicationBootloader(
    name: "the Particle bootloader", ownRanges: [0..<0x1000, 0xF_4000..<0x10_0000],
    programStart: nil, survivesMassErase: false,
    source: "1*004Ka and 4*004Ka,8*004Kg in its map; Nordic's nRF52840 layout")

  private static let redBearDuo = ApplicationBootloader(
    name: "the RedBear bootloader", ownRanges: [0x0800_0000..<0x0800_4000], programStart: nil,
    survivesMassErase: false, source: "01*016Ka in its map: redbear/Duo, user_dfu docs")

  private static let daisy = ApplicationBootloader(
    name: "the Daisy bootloader", ownRanges: [0x9000_0000..<0x9004_0000],
    programStart: 0x9004_0000, survivesMassErase: false,
    source: "it leaves the first four 64 KiB of the QSPI flash untouched: electro-smith/libDaisy, "
      + "doc/md/_a7_Getting-Started-Daisy-Bootloader.md")

  /// It fits into 16 KiB and may have 32 or a sector of 128, as its builder chose, and refuses to
  /// overwrite itself (`flash_is_modifiable_addr_range`, micropython's ports/stm32/mboot/main.c).
  private static let mboot = ApplicationBootloader(
    name: "mboot", ownRanges: [0x0800_0000..<0x0800_4000], programStart: nil,
    survivesMassErase: true,
    source: "micropython's ports/stm32/mboot/README.md, and mboot_flash_mass_erase in main.c")
}
