import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Folders.
enum Folder {
  /// Makes the folder, and those above it, where they are missing.
  ///
  /// - Throws: A failure with status 73.
  static func make(_ path: String) throws(Failure) {
    if FileFacts.of(path)?.kind == .folder { return }
    let above = FilePath(path).removingLastComponent()
    if !above.isEmpty, FileFacts.of(above.string) == nil { try make(above.string) }
    guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST && FileFacts.of(path)?.kind == .folder
    else {
      throw Failure(
        .cannotCreate, "cannot make the folder \(path.visible): \(Errno(rawValue: errno))")
    }
  }
}
