/// A bootloader's descriptors, byte for byte as they go over the wire.
///
/// - SeeAlso: USB 2.0 section 9.6; DFU 1.1 section 4.2.
struct RawDescriptors {
  let profile: DeviceProfile
  let serial: String

  /// The first string index of an alternate setting; 1 to 3 are manufacturer, product, serial.
  private static let firstMapString = 4

  /// The device descriptor, 18 bytes.
  var device: [UInt8] {
    let usb = profile.usb
    return [
      18, 0x01, 0x00, 0x02, 0, 0, 0, 64, low(usb.vendorID), high(usb.vendorID),
      low(usb.productID), high(usb.productID), low(usb.bcdDevice), high(usb.bcdDevice), 1, 2, 3, 1,
    ]
  }

  /// The configuration descriptor with everything in it.
  ///
  /// The functional descriptor comes once, behind the last alternate setting, as the ROMs have it.
  var configuration: [UInt8] {
    var body: [UInt8] = []
    for number in profile.usb.maps.indices {
      body += [
        9, 0x04, 0, UInt8(number), 0, 0xFE, 0x01, 0x02, UInt8(Self.firstMapString + number),
      ]
    }
    body += functional
    let total = UInt16(9 + body.count)
    return [9, 0x02, low(total), high(total), 1, 1, 0, 0xC0, 50] + body
  }

  /// The DFU functional descriptor: 9 bytes, or 7 without `bcdDFUVersion`.
  var functional: [UInt8] {
    let usb = profile.usb
    let length = profile.quirks.hasShortFunctionalDescriptor ? 7 : 9
    let fields: [UInt8] = [
      UInt8(length), 0x21, usb.attributes, low(usb.detachTimeOut), high(usb.detachTimeOut),
      low(usb.transferSize), high(usb.transferSize), low(usb.bcdDFUVersion),
      high(usb.bcdDFUVersion),
    ]
    return Array(fields.prefix(length))
  }

  /// A string descriptor, or nil when there is none.
  func string(_ index: UInt8) -> [UInt8]? {
    switch index {
    case 0: return Self.languages
    case 1: return Self.utf16(profile.usb.manufacturer)
    case 2: return Self.utf16(profile.usb.product)
    case 3:
      guard profile.quirks.eightBitSerial else { return Self.utf16(serial) }
      return [UInt8(2 + serial.utf8.count), 0x03] + serial.utf8
    default: break
    }
    if let text = profile.quirks.failureTexts[index] { return Self.utf16(text) }
    let place = Int(index) - Self.firstMapString
    guard profile.usb.maps.indices.contains(place) else { return nil }
    var descriptor = Self.utf16(profile.usb.maps[place])
    if place == 0, let stated = profile.quirks.statedStringLength { descriptor[0] = stated }
    return descriptor
  }

  /// String descriptor 0: US English is the only language.
  static let languages: [UInt8] = [4, 0x03, 0x09, 0x04]

  /// A string descriptor: UTF-16, little-endian, cut to what `bLength` can say.
  static func utf16(_ text: String) -> [UInt8] {
    let units = text.utf16.prefix(126)
    return [UInt8(2 + 2 * units.count), 0x03]
      + units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
  }

  private func low(_ value: UInt16) -> UInt8 { UInt8(value & 0xFF) }
  private func high(_ value: UInt16) -> UInt8 { UInt8(value >> 8) }
}

/// What a bootloader says about itself during enumeration.
package struct USBFacts: Hashable, Sendable {
  /// `idVendor`.
  package var vendorID: UInt16
  /// `idProduct`.
  package var productID: UInt16
  /// `bcdDevice`: on V2.x ROMs the version of the DFU protocol.
  package var bcdDevice: UInt16
  /// `iManufacturer`'s text.
  package var manufacturer: String
  /// `iProduct`'s text.
  package var product: String
  /// `iSerialNumber`'s text: from a log where there is one, else made up in the same form.
  package var serial: String
  /// Whether every board of this kind has the same serial number.
  package var serialIsConstant: Bool
  /// The texts of the alternate settings in their order: the memory map strings.
  package var maps: [String]
  /// DFU `bmAttributes`.
  package var attributes: UInt8
  /// DFU `wDetachTimeOut`, milliseconds.
  package var detachTimeOut: UInt16
  /// DFU `wTransferSize`.
  package var transferSize: UInt16
  /// DFU `bcdDFUVersion`.
  package var bcdDFUVersion: UInt16

  /// Makes a set of facts; what is left out is as in most ST ROMs.
  ///
  /// 0x0B, 255 ms and 0x011A were seen in every ST ROM's descriptor dump and agree with AN3156.
  package init(
    vendorID: UInt16 = 0x0483, productID: UInt16 = 0xDF11, bcdDevice: UInt16,
    manufacturer: String = "STMicroelectronics", product: String = "STM32  BOOTLOADER",
    serial: String, serialIsConstant: Bool = false, maps: [String], attributes: UInt8 = 0x0B,
    detachTimeOut: UInt16 = 255, transferSize: UInt16 = 2048, bcdDFUVersion: UInt16 = 0x011A
  ) {
    self.vendorID = vendorID
    self.productID = productID
    self.bcdDevice = bcdDevice
    self.manufacturer = manufacturer
    self.product = product
    self.serial = serial
    self.serialIsConstant = serialIsConstant
    self.maps = maps
    self.attributes = attributes
    self.detachTimeOut = detachTimeOut
    self.transferSize = transferSize
    self.bcdDFUVersion = bcdDFUVersion
  }
}
