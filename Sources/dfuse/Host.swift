import DfuseDevice
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the program runs on: terminal, USB, Ctrl-C, and the system's tools.
///
/// Tests hand in their own; without that, there is a console and nothing else.
struct Host {
  /// Where to print.
  var console: Console
  /// The boards that are plugged in.
  var openBus: () throws(Failure) -> BoardSource = { () throws(Failure) in
    throw Failure(device: .noBus)
  }
  /// Takes over Ctrl-C, SIGTERM and SIGHUP, and answers them as the console allows.
  var listenForInterrupt: (Console) -> Void = { _ in }
  /// Is told when an erase begins on a board, 1, and when it is over, -1: work cannot stop between.
  var countErase: @Sendable (Int) -> Void = { _ in }
  /// Lets time pass while nothing is done.
  var pause: (Duration) -> Void = { _ in }
  /// The time of day.
  var clock: @Sendable () -> UTCTime = UTCTime.now
  /// Whether one of them has come.
  var isInterrupted: @Sendable () -> Bool = { false }
  /// The exit status for the one that came.
  var interruptStatus: @Sendable () -> ExitStatus = { .interrupted }
  /// Whether the user may change the system's files.
  var isRoot = false
  /// The user who became root by `sudo`, if one did.
  var invokingUser: String?
  /// The folder that stands for `/` where the system's own files are meant; nothing for `/` itself.
  var systemFolder = ""
  /// Runs a program of the system and waits for it.
  var runTool: ([String]) -> ToolResult = { _ in .missing }

  /// This machine.
  static func live() -> Host {
    Host(
      console: .live(), openBus: { () throws(Failure) in try BoardSource.machine() },
      listenForInterrupt: Interrupt.listen,
      countErase: { Interrupt.erases.wrappingAdd($0, ordering: .relaxed) },
      pause: { usleep(UInt32(clamping: Int64($0 / .microseconds(1)))) },
      isInterrupted: { Interrupt.isRequested },
      interruptStatus: { Interrupt.status }, isRoot: SystemTool.isRoot,
      invokingUser: environmentVariable("SUDO_USER").flatMap { $0 == "root" ? nil : $0 },
      runTool: SystemTool.run)
  }
}

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

  /// Boards on which an erase goes on, which nothing can stop.
  static let erases = Atomic<Int>(0)
  /// Whether a signal is answered at once: 0 no, 1 yes, 2 over a line that moves.
  private static let answers = Atomic<Int>(0)

  /// What is said at once when work is to stop and an erase goes on.
  private static let answer: StaticString = """
    stopping when the erase that has begun is over; Ctrl-C again ends dfuse at once

    """

  /// Answers a signal; called in its handler, where nothing but a plain write is safe.
  private static func sayStopping() {
    let way = answers.load(ordering: .relaxed)
    guard way > 0, erases.load(ordering: .relaxed) > 0 else { return }
    let before = errno
    if way == 2 { unsafe write(STDERR_FILENO, clearLine.utf8Start, clearLine.utf8CodeUnitCount) }
    unsafe write(STDERR_FILENO, answer.utf8Start, answer.utf8CodeUnitCount)
    errno = before
  }

  private static let clearLine: StaticString = "\r\u{1B}[K"

  /// Lets SIGINT, SIGTERM and SIGHUP remove what is half written before they end the process.
  ///
  /// To be called before anything is written. What is ignored stays so.
  static func prepare() {
    // A static is made at its first use, which must not be in a signal handler.
    TemporaryFile.removeCurrent()
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let before = unsafe unsafeBitCast(signal(number, { Interrupt.end($0) }), to: Int.self)
      if before == ignored { _ = signal(number, SIG_IGN) }
    }
  }

  /// Ends the process as the signal would have done it.
  private static func end(_ number: Int32) {
    TemporaryFile.removeCurrent()
    _ = signal(number, SIG_DFL)
    raise(number)
  }

  private static var ignored: Int { unsafe unsafeBitCast(SIG_IGN, to: Int.self) }

  /// Takes over SIGINT, SIGTERM and SIGHUP.
  ///
  /// To be called by commands that work on a board, which must not be left in the middle of a
  /// transfer; all others end at once, as people expect. A SIGHUP that is ignored stays so: `nohup`
  /// starts programs like that.
  ///
  /// What comes is answered on the console's standard error, unless it is quiet.
  static func listen(answeringOn console: Console) {
    answers.store(console.isQuiet ? 0 : console.errorIsTerminal ? 2 : 1, ordering: .relaxed)
    // A static is made at its first use, which must not be in a signal handler.
    erases.store(0, ordering: .relaxed)
    sayStopping()
    _ = isRequested
    seen.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] { _ = signal(number, take) }
    let before = unsafe unsafeBitCast(signal(SIGHUP, take), to: Int.self)
    if before == ignored { _ = signal(SIGHUP, SIG_IGN) }
  }

  private static let take: @convention(c) (Int32) -> Void = { number in
    _ = Interrupt.first.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    let bit = UInt64(1) << UInt64(number)
    let isSecond = Interrupt.seen.bitwiseOr(bit, ordering: .relaxed).oldValue & bit != 0
    if isSecond, number != SIGHUP { Interrupt.end(number) }
    if !isSecond { Interrupt.sayStopping() }
  }
}

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
    for number in [SIGPIPE, SIGXFSZ] { unsafe sigaddset(&signals, number) }
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
