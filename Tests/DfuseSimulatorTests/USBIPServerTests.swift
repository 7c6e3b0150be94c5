import DfuseTestSupport
import Dispatch
import Synchronization
import Testing

@testable import DfuseSimulator

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The server over loopback sockets.
@Suite struct USBIPServerTests {
  typealias Message = USBIPMessages

  /// A server on a thread of its own, stopped when it goes out of use.
  final class RunningServer: Sendable {
    let port: UInt16
    private let goesOn: Flag
    private let ended = DispatchSemaphore(value: 0)

    final class Flag: Sendable {
      let value = Atomic(true)
      let events = Mutex<[USBIPExports.Event]>([])
      let port = Atomic<UInt16>(0)
    }

    init(_ devices: [SimulatedUSBIPDevice], timeScale: Double = 1000) {
      let flag = Flag()
      let started = DispatchSemaphore(value: 0)
      let ended = self.ended
      DispatchQueue(label: "server").async {
        if let server = try? USBIPServer(devices: devices, port: 0, timeScale: timeScale) {
          flag.port.store(server.port, ordering: .sequentiallyConsistent)
          started.signal()
          server.run(
            while: { flag.value.load(ordering: .sequentiallyConsistent) },
            onEvent: { event in flag.events.withLock { $0.append(event) } })
        } else {
          started.signal()
        }
        ended.signal()
      }
      started.wait()
      port = flag.port.load(ordering: .sequentiallyConsistent)
      goesOn = flag
    }

    /// Stops the server; what happened on it.
    func stop() -> [USBIPExports.Event] {
      goesOn.value.store(false, ordering: .sequentiallyConsistent)
      ended.wait()
      ended.signal()
      return goesOn.events.withLock { $0 }
    }

    deinit { goesOn.value.store(false, ordering: .sequentiallyConsistent) }
  }

  /// A blocking client; a read that waits for 10 s counts as the end.
  final class Client {
    private let descriptor: Int32

    init(port: UInt16) throws {
      descriptor = try connectedSocket(port: port, readingFor: 10)
    }

    deinit { _ = close(descriptor) }

    func send(_ bytes: [UInt8]) {
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBufferPointer {
          #if canImport(Glibc)
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
          #else
            unsafe Darwin.send(descriptor, $0.baseAddress, $0.count, 0)
          #endif
        }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
      }
    }

    /// Exactly `count` bytes, or fewer when the server closes.
    func receive(_ count: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      while bytes.count < count {
        let part = unsafe [UInt8](unsafeUninitializedCapacity: count - bytes.count) {
          let got = unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
          $1 = max(got, 0)
        }
        guard !part.isEmpty else { break }
        bytes += part
      }
      return bytes
    }

    /// Imports a device and chooses its configuration.
    func attach(_ busID: String, number: UInt32 = 2) -> Bool {
      send(Message.importing(busID))
      guard receive(8) == [0x01, 0x11, 0, 3, 0, 0, 0, 0], receive(312).count == 312 else {
        return false
      }
      send(Message.submit(1, Message.configure, devid: 0x1_0000 | number))
      return receive(48) == Message.retSubmit(1)
    }
  }

  @Test func `a device is listed, imported, flashed and left over a socket`() throws {
    let device = try Message.device("stm32f405")
    let server = RunningServer([device])
    let lister = try Client(port: server.port)
    lister.send(Message.list)
    #expect(lister.receive(10_000).count == 12 + 316)

    let client = try Client(port: server.port)
    #expect(client.attach("1-1"))
    var number: UInt32 = 2
    func operation(_ block: UInt16, _ data: [UInt8]) -> [UInt8] {
      client.send(Message.submit(number, Message.dnload(block, UInt16(data.count)), data))
      _ = client.receive(48)
      client.send(Message.submit(number + 1, Message.getStatus))
      _ = client.receive(54)
      client.send(Message.submit(number + 2, Message.getStatus))
      number += 3
      return client.receive(54).suffix(6)
    }
    #expect(operation(0, [0x41, 0, 0, 0, 8]) == [0, 0, 0, 0, 5, 0])
    #expect(operation(0, [0x21, 0, 0, 0, 8]) == [0, 0, 0, 0, 5, 0])
    #expect(operation(2, pattern(2048)) == [0, 0, 0, 0, 5, 0])
    client.send(Message.submit(100, Message.dnload(0, 0)))
    client.send(Message.submit(101, Message.getStatus))
    #expect(
      client.receive(102)
        == Message.retSubmit(100) + Message.retSubmit(101, actual: 6, [0, 1, 0, 0, 7, 0]))
    // The device leaves the bus: the server closes.
    #expect(client.receive(1) == [])
    #expect(device.board.read(2048, at: 0x0800_0000) == pattern(2048))

    let again = try Client(port: server.port)
    #expect(again.attach("1-1"))
    again.send(Message.submit(2, [0xA1, 2, 2, 0, 0, 0, 0, 8]))
    #expect(again.receive(48 + 2048).suffix(2048) == pattern(2048)[...])
    #expect(
      server.stop() == [
        .attached(busID: "1-1"), .detached(busID: "1-1"), .attached(busID: "1-1"),
        .detached(busID: "1-1"),
      ])
  }

  @Test func `unlink is answered while a transfer is held`() throws {
    let server = RunningServer([try Message.device("stm32f405", "timeout@getstatus:1")])
    let client = try Client(port: server.port)
    #expect(client.attach("1-1"))
    client.send(Message.submit(2, Message.getStatus))
    client.send(Message.unlink(3, victim: 2))
    #expect(client.receive(48) == Message.retUnlink(3, status: -104))
    client.send(Message.submit(4, Message.getStatus))
    #expect(client.receive(54) == Message.retSubmit(4, actual: 6, [0, 0, 0, 0, 2, 0]))
    _ = server.stop()
  }

  @Test func `clients that hang, lie or vanish harm nobody`() throws {
    let server = RunningServer([try Message.device("stm32f405")])
    var silent: [Client] = []
    for _ in 0..<20 { silent.append(try Client(port: server.port)) }
    for client in silent { client.send([0x01, 0x11]) }
    for _ in 0..<20 {
      let liar = try Client(port: server.port)
      liar.send([UInt8](repeating: 0xFF, count: 100))
      #expect(liar.receive(1) == [])
    }
    for _ in 0..<20 {
      let vanisher = try Client(port: server.port)
      vanisher.send(Array(Message.importing("1-1").prefix(17)))
    }
    let half = try Client(port: server.port)
    half.send(Message.importing("1-7"))
    #expect(half.receive(100) == [0x01, 0x11, 0, 3, 0, 0, 0, 4])
    let client = try Client(port: server.port)
    #expect(client.attach("1-1"))
    _ = server.stop()
    #expect(silent.count == 20)
  }

  @Test func `the oldest connection without a device makes room for a new one`() throws {
    let server = RunningServer([try Message.device("stm32f405")], timeScale: 1)
    let worker = try Client(port: server.port)
    #expect(worker.attach("1-1"))
    let idle = try (1...127).map { _ in try Client(port: server.port) }
    let lister = try Client(port: server.port)
    lister.send(Message.list)
    #expect(lister.receive(12) == [0x01, 0x11, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(idle[0].receive(1) == [])
    worker.send(Message.submit(2, Message.getStatus))
    #expect(worker.receive(54) == Message.retSubmit(2, actual: 6, [0, 0, 0, 0, 2, 0]))
    _ = server.stop()
  }

  @Test func `many clients work with a device each at the same time`() throws {
    let devices = try (1...8).map { try Message.device("stm32g431", port: UInt32($0)) }
    let server = RunningServer(devices)
    let clients = try (1...8).map { _ in try Client(port: server.port) }
    for (index, client) in clients.enumerated() {
      #expect(client.attach("1-\(index + 1)", number: UInt32(index + 2)))
    }
    for (index, client) in clients.enumerated() {
      let devid = 0x1_0002 + UInt32(index)
      client.send(
        Message.submit(2, Message.dnload(0, 5), [0x41, 0, 0, 0, 8], devid: devid)
          + Message.submit(3, Message.getStatus, devid: devid))
    }
    for client in clients {
      #expect(
        client.receive(102)
          == Message.retSubmit(2, actual: 5)
          + Message.retSubmit(3, actual: 6, [0, 131, 0, 0, 4, 0]))
    }
    _ = server.stop()
    #expect(devices.allSatisfy { $0.board.counters.count(.erase) == 1 })
  }

  @Test func `a port in use and a wrong address are said`() throws {
    let server = RunningServer([])
    #expect(throws: USBIPServerError.system(call: "bind", errno: EADDRINUSE)) {
      _ = try USBIPServer(devices: [], port: server.port)
    }
    #expect(throws: USBIPServerError.badAddress("localhost")) {
      _ = try USBIPServer(devices: [], host: "localhost", port: 0)
    }
    _ = server.stop()
  }
}
