import SystemPackage

/// Reads whole files, and standard input under the name `-`.
struct InputFile {
  /// The name as the user gave it.
  var name: String

  /// Whether the name stands for standard input.
  var isStandardInput: Bool { name == "-" }

  /// The name as messages show it.
  var shown: String { isStandardInput ? "standard input" : name.visible }

  /// Reads everything, and closes the file.
  ///
  /// - Throws: A failure with status 66 when the file is missing, unreadable or a folder, or changes
  ///   its size while it is read.
  func read() throws(Failure) -> [UInt8] {
    do {
      if isStandardInput { return try Self.readToEnd(.standardInput) }
      let file = try FileDescriptor.open(FilePath(name), .readOnly)
      defer { try? file.close() }
      let size = try file.regularFileSize()
      // What has no size, such as a pipe, has an end.
      return size > 0 ? try read(file, size: size) : try Self.readToEnd(file)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.noInput, "cannot read \(shown): \(error)")
    }
  }

  /// Reads a file that had this size when it was opened.
  func read(_ file: FileDescriptor, size: Int) throws -> [UInt8] {
    let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      let storage = UnsafeMutableRawBufferPointer(buffer)
      while filled < size {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: storage[filled...])
        let read = try unsafe file.read(into: rest)
        if read == 0 { break }
        filled += read
      }
    }
    let isLonger = try bytes.count == size && !Self.readToEnd(file).isEmpty
    guard bytes.count == size, !isLonger else {
      throw Failure(
        .noInput, "\(shown) became \(isLonger ? "longer" : "shorter") while it was read",
        fix: "run this again when the file is finished")
    }
    return bytes
  }

  private static func readToEnd(_ file: FileDescriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let read = try unsafe chunk.withUnsafeMutableBytes { buffer in
        unsafe try file.read(into: buffer)
      }
      if read == 0 { return bytes }
      bytes += chunk[..<read]
    }
  }
}
