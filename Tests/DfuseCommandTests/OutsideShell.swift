import Foundation
import Testing

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

extension Sandbox {
  /// Puts the built program into the sandbox's `bin`, under these names.
  func linkProgram(as names: [String]) throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: path("bin"), withIntermediateDirectories: true)
    for name in names {
      try manager.createSymbolicLink(
        atPath: path("bin/\(name)"), withDestinationPath: BuiltProgram.path)
    }
  }

  /// Gives a script to bash in the sandbox, which looks for programs in its `bin` first.
  func bash(_ script: String, _ words: [String] = []) throws -> Run {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", script, "bash"] + words
    process.currentDirectoryURL = URL(fileURLWithPath: path("."))
    process.environment = ["PATH": path("bin") + ":/usr/bin:/bin", "HOME": path(".")]
    let (output, error) = (Pipe(), Pipe())
    process.standardInput = FileHandle.nullDevice
    (process.standardOutput, process.standardError) = (output, error)
    try process.run()
    let texts = try [output, error].map { pipe in
      String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
    process.waitUntilExit()
    let status = try #require(Status(rawValue: process.terminationStatus), "\(texts)")
    return Run(status: status, output: texts[0], error: texts[1])
  }
}
