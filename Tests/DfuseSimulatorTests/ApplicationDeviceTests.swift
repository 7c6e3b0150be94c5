import DfuseDevice
import Testing

@testable import DfuseSimulator

/// The device of a firmware that runs: standard requests, and no others.
@Suite struct ApplicationDeviceTests {
  /// A board that was attached, left its bootloader, and is attached again.
  static func running(recorded: Bool = false) throws -> SimulatedUSBIPDevice {
    var board = SimulatedBoard(try #require(.named("stm32f405")))
    board.load(CommandTests.image, at: 0x0800_0000)
    board.recordsTransfers = recorded
    let device = SimulatedUSBIPDevice(board, port: 1)
    device.attach(at: .zero)
    for setup in [USBIPMessages.configure, USBIPMessages.dnload(0, 0), USBIPMessages.getStatus] {
      _ = device.control(setup: setup, data: [], at: .zero)
    }
    device.detach(at: .seconds(1))
    device.attach(at: .seconds(2))
    return device
  }

  static func answer(_ device: SimulatedUSBIPDevice, _ setup: [UInt8]) -> Reaction {
    device.control(setup: setup, data: [], at: .seconds(3))
  }

  @Test(
    arguments: [
      // GET_STATUS of the device and of the interface.
      ([0x80, 0, 0, 0, 0, 0, 2, 0], .data([1, 0])),
      ([0x81, 0, 0, 0, 0, 0, 2, 0], .data([0, 0])),
      // GET_CONFIGURATION, GET_INTERFACE, SET_INTERFACE.
      ([0x80, 8, 0, 0, 0, 0, 1, 0], .data([1])),
      ([0x81, 10, 0, 0, 0, 0, 1, 0], .data([0])),
      ([0x01, 11, 0, 0, 0, 0, 0, 0], .acknowledge),
      ([0x01, 11, 1, 0, 0, 0, 0, 0], .stall),
      ([0x81, 10, 0, 0, 1, 0, 1, 0], .stall),
      // A second configuration, and SET_ADDRESS.
      ([0x00, 9, 2, 0, 0, 0, 0, 0], .stall),
      ([0x00, 5, 7, 0, 0, 0, 0, 0], .acknowledge),
      // The configuration descriptor: one vendor-specific interface without endpoints.
      ([0x80, 6, 0, 2, 0, 0, 9, 0], .data([9, 2, 18, 0, 1, 1, 0, 0xC0, 50])),
      (
        [0x80, 6, 0, 2, 0, 0, 0xFF, 0],
        .data([9, 2, 18, 0, 1, 1, 0, 0xC0, 50, 9, 4, 0, 0, 0, 0xFF, 0, 0, 0])
      ),
      // The languages, a string that there is not, a device qualifier, a DFU functional descriptor.
      ([0x80, 6, 0, 3, 0, 0, 255, 0], .data([4, 3, 9, 4])),
      ([0x80, 6, 4, 3, 9, 4, 255, 0], .stall),
      ([0x80, 6, 0, 6, 0, 0, 10, 0], .stall),
      ([0x81, 6, 0, 0x21, 0, 0, 9, 0], .stall),
      // DFU_GETSTATUS, DFU_DETACH, a vendor request, and half a SETUP packet.
      ([0xA1, 3, 0, 0, 0, 0, 6, 0], .stall),
      ([0x21, 0, 0, 0, 0, 0, 0, 0], .stall),
      ([0xC0, 1, 0, 0, 0, 0, 8, 0], .stall),
      ([0x80, 6, 0, 1], .stall),
    ] as [([UInt8], Reaction.Answer)])
  func `a request is answered as USB 2.0 says`(setup: [UInt8], answer: Reaction.Answer) throws {
    let device = try Self.running()
    #expect(Self.answer(device, USBIPMessages.configure) == Reaction(.acknowledge))
    #expect(Self.answer(device, setup) == Reaction(answer))
  }

  @Test func `before a configuration is chosen there are no interfaces`() throws {
    let device = try Self.running()
    #expect(Self.answer(device, [0x80, 8, 0, 0, 0, 0, 1, 0]) == Reaction(.data([0])))
    #expect(Self.answer(device, [0x81, 10, 0, 0, 0, 0, 1, 0]) == Reaction(.stall))
    #expect(Self.answer(device, [0x01, 11, 0, 0, 0, 0, 0, 0]) == Reaction(.stall))
  }

  @Test func `its transfers do not count as the bootloader's, and are in the transcript`() throws {
    let device = try Self.running(recorded: true)
    let before = device.board.counters
    _ = Self.answer(device, [0xA1, 3, 0, 0, 0, 0, 6, 0])
    #expect(device.board.counters == before)
    #expect(
      device.board.transcript.map(\.description) == [
        "SET_CONFIGURATION 1", "DNLOAD 0, no data", "GETSTATUS -> 00 01 00 00 07 00",
        "GETSTATUS -> stall",
      ])
  }

  @Test func `it is the device that comes back on the bus inside the process`() throws {
    var board = SimulatedBoard(try #require(.named("stm32f405")))
    board.load(CommandTests.image, at: 0x0800_0000)
    let bus = SimulatedBus([board])
    let transport = try SimulatedBusTests.open(bus)
    try transport.controlOut(SimulatedBusTests.dnload(0), data: [], timeout: .seconds(1))
    _ = try transport.controlIn(SimulatedBusTests.getStatus, length: 6, timeout: .seconds(1))
    #expect(
      transport.watchPort(for: .seconds(2), away: .seconds(2))
        == .returned(
          DeviceIdentity(
            vendorID: 0x0483, productID: 0x5740, bcdDevice: 0x0200, path: "1-1", address: 2,
            generation: 2,
            serialNumber: "315A28A0B956", manufacturer: "STMicroelectronics",
            product: "STM32 Virtual ComPort")))
    bus.plugBack("1-1")
    #expect(try bus.devices().map(\.identity.productID) == [0xDF11])
  }

  @Test func `a board whose firmware has no USB stays off the bus until it is plugged in`() throws {
    var board = SimulatedBoard(try #require(.named("stm32f405")))
    board.load(CommandTests.image, at: 0x0800_0000)
    board.afterLeave = .nothing
    let bus = SimulatedBus([board])
    do {
      let transport = try SimulatedBusTests.open(bus)
      try transport.controlOut(SimulatedBusTests.dnload(0), data: [], timeout: .seconds(1))
      _ = try transport.controlIn(SimulatedBusTests.getStatus, length: 6, timeout: .seconds(1))
      #expect(transport.watchPort(for: .seconds(60), away: .seconds(60)) == .gone)
    }
    bus.plugBack("1-1")
    #expect(try bus.devices().count == 1)
    #expect(try #require(bus.board(at: "1-1")).read(8, at: 0x0800_0000) == CommandTests.image)
  }
}
