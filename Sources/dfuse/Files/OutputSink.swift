import Dispatch
import Synchronization
import SystemPackage

/// Takes a file's bytes piece by piece and writes them in order.
///
/// A large file is written on a thread of its own, so that whoever makes the pieces can go on.
/// Without a file, the pieces are collected.
final class OutputSink {
  private let file: FileDescriptor?
  /// The pieces, where there is no file to write them to.
  private(set) var pieces: [[UInt8]] = []
  private var size = 0
  private var queue: DispatchQueue?
  /// Keeps a fast reader from filling the memory: so many pieces may wait to be written.
  private let room = DispatchSemaphore(value: 4)
  private let problem = Problem()

  /// A file of this many bytes is worth a thread.
  private static let threshold = 2 << 20

  /// The first error, which any thread may set.
  private final class Problem: Sendable {
    let first = Mutex<Errno?>(nil)

    func write(_ bytes: [UInt8], to file: FileDescriptor) {
      guard first.withLock({ $0 }) == nil else { return }
      do {
        try file.writeAll(bytes)
      } catch {
        first.withLock { $0 = error as? Errno ?? .ioError }
      }
    }
  }

  init(writingTo file: FileDescriptor? = nil) {
    self.file = file
  }

  /// Adds bytes to the end.
  func append(_ bytes: [UInt8]) {
    guard let file else { return pieces.append(bytes) }
    size += bytes.count
    if queue == nil, size >= Self.threshold { queue = DispatchQueue(label: "output") }
    guard let queue else { return problem.write(bytes, to: file) }
    room.wait()
    queue.async { [problem, room] in
      problem.write(bytes, to: file)
      room.signal()
    }
  }

  /// Waits until everything is written.
  ///
  /// - Returns: The first error, or nil.
  func finish() -> Errno? {
    queue?.sync {}
    return problem.first.withLock { $0 }
  }
}
