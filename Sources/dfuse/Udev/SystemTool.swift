#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a program of the system ended.
enum ToolResult: Equatable {
  /// It ran and ended with this status.
  case ended(Int32)
  /// There is no such program.
  case missing
}

/// Programs of the system.
enum SystemTool {
  /// Whether this process may do everything.
  static var isRoot: Bool { geteuid() == 0 }

  /// Runs a program that is found by `PATH`, and waits for its end.
  ///
  /// What it prints goes where our own output goes. One that is killed counts as status 128.
  static func run(_ words: [String]) -> ToolResult {
    guard let program = words.first else { return .missing }
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
    unsafe arguments.append(nil)
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var process = pid_t()
    // What this process ignores, its children would ignore as well.
    var attributes = posix_spawnattr_t()
    var signals = sigset_t()
    unsafe posix_spawnattr_init(&attributes)
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGPIPE)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    guard unsafe posix_spawnp(&process, program, nil, &attributes, arguments, environment) == 0
    else {
      return .missing
    }
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { return .missing }
    }
    // POSIX: the low seven bits are 0 for a process that ended by itself.
    return .ended(status & 0x7F == 0 ? status >> 8 & 0xFF : 128)
  }

  private static var environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    #if canImport(Darwin)
      unsafe _NSGetEnviron().pointee
    #else
      unsafe environ
    #endif
  }
}
