import SystemPackage

/// A file with a size, read in pieces; it can be closed in between, so that very many can be used.
final class RegularFile {
  /// Bytes that the file had when it was opened; at least one.
  let size: Int
  private let path: FilePath
  private let facts: FileFacts
  private var file: FileDescriptor?

  /// Opens a file; nil for one that has no size to go by, such as a pipe, or that is empty.
  ///
  /// - Throws: Why it cannot be read: `Errno.isDirectory` for a folder.
  init?(_ path: String) throws(Errno) {
    // A pipe's writer would see it opened and closed again: look before opening.
    guard let facts = FileFacts.of(path), facts.kind == .regular else { return nil }
    let file = try Self.open(FilePath(path))
    do throws(Errno) {
      size = try file.regularFileSize()
      self.facts = try FileFacts.of(file)
    } catch {
      try? file.close()
      throw error
    }
    self.path = FilePath(path)
    self.file = file
    if size == 0 { return nil }
  }

  deinit { close() }

  /// Closes the file until it is read again.
  func close() {
    try? file?.close()
    file = nil
  }

  private static func open(_ path: FilePath) throws(Errno) -> FileDescriptor {
    do { return try FileDescriptor.open(path, .readOnly) } catch {
      throw error as? Errno ?? .ioError
    }
  }

  /// The open file; one that took the name since is not the same.
  private func opened() throws(Errno) -> FileDescriptor {
    if let file { return file }
    let again = try Self.open(path)
    guard try FileFacts.of(again).isSameFile(as: facts) else {
      try? again.close()
      throw .noSuchFileOrDirectory
    }
    file = again
    return again
  }

  /// Bytes from `offset` on, `count` of them or as many as there are.
  func read(at offset: Int, count: Int) throws(Errno) -> [UInt8] {
    let file = try opened()
    var failure: Errno?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let storage = UnsafeMutableRawBufferPointer(buffer)
      do {
        while filled < count {
          let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: storage[filled...])
          let read = unsafe try file.read(
            fromAbsoluteOffset: Int64(offset + filled), into: rest)
          if read == 0 { break }
          filled += read
        }
      } catch {
        failure = error as? Errno ?? .ioError
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
