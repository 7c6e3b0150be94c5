import Testing

@testable import DfuseSimulator

/// What a new client finds, after a board behind the server has left its bootloader.
@Suite struct USBIPAfterLeaveTests {
  typealias Message = USBIPMessages
  typealias Server = USBIPServerTests.RunningServer
  typealias Client = USBIPServerTests.Client

  static let program = CommandTests.image + pattern(2040)

  static func device(_ afterLeave: AfterLeave) throws -> SimulatedUSBIPDevice {
    var board = SimulatedBoard(try #require(.named("stm32f405")))
    board.afterLeave = afterLeave
    return SimulatedUSBIPDevice(board, port: 1)
  }

  /// Writes 2048 bytes to the start of the flash, and leaves; the server hangs up.
  static func flashAndLeave(_ client: Client, _ bytes: [UInt8]) {
    client.send(
      Message.submit(2, Message.dnload(2, 2048), bytes) + Message.submit(3, Message.getStatus)
        + Message.submit(4, Message.getStatus) + Message.submit(5, Message.dnload(0, 0))
        + Message.submit(6, Message.getStatus))
    let replies = client.receive(2 * 48 + 3 * 54)
    #expect(replies.suffix(54) == Message.retSubmit(6, actual: 6, [0, 1, 0, 0, 7, 0])[...])
    #expect(client.receive(1) == [])
  }

  /// The device list's bytes from `busnum` on: numbers, ids, classes, and the interface.
  static func listed(_ port: UInt16) throws -> [UInt8] {
    let client = try Client(port: port)
    client.send(Message.list)
    return client.receive(10_000).suffix(28)
  }

  /// An IN request to a device that is imported.
  static func ask(_ client: Client, _ setup: [UInt8], length: Int) -> [UInt8] {
    client.send(Message.submit(9, setup + [UInt8(length & 0xFF), UInt8(length >> 8)]))
    let header = client.receive(48)
    guard header.count == 48, header[20..<24].allSatisfy({ $0 == 0 }) else { return [] }
    return client.receive(Int(header[26]) << 8 | Int(header[27]))
  }

  static func string(_ client: Client, _ index: UInt8) -> String {
    let bytes = ask(client, [0x80, 6, index, 3, 9, 4], length: 255)
    let units = stride(from: 2, to: bytes.count - 1, by: 2).map {
      UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8
    }
    return String(decoding: units, as: UTF16.self)
  }

  static let bootloader: [UInt8] = [
    0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0x04, 0x83, 0xDF, 0x11, 0x22, 0, 0, 0, 0, 1, 1, 1, 0xFE,
    1, 2, 0,
  ]
  static let application: [UInt8] = [
    0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0x04, 0x83, 0x57, 0x40, 0x02, 0, 0, 0, 0, 1, 1, 1, 0xFF,
    0, 0, 0,
  ]

  @Test func `the firmware's device comes after leave, the bootloader after a replug`() throws {
    let device = try Self.device(.application)
    let server = Server([device])
    #expect(try Self.listed(server.port) == Self.bootloader)
    do {
      let client = try Client(port: server.port)
      #expect(client.attach("1-1"))
      Self.flashAndLeave(client, Self.program)
    }
    #expect(device.departure == .left(.application))
    #expect(try Self.listed(server.port) == Self.application)
    do {
      let client = try Client(port: server.port)
      client.send(Message.importing("1-1"))
      let reply = client.receive(8 + 312)
      #expect(reply.prefix(8) == [0x01, 0x11, 0, 3, 0, 0, 0, 0])
      #expect(reply.suffix(24) == Self.application.prefix(24))
      #expect(
        Self.ask(client, [0x80, 6, 0, 1, 0, 0], length: 18)
          == [18, 1, 0, 2, 0, 0, 0, 64, 0x83, 0x04, 0x40, 0x57, 0x00, 0x02, 1, 2, 3, 1])
      #expect(Self.string(client, 1) == "STMicroelectronics")
      #expect(Self.string(client, 2) == "STM32 Virtual ComPort")
      #expect(Self.string(client, 3) == "315A28A0B956")
      #expect(try Self.listed(server.port).suffix(4) == [0, 0, 0, 0])
      // It is no bootloader any more.
      client.send(Message.submit(20, Message.getStatus))
      #expect(client.receive(48) == Message.retSubmit(20, status: -32))
    }
    #expect(try Self.listed(server.port) == Self.bootloader)
    let client = try Client(port: server.port)
    #expect(client.attach("1-1"))
    #expect(Self.ask(client, [0xA1, 2, 2, 0, 0, 0], length: 2048) == Self.program)
    #expect(
      server.stop() == [
        .attached(busID: "1-1"), .detached(busID: "1-1"), .attached(busID: "1-1"),
        .detached(busID: "1-1"), .attached(busID: "1-1"), .detached(busID: "1-1"),
      ])
  }

  @Test func `to let the firmware's device go is to unplug it`() throws {
    let device = try Self.device(.application)
    let server = Server([device])
    let client = try Client(port: server.port)
    #expect(client.attach("1-1"))
    Self.flashAndLeave(client, Self.program)
    let other = try Client(port: server.port)
    #expect(other.attach("1-1"))
    _ = server.stop()
    #expect(device.departure == .firmwareUnplugged)
    #expect(device.board.descriptors.device[10...11] == [0x11, 0xDF])
  }

  @Test func `with nothing after leave, a new client finds the bootloader`() throws {
    let device = try Self.device(.nothing)
    let server = Server([device])
    do {
      let client = try Client(port: server.port)
      #expect(client.attach("1-1"))
      Self.flashAndLeave(client, Self.program)
    }
    #expect(device.departure == .left(.application))
    #expect(try Self.listed(server.port) == Self.bootloader)
    let client = try Client(port: server.port)
    #expect(client.attach("1-1"))
    #expect(Self.ask(client, [0xA1, 2, 2, 0, 0, 0], length: 2048) == Self.program)
    _ = server.stop()
    #expect(device.departure == .unplugged)
  }

  @Test func `what is no program starts nothing, and a new client finds the bootloader`() throws {
    let device = try Self.device(.application)
    let server = Server([device])
    let client = try Client(port: server.port)
    #expect(client.attach("1-1"))
    Self.flashAndLeave(client, pattern(2048))
    #expect(device.departure == .left(.nothing))
    #expect(try Self.listed(server.port) == Self.bootloader)
    _ = server.stop()
  }
}
