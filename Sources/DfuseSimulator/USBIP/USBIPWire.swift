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

/// A message from the client to an imported device.
package enum USBIPCommand: Hashable, Sendable {
  /// USBIP_CMD_SUBMIT: start a transfer.
  case submit(USBIPSubmit)
  /// USBIP_CMD_UNLINK: forget the transfer with the number `victim`.
  case unlink(seqnum: UInt32, devid: UInt32, victim: UInt32)

  /// Reads a header of 48 bytes; nil when it is no command.
  package init?(header: [UInt8]) {
    guard header.count == USBIPWire.headerSize else { return nil }
    let seqnum = USBIPWire.word(header, at: 4)
    let devid = USBIPWire.word(header, at: 8)
    switch USBIPWire.word(header, at: 0) {
    case 1:
      let direction = USBIPWire.word(header, at: 12)
      guard direction <= 1 else { return nil }
      self = .submit(
        USBIPSubmit(
          seqnum: seqnum, devid: devid, isIn: direction == 1,
          endpoint: USBIPWire.word(header, at: 16), length: USBIPWire.word(header, at: 24),
          setup: Array(header[40..<48])))
    case 2:
      self = .unlink(seqnum: seqnum, devid: devid, victim: USBIPWire.word(header, at: 20))
    default:
      return nil
    }
  }
}

/// The fields of USBIP_CMD_SUBMIT that matter for control transfers.
package struct USBIPSubmit: Hashable, Sendable {
  /// The transfer's number, which its reply carries.
  package var seqnum: UInt32
  /// The device.
  package var devid: UInt32
  /// Whether data come from the device.
  package var isIn: Bool
  /// The endpoint.
  package var endpoint: UInt32
  /// `transfer_buffer_length`: bytes that follow, or room for the answer.
  package var length: UInt32
  /// The SETUP packet, 8 bytes, as on USB.
  package var setup: [UInt8]
}

/// Messages from the server about a transfer.
package enum USBIPReply {
  /// −EPIPE: the endpoint stalled.
  package static let stalled: Int32 = -32
  /// −ECONNRESET: the transfer was unlinked.
  package static let unlinked: Int32 = -104

  /// USBIP_RET_SUBMIT with the data of an IN transfer behind it.
  ///
  /// `number_of_packets` is 0, which Linux accepts for control transfers.
  package static func submit(
    seqnum: UInt32, status: Int32, actualLength: Int, data: [UInt8] = []
  ) -> [UInt8] {
    USBIPWire.big(UInt32(3)) + USBIPWire.big(seqnum) + [UInt8](repeating: 0, count: 12)
      + USBIPWire.big(status) + USBIPWire.big(UInt32(clamping: actualLength))
      + [UInt8](repeating: 0, count: 20) + data
  }

  /// USBIP_RET_UNLINK.
  package static func unlink(seqnum: UInt32, status: Int32) -> [UInt8] {
    USBIPWire.big(UInt32(4)) + USBIPWire.big(seqnum) + [UInt8](repeating: 0, count: 12)
      + USBIPWire.big(status) + [UInt8](repeating: 0, count: 24)
  }
}
