#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the program ends: the codes of BSD's `sysexits.h` and what shells say of signals, each with one
/// meaning here.
enum ExitStatus: Int32, CaseIterable {
  /// Done.
  case success = 0
  /// Verification found a difference.
  case different = 1
  /// The command line is wrong.
  case usage = 64
  /// The input's data are wrong.
  case badData = 65
  /// An input file is missing or cannot be read.
  case noInput = 66
  /// No board, or several where one was meant.
  case noBoard = 69
  /// A bug in this program.
  case software = 70
  /// The output cannot be created.
  case cannotCreate = 73
  /// Reading or writing failed, on USB or in a file.
  case inputOutput = 74
  /// The board broke the protocol or reported an error.
  case protocolError = 76
  /// No permission on the USB device.
  case noPermission = 77
  /// Stopped because the terminal was closed: 128 and the number of SIGHUP, as shells count.
  case hungUp = 129
  /// Stopped by Ctrl-C, SIGINT.
  case interrupted = 130
  /// Stopped by `kill` or the end of the session, SIGTERM.
  case terminated = 143

  /// Ends the process.
  func endProcess() -> Never {
    exit(rawValue)
  }
}
