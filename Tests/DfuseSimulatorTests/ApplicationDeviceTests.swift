import DfuseDevice
import DfuseSimulator
import Testing

/// The device of a firmware that runs.
@Suite struct ApplicationDeviceTests {
  @Test func `it is the device that comes back on the bus inside the process`() throws {
    var board = SimulatedBoard(try #require(.named("stm32f405")))
    board.load(CommandTests.image, at: 0x0800_0000)
    let bus = SimulatedBus([board])
    let transport = try SimulatedBusTests.open(bus)
    try transport.controlOut(SimulatedBusTests.dnload(0), data: [], timeout: .seconds(1))
    _ = try transport.controlIn(SimulatedBusTests.getStatus, length: 6, timeout: .seconds(1))
    #expect(
      transport.watchPort(for: .seconds(2))
        == .returned(
          DeviceIdentity(
            vendorID: 0x0483, productID: 0x5740, bcdDevice: 0x0200, path: "1-1", address: 2,
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
      #expect(transport.watchPort(for: .seconds(60)) == .gone)
    }
    bus.plugBack("1-1")
    #expect(try bus.devices().count == 1)
    #expect(try #require(bus.board(at: "1-1")).read(8, at: 0x0800_0000) == CommandTests.image)
  }
}
