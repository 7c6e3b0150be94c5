/// Where devices are found and opened: libusb's view of the machine, or simulated boards.
public protocol USBBus: Sendable {
  /// Every device that has a DFU interface in either mode, in the order of their paths.
  ///
  /// A device that cannot be opened is listed too, with the reason.
  /// - Throws: ``USBError/noBus`` when there is no USB at all.
  func devices() throws(USBError) -> [USBDeviceListing]

  /// Opens a board and claims its interface.
  ///
  /// - Throws: ``USBError/disconnected`` when it is not the one that is plugged in there now.
  func open(_ board: Board) throws(USBError) -> any USBTransport

  /// Waits until a device has come or gone, or until `limit` has passed.
  ///
  /// - Returns: Whether something may have changed; asking ``devices()`` tells what.
  func waitForChange(limit: Duration) -> Bool

  /// The bus's time, since some fixed moment: a simulated bus has a clock of its own.
  var now: Duration { get }
}

/// One DFU-capable device as found on a bus.
public struct USBDeviceListing: Hashable, Sendable {
  /// Which device, and where.
  public let identity: DeviceIdentity
  /// Its DFU interfaces; names of alternate settings are nil when ``openError`` is set.
  public let interfaces: [DFUInterface]
  /// Why the device could not be opened, or nil.
  public let openError: USBError?
  /// The board it is, if it is in DFU mode: its first interface that speaks DfuSe, else its first.
  ///
  /// It need not speak DfuSe: ``Board/dfuProtocol`` says.
  public let board: Board?

  /// Makes a listing, and the board in it.
  public init(identity: DeviceIdentity, interfaces: [DFUInterface], openError: USBError? = nil) {
    self.identity = identity
    self.interfaces = interfaces
    self.openError = openError
    let boards = interfaces.filter { $0.mode == .dfu }.map {
      Board(identity: identity, interface: $0, namesAreKnown: openError == nil)
    }
    board = boards.first { $0.dfuProtocol != .plain } ?? boards.first
  }
}
