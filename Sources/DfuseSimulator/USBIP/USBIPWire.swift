/// The messages of USB/IP as bytes; all numbers are big-endian.
///
/// - SeeAlso: Linux kernel documentation, "USB/IP protocol".
package enum USBIPWire {
  /// The protocol version both sides must name.
  package static let version: UInt16 = 0x0111
  /// OP_REQ_DEVLIST.
  package static let requestDeviceList: UInt16 = 0x8005
  /// OP_REP_DEVLIST.
  package static let replyDeviceList: UInt16 = 0x0005
  /// OP_REQ_IMPORT.
  package static let requestImport: UInt16 = 0x8003
  /// OP_REP_IMPORT.
  package static let replyImport: UInt16 = 0x0003
  /// Bytes of an operation's common header.
  package static let operationHeaderSize = 8
  /// Bytes of a bus id.
  package static let busIDSize = 32
  /// Bytes of the header of every message once a device is imported.
  package static let headerSize = 48

  /// Why an operation is refused.
  package enum Status: UInt32, Hashable, Sendable {
    case ok = 0
    case deviceBusy = 2
    case noSuchDevice = 4
    case otherError = 5
  }

  /// The common header of an operation.
  package static func operationHeader(code: UInt16, status: Status) -> [UInt8] {
    big(version) + big(code) + big(status.rawValue)
  }

  /// Text in a field of fixed size, filled up with NUL; the last byte is always NUL.
  static func padded(_ text: String, to size: Int) -> [UInt8] {
    let bytes = Array(text.utf8.prefix(size - 1))
    return bytes + [UInt8](repeating: 0, count: size - bytes.count)
  }

  /// A number's bytes, the highest first.
  static func big<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    stride(from: Number.bitWidth - 8, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: value >> Number($0))
    }
  }

  /// A number from the four bytes at `offset`.
  static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// A number from the two bytes at `offset`.
  static func half(_ bytes: [UInt8], at offset: Int) -> UInt16 {
    UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }
}
