import Dispatch
import Synchronization
import SystemPackage

/// Reads a regular file into memory; a large one on two threads, because it is the copying that
/// takes the time.
enum WholeFile {
  /// Files of at least this many bytes are worth a second thread.
  private static let threshold = 4 << 20

  /// Fills `storage` from the start of the file.
  ///
  /// - Returns: The bytes read: fewer than there is room for when the file has become shorter.
  static func read(
    _ file: FileDescriptor, into storage: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    guard storage.count >= threshold else { return unsafe try read(file, into: storage, from: 0) }
    let half = storage.count / 2
    let results = Mutex<[Int: Result<Int, Errno>]>([:])
    // Each thread has a half of the storage to itself, and both are done before this returns.
    nonisolated(unsafe) let shared = unsafe storage
    DispatchQueue.concurrentPerform(iterations: 2) { part in
      let range = unsafe part == 0 ? 0..<half : half..<shared.count
      let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: shared[range])
      let result: Result<Int, Errno>
      do throws(Errno) {
        result = .success(unsafe try read(file, into: piece, from: range.lowerBound))
      } catch {
        result = .failure(error)
      }
      results.withLock { $0[part] = result }
    }
    let first = try results.withLock { $0[0] ?? .success(0) }.get()
    let second = try results.withLock { $0[1] ?? .success(0) }.get()
    return first < half ? first : half + second
  }

  private static func read(
    _ file: FileDescriptor, into storage: UnsafeMutableRawBufferPointer, from offset: Int
  ) throws(Errno) -> Int {
    var count = 0
    while count < storage.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: storage[count...])
      do {
        let read = unsafe try file.read(fromAbsoluteOffset: Int64(offset + count), into: rest)
        if read == 0 { break }
        count += read
      } catch {
        throw error as? Errno ?? .ioError
      }
    }
    return count
  }
}
