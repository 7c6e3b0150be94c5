private import CLibUSB

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
