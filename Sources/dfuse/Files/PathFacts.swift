import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

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
