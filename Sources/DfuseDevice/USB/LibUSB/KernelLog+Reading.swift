#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

extension KernelLog {
  /// The log of the running kernel; an empty one on other systems than Linux, and where this user
  /// may not read it (`kernel.dmesg_restrict`), or the machine's part that one is in has none.
  static func now() -> KernelLog {
    #if os(Linux)
      let records = records(in: "/dev/kmsg")
      let clocks = [CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC, CLOCK_BOOTTIME].map(time(of:)).sorted()
      return KernelLog(records: records, clocks: clocks)
    #else
      return KernelLog()
    #endif
  }

  /// What there is to be read now; nothing is waited for.
  ///
  /// The kernel hands out one record a call, and has at most a few megabytes of them.
  static func records(in file: String) -> String {
    let descriptor = unsafe open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var text: [UInt8] = []
    // More than any record: PRINTKRB_RECORD_MAX is 1024, and escapes make at most four of each byte.
    var buffer = [UInt8](repeating: 0, count: 8192)
    for _ in 0..<200_000 where text.count < 1 << 24 {
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe read(descriptor, bytes.baseAddress, bytes.count)
      }
      if count > 0 {
        text += buffer.prefix(count)
      } else if count < 0, errno == EPIPE || errno == EINTR {
        // The record was overwritten meanwhile; the next call has the oldest that is left.
        continue
      } else {
        break
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  #if os(Linux)
    private static func time(of clock: clockid_t) -> Duration {
      var time = timespec()
      guard unsafe clock_gettime(clock, &time) == 0 else { return .zero }
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
  #endif
}
