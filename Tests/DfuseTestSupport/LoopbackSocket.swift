#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A TCP socket that is connected to a server on this machine.
///
/// - Parameters:
///   - port: The server's.
///   - seconds: How long a read waits at most.
/// - Returns: The descriptor, to be closed by the caller.
/// - Throws: ``NothingListens``.
public func connectedSocket(port: UInt16, readingFor seconds: Int) throws -> Int32 {
  #if canImport(Glibc)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  #else
    let descriptor = socket(AF_INET, SOCK_STREAM, 0)
  #endif
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var limit = timeval(tv_sec: .init(seconds), tv_usec: 0)
  unsafe setsockopt(
    descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  let size = socklen_t(MemoryLayout<sockaddr_in>.size)
  let result = unsafe withUnsafePointer(to: &address) {
    unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe connect(descriptor, $0, size)
    }
  }
  guard result == 0 else { throw NothingListens(port: port) }
  return descriptor
}

/// There is no server at a port.
public struct NothingListens: Error {
  /// Which one.
  public let port: UInt16
}
