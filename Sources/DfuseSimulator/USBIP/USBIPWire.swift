/// The messages of USB/IP as bytes; all numbers are big-endian.
///
/// - SeeAlso: Linux kernel documentation, "USB/IP protocol".
enum USBIPWire {
  /// The protocol version both sides must name.
  static let version: UInt16 = 0x0111
  /// OP_REQ_DEVLIST.
  static let requestDeviceList: UInt16 = 0x8005
  /// OP_REQ_IMPORT.
  static let requestImport: UInt16 = 0x8003
  /// Bytes of an operation's common header.
  static let operationHeaderSize = 8
  /// Bytes of a bus id.
  static let busIDSize = 32
  /// Bytes of the header of every message once a device is imported.
  static let headerSize = 48

  /// Why an operation is refused.
  enum Status: UInt32, Hashable, Sendable {
    case ok = 0
    case deviceBusy = 2
    case noSuchDevice = 4
  }

  /// −EPIPE: the endpoint stalled.
  static let stalled: Int32 = -32
  /// −ECONNRESET: the transfer was unlinked.
  static let unlinked: Int32 = -104

  /// The common header of the reply to an operation, whose code is the request's without 0x8000.
  static func operationReply(to code: UInt16, _ status: Status) -> [UInt8] {
    version.bigEndianBytes + (code & 0x7FFF).bigEndianBytes + status.rawValue.bigEndianBytes
  }

  /// USBIP_RET_SUBMIT (3) with the data of an IN transfer behind it, or USBIP_RET_UNLINK (4).
  ///
  /// `number_of_packets` is 0, which Linux accepts for control transfers.
  static func reply(
    _ command: UInt32, to seqnum: UInt32, status: Int32, actualLength: Int = 0, data: [UInt8] = []
  ) -> [UInt8] {
    command.bigEndianBytes + seqnum.bigEndianBytes + [UInt8](repeating: 0, count: 12)
      + status.bigEndianBytes + UInt32(clamping: actualLength).bigEndianBytes
      + [UInt8](repeating: 0, count: 20) + data
  }

  /// Text in a field of fixed size, filled up with NUL; the last byte is always NUL.
  static func padded(_ text: String, to size: Int) -> [UInt8] {
    let bytes = Array(text.utf8.prefix(size - 1))
    return bytes + [UInt8](repeating: 0, count: size - bytes.count)
  }
}

/// A message from the client to an imported device: USBIP_CMD_SUBMIT, of which the fields are here
/// that matter for control and bulk transfers, or USBIP_CMD_UNLINK.
struct USBIPCommand: Hashable, Sendable {
  /// The message's number, which its reply carries.
  var seqnum: UInt32
  /// The device.
  var devid: UInt32
  /// The number of the transfer to forget; nil when one is to be started.
  var victim: UInt32?
  /// Whether data come from the device.
  var isIn: Bool
  /// The endpoint's number.
  var endpoint: UInt32
  /// `bEndpointAddress`: the number, and the direction in the top bit.
  var address: UInt8 { UInt8(truncatingIfNeeded: endpoint & 0x0F) | (isIn ? 0x80 : 0) }
  /// `transfer_buffer_length`: bytes that follow, or room for the answer.
  var length: UInt32
  /// The SETUP packet, 8 bytes, as on USB.
  var setup: [UInt8]
  /// The data of an OUT transfer, which follow.
  var data: [UInt8] = []

  /// Reads a header of 48 bytes; nil when it is no command.
  init?(header: ArraySlice<UInt8>) {
    let words = stride(from: header.startIndex, to: header.endIndex - 3, by: 4).map {
      UInt32(bigEndian: header[$0..<($0 + 4)])
    }
    guard header.count == USBIPWire.headerSize else { return nil }
    seqnum = words[1]
    devid = words[2]
    isIn = words[3] == 1
    endpoint = words[4]
    length = words[6]
    setup = Array(header.suffix(8))
    switch (words[0], words[3]) {
    case (1, 0...1): victim = nil
    case (2, _): victim = words[5]
    default: return nil
    }
  }
}
