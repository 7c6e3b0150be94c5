/// Shows devices to USB/IP clients over TCP, in real time.
///
/// One loop serves every client: none of them can make another wait, and a client that says
/// nothing, too much or nonsense costs a connection at most.
package final class USBIPServer {
  /// One client.
  private struct Client {
    let socket: Socket
    var connection: USBIPConnection
  }

  /// With so many clients, a new one takes the place of the oldest that has no device.
  private static let mostClients = 128
  /// A client that does not read is not read from.
  private static let mostUnsent = 1 << 18

  private let listener: Socket
  private let exports: USBIPExports
  private let timeScale: Double
  private let start = ContinuousClock.now
  private var now: Duration { start.duration(to: .now) }

  /// Starts to listen.
  ///
  /// `timeScale` is how many times faster than real the devices live; `port` 0 takes any free one.
  ///
  /// - Throws: ``USBIPServerError`` when the address is wrong or taken.
  package init(
    devices: [SimulatedUSBIPDevice], host: String = "127.0.0.1", port: UInt16 = 3240,
    timeScale: Double = 1
  ) throws(USBIPServerError) {
    listener = try Socket.listening(host: host, port: port)
    exports = USBIPExports(devices)
    self.timeScale = max(timeScale, 0.001)
  }

  /// The port it listens on.
  package var port: UInt16 { listener.port }

  /// Serves clients until `keepGoing` says no; it is asked at least ten times a second.
  ///
  /// `onEvent` is called on this thread, and clients wait for it.
  package func run(
    while keepGoing: () -> Bool, onEvent: (USBIPExports.Event) -> Void = { _ in }
  ) {
    var clients: [Client] = []
    var canAccept = true
    while keepGoing() {
      // A client that cannot be taken in is ready all the time, and is asked about now and then.
      var interests: [Socket.Interest] = [(listener.descriptor, canAccept, false)]
      var limit = Duration.milliseconds(100)
      let now = self.now
      for client in clients {
        let unsent = client.connection.output.count
        interests.append((client.socket.descriptor, unsent < Self.mostUnsent, unsent > 0))
        if let deadline = client.connection.deadline { limit = min(limit, deadline - now) }
      }
      Socket.waitForReadiness(of: interests, limit: limit)
      canAccept = accept(into: &clients)
      for index in clients.indices { serve(&clients[index]) }
      clients.removeAll { $0.connection.isFinished }
      for event in exports.takeEvents() { onEvent(event) }
    }
    for index in clients.indices { clients[index].connection.end() }
    for event in exports.takeEvents() { onEvent(event) }
  }

  /// Takes in the clients that wait, in place of idle ones where there is no room.
  ///
  /// - Returns: Whether there was room for all that wait.
  private func accept(into clients: inout [Client]) -> Bool {
    while true {
      switch listener.nextClient() {
      case .nobody: return true
      case .exhausted: guard Self.dropOldestIdle(of: &clients) else { return false }
      case .client(let socket):
        let isFull = clients.count >= Self.mostClients
        guard !isFull || Self.dropOldestIdle(of: &clients) else { continue }
        clients.append(
          Client(
            socket: socket,
            connection: USBIPConnection(exports: exports, timeScale: timeScale, at: now)))
      }
    }
  }

  /// Ends the oldest connection that has no device.
  ///
  /// - Returns: Whether there was one.
  private static func dropOldestIdle(of clients: inout [Client]) -> Bool {
    guard let oldest = clients.firstIndex(where: { !$0.connection.hasDevice }) else { return false }
    clients.remove(at: oldest)
    return true
  }

  /// Reads, lets time pass, and writes, as far as it goes without waiting.
  private func serve(_ client: inout Client) {
    if client.connection.output.count < Self.mostUnsent {
      if let bytes = client.socket.read() {
        if !bytes.isEmpty { client.connection.receive(bytes, at: now) }
      } else {
        // What was due before the client went is behind the device.
        client.connection.advance(to: now)
        client.connection.end()
      }
    }
    client.connection.advance(to: now)
    guard !client.connection.output.isEmpty else { return }
    if let count = client.socket.write(client.connection.output) {
      client.connection.sent(count)
    } else {
      client.connection.end()
    }
  }
}

/// The devices of a server, and which of them a client has.
package final class USBIPExports {
  /// What happened to a device.
  package enum Event: Hashable, Sendable {
    /// A client has imported it.
    case attached(busID: String)
    /// The client has gone, or the device has left the bus.
    case detached(busID: String)
  }

  private let devices: [SimulatedUSBIPDevice]
  private var taken: Set<String> = []
  /// What happened since this was last emptied.
  private var events: [Event] = []

  /// Shows devices to clients; their bus ids must differ.
  init(_ devices: [SimulatedUSBIPDevice]) { self.devices = devices }

  /// The devices nobody has, and that are there.
  func available(at now: Duration) -> [SimulatedUSBIPDevice] {
    devices.filter { !taken.contains($0.busID) && $0.isAvailable(at: now) }
  }

  /// Gives a device to a client.
  func take(
    busID: String, at now: Duration
  ) -> (status: USBIPWire.Status, device: SimulatedUSBIPDevice?) {
    guard let device = devices.first(where: { $0.busID == busID && $0.isAvailable(at: now) })
    else {
      return (.noSuchDevice, nil)
    }
    guard taken.insert(busID).inserted else { return (.deviceBusy, nil) }
    device.attach(at: now)
    events.append(.attached(busID: busID))
    return (.ok, device)
  }

  /// Takes a device back.
  func release(_ device: SimulatedUSBIPDevice, at now: Duration) {
    guard taken.remove(device.busID) != nil else { return }
    device.detach(at: now)
    events.append(.detached(busID: device.busID))
  }

  /// The events since the last call, oldest first.
  func takeEvents() -> [Event] {
    defer { events = [] }
    return events
  }
}

/// Why a server cannot listen.
package enum USBIPServerError: Error, Hashable, Sendable {
  /// The text is no IPv4 address.
  case badAddress(String)
  /// The operating system refused `call` with this `errno`.
  case system(call: String, errno: Int32)
}
