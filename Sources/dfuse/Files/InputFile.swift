import SystemPackage

/// Reads whole files, and standard input under the name `-`.
struct InputFile {
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
    do {
      if isStandardInput { return try Self.readToEnd(.standardInput) }
      let file = try FileDescriptor.open(FilePath(name), .readOnly)
      defer { try? file.close() }
      let size = try file.regularFileSize()
      return size > 0 ? try Self.read(file, expected: size) : try Self.readToEnd(file)
    } catch {
      throw Failure(.noInput, "cannot read \(shown): \(error)")
    }
  }

  /// Reads a regular file into storage of its own size, and on to the end if it has grown.
  private static func read(_ file: FileDescriptor, expected: Int) throws(Errno) -> [UInt8] {
    var failure: Errno?
    var bytes = unsafe [UInt8](unsafeUninitializedCapacity: expected) { buffer, count in
      unsafe HugePages.advise(UnsafeRawBufferPointer(buffer))
      let storage = UnsafeMutableRawBufferPointer(buffer)
      do throws(Errno) {
        count = unsafe try WholeFile.read(file, into: storage)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if bytes.count == expected {
      do { try file.seek(offset: Int64(expected), from: .start) } catch { throw Errno.ioError }
      bytes += try readToEnd(file)
    }
    return bytes
  }

  private static func readToEnd(_ file: FileDescriptor) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
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
