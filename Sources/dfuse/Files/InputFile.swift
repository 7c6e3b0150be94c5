import SystemPackage

/// Reads whole files, and standard input under the name `-`.
struct InputFile {
  /// Bytes read at a time where the size is not known.
  private static let pieceSize = 1 << 16

  /// The name as the user gave it.
  var name: String

  /// Whether the name stands for standard input.
  var isStandardInput: Bool { name == "-" }

  /// The name as messages show it.
  var shown: String { isStandardInput ? "standard input" : name.visible }

  /// Reads everything.
  ///
  /// - Throws: A failure with status 66 when the file is missing, unreadable or a folder.
  func read() throws(Failure) -> [UInt8] {
    do throws(Errno) {
      if isStandardInput { return try Self.readToEnd(.standardInput) }
      if let file = try RegularFile(name) {
        return try Self.readAll(file)
      }
      return try Self.readPipe(name)
    } catch {
      throw failure(error)
    }
  }

  /// The file, to be read in pieces.
  ///
  /// - Returns: Nil for standard input, a pipe or an empty file.
  /// - Throws: As ``read()``.
  func regular() throws(Failure) -> RegularFile? {
    if isStandardInput { return nil }
    do throws(Errno) { return try RegularFile(name) } catch { throw failure(error) }
  }

  /// Why the file cannot be read, for a person.
  func failure(_ error: Errno) -> Failure {
    Failure(.noInput, "cannot read \(shown): \(error)")
  }

  private static func readAll(_ file: RegularFile) throws(Errno) -> [UInt8] {
    var bytes = try file.read(at: 0, count: file.size)
    // It may have grown since it was opened.
    while bytes.count >= file.size {
      let more = try file.read(at: bytes.count, count: pieceSize)
      if more.isEmpty { break }
      bytes += more
    }
    return bytes
  }

  private static func readPipe(_ name: String) throws(Errno) -> [UInt8] {
    do {
      let file = try FileDescriptor.open(FilePath(name), .readOnly)
      defer { try? file.close() }
      _ = try file.regularFileSize()
      return try readToEnd(file)
    } catch {
      throw error as? Errno ?? .ioError
    }
  }

  private static func readToEnd(_ file: FileDescriptor) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: pieceSize)
    while true {
      do {
        let read = try unsafe chunk.withUnsafeMutableBytes { buffer in
          unsafe try file.read(into: buffer)
        }
        if read == 0 { return bytes }
        bytes += chunk[..<read]
      } catch {
        throw error as? Errno ?? .ioError
      }
    }
  }
}
