private import CLibUSB

/// A device open through libusb, with one interface claimed.
///
/// The interface is released and the device closed when the object goes away.
final class LibUSBTransport: USBTransport {
  /// The board at the other end, as the bus found it.
  let board: Board

  private let view: LibUSBView
  private let handle: LibUSBHandle
  private let start = ContinuousClock.now
  /// The alternate setting selected by us, or nil when the device may be in any.
  private var alternateSetting: UInt8?

  /// Opens `device`, which is `board` at another address perhaps, and claims its interface.
  init(
    opening device: LibUSBDevice, as board: Board, view: LibUSBView
  ) throws(USBError) {
    self.board = board
    self.view = view
    handle = try LibUSBHandle(opening: device)
    try handle.selectConfiguration(board.interface.configuration)
    try handle.claim(board.interface.number)
  }

  deinit { handle.release(interface.number) }

  /// Sends `data` to the device in the data stage of `request`.
  func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    try handle.controlOut(request, data: data, timeout: timeout)
  }

  /// Asks the device for at most `length` bytes.
  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try handle.controlIn(request, length: length, timeout: timeout)
  }

  /// Selects an alternate setting of the claimed interface (SET_INTERFACE).
  ///
  /// Nothing is sent when it is selected already, or is the only one there: a device may stall the
  /// request then (USB 2.0 section 9.4.10), and macOS makes an error of that (libusb#1011).
  func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    guard number != alternateSetting else { return }
    if interface.alternateSettings.map(\.number) != [number] {
      alternateSetting = nil
      try handle.selectAlternateSetting(number, of: interface.number)
    }
    alternateSetting = number
  }

  /// Lets the thread sleep for `duration`.
  func wait(_ duration: Duration) { sleep(duration) }

  /// Time since the device was opened.
  var now: Duration { start.duration(to: .now) }

  /// Resets the device's port, and claims the interface again.
  ///
  /// - Throws: ``USBError/disconnected`` when the device has changed by it and must be found anew.
  func reset() throws(USBError) {
    alternateSetting = nil
    handle.release(interface.number)
    try handle.reset()
    try handle.claim(interface.number)
  }

  /// Watches the port, twenty times a second.
  ///
  /// The device is the same one as long as it was not plugged in anew. What has
  /// vanished is given a second to come back: an application that uses USB takes less, and whoever
  /// waits for the next flash of one that does not should not wait for nothing.
  func watchPort(for limit: Duration) -> PortSighting {
    var end = now + limit
    var vanished = false
    while true {
      // A list that cannot be had shows nothing either way.
      if let sight = try? view.look() {
        switch sight.devices.first(where: { $0.identity.path == identity.path }) {
        case nil:
          if !vanished { end = min(end, now + .seconds(1)) }
          vanished = true
        case .some(let other) where vanished || other.identity.place != identity.place:
          return .returned(other.identityWithKnownStrings)
        case .some:
          break
        }
      }
      let left = end - now
      guard left > .zero else { return vanished ? .gone : .stillThere }
      sleep(min(left, .milliseconds(50)))
    }
  }

  /// Reads a string descriptor in the device's first language; nil when there is none.
  func string(at index: UInt8) -> String? { handle.string(at: index) }
}

extension Duration {
  /// The duration as libusb takes it: whole milliseconds, rounded up, and never 0, which would
  /// mean to wait for ever.
  var libUSBTimeout: UInt32 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 1 }
    guard seconds < 4_000_000 else { return UInt32.max }
    let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return UInt32(max(seconds * 1000 + rest, 1))
  }
}

/// Lets the thread sleep for `duration`, whatever signals arrive.
func sleep(_ duration: Duration) {
  let end = ContinuousClock.now + duration
  while true {
    let left = ContinuousClock.now.duration(to: end)
    guard left > .zero else { return }
    var time = timespec()
    time.tv_sec = .init(clamping: left.components.seconds)
    time.tv_nsec = .init(clamping: left.components.attoseconds / 1_000_000_000)
    _ = unsafe nanosleep(&time, nil)
  }
}
