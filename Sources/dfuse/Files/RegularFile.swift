import SystemPackage

/// An open file with a size, read in pieces.
final class RegularFile {
  /// Bytes that the file had when it was opened; at least one.
  let size: Int
  private let file: FileDescriptor

  /// Opens a file; nil for one that has no size to go by, such as a pipe, or that is empty.
  ///
  /// - Throws: Why it cannot be read: `Errno.isDirectory` for a folder.
  init?(_ path: String) throws(Errno) {
    // A pipe's writer would see it opened and closed again: look before opening.
    guard let facts = FileFacts.of(path), facts.kind == .regular else { return nil }
    do { file = try FileDescriptor.open(FilePath(path), .readOnly) } catch {
      throw error as? Errno ?? .ioError
    }
    size = try file.regularFileSize()
    if size == 0 { return nil }
  }

  deinit { try? file.close() }

  /// Bytes from `offset` on, `count` of them or as many as there are.
  func read(at offset: Int, count: Int) throws(Errno) -> [UInt8] {
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
