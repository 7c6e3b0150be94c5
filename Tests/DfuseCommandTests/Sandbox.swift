import DfuseDevice
import Foundation
import Synchronization

@testable import dfuse

/// A temporary folder, and runs of the program on files in it.
final class Sandbox {
  /// What a run of the program left behind.
  struct Run: Equatable {
    var status: Status
    /// Standard output.
    var output: String
    /// Standard error, without the sandbox's path.
    var error: String
  }

  private let folder: URL
  /// The boards that are plugged in; none and no USB when there is no bus.
  var bus: (any USBBus)?
  /// Answers whether Ctrl-C has come.
  var isInterrupted: @Sendable () -> Bool = { false }
  /// Is told of erases that begin and end.
  var countErase: @Sendable (Int) -> Void = { _ in }
  /// Is called where the program lets time pass.
  var pause: (Duration) -> Void = { _ in }
  /// The time of day: 2027-01-15T08:00:00Z.
  var clock: @Sendable () -> UTCTime = { UTCTime(seconds: 1_800_000_000) }
  var isRoot = false
  /// The user who became root, and whether the sandbox stands for the system.
  var invokingUser: String?
  var isSystem = false
  /// How the system's programs end, by their name.
  var tools: [String: ToolResult] = [:]
  /// The system's programs that were run.
  private(set) var toolRuns: [[String]] = []

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("dfuse-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  /// The absolute path of a file in the sandbox.
  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: folder.appendingPathComponent(name))
    return path(name)
  }

  func read(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }

  /// Runs the program in this process.
  ///
  /// A word that begins with `@` is the name of a file in the sandbox.
  func run(
    _ words: String..., program: String = "dfuse", terminal: Bool = false
  ) -> Run {
    run(words, program: program, terminal: terminal)
  }

  /// The host that a run sees.
  private func host(_ console: Console) -> ProgramHost {
    var host = ProgramHost(console: console)
    if let bus { host.openBus = { () throws(Failure) in BoardSource(bus: bus, isSimulated: true) } }
    host.isInterrupted = isInterrupted
    host.countErase = countErase
    host.pause = pause
    host.clock = clock
    host.isRoot = isRoot
    host.invokingUser = invokingUser
    if isSystem { host.systemFolder = folder.path }
    host.runTool = { words in
      self.toolRuns.append(words)
      return words.first.flatMap { self.tools[$0] } ?? .missing
    }
    return host
  }

  func run(_ words: [String], program: String = "dfuse", terminal: Bool = false) -> Run {
    let output = Mutex<[UInt8]>([])
    let error = Mutex("")
    let console = Console(
      writeOutput: { bytes in output.withLock { $0 += bytes } },
      writeError: { text in error.withLock { $0 += text } },
      outputIsTerminal: terminal, errorIsTerminal: terminal, width: 80)
    let arguments = words.map { $0.hasPrefix("@") ? path(String($0.dropFirst())) : $0 }
    let status = Dfuse.run([program] + arguments, host: host(console))
    let prefix = folder.path + "/"
    return Run(
      status: status,
      output: String(decoding: output.withLock { $0 }, as: UTF8.self)
        .replacingOccurrences(of: prefix, with: ""),
      error: error.withLock { $0 }.replacingOccurrences(of: prefix, with: ""))
  }
}
