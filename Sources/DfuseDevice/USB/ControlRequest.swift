/// The SETUP fields of a USB control transfer, without its data stage.
///
/// The direction is the top bit of ``bmRequestType`` and must fit the transport's method that is
/// called with it. `wLength` is the length of the data, or the length asked for.
///
/// - SeeAlso: USB 2.0 section 9.3.
public struct ControlRequest: Hashable, Sendable {
  /// Direction, type and recipient: 0x21 is class, interface, host to device; 0xA1 the way back.
  public var bmRequestType: UInt8
  /// The request's number.
  public var bRequest: UInt8
  /// First parameter; the block number in DFU_DNLOAD and DFU_UPLOAD.
  public var wValue: UInt16
  /// Second parameter; the interface number in class requests to an interface.
  public var wIndex: UInt16

  /// Makes a request from its four SETUP fields.
  public init(bmRequestType: UInt8, bRequest: UInt8, wValue: UInt16, wIndex: UInt16) {
    self.bmRequestType = bmRequestType
    self.bRequest = bRequest
    self.wValue = wValue
    self.wIndex = wIndex
  }

  /// Whether the data stage, if there is one, goes from the device to the host.
  public var isIn: Bool { bmRequestType & 0x80 != 0 }
}
