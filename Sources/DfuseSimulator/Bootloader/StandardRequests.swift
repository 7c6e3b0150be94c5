/// What a device with one configuration and one interface answers to standard requests.
///
/// - SeeAlso: USB 2.0 section 9.4.
struct StandardRequests: Sendable {
  /// `bConfigurationValue` of the active configuration, 0 before the host chose one.
  var configuration: UInt8 = 0
  /// The active alternate setting.
  var alternate: UInt8 = 0

  /// Answers a standard request; others stall.
  mutating func answer(
    _ packet: SetupPacket, alternates: Int, _ descriptors: () -> Descriptors
  ) -> Reaction {
    let isInterface = configuration != 0 && packet.wIndex == 0
    switch (packet.bmRequestType, packet.bRequest) {
    case (0x80, 0x00):  // GET_STATUS: self powered
      return packet.answer([0x01, 0x00])
    case (0x81, 0x00), (0x82, 0x00):
      return packet.answer([0x00, 0x00])
    case (0x80, 0x06), (0x81, 0x06):  // GET_DESCRIPTOR
      return descriptors().descriptor(packet.wValue).map(packet.answer) ?? Reaction(.stall)
    case (0x80, 0x08):  // GET_CONFIGURATION
      return packet.answer([configuration])
    case (0x00, 0x09) where packet.wValue <= 1:  // SET_CONFIGURATION
      configuration = UInt8(packet.wValue)
      return Reaction(.acknowledge)
    case (0x81, 0x0A) where isInterface:  // GET_INTERFACE
      return packet.answer([alternate])
    case (0x01, 0x0B) where isInterface && packet.wValue < alternates:  // SET_INTERFACE
      alternate = UInt8(packet.wValue)
      return Reaction(.acknowledge)
    case (0x00, 0x05), (0x02, 0x01):  // SET_ADDRESS, CLEAR_FEATURE of an endpoint
      return Reaction(.acknowledge)
    default:
      return Reaction(.stall)
    }
  }
}

extension SetupPacket {
  /// Data for the host, as much as it has asked for.
  func answer(_ bytes: [UInt8]) -> Reaction { Reaction(.data(Array(bytes.prefix(Int(wLength))))) }
}

extension BootloaderModel {
  /// Answers a standard request.
  mutating func answerStandard(_ packet: SetupPacket) -> Reaction {
    switch (packet.bmRequestType, packet.bRequest, packet.wValue >> 8) {
    case (0x80, 0x06, 0x21), (0x81, 0x06, 0x21):
      return profile.quirks.ignoresFunctionalDescriptorRequest
        ? Reaction(.silence) : packet.answer(profile.functionalDescriptor)
    case (0x00, 0x09, 0) where packet.wValue <= 1 && standard.configuration != 0:
      // The first choice after power-on leaves the state as it is found; a later one follows a bus
      // reset and starts the machine anew.
      busReset(at: silentUntil)
    default:
      break
    }
    return standard.answer(packet, alternates: profile.usb.maps.count) {
      [profile, serial] in Descriptors(profile, serial: serial)
    }
  }
}

/// The USB device of a firmware that was flashed, as far as a host needs it to see that it runs.
///
/// It has the identity of ST's example application with a virtual serial port. Its one interface
/// is vendor-specific and has no endpoints, so that a host needs no driver for it.
package struct ApplicationModel: Sendable {
  /// `idVendor`.
  package static let vendorID: UInt16 = 0x0483
  /// `idProduct`.
  package static let productID: UInt16 = 0x5740

  /// The text of string descriptor 3: that of the board's bootloader.
  let serial: String
  private var standard = StandardRequests()

  init(serial: String) { self.serial = serial }

  /// Answers one control transfer; everything but standard requests stalls.
  mutating func handle(setup: [UInt8]) -> Reaction {
    guard let packet = SetupPacket(setup) else { return Reaction(.stall) }
    return standard.answer(packet, alternates: 1) { [serial] in
      Descriptors(
        vendorID: Self.vendorID, productID: Self.productID, bcdDevice: 0x0200,
        interfaces: [9, 0x04, 0, 0, 0, 0xFF, 0, 0, 0],
        strings: [
          1: Descriptors.string("STMicroelectronics"),
          2: Descriptors.string("STM32 Virtual ComPort"), 3: Descriptors.string(serial),
        ])
    }
  }
}
