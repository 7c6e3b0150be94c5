/// A device's descriptors, byte for byte as they go over the wire.
///
/// - SeeAlso: USB 2.0 section 9.6; DFU 1.1 section 4.2.
struct Descriptors: Sendable {
  /// An interface of the one configuration.
  struct Interface: Sendable {
    /// The interface's descriptor for each alternate setting, 9 bytes.
    var alternates: [[UInt8]]
    /// The descriptors of its class, then those of its endpoints, behind the last alternate setting.
    var details: [UInt8] = []

    /// `bInterfaceNumber`.
    var number: UInt8 { alternates[0][2] }
    /// Class, subclass and protocol.
    var code: [UInt8] { Array(alternates[0][5..<8]) }
    /// The DFU functional descriptor; none outside DFU.
    var functional: [UInt8] { code.starts(with: [0xFE, 0x01]) ? details : [] }

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
  /// The string descriptors by index.
  private let strings: [UInt8: [UInt8]]

  /// Descriptors of a device with one configuration, whose first strings are manufacturer, product
  /// and serial number.
  init(
    vendorID: UInt16, productID: UInt16, bcdDevice: UInt16, deviceClass: UInt8 = 0,
    speed: USBSpeed = .full, interfaces: [Interface], strings: [UInt8: [UInt8]]
  ) {
    self.speed = speed
    // Control transfers in packets of 64 bytes: USB 2.0 section 5.5.3 has them so at high speed, and
    // the bootloaders that are known do it at full speed.
    device =
      [18, 0x01, 0x00, 0x02, deviceClass, 0, 0, 64] + vendorID.littleEndianBytes
      + productID.littleEndianBytes + bcdDevice.littleEndianBytes + [1, 2, 3, 1]
    self.interfaces = interfaces
    // String descriptor 0: US English is the only language.
    self.strings = strings.merging([0: [4, 0x03, 0x09, 0x04]]) { $1 }
  }

  /// The configuration descriptor with everything in it.
  ///
  /// A DFU functional descriptor comes once, behind the last alternate setting, as the ROMs have it.
  var configuration: [UInt8] {
    let rest = interfaces.flatMap { $0.alternates.joined() + $0.details }
    return [9, 0x02] + UInt16(9 + rest.count).littleEndianBytes
      + [UInt8(interfaces.count), 1, 0, 0xC0, 50] + rest
  }

  /// What a high-speed device would be at full speed: version, class, packet size, configurations.
  ///
  /// USB 2.0 section 9.6.2; a device of one speed has none.
  private var qualifier: [UInt8] { [10, 0x06] + device[2...7] + [device[17], 0] }

  /// The configuration at the other speed, which differs in endpoints only: DFU has none.
  ///
  /// So ST's device library answers, with one array for both (usbd_ctlreq.c, v2.11.3).
  private var otherSpeedConfiguration: [UInt8] { [9, 0x07] + configuration.dropFirst(2) }

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
    // 1 to 3 are manufacturer, product, serial number.
    let firstMap: UInt8 = 4
    var strings = profile.quirks.failureTexts.mapValues(Self.string)
    strings[1] = Self.string(usb.manufacturer)
    strings[2] = Self.string(usb.product)
    strings[3] =
      profile.quirks.eightBitSerial
      ? [UInt8(2 + serial.utf8.count), 0x03] + serial.utf8 : Self.string(serial)
    var alternates: [[UInt8]] = []
    for (number, map) in zip(UInt8(0)..., usb.maps) {
      strings[firstMap + number] = Self.string(map)
      alternates.append([9, 0x04, 0, number, 0, 0xFE, 0x01, 0x02, firstMap + number])
    }
    if let stated = profile.quirks.statedStringLength { strings[firstMap]?[0] = stated }
    // 9 bytes, or 7 without `bcdDFUVersion`.
    let length: UInt8 = profile.quirks.hasShortFunctionalDescriptor ? 7 : 9
    let functional =
      [length, 0x21, usb.attributes] + usb.detachTimeOut.littleEndianBytes
      + usb.transferSize.littleEndianBytes + usb.bcdDFUVersion.littleEndianBytes
    self.init(
      vendorID: usb.vendorID, productID: usb.productID, bcdDevice: usb.bcdDevice,
      speed: usb.speed,
      interfaces: [
        Interface(alternates: alternates, details: Array(functional.prefix(Int(length))))
      ], strings: strings)
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
  /// `iSerialNumber`'s text: from a log where there is one, else made up in the same form.
  var serial: String
  /// Whether every board of this kind has the same serial number.
  var serialIsConstant = false
  /// The texts of the alternate settings in their order: the memory map strings.
  package var maps: [String]
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

  /// Facts of the ROMs whose product is named after the bus's speed.
  static func mode(_ speed: USBSpeed = .full, serial: String, maps: [String]) -> USBFacts {
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
