/// Where a command prints: results on standard output, everything else on standard error.
///
/// Tests hand in closures that collect the text.
struct Console {
  /// Writes bytes to standard output.
  var writeOutput: ([UInt8]) throws(Failure) -> Void
  /// Writes text to standard error; nothing can be done if that fails.
  var writeError: (String) -> Void
  /// Whether standard output is a terminal.
  var outputIsTerminal: Bool
  /// Whether standard error is a terminal that may be coloured and redrawn.
  var errorIsTerminal: Bool
  /// Columns of the terminal.
  var width: Int
  /// Keeps a report about a board in a file when standard error shows it to nobody; the file's name.
  var keepReport: (Failure) -> String? = { _ in nil }
  /// Whether there is no standard output.
  var outputIsClosed = false
  /// Whether all but errors is held back.
  var isQuiet = false

  /// Prints a line of the result on standard output.
  func output(_ line: String) throws(Failure) {
    try writeOutput(Array((line + "\n").utf8))
  }

  /// Prints a line for people on standard error, unless quiet.
  func note(_ line: String) {
    if !isQuiet { writeError(line + "\n") }
  }

  /// Prints a warning on standard error, unless quiet.
  func warn(_ text: String) {
    note(styled("warning:", .yellow) + " " + text)
  }

  /// Prints a failure on standard error, even when quiet.
  func report(_ failure: Failure) {
    var lines = failure.lines
    lines[0] = styled("error:", .red) + lines[0].dropFirst("error:".count)
    writeError(lines.map { $0 + "\n" }.joined())
    if failure.now != nil, let file = keepReport(failure) {
      writeError("  this report is in \(file.visible) as well\n")
    }
  }

  /// Text in a colour, on a terminal.
  func styled(_ text: String, _ style: TerminalStyle) -> String {
    errorIsTerminal ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }
}

/// The few looks that text can have (ECMA-48, select graphic rendition).
enum TerminalStyle: String {
  case bold = "1"
  case dim = "2"
  case red = "1;31"
  case green = "32"
  case yellow = "33"
}
