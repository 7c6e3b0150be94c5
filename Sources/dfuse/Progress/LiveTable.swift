/// Lines at the bottom of a terminal that are drawn again and again, with others above them.
final class LiveTable {
  private let write: (String) -> Void
  /// What to draw.
  private let lines: () -> [String]
  private var drawn = 0
  private var drawnAt: Duration?

  /// Ten times a second is as often as a person can read.
  private static let interval = Duration.milliseconds(100)

  /// - Parameters:
  ///   - write: Writes to the terminal.
  ///   - lines: What stands there now; none longer than the terminal is wide.
  init(write: @escaping (String) -> Void, lines: @escaping () -> [String]) {
    (self.write, self.lines) = (write, lines)
  }

  /// Draws what has changed, if it is time to.
  ///
  /// - Parameters:
  ///   - now: Any clock.
  ///   - isUrgent: Draws it in any case.
  func draw(at now: Duration, isUrgent: Bool = false) {
    if !isUrgent, let drawnAt, now - drawnAt < Self.interval { return }
    drawnAt = now
    put()
  }

  /// Prints something above.
  func printAbove(_ print: () -> Void) {
    guard drawn > 0 else { return print() }
    erase()
    print()
    put()
  }

  private func put() {
    let lines = lines()
    write(erasure + lines.map { $0 + "\n" }.joined())
    drawn = lines.count
  }

  /// Takes the lines away.
  func erase() {
    guard drawn > 0 else { return }
    write(erasure)
    drawn = 0
  }

  /// ECMA-48: cursor up, and erase to the end of the screen.
  private var erasure: String { drawn > 0 ? "\u{1B}[\(drawn)A\r\u{1B}[J" : "" }
}
