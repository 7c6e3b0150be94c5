import Testing

@testable import DfuseSimulator

/// A firmware's endpoints behind USB/IP, as the kernel's drivers use them.
@Suite struct USBIPEndpointTests {
  typealias Message = USBIPMessages
  typealias Client = USBIPConnectionTests.Client

  static let raiseLines: [UInt8] = [0x21, 0x22, 3, 0, 0, 0, 0, 0]
  static let greeting = Array("dfuse: a simulated application\r\n".utf8)

  static func device(_ face: ApplicationFace, _ faults: String...) throws -> SimulatedUSBIPDevice {
    SimulatedUSBIPDevice(
      SimulatedBoard(
        try #require(.named("stm32f405")), faults: try FaultPlan(parsing: faults),
        application: face), port: 1)
  }

  /// A request for at most 128 bytes, as cdc_acm queues sixteen of them.
  static func ask(_ seqnum: UInt32, endpoint: UInt32 = 1) -> [UInt8] {
    Message.submit(seqnum, [0x80, 0, 0, 0, 0, 0, 0, 0], endpoint: endpoint, length: 128)
  }

  static func give(_ seqnum: UInt32, _ bytes: [UInt8]) -> [UInt8] {
    Message.submit(
      seqnum, [UInt8](repeating: 0, count: 8), bytes, endpoint: 1, length: UInt32(bytes.count))
  }

  static func reply(_ seqnum: UInt32, _ bytes: [UInt8]) -> [UInt8] {
    Message.retSubmit(seqnum, actual: UInt32(bytes.count), bytes)
  }

  @Test func `the device list has every interface`() throws {
    let exports = USBIPExports([try Self.device(.klipper)])
    var connection = USBIPConnection(exports: exports, at: .zero)
    connection.receive(Message.list, at: .zero)
    #expect(
      connection.output.suffix(20) == [
        0x1D, 0x50, 0x61, 0x4E, 0x02, 0x00, 0x02, 0, 0, 1, 1, 2, 0x02, 0x02, 0x01, 0, 0x0A, 0, 0,
        0,
      ])
  }

  @Test func `requests wait for bytes, and are answered in their order`() throws {
    var client = Client(try Self.device(.cdc))
    // Sixteen for data, and one for what the port has to say of itself.
    #expect(client.exchange(Self.ask(2, endpoint: 2)) == [])
    for number: UInt32 in 10..<26 { #expect(client.exchange(Self.ask(number)) == []) }
    #expect(client.pass(.seconds(60)) == [])
    #expect(
      client.exchange(Message.submit(30, Self.raiseLines)) == Message.retSubmit(30))
    #expect(client.connection.deadline == client.now + .milliseconds(1))
    #expect(client.pass(.milliseconds(1)) == Self.reply(10, Self.greeting))
    #expect(client.exchange(Self.give(31, [0x41, 0x42])) == Message.retSubmit(31, actual: 2))
    #expect(client.pass(.milliseconds(1)) == Self.reply(11, [0x41, 0x42]))
    #expect(client.connection.deadline == nil)
  }

  @Test func `bytes that came before the request are there at once`() throws {
    var client = Client(try Self.device(.cdc))
    _ = client.exchange(Message.submit(2, Self.raiseLines))
    #expect(client.pass(.seconds(1)) == [])
    #expect(client.exchange(Self.ask(3)) == Self.reply(3, Self.greeting))
    #expect(client.exchange(Self.ask(4)) == [])
  }

  @Test func `a request takes what it has room for`() throws {
    var client = Client(try Self.device(.cdc))
    _ = client.exchange(Message.submit(2, Self.raiseLines))
    _ = client.pass(.seconds(1))
    let small = Message.submit(3, [0x80, 0, 0, 0, 0, 0, 0, 0], endpoint: 1, length: 5)
    #expect(client.exchange(small) == Self.reply(3, Array(Self.greeting.prefix(5))))
    #expect(client.exchange(Self.ask(4)) == Self.reply(4, Array(Self.greeting.dropFirst(5))))
  }

  @Test func `a request that waits can be unlinked, and loses no bytes`() throws {
    var client = Client(try Self.device(.cdc))
    _ = client.exchange(Self.ask(10) + Self.ask(11))
    #expect(client.exchange(Message.unlink(12, victim: 10)) == Message.retUnlink(12, status: -104))
    #expect(client.exchange(Message.unlink(13, victim: 10)) == Message.retUnlink(13, status: 0))
    _ = client.exchange(Message.submit(14, Self.raiseLines))
    #expect(client.pass(.milliseconds(1)) == Self.reply(11, Self.greeting))
    #expect(client.exchange(Message.unlink(15, victim: 11)) == Message.retUnlink(15, status: 0))
  }

  @Test func `an endpoint that there is not stalls`() throws {
    var client = Client(try Self.device(.cdc))
    #expect(client.exchange(Self.ask(2, endpoint: 3)) == Message.retSubmit(2, status: -32))
    var rom = Client(try Message.device("stm32f405"))
    #expect(rom.exchange(Self.ask(2)) == Message.retSubmit(2, status: -32))
  }

  @Test func `requests that flood the endpoints end the connection`() throws {
    var client = Client(try Self.device(.cdc))
    for number: UInt32 in 2..<400 { _ = client.exchange(Self.ask(number)) }
    #expect(client.connection.isFinished)
  }

  @Test func `an answer that is under way gets out before the board leaves`() throws {
    let device = try Self.device(.betaflight)
    var client = Client(device)
    _ = client.exchange(Message.submit(2, Self.raiseLines) + Self.ask(3) + Self.ask(4))
    let reboot: [UInt8] = [0x24, 0x4D, 0x3C, 1, 0x44, 1, 0x44]
    #expect(client.exchange(Self.give(5, reboot)) == Message.retSubmit(5, actual: 7))
    #expect(client.connection.deadline == .milliseconds(1))
    #expect(
      client.pass(.milliseconds(1)) == Self.reply(3, [0x24, 0x4D, 0x3E, 1, 0x44, 1, 0x44]))
    #expect(client.pass(.milliseconds(48)) == [])
    #expect(!client.connection.isFinished)
    _ = client.pass(.milliseconds(1))
    #expect(client.connection.isFinished)
    #expect(device.departure == .entered(.bootloader))
    var next = Client(device)
    #expect(
      next.exchange(Message.submit(2, Message.getStatus))
        == Message.retSubmit(2, actual: 6, [0, 0, 0, 0, 2, 0]))
    // A replug without BOOT0 runs the firmware again.
    next.connection.end()
    #expect(device.board.descriptors.device[8...11] == [0x83, 0x04, 0x40, 0x57])
  }

  @Test func `what a firmware does by itself ends the connection at its time`() throws {
    let device = try Self.device(.micropythonArduino)
    var client = Client(device)
    _ = client.exchange(
      Message.submit(2, Self.raiseLines)
        + Message.submit(3, [0x21, 0x20, 0, 0, 0, 0, 7, 0], [0xB0, 0x04, 0, 0, 0, 0, 8])
        + Message.submit(4, [0x21, 0x22, 0, 0, 0, 0, 0, 0]))
    #expect(client.connection.deadline == .milliseconds(250))
    _ = client.pass(.milliseconds(299))
    #expect(!client.connection.isFinished)
    _ = client.pass(.milliseconds(1))
    #expect(client.connection.isFinished)
    #expect(device.board.descriptors.device[8...11] == [0x83, 0x04, 0x11, 0xDF])
  }

  @Test func `a reset of the port is seen by the configuration that is chosen again`() throws {
    let device = try Self.device(.dfuRuntimeReset)
    var client = Client(device)
    #expect(
      client.exchange(Message.submit(2, [0x21, 0, 0xE8, 3, 0, 0, 0, 0])) == Message.retSubmit(2))
    #expect(client.exchange(Message.submit(3, Message.configure)) == [])
    #expect(client.connection.isFinished)
    #expect(device.departure == .entered(.bootloader))
  }

  @Test func `a board that is gone cannot be imported, a slow one after ten seconds`() throws {
    for (fault, status) in [("enter=gone", UInt8(4)), ("enter=slow", 0)] {
      let device = try Self.device(.cdc, fault)
      var client = Client(device)
      _ = client.exchange(Message.submit(2, [0x40, 0xB0, 0, 0, 0, 0, 0, 0]))
      _ = client.pass(.milliseconds(60))
      #expect(client.connection.isFinished)
      for (moment, expected) in [(Duration.seconds(9), UInt8(4)), (.seconds(11), status)] {
        var other = USBIPConnection(exports: client.exports, at: moment)
        other.receive(Message.importing("1-1"), at: moment)
        #expect(other.output.prefix(8) == [0x01, 0x11, 0x00, 0x03, 0, 0, 0, expected])
        other.end()
      }
    }
  }
}
