/// What a device with one configuration answers to standard requests.
///
/// - SeeAlso: USB 2.0 section 9.4.
struct StandardRequests: Sendable {
  /// What the device says of itself.
  var descriptors: Descriptors
  /// `bConfigurationValue` of the active configuration, 0 before the host chose one.
  var configuration: UInt8 = 0
  /// The active alternate setting of the DFU interface; no other has several.
  var alternate: UInt8 = 0

  init(_ descriptors: Descriptors) { self.descriptors = descriptors }

  /// Answers a standard request; others stall.
  mutating func answer(_ packet: SetupPacket) -> Reaction {
    let interface = configuration != 0 ? descriptors.interface(packet.wIndex) : nil
    let isDFU = packet.wIndex == descriptors.dfuInterface
    switch (packet.bmRequestType, packet.bRequest) {
    case (0x80, 0x00):  // GET_STATUS
      return packet.answer([descriptors.isSelfPowered ? 0x01 : 0x00, 0x00])
    case (0x81, 0x00), (0x82, 0x00):
      return packet.answer([0x00, 0x00])
    case (0x80, 0x06), (0x81, 0x06):  // GET_DESCRIPTOR
      return descriptors.descriptor(packet.wValue).map(packet.answer) ?? Reaction(.stall)
    case (0x80, 0x08):  // GET_CONFIGURATION
      return packet.answer([configuration])
    case (0x00, 0x09) where packet.wValue <= 1:  // SET_CONFIGURATION
      configuration = UInt8(packet.wValue)
      return Reaction(.acknowledge)
    case (0x81, 0x0A) where interface != nil:  // GET_INTERFACE
      return packet.answer([isDFU ? alternate : 0])
    // SET_INTERFACE
    case (0x01, 0x0B) where packet.wValue < interface?.alternates.count ?? 0:
      if isDFU { alternate = UInt8(packet.wValue) }
      return Reaction(.acknowledge)
    case (0x00, 0x05), (0x02, 0x01):  // SET_ADDRESS, CLEAR_FEATURE of an endpoint
      return Reaction(.acknowledge)
    default:
      return Reaction(.stall)
    }
  }
}
