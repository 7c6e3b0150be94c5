/// Which devices a person means.
///
/// Every part that is given has to fit.
public struct DeviceFilter: Hashable, Sendable {
  /// Vendor and product id.
  public var usbID: USBID?
  /// Serial number; case does not matter.
  public var serial: String?
  /// Port path, `BUS-PORT[.PORT]…`.
  public var path: String?

  /// Makes a filter; without arguments, one that fits every device.
  public init(usbID: USBID? = nil, serial: String? = nil, path: String? = nil) {
    self.usbID = usbID
    self.serial = serial
    self.path = path
  }

  /// Whether `identity` fits.
  public func matches(_ identity: DeviceIdentity) -> Bool {
    matchesExceptSerial(identity)
      && (serial == nil || identity.serialNumber?.lowercased() == serial?.lowercased())
  }

  /// Whether `identity` fits as far as can be seen without opening the device.
  func matchesExceptSerial(_ identity: DeviceIdentity) -> Bool {
    (usbID == nil || identity.usbID == usbID) && (path == nil || identity.path == path)
  }
}
