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
