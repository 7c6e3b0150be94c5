import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// The bus: what a host sees, and how time passes.
@Suite struct SimulatedBusTests {
  static func board(_ name: String, _ faults: String...) throws -> SimulatedBoard {
    let chip = try #require(SimulatedChip.named(name))
    return SimulatedBoard(chip, faults: try FaultPlan(parsing: faults))
  }

  /// Opens the only board.
  static func open(_ bus: SimulatedBus) throws -> any USBTransport {
    let device = try #require(try bus.devices().first)
    return try bus.open(try #require(device.board))
  }

  static let getStatus = ControlRequest(bmRequestType: 0xA1, bRequest: 3, wValue: 0, wIndex: 0)
  static func dnload(_ block: UInt16) -> ControlRequest {
    ControlRequest(bmRequestType: 0x21, bRequest: 1, wValue: block, wIndex: 0)
  }
  static let eraseFirst: [UInt8] = [0x41, 0, 0, 0, 8]

  @Test func `a board is listed with its identity and its memory maps`() throws {
    let bus = SimulatedBus([try Self.board("stm32f405")])
    let device = try #require(try bus.devices().first)
    #expect(
      device.identity
        == DeviceIdentity(
          vendorID: 0x0483, productID: 0xDF11, bcdDevice: 0x2200, path: "1-1", address: 1,
          generation: 1,
          serialNumber: "315A28A0B956", manufacturer: "STMicroelectronics",
          product: "STM32  BOOTLOADER"))
    #expect(
      device.interfaces == [
        DFUInterface(
          number: 0, mode: .dfu,
          alternateSettings: [
            .init(
              number: 0, name: "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"),
            .init(number: 1, name: "@Option Bytes  /0x1FFFC000/01*016 e"),
            .init(number: 2, name: "@OTP Memory /0x1FFF7800/01*512 e,01*016 e"),
            .init(number: 3, name: "@Device Feature/0xFFFF0000/01*004 e"),
          ],
          functional: DFUFunctionalDescriptor(
            bmAttributes: 0x0B, wDetachTimeOut: 255, wTransferSize: 2048, bcdDFUVersion: 0x011A))
      ])
  }

  @Test func `boards come in the order of their ports`() throws {
    let bus = SimulatedBus()
    for path in ["1-10", "1-2", "1-2.3", "1-1"] {
      bus.plugIn(try Self.board("stm32f405"), path: path)
    }
    #expect(try bus.devices().map(\.identity.path) == ["1-1", "1-2", "1-2.3", "1-10"])
  }

  @Test func `a GD32's serial number is read as 8-bit text`() throws {
    let bus = SimulatedBus([try Self.board("gd32vf103")])
    #expect(try bus.devices().first?.identity.serialNumber == "3CBJ")
  }

  @Test func `an erase takes virtual time, and a transfer that waits for it lasts as long`() throws
  {
    let bus = SimulatedBus([try Self.board("stm32f405")])
    let transport = try Self.open(bus)
    try transport.controlOut(Self.dnload(0), data: Self.eraseFirst, timeout: .seconds(5))
    _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
    transport.wait(.milliseconds(100))
    let before = transport.now
    #expect(
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
        == [0, 0, 0, 0, 5, 0])
    #expect(transport.now - before > .milliseconds(299))
    #expect(transport.now - before < .milliseconds(302))
  }

  @Test func `after a time-out the device goes on working`() throws {
    let bus = SimulatedBus([try Self.board("stm32f405")])
    let transport = try Self.open(bus)
    try transport.controlOut(Self.dnload(0), data: [0x41], timeout: .seconds(5))
    _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
    let before = transport.now
    #expect(throws: USBError.timedOut) {
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
    }
    #expect(transport.now - before == .seconds(5))
    #expect(throws: USBError.timedOut) {
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
    }
    #expect(
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(35))
        == [0, 0, 0, 0, 5, 0])
    #expect(transport.now - before < .seconds(17))
  }

  @Test func `a poll that comes too early is recorded, one in time is not`() throws {
    let bus = SimulatedBus([try Self.board("stm32g431")])
    let transport = try Self.open(bus)
    for pause: Duration in [.milliseconds(131), .milliseconds(100)] {
      try transport.controlOut(Self.dnload(0), data: Self.eraseFirst, timeout: .seconds(5))
      _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
      transport.wait(pause)
      _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
    }
    let early = try #require(bus.board(at: "1-1")).counters.earlyPolls
    #expect(early.map(\.reported) == [.milliseconds(131)])
  }

  @Test func `a board that leaves comes back as its application`() throws {
    var board = try Self.board("stm32f405")
    board.load(CommandTests.image, at: 0x0800_0000)
    let bus = SimulatedBus([board])
    let transport = try Self.open(bus)
    try transport.controlOut(Self.dnload(0), data: [], timeout: .seconds(1))
    _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(1))
    let before = transport.now
    guard case .returned(let identity) = transport.watchPort(for: .seconds(2), away: .seconds(2))
    else {
      Issue.record("nothing came back")
      return
    }
    #expect(identity.vendorID == 0x0483)
    #expect(identity.productID == 0x5740)
    #expect(identity.path == "1-1")
    #expect(transport.now - before < .milliseconds(310))
    #expect(try bus.devices().isEmpty)
    #expect(throws: USBError.disconnected) {
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(1))
    }
  }

  @Test func `watching a port says whether the board is still there, or gone`() throws {
    let bus = SimulatedBus([try Self.board("stm32f405")])
    let transport = try Self.open(bus)
    #expect(transport.watchPort(for: .seconds(2), away: .seconds(2)) == .stillThere)
    #expect(transport.now == .seconds(2))
    bus.unplug("1-1", after: .seconds(1))
    #expect(transport.watchPort(for: .seconds(2), away: .seconds(2)) == .gone)
    #expect(transport.now == .seconds(4))
  }

  @Test func `U575 and GD32 vanish at the leave`() throws {
    let u575 = SimulatedBus([try Self.board("stm32u575")])
    let transport = try Self.open(u575)
    try transport.controlOut(Self.dnload(0), data: [], timeout: .seconds(1))
    #expect(throws: USBError.disconnected) {
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(1))
    }
    let gd32 = SimulatedBus([try Self.board("gd32vf103")])
    let other = try Self.open(gd32)
    try other.controlOut(Self.dnload(0), data: [], timeout: .seconds(1))
    #expect(throws: USBError.disconnected) {
      try other.controlIn(Self.getStatus, length: 6, timeout: .seconds(1))
    }
  }

  @Test func `an unplugged board has a sector half erased`() throws {
    var board = try Self.board("stm32f405")
    board.load(pattern(0x4000), at: 0x0800_0000)
    let bus = SimulatedBus([board])
    let transport = try Self.open(bus)
    try transport.controlOut(Self.dnload(0), data: Self.eraseFirst, timeout: .seconds(5))
    _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
    transport.wait(.milliseconds(200))
    bus.unplug("1-1")
    #expect(throws: USBError.disconnected) {
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
    }
    #expect(try bus.devices().isEmpty)
    let content = try #require(bus.board(at: "1-1")).read(0x4000, at: 0x0800_0000)
    let erased = content.prefix { $0 == 0xFF }.count
    #expect(erased > 0x1F00 && erased < 0x2100)
    #expect(content.suffix(0x1000) == pattern(0x4000).suffix(0x1000))
    bus.plugBack("1-1", after: .seconds(1))
    #expect(bus.waitForChange(limit: .seconds(5)) == false)
    #expect(try bus.devices().isEmpty)
  }

  @Test func `a fault can drop a board off the bus for a while`() throws {
    let bus = SimulatedBus([try Self.board("stm32f405", "return=800@getstatus:2")])
    let transport = try Self.open(bus)
    _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
    #expect(throws: USBError.disconnected) {
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
    }
    guard case .returned(let identity) = transport.watchPort(for: .seconds(2), away: .seconds(2))
    else {
      Issue.record("nothing came back")
      return
    }
    #expect(identity.productID == 0xDF11)
    #expect(identity.address == 2)
  }

  @Test func `a new transport works after the board came back`() throws {
    let bus = SimulatedBus([try Self.board("stm32f405")])
    do {
      let transport = try Self.open(bus)
      bus.plugBack("1-1", after: .milliseconds(500))
      guard case .returned(let identity) = transport.watchPort(for: .seconds(2), away: .seconds(2))
      else {
        Issue.record("nothing came back")
        return
      }
      #expect(identity.address == 2)
    }
    let transport = try Self.open(bus)
    #expect(
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
        == [0, 0, 0, 0, 2, 0])
  }

  @Test func `a board that is plugged in later is waited for`() throws {
    let bus = SimulatedBus()
    bus.plugIn(try Self.board("stm32f405"), after: .seconds(3))
    #expect(try bus.devices().isEmpty)
    #expect(!bus.waitForChange(limit: .seconds(2)))
    #expect(try bus.devices().isEmpty)
    #expect(bus.waitForChange(limit: .seconds(2)))
    #expect(try bus.devices().count == 1)
  }

  @Test func `a board is open once at a time`() throws {
    let bus = SimulatedBus([try Self.board("stm32f405")])
    do {
      let transport = try Self.open(bus)
      #expect(throws: USBError.busy) { try Self.open(bus) }
      #expect(transport.identity.path == "1-1")
    }
    _ = try Self.open(bus)
  }

  @Test func `a board that cannot be opened is listed with the reason and without strings`() throws
  {
    let bus = SimulatedBus([try Self.board("stm32f405")])
    bus.setOpenError(.accessDenied, at: "1-1")
    let device = try #require(try bus.devices().first)
    #expect(device.openError == .accessDenied)
    #expect(device.identity.serialNumber == nil)
    #expect(device.interfaces.first?.alternateSettings.map(\.name) == [nil, nil, nil, nil])
    #expect(throws: USBError.accessDenied) { try Self.open(bus) }
  }

  @Test func `a reset leads to dfuIDLE`() throws {
    let bus = SimulatedBus([try Self.board("stm32f405", "start=dfuERROR")])
    let transport = try Self.open(bus)
    #expect(
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(1))
        == [14, 0, 0, 0, 10, 0])
    try transport.reset()
    #expect(
      try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(1))
        == [0, 0, 0, 0, 2, 0])
  }

  @Test func `alternates are selected, and strings read`() throws {
    let bus = SimulatedBus([try Self.board("stm32f405")])
    let transport = try Self.open(bus)
    try transport.selectAlternateSetting(3)
    #expect(throws: USBError.stall) { try transport.selectAlternateSetting(4) }
    #expect(transport.string(at: 1) == "STMicroelectronics")
    #expect(transport.string(at: 200) == nil)
    #expect(transport.string(at: 0) == nil)
  }

  @Test func `the transcript reads like a bus capture`() throws {
    var board = try Self.board("stm32f405", "stall@abort:1", "timeout@clrstatus:1")
    board.recordsTransfers = true
    let bus = SimulatedBus([board])
    let transport = try Self.open(bus)
    try transport.selectAlternateSetting(0)
    try transport.controlOut(
      Self.dnload(0), data: [0x21, 0, 0, 0, 8], timeout: .seconds(1))
    _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(1))
    _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(1))
    try transport.controlOut(
      Self.dnload(2), data: [UInt8](repeating: 0xA5, count: 2048), timeout: .seconds(1))
    for request: UInt8 in [6, 4] {
      try? transport.controlOut(
        ControlRequest(bmRequestType: 0x21, bRequest: request, wValue: 0, wIndex: 0), data: [],
        timeout: .seconds(1))
    }
    let lines = try #require(bus.board(at: "1-1")).transcript.map(\.description)
    #expect(
      lines == [
        "SET_INTERFACE 0",
        "DNLOAD 0: 21 00 00 00 08",
        "GETSTATUS -> 00 68 00 00 04 00",
        "GETSTATUS -> 00 00 00 00 05 00",
        "DNLOAD 2, 2048 bytes: a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 a5 … (2048 bytes)",
        "ABORT -> stall",
        "CLRSTATUS -> no answer",
      ])
  }

  @Test func `looking at a board leaves its counters alone`() throws {
    let bus = SimulatedBus([try Self.board("stm32f405")])
    for _ in 0..<3 { _ = try bus.devices() }
    #expect(try #require(bus.board(at: "1-1")).counters == BoardCounters())
  }

  @Test func `boards worked on from several threads keep clocks of their own`() async throws {
    let boards = try (0..<8).map { _ in try Self.board("stm32f405") }
    let bus = SimulatedBus(boards)
    let devices = try bus.devices()
    try await withThrowingTaskGroup(of: Duration.self) { group in
      for device in devices {
        group.addTask {
          let transport = try bus.open(
            try #require(device.board))
          let begin = transport.now
          try transport.controlOut(Self.dnload(0), data: Self.eraseFirst, timeout: .seconds(5))
          _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
          _ = try transport.controlIn(Self.getStatus, length: 6, timeout: .seconds(5))
          return transport.now - begin
        }
      }
      for try await time in group { #expect(time < .milliseconds(405)) }
    }
  }
}
