extension BootloaderModel {
  /// Answers a standard request.
  ///
  /// - SeeAlso: USB 2.0 section 9.4.
  mutating func answerStandard(_ packet: SetupPacket) -> Reaction {
    switch (packet.bmRequestType, packet.bRequest) {
    case (0x80, 0x00):  // GET_STATUS: self powered
      return answer([0x01, 0x00], to: packet)
    case (0x81, 0x00), (0x82, 0x00):
      return answer([0x00, 0x00], to: packet)
    case (0x80, 0x06), (0x81, 0x06):
      return answerDescriptor(packet)
    case (0x80, 0x08):  // GET_CONFIGURATION
      return answer([configuration], to: packet)
    case (0x00, 0x09):  // SET_CONFIGURATION
      return setConfiguration(packet.wValue)
    case (0x81, 0x0A):  // GET_INTERFACE
      guard configuration != 0, packet.wIndex == 0 else { return Reaction(.stall) }
      return answer([alternate], to: packet)
    case (0x01, 0x0B):  // SET_INTERFACE
      guard configuration != 0, packet.wIndex == 0,
        Int(packet.wValue) < profile.usb.maps.count
      else { return Reaction(.stall) }
      alternate = UInt8(packet.wValue)
      return Reaction(.acknowledge)
    case (0x00, 0x05):  // SET_ADDRESS
      return Reaction(.acknowledge)
    case (0x02, 0x01):  // CLEAR_FEATURE of an endpoint
      return Reaction(.acknowledge)
    default:
      return Reaction(.stall)
    }
  }

  /// The first choice after power-on leaves the state as it is found; a later one follows a bus
  /// reset and starts the machine anew.
  private mutating func setConfiguration(_ value: UInt16) -> Reaction {
    guard value <= 1 else { return Reaction(.stall) }
    if configuration != 0 { busReset(at: silentUntil) }
    configuration = UInt8(value)
    return Reaction(.acknowledge)
  }

  private func answer(_ bytes: [UInt8], to packet: SetupPacket) -> Reaction {
    Reaction(.data(Array(bytes.prefix(Int(packet.wLength)))))
  }

  private func answerDescriptor(_ packet: SetupPacket) -> Reaction {
    let descriptors = RawDescriptors(profile: profile, serial: serial)
    let index = UInt8(packet.wValue & 0xFF)
    switch packet.wValue >> 8 {
    case 0x01 where index == 0:
      return answer(descriptors.device, to: packet)
    case 0x02 where index == 0:
      return answer(descriptors.configuration, to: packet)
    case 0x03:
      return descriptors.string(index).map { answer($0, to: packet) } ?? Reaction(.stall)
    case 0x21:
      if profile.quirks.ignoresFunctionalDescriptorRequest { return Reaction(.silence) }
      return answer(descriptors.functional, to: packet)
    default:
      return Reaction(.stall)
    }
  }
}
