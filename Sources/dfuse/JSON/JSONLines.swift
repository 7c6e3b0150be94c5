import DfuseDevice
import DfuseFormat

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One line of `--json`, for work with progress; documented in `docs/json.md`.
struct EventLine: Encodable, Equatable {
  enum Event: String, Encodable {
    case board, plan, start, progress, finish, `repeat`, note
  }

  /// Port path of the board.
  var board: String
  var event: Event
  /// Seconds on the board's clock.
  var time: Double?
  var phase: String?
  /// Bytes.
  var total: UInt64?
  var done: UInt64?
  var message: String?
  var device: DeviceReport?
  var plan: PlanReport?
  var range: AddressRange?

  init(board: String, event: Event, at time: Duration? = nil) {
    self.board = board
    self.event = event
    self.time = time?.roundedSeconds
  }

  init(_ event: FlashEvent, board: String, at time: Duration) {
    switch event {
    case .planned(let plan):
      self.init(board: board, event: .plan, at: time)
      self.plan = PlanReport(plan)
    case .started(let phase, let total):
      self.init(board: board, event: .start, at: time)
      self.phase = phase.rawValue
      self.total = total
    case .advanced(let phase, let done):
      self.init(board: board, event: .progress, at: time)
      self.phase = phase.rawValue
      self.done = done
    case .finished(let phase):
      self.init(board: board, event: .finish, at: time)
      self.phase = phase.rawValue
    case .repeating(let sector):
      self.init(board: board, event: .repeat, at: time)
      range = AddressRange(sector)
    case .note(let note):
      self.init(board: board, event: .note, at: time)
      message = note.fullText
    }
  }
}

/// Addresses as JSON has them: the first, and how many bytes.
struct AddressRange: Encodable, Equatable {
  var address: UInt64
  var size: UInt64

  init(_ range: Range<UInt64>) {
    address = range.lowerBound
    size = UInt64(range.count)
  }
}

extension Duration {
  /// Seconds to the millisecond, as JSON has them.
  var roundedSeconds: Double { (seconds * 1000).rounded() / 1000 }
}

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

/// Values as JSON (RFC 8259), with their keys in alphabetical order so that output can be compared.
enum JSONText {
  /// Over several lines, for one object on its own.
  static func pretty(_ value: some Encodable) throws(Failure) -> String {
    try text(of: value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  }

  /// On one line, for streams of objects.
  static func line(_ value: some Encodable) throws(Failure) -> String {
    try text(of: value, [.sortedKeys, .withoutEscapingSlashes])
  }

  private static func text(
    of value: some Encodable, _ formatting: JSONEncoder.OutputFormatting
  ) throws(Failure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw Failure(.software, "cannot make JSON: \(error)")
    }
  }
}
