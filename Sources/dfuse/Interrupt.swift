import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ctrl-C, `kill` and a closed terminal: work stops at the next block.
///
/// A second Ctrl-C, or a second SIGTERM, ends the process at once. A second SIGHUP does not: a shell
/// and the kernel both send one when a terminal is closed.
enum Interrupt {
  /// The first signal that came; 0 before that.
  private static let first = Atomic<Int32>(0)
  /// A bit for the number of each signal that came.
  private static let seen = Atomic<UInt64>(0)

  /// Whether SIGINT, SIGTERM or SIGHUP has come.
  static var isRequested: Bool { first.load(ordering: .relaxed) != 0 }

  /// The exit status of work that stopped: 128 and the number of the signal, as shells count.
  static var status: ExitStatus {
    ExitStatus(rawValue: 128 + first.load(ordering: .relaxed)) ?? .interrupted
  }

  /// Takes over SIGINT, SIGTERM and SIGHUP.
  ///
  /// To be called by commands that work on a board, which must not be left in the middle of a
  /// transfer; all others end at once, as people expect. A SIGHUP that is ignored stays so: `nohup`
  /// starts programs like that.
  static func listen() {
    // A static is made at its first use, which must not be in a signal handler.
    first.store(0, ordering: .relaxed)
    seen.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] { _ = signal(number, take) }
    let before = unsafe unsafeBitCast(signal(SIGHUP, take), to: Int.self)
    let ignored = unsafe unsafeBitCast(SIG_IGN, to: Int.self)
    if before == ignored { _ = signal(SIGHUP, SIG_IGN) }
  }

  private static let take: @convention(c) (Int32) -> Void = { number in
    _ = Interrupt.first.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    let bit = UInt64(1) << UInt64(number)
    let isSecond = Interrupt.seen.bitwiseOr(bit, ordering: .relaxed).oldValue & bit != 0
    guard isSecond, number != SIGHUP else { return }
    _ = signal(number, SIG_DFL)
    raise(number)
  }
}
