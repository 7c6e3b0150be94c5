/// Where devices are found and opened: libusb's view of the machine, or simulated boards.
public protocol USBBus: Sendable {
  /// Every device that has a DFU interface in either mode, in the order of their paths.
  ///
  /// A device that cannot be opened is listed too, with the reason.
  /// - Throws: ``USBError/noBus`` when there is no USB at all.
  func devices() throws(USBError) -> [USBDeviceListing]

  /// Opens a device and claims `interface` of it.
  func open(
    _ device: DeviceIdentity, interface: DFUInterface
  ) throws(USBError) -> any USBTransport

  /// Waits until a device has come or gone, or until `limit` has passed.
  ///
  /// - Returns: Whether something may have changed; asking ``devices()`` tells what.
  func waitForChange(limit: Duration) -> Bool
}

/// One DFU-capable device as found on a bus.
public struct USBDeviceListing: Hashable, Sendable {
  /// Which device, and where.
  public var identity: DeviceIdentity
  /// Its DFU interfaces; names of alternate settings are nil when ``openError`` is set.
  public var interfaces: [DFUInterface]
  /// Why the device could not be opened, or nil.
  public var openError: USBError?

  /// Makes a listing.
  public init(identity: DeviceIdentity, interfaces: [DFUInterface], openError: USBError? = nil) {
    self.identity = identity
    self.interfaces = interfaces
    self.openError = openError
  }
}
