/// Why a command could not do what it was asked for, in a person's words.
struct Failure: Error, Equatable {
  /// The program's exit status.
  var status: ExitStatus
  /// What happened, and where.
  var what: String
  /// The reason, where it is known and not plain from `what`.
  var why: String?
  /// What is on the board now, where a board was worked on.
  var now: String?
  /// What to do next.
  var fix: String?
  /// What there is to choose from, a line each.
  var choices: [String]

  init(
    _ status: ExitStatus, _ what: String, why: String? = nil, now: String? = nil,
    fix: String? = nil, choices: [String] = []
  ) {
    self.status = status
    self.what = what
    self.why = why
    self.now = now
    self.fix = fix
    self.choices = choices
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
