/// Text of string descriptors.
///
/// - SeeAlso: USB 2.0 section 9.6.7.
public enum StringDescriptor {
  /// The text of a string descriptor, in the bytes that were received.
  ///
  /// UTF-16, little endian. `bLength` is not believed beyond the bytes there are: STM32F42x ROMs
  /// say 166 and send 112. Half characters become U+FFFD, NULs at the end are dropped.
  ///
  /// - Parameter bytes: What the device sent, its two-byte header included.
  /// - Returns: The text, or nil when the bytes are no string descriptor.
  public static func decode(_ bytes: [UInt8]) -> String? {
    guard let payload = payload(of: bytes) else { return nil }
    var units: [UInt16] = []
    var offset = 0
    while offset + 1 < payload.count {
      units.append(payload.field16(offset))
      offset += 2
    }
    while units.last == 0 { units.removeLast() }
    return String(decoding: units, as: UTF16.self)
  }

  /// The text of a serial number's string descriptor.
  ///
  /// As ``decode(_:)``, but for GD32 bootloaders (28E9:0189), which send 8-bit text such as `3CBJ`
  /// where UTF-16 belongs; one that sends UTF-16 after all is understood too.
  ///
  /// - SeeAlso: The same exception in dfu-util and fwupd.
  public static func decodeSerial(
    _ bytes: [UInt8], vendorID: UInt16, productID: UInt16
  ) -> String? {
    guard USBID(vendorID: vendorID, productID: productID) == .gd32Bootloader,
      let payload = payload(of: bytes),
      payload.enumerated().contains(where: { !$0.offset.isMultiple(of: 2) && $0.element != 0 })
    else { return decode(bytes) }
    var text = payload
    while text.last == 0 { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }

  /// The first language id of string descriptor 0, or 0x0409, US English, when it lists none.
  public static func language(_ bytes: [UInt8]) -> UInt16 {
    guard let payload = payload(of: bytes), payload.count >= 2 else { return 0x0409 }
    return payload.field16(0)
  }

  /// What follows the header, as far as it was received and `bLength` reaches.
  private static func payload(of bytes: [UInt8]) -> ArraySlice<UInt8>? {
    guard bytes.count >= 2, bytes[0] >= 2, bytes[1] == DescriptorType.string else { return nil }
    return bytes.prefix(Int(bytes[0])).dropFirst(2)
  }
}
