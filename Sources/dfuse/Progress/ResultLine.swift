/// The last line of `--json` for a command on a board, or for each board of several.
struct ResultLine: Encodable, Equatable {
  /// Why it failed, in the words that people get.
  struct Problem: Encodable, Equatable {
    var what: String
    var why: String?
    var now: String?
    var fix: String?
    var choices: [String]?
  }

  var event = "result"
  var command: String
  /// Port path; missing when no board was found.
  var board: String?
  var chip: String?
  /// The exit status.
  var status: Int32
  /// The sentence that people get; missing after a failure.
  var verdict: String?
  var error: Problem?
  /// What was done, by names that depend on the command.
  var details: ResultDetails?

  init(command: String, board: BoardName?, verdict: String, details: ResultDetails) {
    self.command = command
    self.board = board?.path
    chip = board?.chip
    status = ExitStatus.success.rawValue
    self.verdict = verdict
    self.details = details
  }

  init(command: String, board: BoardName?, failure: Failure) {
    self.command = command
    self.board = board?.path
    chip = board?.chip
    status = failure.status.rawValue
    error = Problem(
      what: failure.what, why: failure.why, now: failure.now, fix: failure.fix,
      choices: failure.choices.isEmpty ? nil : failure.choices)
  }
}

/// What a command did; what does not apply is missing.
struct ResultDetails: Encodable, Equatable {
  var seconds: Double?
  /// Bytes of the firmware, or of what was read.
  var size: UInt64?
  var sectorsErased: Int?
  var sectorsKept: Int?
  var sectorsRepeated: Int?
  var bytesWritten: UInt64?
  var bytesVerified: UInt64?
  var verified: Bool?
  /// Whether nothing was done because of `--dry-run`.
  var dryRun: Bool?
  /// What became of the board, as in ``Departure/name``.
  var departure: String?
  var ranges: [AddressRange]?
}
