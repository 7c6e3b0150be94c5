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
/// followed, also to where no file is yet; what is no regular file, such as `/dev/null` or a pipe,
/// is written directly.
struct OutputFile {
  /// The name as the user gave it; `-` is standard output.
  var name: String
  /// Whether a symbolic link stays, and the file that it leads to is written; else it gives way.
  var followsLinks = true

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

  /// Whether writing it would put something in the place of a file, be that there yet or not.
  func takesPlace(of other: String) -> Bool { name == other || isSameFile(as: other) }

  /// Tries whether the file can be written, before what is to be written costs time.
  ///
  /// - Throws: A failure with status 64 or 73.
  func tryPlace(console: Console) throws(Failure) {
    if isStandardOutput { return try checkStandardOutput(console) }
    guard try existing()?.kind != .other else { return }
    let new = try TemporaryFile(beside: destination(), mode: nil, shown: shown)
    try? new.file.close()
    new.remove()
  }

  /// Writes the pieces of a file, one after the other.
  ///
  /// - Throws: A failure with status 73 when the file cannot be created, 74 when it cannot be written;
  ///   nothing is left of it then.
  func write(_ pieces: [[UInt8]], console: Console) throws(Failure) {
    if isStandardOutput {
      try checkStandardOutput(console)
      for piece in pieces { try console.writeOutput(piece) }
      return
    }
    let existing = try existing()
    if let existing, existing.kind == .other {
      try fill(openDirectly(isPipe: existing.isPipe), pieces)
    } else {
      try replace(mode: existing?.mode, pieces)
    }
  }

  /// Writes `bytes`; see the method that takes pieces.
  func write(_ bytes: [UInt8], console: Console) throws(Failure) {
    try write([bytes], console: console)
  }

  private func checkStandardOutput(_ console: Console) throws(Failure) {
    guard !console.outputIsClosed else {
      throw Failure(
        .cannotCreate, "there is no standard output to write to", fix: "name a file with -o")
    }
    guard !console.outputIsTerminal else {
      throw Failure(
        .usage, "will not write a binary file to a terminal",
        fix: "redirect standard output, or name a file with -o")
    }
  }

  /// What is there now; what is no regular file is written directly.
  private func existing() throws(Failure) -> FileFacts? {
    let facts = FileFacts.of(name)
    if facts?.kind == .folder || name.hasSuffix("/") {
      throw Failure(
        .cannotCreate, "cannot write \(shown): it is a folder",
        fix: Errno.isDirectory.fixWriting(name))
    }
    return facts
  }

  private func replace(mode: UInt32?, _ pieces: [[UInt8]]) throws(Failure) {
    let destination = try destination()
    let new = try TemporaryFile(beside: destination, mode: mode, shown: shown)
    do throws(Failure) {
      try fill(new.file, pieces)
      if let error = new.take(placeOf: destination) {
        throw Failure(
          .cannotCreate, "cannot write \(shown): \(error)", fix: error.fixWriting(name))
      }
    } catch {
      new.remove()
      throw error
    }
  }

  /// Opens what is no regular file; a pipe, as soon as somebody reads it.
  private func openDirectly(isPipe: Bool) throws(Failure) -> FileDescriptor {
    while true {
      do {
        let file = try FileDescriptor.open(name.systemPath, .writeOnly, options: .nonBlocking)
        _ = fcntl(file.rawValue, F_SETFL, fcntl(file.rawValue, F_GETFL) & ~O_NONBLOCK)
        return file
      } catch Errno.noSuchAddressOrDevice where isPipe {
        // An open that waits for a reader would wait through a signal as well.
        guard !Interrupt.isRequested else {
          throw Failure(.interrupted, "stopped on request", why: "nobody reads \(shown)")
        }
        usleep(20_000)
      } catch {
        throw Failure(
          .cannotCreate, "cannot create \(shown): \(error)",
          fix: (error as? Errno)?.fixWriting(name))
      }
    }
  }

  private func fill(_ file: FileDescriptor, _ pieces: [[UInt8]]) throws(Failure) {
    do {
      try file.closeAfter { for piece in pieces { try file.writeAll(piece) } }
    } catch {
      throw Failure(
        .inputOutput, "cannot write \(shown): \(error)",
        fix: (error as? Errno)?.fixWriting(name))
    }
  }

  /// Where the bytes really go: the end of a chain of symbolic links.
  private func destination() throws(Failure) -> FilePath {
    var path = name.systemPath
    guard followsLinks else { return path }
    for _ in 0..<40 {
      var target = [CChar](repeating: 0, count: 4096)
      let count = unsafe path.withPlatformString { name in
        unsafe readlink(name, &target, target.count - 1)
      }
      guard count >= 0 else { return path }
      path = path.removingLastComponent().pushing(FilePath(platformString: target))
    }
    throw Failure(.cannotCreate, "cannot write \(shown): \(Errno.tooManySymbolicLinkLevels)")
  }
}
