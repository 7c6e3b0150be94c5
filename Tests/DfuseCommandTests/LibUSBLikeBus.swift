import DfuseDevice
import DfuseSimulator
import Synchronization

/// A simulated bus that shows its boards as libusb and Linux do.
///
/// Addresses are few and come again; what is on a port after a board has left has no strings at
/// first; the list may be old, or not be had at all.
final class LibUSBLikeBus: USBBus {
  let inner: SimulatedBus
  private let state = Mutex(State())

  private struct State {
    var failures = 0
    var staleLooks = 0
    var last: [USBDeviceListing] = []
  }

  init(_ inner: SimulatedBus) { self.inner = inner }

  /// Lets the next calls for the list fail.
  func failNext(_ count: Int) { state.withLock { $0.failures = count } }

  /// Shows the last list again for some calls.
  func beStale(for count: Int) { state.withLock { $0.staleLooks = count } }

  func devices() throws(USBError) -> [USBDeviceListing] {
    let (fails, old) = state.withLock { state -> (Bool, [USBDeviceListing]?) in
      if state.failures > 0 {
        state.failures -= 1
        return (true, nil)
      }
      guard state.staleLooks > 0 else { return (false, nil) }
      state.staleLooks -= 1
      return (false, state.last)
    }
    if fails { throw .other(call: "libusb_get_device_list", code: -99, name: "LIBUSB_ERROR_OTHER") }
    if let old { return old }
    let now = try inner.devices().map { listing in
      USBDeviceListing(
        identity: Self.readdressed(listing.identity), interfaces: listing.interfaces,
        openError: listing.openError)
    }
    state.withLock { $0.last = now }
    return now
  }

  /// As many addresses as there are: four.
  static func readdressed(_ identity: DeviceIdentity) -> DeviceIdentity {
    var identity = identity
    identity.address = identity.address % 4 + 1
    return identity
  }

  func open(_ board: Board) throws(USBError) -> any USBTransport {
    LibUSBLikeTransport(try inner.open(board))
  }

  func waitForChange(limit: Duration) -> Bool { inner.waitForChange(limit: limit) }

  var now: Duration { inner.now }
}

/// A transport whose port shows a device without its strings.
private final class LibUSBLikeTransport: USBTransport {
  private let inner: any USBTransport

  init(_ inner: any USBTransport) { self.inner = inner }

  var board: Board { inner.board }
  var now: Duration { inner.now }

  func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    try inner.controlOut(request, data: data, timeout: timeout)
  }

  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try inner.controlIn(request, length: length, timeout: timeout)
  }

  func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    try inner.selectAlternateSetting(number)
  }

  func wait(_ duration: Duration) { inner.wait(duration) }
  func reset() throws(USBError) { try inner.reset() }
  func string(at index: UInt8) -> String? { inner.string(at: index) }

  func watchPort(for limit: Duration, away: Duration) -> PortSighting {
    let sighting = inner.watchPort(for: limit, away: away)
    guard case .returned(var identity) = sighting else { return sighting }
    identity = LibUSBLikeBus.readdressed(identity)
    (identity.serialNumber, identity.manufacturer, identity.product) = (nil, nil, nil)
    return .returned(identity)
  }
}
