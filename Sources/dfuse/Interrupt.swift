import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ctrl-C: asked for once, work stops at the next block; asked for again, the process ends at once.
enum Interrupt {
  private static let flag = Atomic<Bool>(false)

  /// Whether SIGINT or SIGTERM has come.
  static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Takes over SIGINT and SIGTERM.
  ///
  /// To be called by commands that change a board, which must not be left in the middle of a
  /// transfer; all others end at once, as people expect.
  static func listen() {
    // A static is made at its first use, which must not be in a signal handler.
    flag.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      _ = signal(number) { number in
        guard Interrupt.flag.exchange(true, ordering: .relaxed) else { return }
        _ = signal(number, SIG_DFL)
        raise(number)
      }
    }
  }
}
