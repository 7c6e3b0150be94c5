import Foundation
import SystemPackage
import Testing

/// The built program as a process of its own, with real pipes, signals and terminals.
struct BuiltProgram {
  /// Where a stream of the process goes.
  enum Stream {
    case descriptor(FileDescriptor)
    /// There is none: `>&-`.
    case closed
    case null
  }

  /// A pipe whose ends no other process inherits.
  struct Pipe {
    let reader: FileDescriptor
    let writer: FileDescriptor

    init() throws {
      let ends = try FileDescriptor.pipe()
      (reader, writer) = (ends.readEnd, ends.writeEnd)
      for end in [reader, writer] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    }

    /// A pipe that nobody reads.
    static func withoutReader() throws -> FileDescriptor {
      let pipe = try Pipe()
      try pipe.reader.close()
      return pipe.writer
    }
  }

  /// The program beside the tests, in the folder of the build.
  static var path: String {
    let tests = CommandLine.arguments.first { $0.contains(".xctest") } ?? CommandLine.arguments[0]
    var folder = URL(fileURLWithPath: tests)
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let program = folder.appendingPathComponent("dfuse").path
      if FileManager.default.isExecutableFile(atPath: program) { return program }
    }
    return "no dfuse beside \(CommandLine.arguments)"
  }

  let process: pid_t

  /// Starts the program in a folder, which is its home as well.
  ///
  /// A `terminal` becomes its own, and all three of its streams. It ignores the signal `ignoring`,
  /// as programs do that `nohup` starts. `umask` and `descriptors`, the most that it may have, are set
  /// as a shell does.
  init(
    _ words: [String], in folder: String, output: Stream = .null, error: Stream = .null,
    terminal: String? = nil, ignoring: Int32? = nil,
    umask: String? = nil, descriptors: Int? = nil
  ) throws {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    if let terminal {
      unsafe posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
      unsafe posix_spawn_file_actions_adddup2(&actions, 0, 1)
      unsafe posix_spawn_file_actions_adddup2(&actions, 0, 2)
    } else {
      unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
      for (number, stream) in [(Int32(1), output), (2, error)] {
        switch stream {
        case .descriptor(let file):
          unsafe posix_spawn_file_actions_adddup2(&actions, file.rawValue, number)
        case .closed: unsafe posix_spawn_file_actions_addclose(&actions, number)
        case .null:
          unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
        }
      }
    }

    // What this process ignores, the program is not to.
    var attributes = posix_spawnattr_t()
    var signals = sigset_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGPIPE, SIGHUP, SIGINT, SIGTERM] { unsafe sigaddset(&signals, number) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    let flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
    let session: Int32 = terminal == nil ? 0 : 0x80  // POSIX_SPAWN_SETSID, of glibc
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags | session))

    let settings = [
      ignoring.map { "trap '' \($0); " }, umask.map { "umask \($0); " },
      // What other tests have open at this moment is not to count.
      descriptors.map { "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n \($0); " },
    ].compactMap { $0 }.joined()
    let command = ["sh", "-c", settings + "cd \"$0\" && exec \"$@\"", folder, Self.path] + words
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
    let variables = ["HOME=\(folder)", "PATH=/usr/bin:/bin"]
    var environment: [UnsafeMutablePointer<CChar>?] = unsafe variables.map { unsafe strdup($0) }
    defer { unsafe (arguments + environment).forEach { unsafe free($0) } }
    unsafe arguments.append(nil)
    unsafe environment.append(nil)
    var process = pid_t()
    let problem = unsafe posix_spawn(
      &process, "/bin/sh", &actions, &attributes, arguments, environment)
    try #require(problem == 0, "/bin/sh cannot be started")
    self.process = process
    for case .descriptor(let file) in [output, error] { try file.close() }
  }

  func send(_ number: Int32) { kill(process, number) }

  /// Waits for the program's end: its status, or 128 and the number of the signal that killed it.
  func end() -> Int32 {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }
}

extension FileDescriptor {
  /// Reads until the text has come, or to the end.
  func text(until wanted: String? = nil) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { (try? unsafe read(into: $0)) ?? 0 }
      if count == 0 { break }
      bytes += buffer.prefix(count)
      if let wanted, String(decoding: bytes, as: UTF8.self).contains(wanted) { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
