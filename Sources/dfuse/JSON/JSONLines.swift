import DfuseDevice
import DfuseFormat

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One line of `--json`, for work on boards; documented in `docs/json.md`.
///
/// What does not apply to an event is missing.
struct JSONLine: Encodable, Equatable {
  enum Event: String, Encodable {
    case board, plan, start, progress, finish, `repeat`, note, result, summary
  }

  var event: Event
  /// Port path of the board.
  var board: String?
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

  // MARK: - How it ended

  var command: String?
  /// Port path, once more by that name.
  var port: String?
  var serial: String?
  var chip: String?
  /// The exit status.
  var status: Int32?
  /// The sentence that people get; missing after a failure.
  var verdict: String?
  var error: Failure?
  var details: ResultDetails?
  /// Boards, of several.
  var flashed: Int?
  var failed: Int?
}

extension JSONLine {
  /// A board is found.
  init(found board: Board) {
    self.init(event: .board, board: board.identity.path)
    device = DeviceReport(board)
  }

  /// Something happened on a board.
  init(_ event: FlashEvent, board: String, at time: Duration) {
    self.init(event: .note, board: board, time: time.roundedSeconds)
    switch event {
    case .planned(let plan): (self.event, self.plan) = (.plan, PlanReport(plan))
    case .started(let phase, let total):
      (self.event, self.phase, self.total) = (.start, phase.rawValue, total)
    case .advanced(let phase, let done):
      (self.event, self.phase, self.done) = (.progress, phase.rawValue, done)
    case .finished(let phase): (self.event, self.phase) = (.finish, phase.rawValue)
    case .repeating(let sector): (self.event, range) = (.repeat, AddressRange(sector))
    case .note(let note): message = note.text
    }
  }

  /// Two things have been compared; that they differ is no failure.
  init(comparison report: ComparisonReport) {
    self.init(event: .result, command: "compare")
    status = (report.isSame ? ExitStatus.success : .different).rawValue
    verdict = report.verdict
    details = ResultDetails()
    details?.comparison = report
  }

  /// A command has ended, well or not.
  init(_ command: String, _ board: BoardName?, _ result: Result<Conclusion, Failure>) {
    self.init(event: .result, board: board?.path)
    self.command = command
    (port, serial, chip) = (board?.path, board?.serial, board?.chip)
    switch result {
    case .success(let end):
      (status, verdict, details) = (ExitStatus.success.rawValue, end.verdict, end.details)
    case .failure(let failure):
      (status, error, details) = (failure.status.rawValue, failure, failure.details)
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

/// How work on a board ended well.
struct Conclusion: Sendable {
  /// The sentence for people.
  var verdict: String
  /// The facts for programs.
  var details: ResultDetails
  /// What was asked for, a line each: told with the sentence, however little is to be said.
  var answer: [String] = []
  /// What is to be told even to those who want to hear of errors only; it is part of the sentence.
  var caution: String?

  /// Whether what became of the board is known already.
  var saysDeparture: Bool { details.departure != nil }

  /// Adds what became of the board in the end.
  mutating func add(_ departure: Departure) {
    verdict += "; \(departure.words)"
    details.departure = departure.name
  }

  /// Tells it to people.
  func tell(on console: Console) throws(Failure) {
    guard answer.isEmpty else {
      for line in [verdict] + answer { try console.output(line) }
      return
    }
    if let caution, console.isQuiet { return console.warn(caution, evenIfQuiet: true) }
    try console.verdict(verdict)
  }
}

/// What a command did; what does not apply is missing.
struct ResultDetails: Encodable, Equatable, Sendable {
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
  /// The unit's number in the ledger, and what it got of its own.
  var unit: UInt64?
  var values: [UnitValueReport]?
  /// What became of the board, as in ``Departure/name``.
  var departure: String?
  /// The way by which it came into its bootloader, and the ids as which it ran before.
  var enteredBy: String?
  var enteredFrom: String?
  var ranges: [AddressRange]?
  /// What the chip is, from `identify`.
  var identity: IdentityReport?
  /// What a snapshot has, and of which board it is.
  var snapshot: SnapshotFacts?
  /// In what two things differ, from `compare`.
  var comparison: ComparisonReport?
  /// The option bytes, from `options`.
  var options: OptionsReport?
  /// The fields of option bytes that were given other values, or would be.
  var changed: [OptionsReport.Change]?
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

  /// The value that a text has; nil where it is none of this type.
  static func value<Value: Decodable>(_ type: Value.Type, in bytes: [UInt8]) -> Value? {
    try? JSONDecoder().decode(type, from: Data(bytes))
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
