private import CLibUSB

/// An open device: control transfers, strings, and what is done to its interfaces.
///
/// Not safe for use from several threads at once.
@safe final class LibUSBHandle {
  private let handle: OpaquePointer
  private let device: LibUSBDevice
  private var language: UInt16?
  /// Whether no string request has timed out yet.
  ///
  /// A device that let one time out is not asked for more: at a second each, a listing with a
  /// wedged board in it would take for ever.
  private(set) var answersStrings = true

  init(opening device: LibUSBDevice) throws(USBError) {
    var handle: OpaquePointer?
    try check("libusb_open", unsafe libusb_open(device.pointer, &handle))
    guard let handle = unsafe handle else { throw .disconnected }
    unsafe self.handle = handle
    self.device = device
  }

  deinit { unsafe libusb_close(handle) }

  // MARK: Interfaces

  /// Makes `value` the active configuration unless it is; no interface may be claimed meanwhile.
  func selectConfiguration(_ value: UInt8) throws(USBError) {
    var active: Int32 = 0
    try check("libusb_get_configuration", unsafe libusb_get_configuration(handle, &active))
    guard active != Int32(value) else { return }
    try check(
      "libusb_set_configuration", unsafe libusb_set_configuration(handle, Int32(value)))
  }

  /// Claims an interface, taking it from the kernel's driver where libusb can do that.
  func claim(_ interface: UInt8) throws(USBError) {
    // Not supported on some platforms, where nothing has to be detached.
    _ = unsafe libusb_set_auto_detach_kernel_driver(handle, 1)
    try check(
      "libusb_claim_interface", unsafe libusb_claim_interface(handle, Int32(interface)))
  }

  /// Gives a claimed interface back; that it is gone already is no error.
  func release(_ interface: UInt8) {
    _ = unsafe libusb_release_interface(handle, Int32(interface))
  }

  /// Selects an alternate setting of a claimed interface.
  func selectAlternateSetting(_ number: UInt8, of interface: UInt8) throws(USBError) {
    try check(
      "libusb_set_interface_alt_setting",
      unsafe libusb_set_interface_alt_setting(handle, Int32(interface), Int32(number)))
  }

  /// Resets the device's port.
  func reset() throws(USBError) {
    try check("libusb_reset_device", unsafe libusb_reset_device(handle))
  }

  // MARK: Transfers

  /// Sends `data`; fewer bytes accepted are an error.
  func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    var buffer = data
    let sent = try transfer(request, &buffer, timeout: timeout)
    guard sent == data.count else {
      throw .other(
        call: "libusb_control_transfer", code: Int32(clamping: sent),
        name: "only \(sent) of \(data.count) bytes were accepted")
    }
  }

  /// Asks for at most `length` bytes.
  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    var buffer: [UInt8] = Array(repeating: 0, count: max(length, 0))
    let received = try transfer(request, &buffer, timeout: timeout)
    return Array(buffer.prefix(received))
  }

  private func transfer(
    _ request: ControlRequest, _ buffer: inout [UInt8], timeout: Duration
  ) throws(USBError) -> Int {
    guard let length = UInt16(exactly: buffer.count) else {
      throw USBError(libUSB: LIBUSB_ERROR_INVALID_PARAM.rawValue, call: "libusb_control_transfer")
    }
    // A closure would lose the typed throw, so it hands the code out.
    let code = unsafe buffer.withUnsafeMutableBufferPointer { bytes in
      unsafe libusb_control_transfer(
        handle, request.bmRequestType, request.bRequest, request.wValue, request.wIndex,
        bytes.baseAddress, length, timeout.libUSBTimeout)
    }
    return Int(try check("libusb_control_transfer", code))
  }

  // MARK: Strings

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
    let known = language ?? StringDescriptor.language(getString(0, language: 0) ?? [])
    language = known
    return getString(index, language: known)
  }

  /// GET_DESCRIPTOR(STRING): USB 2.0 section 9.4.3.
  private func getString(_ index: UInt8, language: UInt16) -> [UInt8]? {
    guard answersStrings else { return nil }
    let request = ControlRequest(
      bmRequestType: 0x80, bRequest: 6,
      wValue: UInt16(DescriptorType.string) << 8 | UInt16(index), wIndex: language)
    do throws(USBError) {
      return try controlIn(request, length: 255, timeout: .seconds(1))
    } catch {
      if error == .timedOut { answersStrings = false }
      return nil
    }
  }
}

extension USBError {
  /// The error behind a negative libusb code.
  ///
  /// - SeeAlso: libusb's `enum libusb_error`.
  init(libUSB code: Int32, call: String) {
    switch code {
    case LIBUSB_ERROR_PIPE.rawValue: self = .stall
    case LIBUSB_ERROR_TIMEOUT.rawValue: self = .timedOut
    case LIBUSB_ERROR_NO_DEVICE.rawValue: self = .disconnected
    // Of an open device: it has to be enumerated anew, or its interface is no more.
    case LIBUSB_ERROR_NOT_FOUND.rawValue: self = .disconnected
    case LIBUSB_ERROR_ACCESS.rawValue: self = .accessDenied
    case LIBUSB_ERROR_BUSY.rawValue: self = .busy
    case LIBUSB_ERROR_NOT_SUPPORTED.rawValue: self = .noDriver
    case LIBUSB_ERROR_OVERFLOW.rawValue: self = .overflow
    default:
      let name = unsafe String(cString: libusb_error_name(code))
      self = .other(call: call, code: code, name: name)
    }
  }
}

/// Judges what a libusb function returned.
///
/// - Parameters:
///   - call: The function's name, for the error.
///   - code: What it returned.
/// - Returns: `code`, when it is no error: in some calls a count.
/// - Throws: ``USBError`` when `code` is negative.
@discardableResult
func check(_ call: String, _ code: Int32) throws(USBError) -> Int32 {
  guard code >= 0 else { throw USBError(libUSB: code, call: call) }
  return code
}
