/// A device's descriptors, byte for byte as they go over the wire.
///
/// - SeeAlso: USB 2.0 section 9.6; DFU 1.1 section 4.2.
struct Descriptors: Sendable {
  /// An interface of the one configuration.
  struct Interface: Hashable, Sendable {
    /// The descriptor that says that this interface and those behind it are one function.
    var association: [UInt8] = []
    /// The interface's descriptor for each alternate setting, 9 bytes.
    var alternates: [[UInt8]]
    /// The descriptors of its class, then those of its endpoints, behind the last alternate setting.
    var details: [UInt8] = []

    /// `bInterfaceNumber`.
    var number: UInt8 { alternates[0][2] }
    /// Class, subclass and protocol.
    var code: [UInt8] { Array(alternates[0][5..<8]) }
    /// Whether it is for DFU.
    var isDFU: Bool { code.starts(with: [0xFE, 0x01]) }
    /// The DFU functional descriptor; none outside DFU.
    var functional: [UInt8] { isDFU ? details : [] }

    /// `bEndpointAddress` of each endpoint.
    var endpoints: [UInt8] {
      var found: [UInt8] = []
      var rest = details[...]
      while let length = rest.first, length > 2, Int(length) <= rest.count {
        if rest[rest.startIndex + 1] == 0x05 { found.append(rest[rest.startIndex + 2]) }
        rest = rest.dropFirst(Int(length))
      }
      return found
    }
  }

  /// The device descriptor, 18 bytes.
  let device: [UInt8]
  /// How fast the device is on the bus.
  let speed: USBSpeed
  /// The interfaces, each with at least one alternate setting.
  let interfaces: [Interface]
  /// `iConfiguration`, `bmAttributes` and `bMaxPower` of the configuration.
  private let power: USBFacts.Configuration
  /// The string descriptors by index.
  private let strings: [UInt8: [UInt8]]
  /// The BOS descriptor, if there is one.
  private let bos: [UInt8]?

  /// Descriptors of a device with one configuration, whose first strings are manufacturer, product
  /// and serial number.
  init(
    version: UInt16 = 0x0200, vendorID: UInt16, productID: UInt16, bcdDevice: UInt16,
    deviceClass: UInt8 = 0, speed: USBSpeed = .full,
    configuration: USBFacts.Configuration = .init(),
    interfaces: [Interface], strings: [UInt8: [UInt8]], bos: [UInt8]? = nil
  ) {
    self.speed = speed
    power = configuration
    self.bos = bos
    // Control transfers in packets of 64 bytes: USB 2.0 section 5.5.3 has them so at high speed, and
    // the bootloaders that are known do it at full speed.
    device =
      [18, 0x01, UInt8(version & 0xFF), UInt8(version >> 8), deviceClass, 0, 0, 64]
      + vendorID.littleEndianBytes + productID.littleEndianBytes + bcdDevice.littleEndianBytes
      + [1, 2, 3, 1]
    self.interfaces = interfaces
    // String descriptor 0: US English is the only language.
    self.strings = strings.merging([0: [4, 0x03, 0x09, 0x04]]) { $1 }
  }

  /// The configuration descriptor with everything in it.
  ///
  /// A DFU functional descriptor comes once, behind the last alternate setting, as the ROMs have it.
  var configuration: [UInt8] {
    let rest = interfaces.flatMap { $0.association + $0.alternates.joined() + $0.details }
    return [9, 0x02] + UInt16(9 + rest.count).littleEndianBytes
      + [UInt8(interfaces.count), 1, power.text, power.attributes, power.current] + rest
  }

  /// What a high-speed device would be at full speed: version, class, packet size, configurations.
  ///
  /// USB 2.0 section 9.6.2; a device of one speed has none.
  private var qualifier: [UInt8] { [10, 0x06] + device[2...7] + [device[17], 0] }

  /// The configuration at the other speed, which would differ in endpoints only.
  ///
  /// So ST's device library answers, with one array for both (usbd_ctlreq.c, v2.11.3), even where
  /// there are endpoints (Arduino's bootloader).
  private var otherSpeedConfiguration: [UInt8] { [9, 0x07] + configuration.dropFirst(2) }

  /// Whether it does not live on the bus's power.
  var isSelfPowered: Bool { power.attributes & 0x40 != 0 }

  /// The number of the DFU interface, 0 without one.
  var dfuInterface: UInt16 { UInt16(interfaces.first(where: \.isDFU)?.number ?? 0) }

  /// The interface with a number.
  func interface(_ number: UInt16) -> Interface? {
    interfaces.first { UInt16($0.number) == number }
  }

  /// Whether there is an endpoint with this `bEndpointAddress`.
  func hasEndpoint(_ address: UInt8) -> Bool {
    interfaces.contains { $0.endpoints.contains(address) }
  }

  /// The descriptor that `wValue` names: its type in the high byte, its index in the low one.
  func descriptor(_ wValue: UInt16) -> [UInt8]? {
    switch wValue {
    case 0x0100: device
    case 0x0200: configuration
    case 0x0300...0x03FF: strings[UInt8(wValue & 0xFF)]
    case 0x0600 where speed == .high: qualifier
    case 0x0700 where speed == .high: otherSpeedConfiguration
    case 0x0F00: bos
    case 0x2100...0x21FF: interfaces.lazy.map(\.functional).first { !$0.isEmpty }
    default: nil
    }
  }

  /// A string descriptor: UTF-16, little-endian, cut to what `bLength` can say.
  static func string(_ text: String) -> [UInt8] {
    let units = text.utf16.prefix(126)
    return [UInt8(2 + 2 * units.count), 0x03] + units.flatMap(\.littleEndianBytes)
  }

  /// Those of a bootloader.
  init(_ profile: DeviceProfile, serial: String) {
    let usb = profile.usb
    let firstMap = usb.firstMap
    var strings = profile.quirks.failureTexts.merging(usb.texts) { $1 }.mapValues(Self.string)
    strings[0xEE] = usb.platform.microsoftString
    strings[1] = Self.string(usb.manufacturer)
    strings[2] = Self.string(usb.product)
    strings[3] =
      profile.quirks.eightBitSerial
      ? [UInt8(2 + serial.utf8.count), 0x03] + serial.utf8 : Self.string(serial)
    var alternates: [[UInt8]] = []
    for (number, map) in zip(UInt8(0)..., usb.maps) {
      strings[firstMap + number] = Self.string(map)
      alternates.append([9, 0x04, usb.interface, number, 0, 0xFE, 0x01, 0x02, firstMap + number])
    }
    if let stated = profile.quirks.statedStringLength { strings[firstMap]?[0] = stated }
    // 9 bytes, or 7 without `bcdDFUVersion`.
    let length: UInt8 = profile.quirks.hasShortFunctionalDescriptor ? 7 : 9
    let functional =
      [length, 0x21, usb.attributes] + usb.detachTimeOut.littleEndianBytes
      + usb.transferSize.littleEndianBytes + usb.bcdDFUVersion.littleEndianBytes
    let dfu = Interface(alternates: alternates, details: Array(functional.prefix(Int(length))))
    self.init(
      version: usb.version, vendorID: usb.vendorID, productID: usb.productID,
      bcdDevice: usb.bcdDevice, speed: usb.speed, configuration: usb.configuration,
      interfaces: ([dfu] + usb.otherInterfaces).sorted { $0.number < $1.number },
      strings: strings, bos: usb.platform.bos)
  }
}

extension Descriptors.Interface {
  /// The two interfaces of a serial port: CDC 1.2, abstract control model.
  ///
  /// `data` is the number of the endpoint pair that carries its bytes, `notification` the address of
  /// the endpoint that tells of the port itself, and `interval` its `bInterval`.
  static func serialPort(
    from first: UInt8 = 0, isAssociated: Bool = false, protocolCode: UInt8,
    notification: UInt8, interval: UInt8, data: UInt8, packetSize: UInt16 = 64
  ) -> [Self] {
    let second = first + 1
    // Header, call management, abstract control model, union; then the endpoint.
    let control: [UInt8] = [
      5, 0x24, 0x00, 0x10, 0x01, 5, 0x24, 0x01, 0, second, 4, 0x24, 0x02, 2, 5, 0x24, 0x06, first,
      second, 7, 0x05, notification, 0x03, 8, 0, interval,
    ]
    let (low, high) = (UInt8(packetSize & 0xFF), UInt8(packetSize >> 8))
    let pair: [UInt8] = [
      7, 0x05, data, 0x02, low, high, 0, 7, 0x05, data | 0x80, 0x02, low, high, 0,
    ]
    return [
      Self(
        association: isAssociated ? [8, 0x0B, first, 2, 0x02, 0x02, protocolCode, 0] : [],
        alternates: [[9, 0x04, first, 0, 1, 0x02, 0x02, protocolCode, 0]], details: control),
      Self(alternates: [[9, 0x04, second, 0, 2, 0x0A, 0, 0, 0]], details: pair),
    ]
  }
}

extension FixedWidthInteger {
  /// The bytes as USB has them, the lowest first.
  var littleEndianBytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.bitWidth / 8)
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: self >> (8 * index)) }
    return bytes
  }

  /// The bytes as USB/IP has them, the highest first.
  var bigEndianBytes: [UInt8] { byteSwapped.littleEndianBytes }

  /// The number in bytes of which the highest comes first.
  init(bigEndian bytes: some Sequence<UInt8>) { self = bytes.reduce(0) { $0 << 8 | Self($1) } }

  /// The number in bytes of which the lowest comes first.
  init(littleEndian bytes: some BidirectionalCollection<UInt8>) {
    self.init(bigEndian: bytes.reversed())
  }
}

/// What a bootloader says about itself during enumeration; what is left out is as in most ST ROMs.
///
/// 0x0B, 255 ms and 0x011A were seen in every ST ROM's descriptor dump and agree with AN3156.
package struct USBFacts: Hashable, Sendable {
  /// `idVendor`.
  var vendorID: UInt16 = 0x0483
  /// `idProduct`.
  var productID: UInt16 = 0xDF11
  /// `bcdDevice`: on V2.x ROMs the version of the DFU protocol.
  var bcdDevice: UInt16 = 0x2200
  /// `iManufacturer`'s text.
  var manufacturer = "STMicroelectronics"
  /// `iProduct`'s text.
  var product = "STM32  BOOTLOADER"
  /// `iSerialNumber`'s text; one that stands in a chip's own entry is made up in the same form.
  var serial = ""
  /// Whether every board of this kind has the same serial number.
  var serialIsConstant = false
  /// The texts of the alternate settings in their order: the memory map strings.
  package var maps: [String] = []
  /// The listings that say so, by their keys; none of what nobody posted.
  package var listings: [String] = []
  /// DFU `bmAttributes`.
  var attributes: UInt8 = 0x0B
  /// DFU `wDetachTimeOut`, milliseconds.
  var detachTimeOut: UInt16 = 255
  /// DFU `wTransferSize`.
  package var transferSize: UInt16 = 2048
  /// DFU `bcdDFUVersion`.
  var bcdDFUVersion: UInt16 = 0x011A
  /// How fast it is on the bus.
  var speed = USBSpeed.full
  /// `bcdUSB`.
  var version: UInt16 = 0x0200
  /// What its configuration says of itself.
  var configuration = Configuration()
  /// `bInterfaceNumber` of the DFU interface.
  var interface: UInt8 = 0
  /// `iInterface` of the first alternate setting; those of the others follow.
  var firstMap: UInt8 = 4
  /// Texts besides those of the maps, and of manufacturer, product and serial number.
  var texts: [UInt8: String] = [:]
  /// The interfaces besides the DFU interface.
  var otherInterfaces: [Descriptors.Interface] = []
  /// What it tells operating systems and browsers.
  var platform = PlatformFacts()

  /// The last three bytes of a configuration descriptor.
  struct Configuration: Hashable, Sendable {
    /// `iConfiguration`.
    var text: UInt8 = 0
    /// `bmAttributes`: self powered, as in most ST ROMs.
    var attributes: UInt8 = 0xC0
    /// `bMaxPower`, in units of 2 mA.
    var current: UInt8 = 50
  }

  /// Facts of the ROMs whose product is named after the bus's speed.
  static func mode(
    _ speed: USBSpeed = .full, serial: String = "", maps: [String] = []
  ) -> USBFacts {
    USBFacts(
      bcdDevice: 0x0200, product: speed == .high ? "DFU in HS Mode" : "DFU in FS Mode",
      serial: serial, maps: maps, transferSize: 1024, speed: speed)
  }
}

/// How fast a device is on the bus, by its number in USB/IP.
///
/// - SeeAlso: `enum usb_device_speed` of the Linux kernel.
enum USBSpeed: UInt32, Hashable, Sendable {
  /// 12 Mbit/s.
  case full = 2
  /// 480 Mbit/s.
  case high = 3
}
