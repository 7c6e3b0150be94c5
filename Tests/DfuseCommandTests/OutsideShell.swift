import Foundation

@testable import dfuse

/// A real shell that takes a command line apart.
enum OutsideShell {
  /// The words of a command line, as bash splits and unquotes them.
  static func words(_ line: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", "for word in \(line); do printf '%s\\0' \"$word\"; done"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return data.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// Gives the words behind the program's name to `body`.
  static func run(
    _ line: String, program: String, _ body: ([String]) -> Status
  ) throws -> Status {
    body(Array(try words(line).dropFirst()))
  }
}
