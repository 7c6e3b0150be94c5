import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a command prints: results and its verdict on standard output, everything else on standard
/// error.
///
/// Tests hand in closures that collect the text.
struct Console {
  /// Writes bytes to standard output.
  var writeOutput: ([UInt8]) throws(Failure) -> Void
  /// Writes text to standard error; nothing can be done if that fails.
  var writeError: (String) -> Void
  /// Whether standard output is a terminal.
  var outputIsTerminal: Bool
  /// Whether standard error is a terminal whose lines can be redrawn.
  var errorIsTerminal: Bool
  /// Columns of the terminal.
  var width: Int
  /// Lines of the terminal.
  var height = 24
  /// Keeps a report about a board in a file when standard error shows it to nobody; the file's name.
  var keepReport: (Failure) -> String? = { _ in nil }
  /// Whether there is no standard output.
  var outputIsClosed = false
  /// Whether all is held back but errors, and what a person must know.
  var isQuiet = false
  /// Whether standard output carries a file, so that sentences go to standard error.
  var outputCarriesData = false
  /// Whether text on a terminal may have a colour.
  var mayColour = true

  /// Prints a line of the result on standard output.
  func output(_ line: String) throws(Failure) {
    try writeOutput(Array((line + "\n").utf8))
  }

  /// Prints a line for people on standard error, unless quiet.
  func note(_ line: String) {
    if !isQuiet { writeError(line + "\n") }
  }

  /// Prints how a command ended, unless quiet.
  func verdict(_ line: String) throws(Failure) {
    if isQuiet { return }
    if outputCarriesData { note(line) } else { try output(line) }
  }

  /// Prints a warning on standard error; when quiet, only what a person must know.
  func warn(_ text: String, evenIfQuiet: Bool = false) {
    guard evenIfQuiet || !isQuiet else { return }
    writeError(styled("warning:", .yellow) + " " + text + "\n")
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

  /// Text in a colour for standard output, where that is a terminal.
  func styledOutput(_ text: String, _ style: TerminalStyle) -> String {
    outputIsTerminal && mayColour ? style.applied(to: text) : text
  }

  /// Text in a colour, on a terminal.
  func styled(_ text: String, _ style: TerminalStyle) -> String {
    errorIsTerminal && mayColour ? style.applied(to: text) : text
  }
}

/// The few looks that text can have (ECMA-48, select graphic rendition).
enum TerminalStyle: String {
  case red = "1;31"
  case yellow = "33"

  fileprivate func applied(to text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }
}

extension Console {
  /// The process's own standard output and error.
  static func live() -> Console {
    let output = StandardStream(.standardOutput)
    let error = StandardStream(.standardError)
    return Console(
      writeOutput: { bytes throws(Failure) in
        if let problem = output.write(bytes) {
          throw Failure(.inputOutput, "cannot write to standard output: \(problem)")
        }
      },
      writeError: { text in _ = error.write(Array(text.utf8)) },
      outputIsTerminal: output.isTerminal,
      errorIsTerminal: error.isTerminal && environmentVariable("TERM") != "dumb",
      width: terminalSize.width,
      height: terminalSize.height,
      keepReport: { failure in
        // A terminal that sends SIGHUP is about to go, if it is not gone already.
        guard error.isLost || failure.status == .hungUp && error.isTerminal else { return nil }
        return ReportFile.append(failure.lines, of: FileName.arguments)
      },
      outputIsClosed: output.isClosed,
      mayColour: environmentVariable("NO_COLOR") == nil
    )
  }

  private static var terminalSize: (width: Int, height: Int) {
    var size = winsize()
    let result = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size)
    guard result == 0, size.ws_col > 0 else { return (80, 24) }
    return (Int(size.ws_col), size.ws_row > 0 ? Int(size.ws_row) : 24)
  }
}

/// A variable of the environment; nil when it is missing or empty.
func environmentVariable(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}
