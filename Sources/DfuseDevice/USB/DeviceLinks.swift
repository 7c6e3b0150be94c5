import DfuseFormat

/// Control transfers with a device, whatever it runs.
///
/// Time belongs to the link: a real one sleeps, a simulated one turns a virtual clock, so that a test
/// of a 30-second erase takes no time. There is no policy here. Whatever is claimed is given back when
/// the object goes.
public protocol ControlLink: AnyObject {
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

  /// Makes several control transfers, which the device gets in this order.
  ///
  /// They may all be under way at once, so that a slow link costs its round trip only once. One that
  /// fails does not keep those behind it from the device: only send together what may be done whatever
  /// comes of the rest. Time-outs add up, as from the submission of all. What is still under way at a
  /// time-out is cancelled from the last to the first.
  ///
  /// - Parameters:
  ///   - transfers: What is to be sent.
  ///   - isStopped: Asked again and again while they are under way; once it is true, what still is gets
  ///     cancelled in the same way. Nil for what must not be cut off.
  /// - Returns: What came of them, in order; nothing of those behind one that timed out or was
  ///   cancelled, behind which the device was gone, or behind which they were not sent. The device may
  ///   have got them all the same.
  func perform(
    _ transfers: [QueuedTransfer], until isStopped: (() -> Bool)?
  ) -> [TransferAnswer]

  /// Resets the device's port. The device may come back with another address, or not at all, in
  /// which case ``USBError/disconnected`` is thrown and this link is of no further use.
  func reset() throws(USBError)

  /// Lets `duration` pass.
  func wait(_ duration: Duration)

  /// Time since some fixed moment; only differences mean anything. Never goes back.
  var now: Duration { get }
}

/// A serial port of a device, open for this program alone.
///
/// Opening raises DTR and RTS, as the kernel does, and sets raw mode at 115200 baud before the first
/// byte: a tty keeps the speed of whoever had it before. ``close()`` leaves the port as it was.
public protocol SerialLink: AnyObject {
  /// Sets the speed, with 8 data bits, no parity and one stop bit (SET_LINE_CODING).
  ///
  /// - Throws: ``SerialError``.
  func setSpeed(_ baud: UInt32) throws(SerialError)

  /// Sets both lines (SET_CONTROL_LINE_STATE).
  ///
  /// - Throws: ``SerialError``.
  func setLines(dtr: Bool, rts: Bool) throws(SerialError)

  /// Sends bytes.
  ///
  /// - Throws: ``SerialError``; ``SerialError/timedOut`` when the device does not take them within
  ///   `timeout`.
  func write(_ bytes: [UInt8], timeout: Duration) throws(SerialError)

  /// What the device has sent; waits at most `limit` for the first byte.
  ///
  /// - Returns: The bytes; none when none came in time.
  /// - Throws: ``SerialError``.
  func read(limit: Duration) throws(SerialError) -> [UInt8]

  /// Lets `duration` pass.
  func wait(_ duration: Duration)

  /// Time since some fixed moment; never goes back.
  var now: Duration { get }

  /// Gives the port back as it was before: at its speed, or a usual one where that was 1200 baud,
  /// and with DTR and RTS low if nobody else had it open.
  ///
  /// Once is enough; letting go of the object does the same.
  func close()
}

/// What can go wrong with a serial port.
public enum SerialError: Error, Hashable, Sendable {
  /// The device left the bus.
  case gone
  /// The device did not take the bytes in time.
  case timedOut
  /// Another program has the port; its number and name where the system shows them.
  case inUse(port: String, by: ProcessName?)
  /// This user may not open it; `group` is whose members may.
  case accessDenied(port: String, group: String?)
  /// No driver has made a port of the interface, and it cannot be used without one.
  case noPort(USBError?)
  /// The operating system refused `call` on `port` with this `errno`.
  case system(call: String, port: String, errno: Int32)
  /// A transfer failed.
  case usb(USBError)

  /// A program that runs.
  public struct ProcessName: Hashable, Sendable {
    /// Its process id.
    public var id: Int32
    /// Its name as the system shows it.
    public var name: String

    /// Names a program.
    public init(id: Int32, name: String) {
      self.id = id
      self.name = name
    }
  }
}

extension SerialError: CustomStringConvertible {
  /// What happened, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .gone: "the device left the bus"
    case .timedOut: "the device takes nothing on its serial port"
    case .inUse(let port, let holder):
      "\(port) is in use: \(holder?.description ?? "another program") has it open"
    case .accessDenied(let port, let group):
      "\(port) cannot be opened: "
        + (group.map { "only members of the group \($0) may" } ?? "this user may not")
    case .noPort(let error):
      "there is no serial port that can be used: "
        + (error?.description ?? "no driver has made one of the interface")
    case .system(let call, let port, let number):
      "\(call) on \(port) failed with errno \(number)"
    case .usb(let error): error.description
    }
  }
}

extension SerialError.ProcessName: CustomStringConvertible {
  /// The name and the number: `ModemManager (process 612)`.
  public var description: String { "\(name.visible()) (process \(id))" }
}
