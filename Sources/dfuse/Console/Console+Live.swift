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
    Console(
      writeOutput: { bytes throws(Failure) in
        do {
          try FileDescriptor.standardOutput.writeAll(bytes)
        } catch {
          throw Failure(.inputOutput, "cannot write to standard output: \(error)")
        }
      },
      writeError: { text in
        _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
      },
      outputIsTerminal: isatty(STDOUT_FILENO) == 1,
      errorIsTerminal: isatty(STDERR_FILENO) == 1 && environment("NO_COLOR") == nil
        && environment("TERM") != "dumb",
      width: terminalWidth()
    )
  }

  /// A variable of the environment; nil when it is missing or empty.
  private static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  private static func terminalWidth() -> Int {
    var size = winsize()
    let result = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size)
    return result == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
