import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the file system says about a path.
struct FileFacts: Equatable {
  enum Kind: Equatable {
    case regular, folder, other
  }

  var kind: Kind
  /// Whether it gives and takes bytes as they come, as terminals and `/dev/zero` do.
  var isCharacterDevice: Bool
  var isPipe: Bool
  /// Permission bits.
  var mode: UInt32
  /// Device and inode: the same for two names of one file.
  var device: UInt64
  var inode: UInt64
  /// Bytes.
  var size: Int

  /// Facts about the file that `path` leads to, or nil when there is none.
  static func of(_ path: String) -> FileFacts? {
    var record = stat()
    let result = unsafe path.systemPath.withPlatformString { unsafe stat($0, &record) }
    guard result == 0 else { return nil }
    return FileFacts(record)
  }

  /// Facts about an open file.
  static func of(_ file: FileDescriptor) throws(Errno) -> FileFacts {
    var record = stat()
    guard unsafe fstat(file.rawValue, &record) == 0 else { throw Errno(rawValue: errno) }
    return FileFacts(record)
  }

  private init(_ record: stat) {
    switch record.st_mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .folder
    default: kind = .other
    }
    isCharacterDevice = record.st_mode & S_IFMT == S_IFCHR
    isPipe = record.st_mode & S_IFMT == S_IFIFO
    mode = UInt32(record.st_mode & 0o7777)
    device = UInt64(truncatingIfNeeded: record.st_dev)
    inode = UInt64(record.st_ino)
    size = Int(record.st_size)
  }

  /// Whether both are one file, whatever it is called.
  func isSameFile(as other: FileFacts) -> Bool {
    device == other.device && inode == other.inode
  }
}

/// Folders.
enum Folder {
  /// Makes the folder, and those above it, where they are missing.
  ///
  /// - Throws: A failure with status 73.
  static func make(_ path: String) throws(Failure) {
    if FileFacts.of(path)?.kind == .folder { return }
    let above = FilePath(path).removingLastComponent()
    if !above.isEmpty, FileFacts.of(above.string) == nil { try make(above.string) }
    let result = unsafe path.systemPath.withPlatformString { unsafe mkdir($0, 0o777) }
    guard result == 0 || errno == EEXIST && FileFacts.of(path)?.kind == .folder else {
      throw Failure(
        .cannotCreate, "cannot make the folder \(path.visible): \(Errno(rawValue: errno))")
    }
  }
}
