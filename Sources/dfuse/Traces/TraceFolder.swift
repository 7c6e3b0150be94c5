import DfuseDevice
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `--log`: a folder that gets a trace for each board, each time that it is opened.
struct TraceFolder: Sendable {
  let path: String

  /// Begins a trace.
  ///
  /// - Parameters:
  ///   - board: The board.
  ///   - version: The version of dfuse.
  /// - Returns: What writes it.
  /// - Throws: A failure with status 73, with nothing done to the board.
  func begin(_ board: Board, version: String) throws(Failure) -> TraceWriter {
    try Folder.make(path)
    let serial = (board.identity.serialNumber ?? "").filter {
      $0.isASCII && ($0.isLetter || $0.isNumber)
    }
    let name = board.identity.path + (serial.isEmpty ? "" : "-\(serial)")
    // Never in the place of an older one.
    var number = 1
    while true {
      let file = path + "/" + name + (number == 1 ? "" : "-\(number)") + ".jsonl"
      do {
        let descriptor = try FileDescriptor.open(
          file.systemPath, .writeOnly, options: [.create, .exclusiveCreate],
          permissions: FilePermissions(rawValue: 0o666))
        let writer = TraceWriter(descriptor, shown: file.visible)
        try writer.write(TraceFile.Head(board, version: version))
        return writer
      } catch Errno.fileExists {
        number += 1
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(
          .cannotCreate, "cannot write a trace into \(path.visible): \(error)",
          now: FlashError.Progress.untouched.description)
      }
    }
  }
}

/// Writes the trace of one board, a line as soon as it is known: whatever ends the program leaves all
/// that happened before.
final class TraceWriter {
  private let file: FileDescriptor
  /// The file's name for people.
  let shown: String
  private var start: Duration?
  /// Why a line could not be written; the board must not stop for it.
  private(set) var problem: String?

  init(_ file: FileDescriptor, shown: String) { (self.file, self.shown) = (file, shown) }

  deinit { try? file.close() }

  /// Adds a transfer.
  func add(_ transfer: TracedTransfer) {
    guard problem == nil else { return }
    let start = start ?? transfer.start
    self.start = start
    do throws(Failure) {
      try write(TraceFile.Line(transfer, since: start))
    } catch {
      problem = error.what
    }
  }

  fileprivate func write(_ line: some Encodable) throws(Failure) {
    let text = try JSONText.line(line) + "\n"
    do {
      _ = try file.writeAll(Array(text.utf8))
    } catch {
      throw Failure(.inputOutput, "cannot write \(shown): \(error)")
    }
  }
}
