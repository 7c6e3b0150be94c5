/// The eight bytes of a SETUP packet, taken apart as a device does it.
///
/// - SeeAlso: USB 2.0 table 9-2.
package struct SetupPacket: Hashable, Sendable {
  /// Direction, type and recipient.
  package var bmRequestType: UInt8
  /// The request's number.
  package var bRequest: UInt8
  /// First parameter.
  package var wValue: UInt16
  /// Second parameter.
  package var wIndex: UInt16
  /// Length of the data stage.
  package var wLength: UInt16

  /// Takes a packet apart; nil unless it has exactly eight bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == 8 else { return nil }
    bmRequestType = bytes[0]
    bRequest = bytes[1]
    wValue = UInt16(bytes[2]) | UInt16(bytes[3]) << 8
    wIndex = UInt16(bytes[4]) | UInt16(bytes[5]) << 8
    wLength = UInt16(bytes[6]) | UInt16(bytes[7]) << 8
  }

  /// Whether the data stage goes from the device to the host.
  package var isIn: Bool { bmRequestType & 0x80 != 0 }
  /// Whether this is a class request to an interface.
  package var isClassToInterface: Bool { bmRequestType & 0x7F == 0x21 }
  /// Whether this is a standard request, whatever its recipient.
  package var isStandard: Bool { bmRequestType & 0x60 == 0 }
}
