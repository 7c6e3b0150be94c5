private import CLibUSB

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
