import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

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
      errorIsTerminal: error.isTerminal && environmentVariable("NO_COLOR") == nil
        && environmentVariable("TERM") != "dumb",
      width: terminalWidth(),
      keepReport: { failure in
        // A terminal that sends SIGHUP is about to go, if it is not gone already.
        guard error.isLost || failure.status == .hungUp && error.isTerminal else { return nil }
        return ReportFile.append(failure.lines, of: CommandLine.arguments)
      },
      outputIsClosed: output.isClosed
    )
  }

  private static func terminalWidth() -> Int {
    var size = winsize()
    let result = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size)
    return result == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}

/// A variable of the environment; nil when it is missing or empty.
func environmentVariable(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}
