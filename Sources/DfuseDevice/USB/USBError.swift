/// What can go wrong below the DFU protocol: on the bus, in the operating system, in libusb.
public enum USBError: Error, Hashable, Sendable {
  /// The device refused the request (libusb `LIBUSB_ERROR_PIPE`).
  case stall
  /// No answer within the time allowed (libusb `LIBUSB_ERROR_TIMEOUT`).
  case timedOut
  /// The device left the bus, or was never there (libusb `LIBUSB_ERROR_NO_DEVICE`,
  /// `LIBUSB_ERROR_NOT_FOUND` on an open device).
  case disconnected
  /// The operating system lets this user not open the device (libusb `LIBUSB_ERROR_ACCESS`).
  case accessDenied
  /// Another program or driver holds the interface (libusb `LIBUSB_ERROR_BUSY`).
  case busy
  /// No driver that libusb can use is bound to the device (libusb `LIBUSB_ERROR_NOT_SUPPORTED`).
  case noDriver
  /// The device sent more than was asked for (libusb `LIBUSB_ERROR_OVERFLOW`).
  case overflow
  /// There is no USB on this machine: no bus, or libusb could not start.
  case noBus
  /// The device's descriptors cannot be understood.
  case badDescriptor(reason: String)
  /// Any other libusb failure: the function, its code, and libusb's name for the code.
  case other(call: String, code: Int32, name: String)
}
