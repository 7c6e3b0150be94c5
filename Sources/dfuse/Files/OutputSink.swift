import Dispatch
import Synchronization
import SystemPackage

/// Takes a file's bytes piece by piece and writes them in order.
///
/// Large pieces are written on a thread of their own, so that whoever makes the pieces can go on.
/// Without a file, the pieces are collected.
final class OutputSink {
  private let file: FileDescriptor?
  /// The pieces, where there is no file to write them to.
  private(set) var pieces: [[UInt8]] = []
  private var queue: DispatchQueue?
  private let problem = Problem()

  /// Pieces of at least this many bytes are worth a thread.
  private static let threshold = 1 << 20

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
    if queue == nil, bytes.count >= Self.threshold { queue = DispatchQueue(label: "output") }
    guard let queue else { return problem.write(bytes, to: file) }
    queue.async { [problem] in problem.write(bytes, to: file) }
  }

  /// Waits until everything is written.
  ///
  /// - Returns: The first error, or nil.
  func finish() -> Errno? {
    queue?.sync {}
    return problem.first.withLock { $0 }
  }
}
