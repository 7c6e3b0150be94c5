/// What is known of a device's strings, from those that were asked for.
struct StringRequests {
  /// The device's first language; nil before it was asked.
  var language: UInt16?
  /// Whether no request has timed out yet.
  ///
  /// A device that let one time out is not asked for more: at a second each, a listing with a
  /// wedged board in it would take for ever.
  var areAnswered = true
}

extension LibUSBHandle {
  /// Whether no string request has timed out yet.
  var answersStrings: Bool { strings.areAnswered }

  /// The text of a string descriptor, or nil when there is none.
  func string(at index: UInt8) -> String? {
    stringDescriptor(index).flatMap(StringDescriptor.decode)
  }

  /// The serial number's text, or nil when there is none.
  func serialNumber() -> String? {
    stringDescriptor(device.descriptor.serialNumberIndex).flatMap { bytes in
      StringDescriptor.decodeSerial(
        bytes, vendorID: device.descriptor.vendorID, productID: device.descriptor.productID)
    }
  }

  /// The bytes of a string descriptor in the device's first language.
  private func stringDescriptor(_ index: UInt8) -> [UInt8]? {
    guard index != 0 else { return nil }
    let known = strings.language ?? StringDescriptor.language(getString(0, language: 0) ?? [])
    strings.language = known
    return getString(index, language: known)
  }

  private func getString(_ index: UInt8, language: UInt16) -> [UInt8]? {
    guard strings.areAnswered else { return nil }
    do throws(USBError) {
      return try controlIn(
        .string(at: index, language: language), length: 255, timeout: .seconds(1))
    } catch {
      if error == .timedOut { strings.areAnswered = false }
      return nil
    }
  }
}
