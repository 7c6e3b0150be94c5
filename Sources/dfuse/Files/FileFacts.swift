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
  /// When it was last written: nanoseconds since 1970.
  var written: Int64

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
    #if canImport(Darwin)
      let time = record.st_mtimespec
    #else
      let time = record.st_mtim
    #endif
    written = Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// Whether both are one file, whatever it is called.
  func isSameFile(as other: FileFacts) -> Bool {
    device == other.device && inode == other.inode
  }
}

/// What stands at a path, a symbolic link told from what it leads to.
struct PathFacts: Equatable {
  enum Kind: Equatable {
    case file, folder, pipe, socket, device
    /// A link that leads to where nothing is.
    case nothing
  }

  /// What is written in the link, if it is one.
  var target: String?
  /// What it is, or what the link leads to.
  var kind: Kind

  /// Whether it is a symbolic link.
  var isLink: Bool { target != nil }

  /// Facts about what stands at `path`, or nil when nothing does, not even a link.
  static func of(_ path: String) -> PathFacts? {
    var record = stat()
    let result = unsafe path.systemPath.withPlatformString { unsafe lstat($0, &record) }
    guard result == 0 else { return nil }
    guard record.st_mode & S_IFMT == S_IFLNK else { return PathFacts(kind: kind(record)) }
    var text = [CChar](repeating: 0, count: 4096)
    let count = unsafe path.systemPath.withPlatformString { name in
      unsafe readlink(name, &text, text.count)
    }
    let target = String(
      decoding: text.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    let leads = unsafe path.systemPath.withPlatformString { unsafe stat($0, &record) } == 0
    return PathFacts(target: target, kind: leads ? kind(record) : .nothing)
  }

  private static func kind(_ record: stat) -> Kind {
    switch record.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFIFO: .pipe
    case S_IFSOCK: .socket
    default: .device
    }
  }

  /// The path without links; nil when it does not lead to anything.
  static func resolved(_ path: String) -> String? {
    unsafe path.systemPath.withPlatformString { name in
      guard let real = unsafe realpath(name, nil) else { return nil }
      defer { unsafe free(real) }
      return unsafe String(cString: real)
    }
  }

  /// What it is, behind "PATH is": `a link to /dev/full, which is a device`, or `a pipe`.
  var words: String {
    guard let target else { return kind.words }
    return "a link to \(target.visible), "
      + (kind == .nothing ? "where nothing is" : "which is \(kind.words)")
  }
}

extension PathFacts.Kind {
  var words: String {
    switch self {
    case .file: "a file"
    case .folder: "a folder"
    case .pipe: "a pipe"
    case .socket: "a socket"
    case .device: "a device"
    case .nothing: "nothing"
    }
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
