import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes a file whole or not at all.
///
/// The bytes go to a temporary file in the same folder, which then takes the name. An existing
/// file keeps its mode, and stays as it was if anything fails before that. A symbolic link is
/// followed; what is no regular file, such as `/dev/null` or a pipe, is written directly.
struct OutputFile {
  /// The name as the user gave it; `-` is standard output.
  var name: String

  /// Whether the name stands for standard output.
  var isStandardOutput: Bool { name == "-" }

  /// The name as messages show it.
  var shown: String { isStandardOutput ? "standard output" : name.visible }

  /// Whether it is the same file as an input, whatever both are called.
  func isSameFile(as input: String) -> Bool {
    guard !isStandardOutput, let facts = FileFacts.of(name), facts.kind == .regular else {
      return false
    }
    return FileFacts.of(input)?.isSameFile(as: facts) ?? false
  }

  /// Writes the pieces of a file, one after the other.
  ///
  /// - Throws: A failure with status 73 when the file cannot be created, 74 when it cannot be written;
  ///   nothing is left of it then.
  func write(_ pieces: [[UInt8]], console: Console) throws(Failure) {
    if isStandardOutput {
      guard !console.outputIsClosed else {
        throw Failure(
          .cannotCreate, "there is no standard output to write to", fix: "name a file with -o")
      }
      guard !console.outputIsTerminal else {
        throw Failure(
          .usage, "will not write a binary file to a terminal",
          fix: "redirect standard output, or name a file with -o")
      }
      for piece in pieces { try console.writeOutput(piece) }
      return
    }
    let existing = FileFacts.of(name)
    switch existing?.kind {
    case .folder: throw Failure(.cannotCreate, "cannot write \(shown): it is a folder")
    case .other: try fill(open(name, mode: nil, isNew: false), pieces)
    case .regular, nil: try replace(existing: existing, pieces)
    }
  }

  /// Writes `bytes`; see the method that takes pieces.
  func write(_ bytes: [UInt8], console: Console) throws(Failure) {
    try write([bytes], console: console)
  }

  private func replace(existing: FileFacts?, _ pieces: [[UInt8]]) throws(Failure) {
    let destination = resolvingLinks()
    let temporary = Self.temporaryName(for: destination)
    let file = try open(temporary, mode: existing?.mode, isNew: true)
    do throws(Failure) {
      try fill(file, pieces)
      guard unsafe rename(temporary, destination) == 0 else {
        throw Failure(.cannotCreate, "cannot write \(shown): \(Errno(rawValue: errno))")
      }
    } catch {
      _ = unsafe unlink(temporary)
      throw error
    }
  }

  private func open(_ path: String, mode: UInt32?, isNew: Bool) throws(Failure) -> FileDescriptor {
    do {
      let options: FileDescriptor.OpenOptions = isNew ? [.create, .exclusiveCreate] : [.truncate]
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: options,
        permissions: isNew ? FilePermissions(rawValue: 0o666) : nil)
      // The new file is made under the umask; one that replaces another takes its mode whole.
      if let mode { _ = fchmod(file.rawValue, mode_t(mode)) }
      return file
    } catch {
      throw Failure(.cannotCreate, "cannot create \(shown): \(error)")
    }
  }

  private func fill(_ file: FileDescriptor, _ pieces: [[UInt8]]) throws(Failure) {
    do {
      try file.closeAfter { for piece in pieces { try file.writeAll(piece) } }
    } catch {
      throw Failure(.inputOutput, "cannot write \(shown): \(error)")
    }
  }

  /// Where the bytes really go: the end of a chain of symbolic links.
  private func resolvingLinks() -> String {
    guard let path = unsafe realpath(name, nil) else { return name }
    defer { unsafe free(path) }
    return unsafe String(cString: path)
  }

  private static func temporaryName(for path: String) -> String {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return "\(folder).dfuse-\(getpid())-\(String(UInt32.random(in: 0...UInt32.max), radix: 36)).tmp"
  }
}
