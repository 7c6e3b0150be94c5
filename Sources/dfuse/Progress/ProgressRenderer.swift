import DfuseDevice
import DfuseFormat

/// Shows the phases of work on a board: a moving bar on a terminal, a line a phase in a log.
///
/// Time is that of the board, which comes with each event; a simulated board has a clock of its own.
struct ProgressRenderer {
  private let console: Console
  /// Stands before each line; a board's path where several are worked on.
  private let prefix: String
  /// Whether there is one line that may be drawn again and again.
  private let moves: Bool

  private var phase: FlashEvent.Phase?
  private var total: UInt64 = 0
  private var done: UInt64 = 0
  private var began = Duration.zero
  private var isDrawn = false

  private static let clearLine = "\r\u{1B}[K"

  init(console: Console, prefix: String = "", moves: Bool) {
    self.console = console
    self.prefix = prefix
    self.moves = moves && console.errorIsTerminal && !console.isQuiet
  }

  /// Shows an event that happened at `now`.
  mutating func show(_ event: FlashEvent, at now: Duration) {
    switch event {
    case .planned: break
    case .started(let phase, let total):
      self.phase = phase
      self.total = total
      done = 0
      began = now
      draw(at: now)
    case .advanced(_, let done):
      self.done = done
      draw(at: now)
    case .finished(let phase):
      let time = now - began
      note("\(phase.words.past) \(total.sizeText) in \(time.timeText)\(rateText(total, time))")
      self.phase = nil
    case .repeating(let sector):
      note("\(sector.addressText) differs; erasing and writing it once more")
    case .note(let note):
      if !note.isDetail { self.note(note.text) }
    }
  }

  /// Prints a line for people, and goes on below it.
  mutating func note(_ line: String) {
    clear()
    console.note(prefix + line)
  }

  /// Prints a warning, and goes on below it.
  mutating func warn(_ line: String, evenIfQuiet: Bool = false) {
    clear()
    console.warn(prefix + line, evenIfQuiet: evenIfQuiet)
  }

  /// Takes the bar away, so that other lines can be printed.
  mutating func clear() {
    guard isDrawn else { return }
    console.writeError(Self.clearLine)
    isDrawn = false
  }

  // MARK: - The bar

  private mutating func draw(at now: Duration) {
    guard moves, let phase else { return }
    isDrawn = true
    console.writeError(Self.clearLine + bar(phase, at: now))
  }

  /// `writing   [=====>     ]  45%  58 KiB of 128 KiB  31 KiB/s  3 s left`, cut to the terminal.
  private func bar(_ phase: FlashEvent.Phase, at now: Duration) -> String {
    let bar = ProgressBar(phase, done: done, of: total)
    let time = now - began
    var line = prefix + bar.name
    let rest = [
      bar.percent, "\(done.sizeText) of \(total.sizeText)" + rateText(done, time),
      leftText(bar.share, time),
    ].filter { !$0.isEmpty }.joined(separator: "  ")
    let room = console.width - 1 - line.count - rest.count - 4
    if room >= 10 { line += bar.bar(min(room, 20)) + "  " }
    return String((line + rest).prefix(max(console.width - 1, 1)))
  }

  private func rateText(_ bytes: UInt64, _ time: Duration) -> String {
    guard time > .milliseconds(200), bytes > 0 else { return "" }
    return ", \(UInt64(Double(bytes) / time.seconds).sizeText)/s"
  }

  private func leftText(_ share: Double, _ time: Duration) -> String {
    guard share > 0.02, time > .milliseconds(500) else { return "" }
    let left = Duration.seconds(time.seconds * (1 - share) / share)
    return left > .milliseconds(500) ? "\(left.roundedText) left" : ""
  }
}

extension Duration {
  /// Whole seconds, for estimates.
  fileprivate var roundedText: String {
    let whole = Int(seconds.rounded())
    return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
  }
}
