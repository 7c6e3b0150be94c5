#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Large pages for large files: a 16 MiB buffer otherwise costs 4096 page faults, which take longer
/// than reading the file does.
enum HugePages {
  private static let size = 2 << 20

  /// Asks the kernel to back the buffer's inner part with huge pages; it need not.
  static func advise(_ buffer: UnsafeRawBufferPointer) {
    #if os(Linux)
      guard let start = buffer.baseAddress, buffer.count >= 2 * size else { return }
      // madvise(2) wants a page's address; the memory is the buffer's own from there on.
      let page = 4096
      let skipped = (page - Int(bitPattern: start) % page) % page
      let inner = unsafe UnsafeMutableRawPointer(mutating: start + skipped)
      _ = unsafe madvise(inner, buffer.count - skipped, MADV_HUGEPAGE)
    #endif
  }
}
