/// The descriptors in a blob of descriptors, one after the other.
///
/// The walk ends at the first descriptor that cannot be: shorter than its own header, or longer
/// than the bytes that are left. What came before it stands.
///
/// - SeeAlso: USB 2.0 section 9.5.
struct DescriptorWalk: Sequence, IteratorProtocol {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next whole descriptor, `bLength` and `bDescriptorType` included.
  mutating func next() -> ArraySlice<UInt8>? {
    guard let length = rest.first.map(Int.init), length >= 2, length <= rest.count else {
      return nil
    }
    defer { rest = rest.dropFirst(length) }
    return rest.prefix(length)
  }
}

extension ArraySlice<UInt8> {
  /// The byte at `offset` from the slice's own start, or 0 when the slice ends before it.
  func field8(_ offset: Int) -> UInt8 {
    offset < count ? self[startIndex + offset] : 0
  }

  /// The little-endian 16-bit field at `offset` from the slice's own start; missing bytes are 0.
  func field16(_ offset: Int) -> UInt16 {
    UInt16(field8(offset)) | UInt16(field8(offset + 1)) << 8
  }
}

/// The fields of a device descriptor that a DFU host needs.
///
/// - SeeAlso: USB 2.0 section 9.6.1, table 9-8.
public struct DeviceDescriptor: Hashable, Sendable {
  /// `idVendor`.
  public var vendorID: UInt16
  /// `idProduct`.
  public var productID: UInt16
  /// `bcdDevice`, binary coded decimal.
  public var bcdDevice: UInt16
  /// `iManufacturer`, a string index; 0 for none.
  public var manufacturerIndex: UInt8
  /// `iProduct`, a string index; 0 for none.
  public var productIndex: UInt8
  /// `iSerialNumber`, a string index; 0 for none.
  public var serialNumberIndex: UInt8

  /// Makes a descriptor from its fields.
  public init(
    vendorID: UInt16, productID: UInt16, bcdDevice: UInt16, manufacturerIndex: UInt8,
    productIndex: UInt8, serialNumberIndex: UInt8
  ) {
    self.vendorID = vendorID
    self.productID = productID
    self.bcdDevice = bcdDevice
    self.manufacturerIndex = manufacturerIndex
    self.productIndex = productIndex
    self.serialNumberIndex = serialNumberIndex
  }

  /// Reads the 18 bytes of a device descriptor.
  ///
  /// - Parameter bytes: The descriptor as the device sent it; bytes behind it are ignored.
  /// - Returns: The fields a DFU host needs.
  /// - Throws: ``USBError/badDescriptor(reason:)`` when it is too short or of another type.
  public static func parse(_ bytes: [UInt8]) throws(USBError) -> DeviceDescriptor {
    guard bytes.count >= 18, bytes[0] >= 18 else {
      throw .badDescriptor(reason: "the device descriptor has \(bytes.count) bytes instead of 18")
    }
    guard bytes[1] == DescriptorType.device else {
      throw .badDescriptor(reason: "type \(bytes[1]) stands where the device descriptor should be")
    }
    let fields = bytes[...]
    return DeviceDescriptor(
      vendorID: fields.field16(8), productID: fields.field16(10), bcdDevice: fields.field16(12),
      manufacturerIndex: bytes[14], productIndex: bytes[15], serialNumberIndex: bytes[16])
  }
}

/// The descriptor types used here.
///
/// - SeeAlso: USB 2.0 table 9-5; DFU 1.1 section 4.1.3.
enum DescriptorType {
  static let device: UInt8 = 1
  static let configuration: UInt8 = 2
  static let string: UInt8 = 3
  static let interface: UInt8 = 4
  static let endpoint: UInt8 = 5
  /// The DFU functional descriptor, and also the HID descriptor of a HID interface.
  static let dfuFunctional: UInt8 = 0x21
}

/// Text of string descriptors.
///
/// - SeeAlso: USB 2.0 section 9.6.7.
public enum StringDescriptor {
  /// The text of a string descriptor, in the bytes that were received.
  ///
  /// UTF-16, little endian. `bLength` is not believed beyond the bytes there are: STM32F42x ROMs
  /// say 166 and send 112. Half characters become U+FFFD, NULs at the end are dropped.
  ///
  /// - Parameter bytes: What the device sent, its two-byte header included.
  /// - Returns: The text, or nil when the bytes are no string descriptor.
  public static func decode(_ bytes: [UInt8]) -> String? {
    guard let payload = payload(of: bytes) else { return nil }
    var units: [UInt16] = []
    var offset = 0
    while offset + 1 < payload.count {
      units.append(payload.field16(offset))
      offset += 2
    }
    while units.last == 0 { units.removeLast() }
    return String(decoding: units, as: UTF16.self)
  }

  /// The text of a serial number's string descriptor.
  ///
  /// As ``decode(_:)``, but for GD32 bootloaders (28E9:0189), which send 8-bit text such as `3CBJ`
  /// where UTF-16 belongs; one that sends UTF-16 after all is understood too.
  ///
  /// - SeeAlso: The same exception in dfu-util and fwupd.
  public static func decodeSerial(
    _ bytes: [UInt8], vendorID: UInt16, productID: UInt16
  ) -> String? {
    guard USBID(vendorID: vendorID, productID: productID) == .gd32Bootloader,
      let payload = payload(of: bytes),
      payload.enumerated().contains(where: { !$0.offset.isMultiple(of: 2) && $0.element != 0 })
    else { return decode(bytes) }
    var text = payload
    while text.last == 0 { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }

  /// The first language id of string descriptor 0, or 0x0409, US English, when it lists none.
  public static func language(_ bytes: [UInt8]) -> UInt16 {
    guard let payload = payload(of: bytes), payload.count >= 2 else { return 0x0409 }
    return payload.field16(0)
  }

  /// What follows the header, as far as it was received and `bLength` reaches.
  private static func payload(of bytes: [UInt8]) -> ArraySlice<UInt8>? {
    guard bytes.count >= 2, bytes[0] >= 2, bytes[1] == DescriptorType.string else { return nil }
    return bytes.prefix(Int(bytes[0])).dropFirst(2)
  }
}
