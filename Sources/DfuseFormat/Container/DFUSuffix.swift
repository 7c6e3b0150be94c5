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
  static let size = 16
  /// `bcdDFU` of a DfuSe file.
  static let dfuseVersion: UInt16 = 0x011A
  /// "UFD".
  static let signature: [UInt8] = [0x55, 0x46, 0x44]

  /// Release of the firmware, binary coded decimal (`bcdDevice`); 0xFFFF: any.
  public var deviceVersion: UInt16
  /// Product that the file is for (`idProduct`); 0xFFFF, and mostly 0: any.
  public var productID: UInt16
  /// Vendor that the file is for (`idVendor`); 0xFFFF, and mostly 0: any.
  public var vendorID: UInt16
  /// Version of the file format (`bcdDFU`): 0x0100 for plain DFU, 0x011A for DfuSe.
  public internal(set) var formatVersion = dfuseVersion
  /// The checksum as stored (`dwCRC`): of all bytes of the file but these four.
  public internal(set) var checksum: UInt32 = 0

  /// Makes the suffix of a container; the ids are by default those of ST's bootloaders.
  public init(
    deviceVersion: UInt16 = 0xFFFF, productID: UInt16 = 0xDF11, vendorID: UInt16 = 0x0483
  ) {
    self.deviceVersion = deviceVersion
    self.productID = productID
    self.vendorID = vendorID
  }

  /// Whether `bytes` end in a suffix whose checksum is right.
  public static func isPresent(in bytes: [UInt8]) -> Bool {
    guard let found = find(in: bytes) else { return false }
    return found.fields.checksum == CRC32.checksum(of: bytes[..<(bytes.count - 4)])
  }

  /// Whether bytes begin as a suffix does, told by its signature alone.
  static func hasSignature(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.count >= size && bytes.dropFirst(8).starts(with: signature)
  }

  /// The suffix at the end of `bytes`, told by its signature alone, and its length as stored.
  static func find(in bytes: [UInt8]) -> (fields: DFUSuffix, length: Int)? {
    let start = bytes.count - size
    guard start >= 0, hasSignature(bytes[start...]) else { return nil }
    func number(_ offset: Int, _ count: Int) -> UInt32 {
      littleEndian(bytes[(start + offset)..<(start + offset + count)])
    }
    var suffix = DFUSuffix(
      deviceVersion: UInt16(number(0, 2)), productID: UInt16(number(2, 2)),
      vendorID: UInt16(number(4, 2)))
    suffix.formatVersion = UInt16(number(6, 2))
    suffix.checksum = number(12, 4)
    return (suffix, Int(bytes[start + 11]))
  }

  /// The bytes before `dwCRC` in a DfuSe file.
  var bytesBeforeChecksum: [UInt8] {
    littleEndian(deviceVersion) + littleEndian(productID) + littleEndian(vendorID)
      + littleEndian(Self.dfuseVersion) + Self.signature + [UInt8(Self.size)]
  }
}

/// Sizes and signatures of the container's parts.
///
/// - SeeAlso: ST UM0391 section 2.
enum DfuseLayout {
  static let signature = Array("DfuSe".utf8)
  static let version: UInt8 = 1
  static let prefixSize = 11
  static let targetSignature = Array("Target".utf8)
  static let targetPrefixSize = 274
  static let targetNameSize = 255
  static let elementHeaderSize = 8
}

/// The number in at most four bytes, the lowest first.
package func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
}

/// The bytes of a number, lowest first.
package func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  (0..<(value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
