import DfuseDevice
import DfuseFormat

/// Shows the work on one board as it was asked for: to people, or as JSON lines.
final class BoardReporter {
  let board: BoardName
  private let console: Console
  private let output: OutputOptions
  private var renderer: ProgressRenderer
  /// A line that could not be written; told when the work is over, which must not stop for it.
  private(set) var failure: Failure?

  /// Starts to show the work on a board; `isOneOfMany` says that others print at the same time.
  init(
    _ board: BoardName, console: Console, output: OutputOptions, isOneOfMany: Bool = false
  ) {
    self.board = board
    self.console = console
    self.output = output
    renderer = ProgressRenderer(
      console: console, prefix: isOneOfMany ? "\(board.path): " : "",
      moves: !isOneOfMany && !output.trace && !output.verbose)
  }

  /// Tells programs that a board is found.
  func begin(_ board: Board) {
    if output.json { line(JSONLine(found: board)) }
  }

  /// Shows news.
  func show(_ update: BoardUpdate) {
    switch update {
    case .event(let event, let time): show(event, at: time)
    case .trace(let text): renderer.note(text)
    case .note(let text):
      if output.json { line(text) } else { renderer.note(text) }
    case .warning(let text):
      if output.json { line(text) }
      renderer.warn(text)
    }
  }

  /// Takes a moving bar away.
  func clear() { renderer.clear() }

  private func show(_ event: FlashEvent, at time: Duration) {
    if case .note(let note) = event, note.isWarning {
      renderer.warn(note.text, evenIfQuiet: true)
      if !output.json { return }
    }
    if output.json {
      return line(JSONLine(event, board: board.path, at: time))
    }
    if output.verbose, case .note(let note) = event, note.isDetail { renderer.note(note.text) }
    renderer.show(event, at: time)
  }

  private func line(_ message: String) {
    line(JSONLine(event: .note, board: board.path, message: message))
  }

  /// Writes a JSON line.
  func line(_ value: JSONLine) {
    guard failure == nil else { return }
    do throws(Failure) { try console.output(JSONText.line(value)) } catch { failure = error }
  }
}

/// News of the work on one board, from whatever thread does it.
enum BoardUpdate: Sendable {
  /// Something happened, at this moment of the board's clock.
  case event(FlashEvent, at: Duration)
  /// An operation, for `--verbose`, or a control transfer, for `--trace`.
  case trace(String)
  /// A line for people.
  case note(String)
  /// Something odd.
  case warning(String)
}

/// How often news of progress go on to whoever shows them: as often as a person can read.
struct ProgressPace {
  private static let interval = Duration.milliseconds(100)
  private var passedAt: Duration?

  /// Whether an event at this moment of the board's clock goes on: all but progress that comes too soon
  /// after other progress.
  mutating func passes(_ event: FlashEvent, at now: Duration) -> Bool {
    guard case .advanced = event else {
      passedAt = nil
      return true
    }
    if let passedAt, now - passedAt < Self.interval { return false }
    passedAt = now
    return true
  }
}

extension FlashNote {
  /// Whether it is said only with `--verbose`.
  var isDetail: Bool {
    switch self {
    case .entered: true
    default: false
    }
  }

  /// Whether it is said whatever else is not.
  var isWarning: Bool {
    if case .bytesLost = self { true } else { false }
  }

  /// The note in words.
  var text: String {
    switch self {
    case .entered(let steps): steps.map(\.description).joined(separator: "; ")
    case .bytesLost(let count):
      "\(count.sizeText) of other data beside the firmware, in sectors that are erased, will be "
        + "lost; --preserve keeps them"
    case .notReadable(let name):
      "\(name.visible) cannot be read: it is neither compared nor verified, "
        + "as with --full --no-verify"
    case .notChecked(let name):
      "\(name.visible) cannot be read: whether it is blank was not checked"
    case .leftOut(let name): "\(name.visible) does not let itself be read, and is left out"
    case .massEraseIncomplete(let sectors):
      "the mass erase left data behind; \(sectors.counted("sector")) erased one by one"
    case .massEraseRefused(let sectors):
      "the board refused the mass erase; \(sectors.counted("sector")) erased one by one"
    case .bootloaderKept(let range):
      "\(range.addressText) holds the bootloader itself, which does not erase it"
    case .bootloaderVersion(let version): "its bootloader is \(version) (read)"
    case .resetByOptionBytes: "the board restarted when its option bytes were written"
    }
  }
}

extension FlashEvent.Phase {
  /// The phase while it lasts, and when it is over.
  var words: (present: String, past: String) {
    switch self {
    case .compare: ("comparing", "compared")
    case .erase: ("erasing", "erased")
    case .write: ("writing", "wrote")
    case .verify: ("verifying", "verified")
    case .finish: ("finishing", "wrote the first block last:")
    case .read: ("reading", "read")
    }
  }
}
