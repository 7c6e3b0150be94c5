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
