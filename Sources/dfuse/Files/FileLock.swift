import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Locks that one process has on a file.
///
/// The system gives a lock up when the process ends, however it does, and also when it closes the file
/// by any other descriptor: so what is locked is read by the descriptor that is.
enum FileLock {
  /// What came of asking for a lock.
  enum Outcome: Equatable {
    case locked
    /// Another process has it.
    case taken(by: pid_t)
    /// The place knows no locks.
    case impossible(Errno)
  }

  /// Locks an open file: for this process alone, or with others that only read.
  static func take(_ file: FileDescriptor, alone: Bool) -> Outcome {
    while true {
      var range = flock()
      range.l_type = Int16(alone ? F_WRLCK : F_RDLCK)
      range.l_whence = Int16(SEEK_SET)
      if unsafe fcntl(file.rawValue, F_SETLK, &range) == 0 { return .locked }
      guard errno == EACCES || errno == EAGAIN else { return .impossible(Errno(rawValue: errno)) }
      guard unsafe fcntl(file.rawValue, F_GETLK, &range) == 0 else {
        return .impossible(Errno(rawValue: errno))
      }
      // Else it has just been given up.
      if range.l_type != Int16(F_UNLCK) { return .taken(by: range.l_pid) }
    }
  }

  /// A process for people: its number, and its program where the system tells.
  static func words(_ process: pid_t) -> String {
    guard process > 0 else { return "another process" }
    let file = InputFile(name: "/proc/\(process)/comm")
    guard FileFacts.of(file.name) != nil, let name = try? file.read() else {
      return "process \(process)"
    }
    let text = String(decoding: name.prefix { $0 != 10 }, as: UTF8.self)
    return text.isEmpty ? "process \(process)" : "process \(process) (\(text.visible))"
  }
}
