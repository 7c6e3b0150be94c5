/// The 16 bytes that end every DFU file: whom it is for, and the checksum of it all.
///
/// | offset | field | size |
/// |---|---|---|
/// | 0 | bcdDevice | 2 |
/// | 2 | idProduct | 2 |
/// | 4 | idVendor | 2 |
/// | 6 | bcdDFU | 2 |
/// | 8 | ucDfuSignature, "UFD" | 3 |
/// | 11 | bLength, 16 | 1 |
/// | 12 | dwCRC | 4 |
///
/// - SeeAlso: DFU 1.1 appendix B. The specification lists the fields from the end backwards.
public struct DFUSuffix: Hashable, Sendable {
  /// Bytes of a suffix.
  public static let size = 16
  /// `bcdDFU` of a DfuSe file.
  public static let dfuseVersion: UInt16 = 0x011A
  /// "UFD".
  public static let signature: [UInt8] = [0x55, 0x46, 0x44]

  /// Release of the firmware, binary coded decimal (`bcdDevice`); 0xFFFF: any.
  public var deviceVersion: UInt16
  /// Product that the file is for (`idProduct`); 0xFFFF: any.
  public var productID: UInt16
  /// Vendor that the file is for (`idVendor`); 0xFFFF: any.
  public var vendorID: UInt16
  /// Version of the file format (`bcdDFU`): 0x0100 for plain DFU, 0x011A for DfuSe.
  public var formatVersion: UInt16
  /// The checksum as stored (`dwCRC`): of all bytes of the file but these four.
  public var checksum: UInt32

  /// Makes a suffix from its fields.
  public init(
    deviceVersion: UInt16, productID: UInt16, vendorID: UInt16, formatVersion: UInt16,
    checksum: UInt32
  ) {
    self.deviceVersion = deviceVersion
    self.productID = productID
    self.vendorID = vendorID
    self.formatVersion = formatVersion
    self.checksum = checksum
  }

  /// Whether `bytes` end in a suffix whose checksum is right.
  public static func isPresent(in bytes: [UInt8]) -> Bool {
    guard let found = find(in: bytes) else { return false }
    return found.suffix.checksum == CRC32.checksum(of: bytes[..<(bytes.count - 4)])
  }

  /// Whether the end of a file has the signature of a suffix.
  ///
  /// The checksum, which takes all bytes of the file, may still be wrong.
  public static func mayEnd(_ tail: [UInt8]) -> Bool {
    find(in: tail) != nil
  }

  /// The suffix at the end of `bytes`, told by its signature alone, and its length as stored.
  static func find(in bytes: [UInt8]) -> (suffix: DFUSuffix, length: Int)? {
    let start = bytes.count - size
    guard start >= 0, Array(bytes[(start + 8)..<(start + 11)]) == signature else { return nil }
    var cursor = ByteCursor(bytes, offset: start)
    guard
      let deviceVersion = try? cursor.uint16(field: "bcdDevice"),
      let productID = try? cursor.uint16(field: "idProduct"),
      let vendorID = try? cursor.uint16(field: "idVendor"),
      let formatVersion = try? cursor.uint16(field: "bcdDFU"),
      (try? cursor.bytes(3, field: "ucDfuSignature")) != nil,
      let length = try? cursor.uint8(field: "bLength"),
      let checksum = try? cursor.uint32(field: "dwCRC")
    else { return nil }
    let suffix = DFUSuffix(
      deviceVersion: deviceVersion, productID: productID, vendorID: vendorID,
      formatVersion: formatVersion, checksum: checksum)
    return (suffix, Int(length))
  }

  /// The bytes before `dwCRC`.
  var bytesBeforeChecksum: [UInt8] {
    littleEndian(deviceVersion) + littleEndian(productID) + littleEndian(vendorID)
      + littleEndian(formatVersion) + Self.signature + [UInt8(Self.size)]
  }
}

/// The bytes of a number, lowest first.
func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  (0..<(value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
