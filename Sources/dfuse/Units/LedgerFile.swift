import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a ledger cannot be used.
enum LedgerError: Error, Equatable {
  /// The file has something else in its first line.
  case notALedger
  /// A line, from 1, that no ledger has, and why.
  case badLine(Int, String)
  /// It is no regular file.
  case notAFile
  /// Another process has it.
  case inUse(by: pid_t)
  /// It cannot be locked where it is.
  case noLocks(Errno)
  /// It is not there, or cannot be read.
  case unreadable(Errno)
  /// It cannot be made, or opened.
  case cannotOpen(Errno)
  /// It cannot be written.
  case unwritable(Errno)
  /// Another program has written it, or put another file in its place, since it was opened.
  case changed
  /// An earlier failure left it in a state that is not known.
  case broken
  /// There is no number behind the last one.
  case noNumberLeft
}

/// The file below a ledger: a place for bytes that lasts.
///
/// Tests hand in one that is cut off at any moment.
protocol LedgerFile: Sendable {
  /// All that it holds.
  func read() throws(LedgerError) -> [UInt8]
  /// Makes sure that nobody else has changed it: it holds so many bytes, and still has its name.
  func check(length: Int) throws(LedgerError)
  /// Writes bytes; some of them may be there when that fails.
  func write(_ bytes: [UInt8], at offset: Int) throws(LedgerError)
  /// Makes it shorter.
  func cut(to length: Int) throws(LedgerError)
  /// Waits until all that was written lasts, whatever happens to the machine.
  func sync() throws(LedgerError)
}

/// A ledger on a disk, locked from when it is opened until this object goes.
final class LedgerOnDisk: LedgerFile {
  private let path: String
  private let file: FileDescriptor

  /// Opens the file, or makes it, and locks it.
  init(path: String) throws(LedgerError) {
    self.path = path
    if let facts = FileFacts.of(path), facts.kind != .regular { throw .notAFile }
    do {
      file = try FileDescriptor.open(
        path.systemPath, .readWrite, options: [.create],
        permissions: FilePermissions(rawValue: 0o666))
    } catch {
      throw .cannotOpen(error as? Errno ?? .ioError)
    }
    do throws(LedgerError) {
      switch FileLock.take(file, alone: true) {
      case .locked: break
      case .taken(let process): throw .inUse(by: process)
      case .impossible(let error): throw .noLocks(error)
      }
      try syncFolder()
    } catch {
      try? file.close()
      throw error
    }
  }

  deinit { try? file.close() }

  func read() throws(LedgerError) -> [UInt8] {
    do {
      _ = try file.seek(offset: 0, from: .start)
      return try InputFile(name: path).read(file)
    } catch {
      throw .unreadable(error as? Errno ?? .ioError)
    }
  }

  func check(length: Int) throws(LedgerError) {
    guard let facts = try? FileFacts.of(file), facts.size == length,
      FileFacts.of(path)?.isSameFile(as: facts) == true
    else { throw .changed }
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(LedgerError) {
    do {
      _ = try file.writeAll(toAbsoluteOffset: Int64(offset), bytes)
    } catch {
      throw .unwritable(error as? Errno ?? .ioError)
    }
  }

  func cut(to length: Int) throws(LedgerError) {
    guard ftruncate(file.rawValue, off_t(length)) == 0 else {
      throw .unwritable(Errno(rawValue: errno))
    }
  }

  func sync() throws(LedgerError) {
    #if canImport(Darwin)
      // There, fsync leaves it to the disk when it writes.
      guard fcntl(file.rawValue, F_FULLFSYNC) != 0 else { return }
    #endif
    guard fsync(file.rawValue) == 0 else { throw .unwritable(Errno(rawValue: errno)) }
  }

  /// Makes the name last as well: the file may be new, or the program that made it may have ended
  /// before this.
  private func syncFolder() throws(LedgerError) {
    let folder = (PathFacts.resolved(path) ?? path).systemPath.removingLastComponent()
    do {
      let file = try FileDescriptor.open(folder.isEmpty ? "." : folder, .readOnly)
      defer { try? file.close() }
      guard fsync(file.rawValue) == 0 || errno == EINVAL else { throw Errno(rawValue: errno) }
    } catch {
      throw .unwritable(error as? Errno ?? .ioError)
    }
  }
}

/// What a ledger would get, for `--dry-run`: nothing is written anywhere.
final class LedgerInMemory: LedgerFile {
  private let bytes: [UInt8]

  /// Takes what a file holds, if it is there.
  init(path: String) throws(LedgerError) {
    guard let facts = FileFacts.of(path) else {
      bytes = []
      return
    }
    guard facts.kind == .regular else { throw .notAFile }
    guard let bytes = try? InputFile(name: path).read() else { throw .unreadable(.ioError) }
    self.bytes = bytes
  }

  func read() -> [UInt8] { bytes }
  func check(length: Int) {}
  func write(_ bytes: [UInt8], at offset: Int) {}
  func cut(to length: Int) {}
  func sync() {}
}
