import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Standard output or standard error.
///
/// Work on a board must not end because nobody reads about it any more. So once the reader is gone,
/// what is written is dropped.
final class StandardStream: Sendable {
  private let descriptor: FileDescriptor
  private let lost: Atomic<Bool>
  /// Whether it is a terminal.
  let isTerminal: Bool
  /// Whether the program was started without it (`>&-`).
  let isClosed: Bool

  init(_ descriptor: FileDescriptor) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor.rawValue) == 1
    isClosed = fcntl(descriptor.rawValue, F_GETFL) & O_ACCMODE == O_RDONLY
    lost = Atomic(false)
  }

  /// Whether something was dropped.
  var isLost: Bool { lost.load(ordering: .relaxed) }

  /// Writes bytes, or drops them when the reader is gone.
  ///
  /// - Returns: Why they could not be written, when there is a reader: a full disk, for example.
  func write(_ bytes: [UInt8]) -> Errno? {
    var rest = bytes[...]
    while !rest.isEmpty, !isLost {
      do {
        let count = try unsafe rest.withUnsafeBytes { buffer in
          try unsafe descriptor.write(buffer)
        }
        rest = rest.dropFirst(count)
      } catch Errno.wouldBlock {
        // Whoever shares the pipe or terminal made it so.
        var wanted = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&wanted, 1, -1)
      } catch Errno.brokenPipe, Errno.connectionReset, Errno.badFileDescriptor {
        lost.store(true, ordering: .relaxed)
      } catch Errno.ioError where isTerminal {
        // The terminal was closed.
        lost.store(true, ordering: .relaxed)
      } catch {
        return error as? Errno ?? .ioError
      }
    }
    return nil
  }

  /// Makes the process's three streams safe to use.
  ///
  /// To be called before anything is opened.
  static func prepare() {
    // A write to a pipe that nobody reads is an error, and not the end of the process.
    _ = signal(SIGPIPE, SIG_IGN)
    // So is a file that becomes larger than the shell's limit allows.
    _ = signal(SIGXFSZ, SIG_IGN)
    // A stream that is missing would be the number of the next file that is opened: a message
    // would go into a firmware file, or to a board. This takes the number, and refuses writes.
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
      _ = unsafe open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}

/// The file for reports that no terminal shows any more, where `nohup` would put its own: in the
/// current folder, or else in the home folder.
enum ReportFile {
  static let name = "dfuse-report.txt"

  /// Adds a report to the file's end, with the time and the command.
  ///
  /// - Returns: The file's path; nil when it can be written in neither place.
  static func append(_ lines: [String], of command: [String]) -> String? {
    let head = "\(now)  \(command.shellLine)"
    let text = ([head] + lines).map { $0 + "\n" }.joined()
    let home = environmentVariable("HOME").map { "\($0)/\(name)" }
    return [name, home].compactMap { $0 }.first { path in
      do {
        // No link is followed: the folder may be one in which others can make them.
        let file = try FileDescriptor.open(
          FilePath(path), .writeOnly, options: [.create, .append, .noFollow],
          permissions: FilePermissions(rawValue: 0o666))
        return try file.closeAfter { try file.writeAll(text.utf8) } == text.utf8.count
      } catch {
        return false
      }
    }
  }

  /// The time as `2026-11-26 20:15:03 UTC`.
  private static var now: String {
    var seconds = time(nil)
    var parts = unsafe tm()
    _ = unsafe gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = unsafe strftime(&text, text.count, "%Y-%m-%d %H:%M:%S UTC", &parts)
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
