/// Why a command could not do what it was asked for, in a person's words.
struct Failure: Error, Equatable {
  /// The program's exit status.
  var status: ExitStatus
  /// What happened, and where.
  var what: String
  /// The reason, where it is known and not plain from `what`.
  var why: String?
  /// What to do next.
  var fix: String?

  init(_ status: ExitStatus, _ what: String, why: String? = nil, fix: String? = nil) {
    self.status = status
    self.what = what
    self.why = why
    self.fix = fix
  }

  /// The lines to print.
  var lines: [String] {
    var lines = ["error: \(what)"]
    if let why { lines.append("  why: \(why)") }
    if let fix { lines.append("  fix: \(fix)") }
    return lines
  }
}
