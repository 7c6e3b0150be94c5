// The only file of the simulator that calls the operating system: non-blocking TCP sockets.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Owner of a file descriptor of a socket.
final class Socket {
  /// Its number, for ``waitForReadiness(of:limit:)`` as well.
  let descriptor: Int32

  private init(owning descriptor: Int32) { self.descriptor = descriptor }

  deinit { _ = close(descriptor) }

  /// A socket that listens on an IPv4 address; port 0 takes any free one.
  static func listening(host: String, port: UInt16) throws(USBIPServerError) -> Socket {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    #if canImport(Darwin)
      address.sin_len = UInt8(MemoryLayout<sockaddr_in>.size)
    #endif
    guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw .badAddress(host) }
    #if canImport(Glibc)
      let stream = Int32(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    let descriptor = socket(AF_INET, stream, 0)
    guard descriptor >= 0 else { throw .system(call: "socket", errno: errno) }
    let listener = Socket(owning: descriptor)
    listener.set(SOL_SOCKET, SO_REUSEADDR)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, size)
      }
    }
    guard bound == 0 else { throw .system(call: "bind", errno: errno) }
    guard listen(descriptor, 16) == 0 else { throw .system(call: "listen", errno: errno) }
    listener.setNonBlocking()
    return listener
  }

  /// The port a listening socket has.
  var port: UInt16 {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let found = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &size)
      }
    }
    return found == 0 ? UInt16(bigEndian: address.sin_port) : 0
  }

  /// What comes of an attempt to take in a client.
  enum Acceptance {
    case client(Socket)
    /// No client waits.
    case nobody
    /// This process, or the system, has no descriptor or memory left for the client that waits.
    case exhausted
  }

  /// Takes in the next client that waits.
  func nextClient() -> Acceptance {
    // Without a free descriptor the system does not look whether anyone waits.
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&entry, 1, 0) > 0 else { return .nobody }
    let client = accept(descriptor, nil, nil)
    guard client >= 0 else {
      return [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) ? .exhausted : .nobody
    }
    let socket = Socket(owning: client)
    socket.setNonBlocking()
    // Replies are small and must go at once; a peer that died must be noticed at last.
    socket.set(Int32(IPPROTO_TCP), TCP_NODELAY)
    socket.set(SOL_SOCKET, SO_KEEPALIVE)
    #if canImport(Darwin)
      socket.set(SOL_SOCKET, SO_NOSIGPIPE)
    #endif
    return .client(socket)
  }

  /// What there is to read now: empty when there is nothing yet, nil at the end.
  func read() -> [UInt8]? {
    var ended = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
      let got = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
      ended = got == 0 || got < 0 && !Self.isTemporary(errno)
      count = max(got, 0)
    }
    return ended ? nil : bytes
  }

  /// Sends as much as goes without waiting.
  ///
  /// - Returns: The number of bytes sent, or nil when the connection is broken.
  func write(_ bytes: [UInt8]) -> Int? {
    #if canImport(Darwin)
      let flags: Int32 = 0
    #else
      let flags = Int32(MSG_NOSIGNAL)
    #endif
    let sent = unsafe bytes.withUnsafeBufferPointer {
      unsafe send(descriptor, $0.baseAddress, $0.count, flags)
    }
    if sent >= 0 { return sent }
    return Self.isTemporary(errno) ? 0 : nil
  }

  private static func isTemporary(_ code: Int32) -> Bool {
    code == EAGAIN || code == EWOULDBLOCK || code == EINTR
  }

  private func setNonBlocking() {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }

  private func set(_ level: Int32, _ option: Int32) {
    var on: Int32 = 1
    unsafe setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  /// A socket's number, so that a wait keeps none open, and what it is waited for.
  typealias Interest = (descriptor: Int32, toRead: Bool, toWrite: Bool)

  /// Waits until one of the sockets is ready or `limit` has passed, at most; a signal ends the
  /// wait, too.
  static func waitForReadiness(of sockets: [Interest], limit: Duration) {
    var entries = sockets.map { descriptor, toRead, toWrite in
      pollfd(
        fd: descriptor, events: Int16(toRead ? POLLIN : 0) | Int16(toWrite ? POLLOUT : 0),
        revents: 0)
    }
    // Rounded up, so that a moment that is due is not polled for in a busy loop.
    let components = max(limit, .zero).components
    let milliseconds =
      components.seconds * 1000 + (components.attoseconds + 999_999_999_999_999)
      / 1_000_000_000_000_000
    _ = unsafe poll(&entries, nfds_t(entries.count), Int32(clamping: milliseconds))
  }
}
