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
