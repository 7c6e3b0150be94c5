/// What a device with one configuration and one interface answers to standard requests.
///
/// - SeeAlso: USB 2.0 section 9.4.
struct StandardRequests: Sendable {
  /// What the device says of itself.
  let descriptors: Descriptors
  /// `bConfigurationValue` of the active configuration, 0 before the host chose one.
  var configuration: UInt8 = 0
  /// The active alternate setting.
  var alternate: UInt8 = 0

  init(_ descriptors: Descriptors) { self.descriptors = descriptors }

  /// Answers a standard request; others stall.
  mutating func answer(_ packet: SetupPacket) -> Reaction {
    let isInterface = configuration != 0 && packet.wIndex == 0
    switch (packet.bmRequestType, packet.bRequest) {
    case (0x80, 0x00):  // GET_STATUS: self powered
      return packet.answer([0x01, 0x00])
    case (0x81, 0x00), (0x82, 0x00):
      return packet.answer([0x00, 0x00])
    case (0x80, 0x06), (0x81, 0x06):  // GET_DESCRIPTOR
      return descriptors.descriptor(packet.wValue).map(packet.answer) ?? Reaction(.stall)
    case (0x80, 0x08):  // GET_CONFIGURATION
      return packet.answer([configuration])
    case (0x00, 0x09) where packet.wValue <= 1:  // SET_CONFIGURATION
      configuration = UInt8(packet.wValue)
      return Reaction(.acknowledge)
    case (0x81, 0x0A) where isInterface:  // GET_INTERFACE
      return packet.answer([alternate])
    // SET_INTERFACE
    case (0x01, 0x0B) where isInterface && packet.wValue < descriptors.alternates.count:
      alternate = UInt8(packet.wValue)
      return Reaction(.acknowledge)
    case (0x00, 0x05), (0x02, 0x01):  // SET_ADDRESS, CLEAR_FEATURE of an endpoint
      return Reaction(.acknowledge)
    default:
      return Reaction(.stall)
    }
  }
}

/// The USB device of a firmware that was flashed, as far as a host needs it to see that it runs.
///
/// It has the identity of ST's example application with a virtual serial port. Its one interface
/// is vendor-specific and has no endpoints, so that a host needs no driver for it.
package enum ApplicationDevice {
  /// `idVendor`.
  package static let vendorID: UInt16 = 0x0483
  /// `idProduct`.
  package static let productID: UInt16 = 0x5740

  /// Its descriptors, with the serial number of the board's bootloader.
  static func descriptors(serial: String) -> Descriptors {
    Descriptors(
      vendorID: vendorID, productID: productID, bcdDevice: 0x0200,
      alternates: [[9, 0x04, 0, 0, 0, 0xFF, 0, 0, 0]],
      strings: [
        1: Descriptors.string("STMicroelectronics"),
        2: Descriptors.string("STM32 Virtual ComPort"), 3: Descriptors.string(serial),
      ])
  }
}
