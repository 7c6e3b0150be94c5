import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A new file beside the one whose place it is to take.
///
/// A signal that ends the process removes it.
struct TemporaryFile {
  /// The file, to be written to.
  let file: FileDescriptor
  private let path: FilePath
  /// The address of the path's text in ``current``.
  private let text: UInt

  /// The text of the path that a signal removes, by its address; 0 when there is none.
  ///
  /// One is enough: no command writes two files at once.
  private static let current = Atomic<UInt>(0)

  /// Makes the file; `mode` is that of the file which it is to replace.
  ///
  /// - Throws: A failure with status 73, which calls the output `shown`.
  init(beside destination: FilePath, mode: UInt32?, shown: String) throws(Failure) {
    let random = String(UInt32.random(in: 0...UInt32.max), radix: 36)
    let path = destination.removingLastComponent()
      .appending(".dfuse-\(getpid())-\(random).tmp")
    // Never freed: a signal on another thread may be about to read it.
    let text = unsafe UInt(bitPattern: path.withPlatformString { unsafe strdup($0) })
    _ = Self.current.compareExchange(expected: 0, desired: text, ordering: .relaxed)
    do {
      file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .exclusiveCreate],
        permissions: FilePermissions(rawValue: 0o666))
    } catch {
      Self.forget(text)
      throw Failure(
        .cannotCreate, "cannot create \(shown): \(error)",
        fix: (error as? Errno)?.fixWriting(destination.string))
    }
    // The new file is made under the umask; one that replaces another takes its mode whole.
    if let mode { _ = fchmod(file.rawValue, mode_t(mode)) }
    (self.path, self.text) = (path, text)
  }

  /// Gives it the place of a file; why that failed, if so.
  func take(placeOf destination: FilePath) -> Errno? {
    let result = unsafe path.withPlatformString { from in
      unsafe destination.withPlatformString { to in unsafe rename(from, to) }
    }
    guard result == 0 else { return Errno(rawValue: errno) }
    Self.forget(text)
    return nil
  }

  /// Removes it.
  func remove() {
    _ = unsafe path.withPlatformString { unsafe unlink($0) }
    Self.forget(text)
  }

  private static func forget(_ text: UInt) {
    _ = current.compareExchange(expected: text, desired: 0, ordering: .relaxed)
  }

  /// Removes the one that is being written: all that a signal handler may do.
  static func removeCurrent() {
    let text = current.load(ordering: .relaxed)
    if let path = unsafe UnsafePointer<CChar>(bitPattern: text) { _ = unsafe unlink(path) }
  }
}
