/// The USB device of a firmware that was flashed, as far as a host needs it to see that it runs.
///
/// It has the identity of ST's example application with a virtual serial port. Its one interface
/// is vendor-specific and has no endpoints, so that a host needs no driver for it.
///
/// - SeeAlso: USB 2.0 sections 9.4 and 9.6.
package struct ApplicationModel: Sendable {
  /// `idVendor`.
  package static let vendorID: UInt16 = 0x0483
  /// `idProduct`.
  package static let productID: UInt16 = 0x5740
  /// `bcdDevice`.
  static let bcdDevice: UInt16 = 0x0200
  /// The texts of string descriptors 1 and 2: manufacturer and product.
  static let texts = ["STMicroelectronics", "STM32 Virtual ComPort"]

  /// The text of string descriptor 3: that of the board's bootloader.
  let serial: String
  /// `bConfigurationValue` of the active configuration, 0 before the host chose one.
  private var configuration: UInt8 = 0

  /// Makes the device of a firmware that has just started.
  init(serial: String) { self.serial = serial }

  /// Answers one control transfer; everything but standard requests stalls.
  mutating func handle(setup: [UInt8]) -> Reaction {
    guard let packet = SetupPacket(setup), packet.isStandard else { return Reaction(.stall) }
    switch (packet.bmRequestType, packet.bRequest) {
    case (0x80, 0x00):  // GET_STATUS: self powered
      return answer([0x01, 0x00], to: packet)
    case (0x81, 0x00), (0x82, 0x00):
      return answer([0x00, 0x00], to: packet)
    case (0x00, 0x05):  // SET_ADDRESS
      return Reaction(.acknowledge)
    case (0x80, 0x06):  // GET_DESCRIPTOR
      return descriptor(packet.wValue).map { answer($0, to: packet) } ?? Reaction(.stall)
    case (0x80, 0x08):  // GET_CONFIGURATION
      return answer([configuration], to: packet)
    case (0x00, 0x09) where packet.wValue <= 1:  // SET_CONFIGURATION
      configuration = UInt8(packet.wValue)
      return Reaction(.acknowledge)
    case (0x81, 0x0A) where configuration != 0 && packet.wIndex == 0:  // GET_INTERFACE
      return answer([0], to: packet)
    case (0x01, 0x0B) where configuration != 0 && packet.wIndex == 0 && packet.wValue == 0:
      return Reaction(.acknowledge)  // SET_INTERFACE
    default:
      return Reaction(.stall)
    }
  }

  private func answer(_ bytes: [UInt8], to packet: SetupPacket) -> Reaction {
    Reaction(.data(Array(bytes.prefix(Int(packet.wLength)))))
  }

  /// The descriptor that `wValue` names: its type in the high byte, its index in the low one.
  private func descriptor(_ wValue: UInt16) -> [UInt8]? {
    switch wValue {
    case 0x0100:
      return [18, 0x01, 0x00, 0x02, 0, 0, 0, 64] + littleEndian(Self.vendorID)
        + littleEndian(Self.productID)
        + littleEndian(Self.bcdDevice) + [1, 2, 3, 1]
    case 0x0200:
      return [9, 0x02, 18, 0, 1, 1, 0, 0xC0, 50] + [9, 0x04, 0, 0, 0, 0xFF, 0, 0, 0]
    case 0x0300:
      return RawDescriptors.languages
    case 0x0301...0x0303:
      return RawDescriptors.utf16((Self.texts + [serial])[Int(wValue) - 0x0301])
    default:
      return nil
    }
  }

  /// A number's bytes, the lowest first.
  private func littleEndian(_ value: UInt16) -> [UInt8] {
    [UInt8(value & 0xFF), UInt8(value >> 8)]
  }
}
