#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a command could not do what it was asked for, in a person's words.
struct Failure: Error, Equatable {
  /// The program's exit status.
  var status: ExitStatus
  /// What happened, and where.
  var what: String
  /// The reasons, as far as they are known and not plain from `what`.
  var reasons: [String]
  /// What is on the board now, where a board was worked on.
  var now: String?
  /// What to do next.
  var fix: String?
  /// What there is to choose from, a line each.
  var choices: [String]
  /// What was done all the same, for programs.
  var details: ResultDetails?

  init(
    _ status: ExitStatus, _ what: String, why: String? = nil, now: String? = nil,
    fix: String? = nil, choices: [String] = []
  ) {
    (self.status, self.what, reasons) = (status, what, why.map { [$0] } ?? [])
    (self.now, self.fix, self.choices) = (now, fix, choices)
  }

  /// The reasons in a row; nil when there is none.
  var why: String? {
    get { reasons.isEmpty ? nil : reasons.joined(separator: "; ") }
    set { reasons = newValue.map { [$0] } ?? [] }
  }

  /// The same failure, if it is that work was stopped, with the status of the signal that did it.
  func stopped(by status: ExitStatus) -> Failure {
    guard self.status == .interrupted else { return self }
    var failure = self
    failure.status = status
    switch status {
    case .hungUp: failure.why = "SIGHUP came, as when a terminal is closed"
    case .terminated: failure.why = "SIGTERM came, as from 'kill' or when a session ends"
    default: break
    }
    return failure
  }

  /// The lines to print.
  var lines: [String] {
    var lines = ["error: \(what)"]
    if let why { lines.append("  why: \(why)") }
    if let now { lines.append("  now: \(now)") }
    if let fix { lines.append("  fix: \(fix)") }
    return lines + choices.map { "    \($0)" }
  }
}

extension Failure: Encodable {
  private enum CodingKeys: String, CodingKey {
    case what, why, now, fix, choices
  }

  func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: CodingKeys.self)
    try object.encode(what, forKey: .what)
    try object.encodeIfPresent(why, forKey: .why)
    try object.encodeIfPresent(now, forKey: .now)
    try object.encodeIfPresent(fix, forKey: .fix)
    if !choices.isEmpty { try object.encode(choices, forKey: .choices) }
  }
}

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
