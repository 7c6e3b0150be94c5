#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

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
