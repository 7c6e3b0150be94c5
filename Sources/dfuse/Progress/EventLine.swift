import DfuseDevice
import DfuseFormat

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
