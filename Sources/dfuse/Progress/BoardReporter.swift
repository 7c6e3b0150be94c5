import DfuseDevice

/// Shows the work on one board as it was asked for: to people, or as JSON lines.
final class BoardReporter {
  let board: BoardName
  private let console: Console
  private let output: OutputOptions
  private var renderer: ProgressRenderer
  private var progressAt: Duration?
  /// A line that could not be written; told when the work is over, which must not stop for it.
  private(set) var failure: Failure?

  /// Starts to show the work on a board; `isOneOfMany` says that others print at the same time.
  init(board: BoardName, console: Console, output: OutputOptions, isOneOfMany: Bool = false) {
    self.board = board
    self.console = console
    self.output = output
    renderer = ProgressRenderer(
      console: console, prefix: isOneOfMany ? "\(board.path): " : "",
      moves: !isOneOfMany && !output.trace && !output.verbose)
  }

  /// Shows news.
  func show(_ update: BoardUpdate) {
    switch update {
    case .event(let event, let time): show(event, at: time)
    case .operation(let text), .transfer(let text): renderer.note(text)
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
    if output.json {
      if case .advanced = event {
        if let progressAt, time - progressAt < .milliseconds(100) { return }
        progressAt = time
      } else {
        progressAt = nil
      }
      return line(EventLine(event, board: board.path, at: time))
    }
    if output.verbose, case .note(let note) = event, note.text == nil {
      renderer.note(note.fullText)
    }
    renderer.show(event, at: time)
  }

  private func line(_ message: String) {
    var line = EventLine(board: board.path, event: .note)
    line.message = message
    self.line(line)
  }

  /// Writes a JSON line.
  func line(_ value: some Encodable) {
    guard failure == nil else { return }
    do throws(Failure) { try console.output(JSONText.line(value)) } catch { failure = error }
  }
}
