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
  /// Takes devices in DFU mode with ``usbID`` for DfuSe, whatever they say; without ``usbID`` for
  /// none.
  public var assumesDfuSe: Bool

  /// Makes a filter; without arguments, one that fits every device.
  public init(
    usbID: USBID? = nil, serial: String? = nil, path: String? = nil, assumesDfuSe: Bool = false
  ) {
    self.usbID = usbID
    self.serial = serial
    self.path = path
    self.assumesDfuSe = assumesDfuSe
  }

  /// Whether a board speaks DfuSe, or may when its names could not be read, or is taken for it.
  public func speaksDfuSe(_ board: Board) -> Bool {
    board.dfuProtocol != .plain || assumesDfuSe && board.identity.usbID == usbID
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
