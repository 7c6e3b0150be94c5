/// An open device with one claimed DFU interface: control transfers, and the time they take.
///
/// Time belongs to the transport: the real one sleeps, the simulated one turns a virtual clock, so
/// that a test of a 30-second erase takes no time. There is no policy here: no retry, no state.
/// Not safe for use from several threads at once.
public protocol USBTransport: AnyObject {
  /// The board at the other end, as the bus found it.
  var board: Board { get }

  /// Sends `data` to the device in the data stage of `request`.
  ///
  /// A device that does not answer within `timeout` makes the transfer fail and be cancelled.
  /// - Throws: ``USBError``.
  func controlOut(_ request: ControlRequest, data: [UInt8], timeout: Duration) throws(USBError)

  /// Asks the device for at most `length` bytes.
  ///
  /// - Returns: The bytes that came, which may be fewer than `length`.
  /// - Throws: ``USBError``.
  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8]

  /// Selects an alternate setting of the claimed interface (SET_INTERFACE).
  func selectAlternateSetting(_ number: UInt8) throws(USBError)

  /// Lets `duration` pass.
  func wait(_ duration: Duration)

  /// Time since some fixed moment; only differences mean anything. Never goes back.
  var now: Duration { get }

  /// Resets the device's port. The device may come back with another address, or not at all, in
  /// which case ``USBError/disconnected`` is thrown and this transport is of no further use.
  func reset() throws(USBError)

  /// Watches the port for at most `limit`, and says what became of the device.
  ///
  /// Returns as soon as the device has been replaced. A device that has only vanished may come
  /// back, and so is watched on for a while.
  func watchPort(for limit: Duration) -> PortSighting

  /// Reads a string descriptor in the device's first language; nil when there is none.
  func string(at index: UInt8) -> String?
}

extension USBTransport {
  /// The device at the other end.
  public var identity: DeviceIdentity { board.identity }
  /// The claimed interface.
  public var interface: DFUInterface { board.interface }
}

/// What was seen on the port of a device that was told to leave.
public enum PortSighting: Hashable, Sendable {
  /// The same device is still there, in its bootloader.
  case stillThere
  /// The port is empty.
  case gone
  /// Another device, or the same one newly enumerated, is on the port.
  case returned(DeviceIdentity)
}
