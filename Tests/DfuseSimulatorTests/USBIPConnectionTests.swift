import Testing

@testable import DfuseSimulator

/// The USB/IP protocol without sockets, on a virtual clock.
@Suite struct USBIPConnectionTests {
  typealias Message = USBIPMessages

  /// A client that has imported the board and chosen its configuration.
  struct Client {
    let device: SimulatedUSBIPDevice
    let exports: USBIPExports
    var connection: USBIPConnection
    var now = Duration.zero

    init(_ device: SimulatedUSBIPDevice, timeScale: Double = 1) {
      self.device = device
      exports = USBIPExports([device])
      connection = USBIPConnection(exports: exports, timeScale: timeScale, at: .zero)
      _ = exchange(Message.importing("1-1"))
      _ = exchange(Message.submit(1, Message.configure))
    }

    /// Sends bytes and takes what comes back at once.
    mutating func exchange(_ bytes: [UInt8]) -> [UInt8] {
      connection.receive(bytes, at: now)
      return take()
    }

    /// Lets time pass and takes what comes in it.
    mutating func pass(_ duration: Duration) -> [UInt8] {
      now += duration
      connection.advance(to: now)
      return take()
    }

    private mutating func take() -> [UInt8] {
      let output = connection.output
      connection.sent(output.count)
      return output
    }
  }

  @Test func `the device list has 312 bytes a device and 4 an interface`() throws {
    let exports = USBIPExports([
      try Message.device("stm32f405"), try Message.device("gd32vf103", port: 2),
    ])
    var connection = USBIPConnection(exports: exports, at: .zero)
    connection.receive(Message.list, at: .zero)
    let reply = connection.output
    #expect(reply.prefix(12) == [0x01, 0x11, 0x00, 0x05, 0, 0, 0, 0, 0, 0, 0, 2])
    #expect(reply.count == 12 + 2 * 316)
    let device = reply[12..<324]
    #expect(device.dropFirst(256).prefix(4) == [0x31, 0x2D, 0x31, 0])
    #expect(
      device.suffix(24) == [
        0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0x04, 0x83, 0xDF, 0x11, 0x22, 0x00, 0, 0, 0, 1, 1, 1,
      ])
    #expect(reply[324..<328] == [0xFE, 0x01, 0x02, 0])
    #expect(reply[328 + 300..<328 + 304] == [0x28, 0xE9, 0x01, 0x89])
    connection.sent(reply.count)
    #expect(connection.isFinished)
  }

  @Test func `an import is answered with the device and no interfaces`() throws {
    let exports = USBIPExports([try Message.device("stm32f405")])
    var connection = USBIPConnection(exports: exports, at: .zero)
    connection.receive(Message.importing("1-1"), at: .zero)
    #expect(connection.output.prefix(8) == [0x01, 0x11, 0x00, 0x03, 0, 0, 0, 0])
    #expect(connection.output.count == 8 + 312)
    #expect(!connection.isFinished)
    #expect(exports.takeEvents() == [.attached(busID: "1-1")])
  }

  @Test func `an unknown bus id and a device in use are refused in 8 bytes`() throws {
    let client = Client(try Message.device("stm32f405"))
    for (busID, status) in [("1-9", UInt8(4)), ("1-1", 2), ("", 4)] {
      var other = USBIPConnection(exports: client.exports, at: .zero)
      other.receive(Message.importing(busID), at: .zero)
      #expect(other.output == [0x01, 0x11, 0x00, 0x03, 0, 0, 0, status])
      other.sent(8)
      #expect(other.isFinished)
    }
    var list = USBIPConnection(exports: client.exports, at: .zero)
    list.receive(Message.list, at: .zero)
    #expect(list.output.suffix(4) == [0, 0, 0, 0])
  }

  @Test func `control transfers go through, whatever pieces they arrive in`() throws {
    var client = Client(try Message.device("stm32f405"))
    let bytes =
      Message.submit(7, Message.dnload(0, 5), [0x41, 0, 0, 0, 8])
      + Message.submit(8, Message.getStatus)
    var output: [UInt8] = []
    for byte in bytes { output += client.exchange([byte]) }
    #expect(
      output == Message.retSubmit(7, actual: 5)
        + Message.retSubmit(8, actual: 6, [0, 100, 0, 0, 4, 0]))
  }

  @Test func `an answer has at most the bytes the client has room for`() throws {
    var client = Client(try Message.device("stm32f405"))
    let setup: [UInt8] = [0x80, 6, 0, 1, 0, 0, 18, 0]
    let output = client.exchange(Message.submit(2, setup, length: 8))
    #expect(output.prefix(48) == Message.retSubmit(2, actual: 8)[...])
    #expect(output.count == 56)
  }

  @Test func `a stall is status -32, and the data of a refused transfer are consumed`() throws {
    var client = Client(try Message.device("stm32f405"))
    #expect(
      client.exchange(
        Message.submit(2, Message.dnload(1, 4), [1, 2, 3, 4])
          + Message.submit(3, Message.getStatus))
        == Message.retSubmit(2, status: -32)
        + Message.retSubmit(3, actual: 6, [15, 0, 0, 0, 10, 0]))
    #expect(
      client.exchange(Message.submit(4, Message.getStatus, endpoint: 1))
        == Message.retSubmit(4, status: -32))
  }

  @Test func `a busy device answers when its work is done, one transfer at a time`() throws {
    var client = Client(try Message.device("stm32f405"))
    _ = client.exchange(
      Message.submit(2, Message.dnload(0, 5), [0x41, 0, 0, 0, 8])
        + Message.submit(3, Message.getStatus))
    #expect(
      client.exchange(
        Message.submit(4, Message.getStatus) + Message.submit(5, Message.getStatus)) == [])
    #expect(client.pass(.milliseconds(399)) == [])
    #expect(client.connection.deadline == .milliseconds(400))
    #expect(
      client.pass(.milliseconds(1))
        == Message.retSubmit(4, actual: 6, [0, 0, 0, 0, 5, 0])
        + Message.retSubmit(5, actual: 6, [0, 0, 0, 0, 5, 0]))
  }

  @Test func `with a time scale of 10 a device works ten times as fast`() throws {
    var client = Client(try Message.device("stm32f405"), timeScale: 10)
    _ = client.exchange(
      Message.submit(2, Message.dnload(0, 5), [0x41, 0, 0, 0, 8])
        + Message.submit(3, Message.getStatus) + Message.submit(4, Message.getStatus))
    #expect(client.pass(.milliseconds(39)) == [])
    #expect(client.pass(.milliseconds(1)) == Message.retSubmit(4, actual: 6, [0, 0, 0, 0, 5, 0]))
  }

  @Test func `unlink is served while a transfer waits, and silences it`() throws {
    var client = Client(try Message.device("stm32f405"))
    _ = client.exchange(
      Message.submit(2, Message.dnload(0, 1), [0x41]) + Message.submit(3, Message.getStatus))
    #expect(
      client.exchange(
        Message.submit(4, Message.getStatus) + Message.submit(5, Message.getStatus)) == [])
    _ = client.pass(.seconds(5))
    #expect(client.exchange(Message.unlink(6, victim: 5)) == Message.retUnlink(6, status: -104))
    #expect(client.exchange(Message.unlink(7, victim: 4)) == Message.retUnlink(7, status: -104))
    #expect(client.exchange(Message.unlink(8, victim: 3)) == Message.retUnlink(8, status: 0))
    // The device goes on; the next DFU_GETSTATUS is answered when the mass erase is done.
    #expect(client.exchange(Message.submit(9, Message.getStatus)) == [])
    #expect(client.pass(.seconds(10)) == [])
    #expect(client.pass(.seconds(1)) == Message.retSubmit(9, actual: 6, [0, 0, 0, 0, 5, 0]))
  }

  @Test func `a transfer that is never answered can be unlinked`() throws {
    var client = Client(try Message.device("stm32f405", "timeout@getstatus:1"))
    #expect(client.exchange(Message.submit(2, Message.getStatus)) == [])
    #expect(client.pass(.seconds(60)) == [])
    #expect(client.exchange(Message.unlink(3, victim: 2)) == Message.retUnlink(3, status: -104))
    #expect(
      client.exchange(Message.submit(4, Message.getStatus))
        == Message.retSubmit(4, actual: 6, [0, 0, 0, 0, 2, 0]))
  }

  @Test func `a device that leaves closes the connection 50 ms after its answer`() throws {
    var client = Client(try Message.device("stm32f405"))
    #expect(
      client.exchange(
        Message.submit(2, Message.dnload(0, 0)) + Message.submit(3, Message.getStatus))
        == Message.retSubmit(2) + Message.retSubmit(3, actual: 6, [0, 1, 0, 0, 7, 0]))
    _ = client.pass(.milliseconds(49))
    #expect(!client.connection.isFinished)
    #expect(client.exchange(Message.submit(4, Message.getStatus)) == [])
    _ = client.pass(.milliseconds(1))
    #expect(client.connection.isFinished)
    #expect(client.exports.takeEvents() == [.attached(busID: "1-1"), .detached(busID: "1-1")])
  }

  @Test func `after it has left, the device can be imported again with its memory`() throws {
    let device = try Message.device("stm32u575")
    var client = Client(device)
    let erase: [UInt8] = [0x21, 0, 0, 0, 8]
    var output = client.exchange(
      Message.submit(2, Message.dnload(0, 5), erase) + Message.submit(3, Message.getStatus)
        + Message.submit(4, Message.getStatus)
        + Message.submit(5, Message.dnload(2, 16), pattern(16))
        + Message.submit(6, Message.getStatus))
    output += client.pass(.milliseconds(10))
    output += client.exchange(
      Message.submit(7, Message.getStatus) + Message.submit(8, Message.dnload(0, 0)))
    #expect(
      output.suffix(102)
        == Message.retSubmit(7, actual: 6, [0, 0, 0, 0, 5, 0])[...] + Message.retSubmit(8))
    // The U575 is gone during the last DFU_GETSTATUS.
    #expect(client.exchange(Message.submit(9, Message.getStatus)) == [])
    #expect(client.connection.isFinished)
    var again = Client(device)
    #expect(
      again.exchange(Message.submit(2, Message.getStatus))
        == Message.retSubmit(2, actual: 6, [0, 0, 0, 0, 2, 0]))
    #expect(device.board.read(16, at: 0x0800_0000) == pattern(16))
  }

  @Test func `a client that hangs up has unplugged the device`() throws {
    let device = try Message.device("stm32f405")
    var client = Client(device)
    let setAddress: [UInt8] = [0x21, 0, 0, 0, 8]
    let output = client.exchange(
      Message.submit(2, Message.dnload(0, 5), setAddress)
        + Message.submit(3, Message.getStatus) + Message.submit(4, Message.getStatus))
    #expect(output.suffix(54) == Message.retSubmit(4, actual: 6, [0, 0, 0, 0, 5, 0])[...])
    client.connection.end()
    #expect(client.connection.isFinished)
    #expect(client.exports.takeEvents() == [.attached(busID: "1-1"), .detached(busID: "1-1")])
    var again = Client(device)
    #expect(
      again.exchange(Message.submit(2, Message.getStatus))
        == Message.retSubmit(2, actual: 6, [0, 0, 0, 0, 2, 0]))
  }

  @Test func `a device that is unplugged while it erases has erased a part`() throws {
    var board = SimulatedBoard(try #require(.named("stm32f405")))
    board.load(pattern(16384), at: 0x0800_0000)
    let device = SimulatedUSBIPDevice(board, port: 1)
    var client = Client(device)
    _ = client.exchange(
      Message.submit(2, Message.dnload(0, 5), [0x41, 0, 0, 0, 8])
        + Message.submit(3, Message.getStatus))
    // Half of the 400 ms of a sector of 16 KiB.
    _ = client.pass(.milliseconds(200))
    client.connection.end()
    let left = device.board.read(16384, at: 0x0800_0000)
    #expect(left.prefix(8192).allSatisfy { $0 == 0xFF })
    #expect(left.suffix(4096) == pattern(16384).suffix(4096))
  }

  static let nonsense: [(String, [UInt8])] = [
    ("another version", [0x01, 0x06, 0x80, 0x05, 0, 0, 0, 0]),
    ("an unknown operation", [0x01, 0x11, 0x80, 0x09, 0, 0, 0, 0]),
    ("a web browser", Array("GET / HTTP/1.1\r\n\r\n".utf8)),
  ]

  @Test(arguments: nonsense)
  func `nonsense before an import ends the connection without an answer`(
    what: String, bytes: [UInt8]
  ) throws {
    let exports = USBIPExports([try Message.device("stm32f405")])
    var connection = USBIPConnection(exports: exports, at: .zero)
    connection.receive(bytes, at: .zero)
    #expect(connection.isFinished, "\(what)")
  }

  static let outOfStep: [(String, [UInt8])] = [
    ("an unknown command", [UInt8](repeating: 9, count: 48)),
    (
      "an impossible direction",
      {
        var bytes = USBIPMessages.submit(2, USBIPMessages.getStatus)
        bytes[15] = 7
        return bytes
      }()
    ),
    ("4 GiB of data", USBIPMessages.submit(2, USBIPMessages.dnload(2, 16), length: .max)),
    ("another device", USBIPMessages.submit(2, USBIPMessages.getStatus, devid: 3)),
  ]

  @Test(arguments: outOfStep)
  func `nonsense after an import ends the connection and frees the device`(
    what: String, bytes: [UInt8]
  ) throws {
    var client = Client(try Message.device("stm32f405"))
    _ = client.exchange(bytes)
    #expect(client.connection.isFinished, "\(what)")
    #expect(client.exports.takeEvents().last == .detached(busID: "1-1"))
  }

  @Test func `a client that floods the queue is cut off`() throws {
    var client = Client(try Message.device("stm32f405", "timeout@getstatus:1"))
    for number in 2..<400 {
      _ = client.exchange(Message.submit(UInt32(number), Message.getStatus))
    }
    #expect(client.connection.isFinished)
  }

  @Test func `a client that says nothing is let go after 10 s`() throws {
    let exports = USBIPExports([try Message.device("stm32f405")])
    var connection = USBIPConnection(exports: exports, at: .zero)
    connection.receive(Array(Message.importing("1-1").prefix(20)), at: .seconds(1))
    connection.advance(to: .seconds(9))
    #expect(!connection.isFinished)
    connection.advance(to: .seconds(10))
    #expect(connection.isFinished)
  }
}
