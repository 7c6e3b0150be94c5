import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads whole files, and standard input under the name `-`.
struct InputFile {
  /// The name as the user gave it.
  var name: String
  /// How many bytes are read at most: all that addresses of 32 bits can tell apart, and what a
  /// container puts around one element.
  var limit = (1 << 32) + 309

  /// How many bytes are read of a device that says no size: it may have no end, and memory has one.
  static let deviceLimit = 64 << 20

  /// Whether the name stands for standard input.
  var isStandardInput: Bool { name == "-" }

  /// The name as messages show it.
  var shown: String { isStandardInput ? "standard input" : name.visible }

  /// The name, if it may say what the file is.
  var telling: String? { isStandardInput ? nil : name }

  /// Reads everything, and closes the file.
  ///
  /// - Throws: A failure with status 65 when there is more than the limit; 66 when the file is
  ///   missing, unreadable or a folder, or changes its size while it is read.
  func read() throws(Failure) -> [UInt8] {
    guard !name.isEmpty else {
      throw Failure(
        .noInput, "the name of the file is empty", why: "a variable such as $FIRMWARE is not set")
    }
    do {
      if isStandardInput { return try read(.standardInput) }
      let file = try FileDescriptor.open(name.systemPath, .readOnly)
      defer { try? file.close() }
      return try read(file)
    } catch let failure as Failure {
      throw failure
    } catch {
      let fix = (error as? Errno)?.fixReading(name)
      throw Failure(
        .noInput, "cannot read \(shown): \(error)", fix: isStandardInput ? nil : fix)
    }
  }

  /// Reads a file that is open, to its end.
  func read(_ file: FileDescriptor) throws -> [UInt8] {
    let facts = try FileFacts.of(file)
    if facts.kind == .folder { throw Errno.isDirectory }
    let size = facts.kind == .regular ? facts.size : Self.diskSize(file)
    guard size <= limit else { throw tooLarge(size.byteText, limit) }
    // What says no size, such as a pipe, has an end; of standard input, some may have been read.
    guard facts.kind == .regular, size > 0, !isStandardInput else {
      return try readToEnd(
        file, limit: facts.isCharacterDevice ? min(limit, Self.deviceLimit) : limit)
    }
    return try read(file, size: size)
  }

  /// Reads a file that had this size when it was opened.
  func read(_ file: FileDescriptor, size: Int) throws -> [UInt8] {
    try Self.checkRoom(size)
    let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      let storage = UnsafeMutableRawBufferPointer(buffer)
      while filled < size {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: storage[filled...])
        let read = try unsafe file.read(into: rest)
        if read == 0 { break }
        filled += read
      }
    }
    let isLonger = try bytes.count == size && !readToEnd(file, limit: limit).isEmpty
    guard bytes.count == size, !isLonger else {
      throw Failure(
        .noInput, "\(shown) became \(isLonger ? "longer" : "shorter") while it was read",
        fix: "run this again when the file is finished")
    }
    return bytes
  }

  private func readToEnd(_ file: FileDescriptor, limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let read = try unsafe chunk.withUnsafeMutableBytes { buffer in
        unsafe try file.read(into: buffer)
      }
      if read == 0 { return bytes }
      guard bytes.count + read <= limit else {
        throw tooLarge("more than \(limit.byteText)", limit)
      }
      if bytes.count + read > bytes.capacity {
        try Self.checkRoom(2 * bytes.capacity)
        bytes.reserveCapacity(max(2 * bytes.capacity, chunk.count))
      }
      bytes += chunk[..<read]
    }
  }

  private func tooLarge(_ found: String, _ limit: Int) -> Failure {
    Failure(
      .badData, "\(shown) has \(found), and at most \(limit.byteText) are read",
      why: limit == self.limit
        ? "no firmware is larger: addresses have 32 bits" : "a device may have no end")
  }

  /// Bytes of a disk; 0 of what has no places to go to.
  private static func diskSize(_ file: FileDescriptor) -> Int {
    guard let place = try? file.seek(offset: 0, from: .current) else { return 0 }
    let end = (try? file.seek(offset: 0, from: .end)) ?? 0
    _ = try? file.seek(offset: place, from: .start)
    return Int(end)
  }

  /// Refuses what memory has no room for: an array that finds none ends the process.
  private static func checkRoom(_ size: Int) throws(Errno) {
    guard size > 0 else { return }
    // The optimiser knows `malloc`, and takes one away that is only tried.
    let room = unsafe mmap(
      nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let room = unsafe room, Int(bitPattern: room) != -1 else { throw .noMemory }
    _ = unsafe munmap(room, size)
  }
}
