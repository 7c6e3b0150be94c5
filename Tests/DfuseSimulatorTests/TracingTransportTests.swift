import DfuseFormat
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// What a traced flash looks like, as transfers and as operations.
@Suite struct TracingTransportTests {
  /// Flashes an image on a simulated STM32F405 and gives what was traced.
  private func trace(faults: String...) throws -> [TracedTransfer] {
    let chip = try #require(SimulatedChip.named("f405"))
    let bus = SimulatedBus([SimulatedBoard(chip, faults: try FaultPlan(parsing: faults))])
    let device = try DeviceFilter().select(from: try bus.devices())
    var transfers: [TracedTransfer] = []
    let transport = TracingTransport(
      try bus.open(device)
    ) { transfers.append($0) }
    var flasher = Flasher(transport: transport)
    var options = FlashOptions()
    options.full = true
    options.verify = false
    let image = try MemoryImage(merging: [
      ImageElement(address: 0x0800_3800, bytes: [UInt8](repeating: 0x5A, count: 4104))
    ])
    do {
      let plan = try flasher.plan(Firmware(image), options: options)
      _ = try flasher.run(plan)
    } catch {
      // The transfers until then are what is wanted.
    }
    return transfers
  }

  @Test func `operations have addresses`() throws {
    var trace = OperationTrace(blocks: BlockNumbering(transferSize: 2048))
    let operations = try self.trace().compactMap { trace.operation(of: $0) }
    #expect(
      operations == [
        "select alternate setting 0", "erase the sector at 0x08000000",
        "erase the sector at 0x08004000", "set address 0x08004000",
        "write 2048 bytes at 0x08004000", "set address 0x08004800",
        "write 8 bytes at 0x08004800", "set address 0x08003800",
        "write 2048 bytes at 0x08003800",
      ])
  }

  @Test func `transfers are shown as on the wire`() throws {
    let lines = try trace().map(\.description)
    #expect(
      lines.prefix(4) == [
        "DFU_GETSTATUS -> 00 00 00 00 02 00", "SET_INTERFACE 0",
        "DFU_DNLOAD 0, 5 bytes: 41 00 00 00 08", "DFU_GETSTATUS -> 00 64 00 00 04 00",
      ])
    #expect(
      lines.contains(
        "DFU_DNLOAD 2, 2048 bytes: 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a … (2048 bytes)"))
  }

  @Test func `a transfer that fails is shown with its failure`() throws {
    let last = try trace(faults: "disconnect@erase:1").last
    #expect(last?.outcome == .failed(.disconnected))
    #expect(last?.description == "DFU_DNLOAD 0, 5 bytes: 41 00 00 00 08 -> disconnected")
  }

  @Test func `times are those of the transport`() throws {
    let transfers = try trace()
    for (one, next) in zip(transfers, transfers.dropFirst()) {
      #expect(one.start + one.time <= next.start)
    }
  }

  @Test(
    arguments: [
      (0x21, 0, 1000, 0, [], "DFU_DETACH 1000"), (0x21, 1, 5, 0, [], "DFU_DNLOAD 5, no data"),
      (0x21, 1, 0, 1, [0x41], "DFU_DNLOAD 0, 1 byte: 41"), (0x21, 4, 0, 0, [], "DFU_CLRSTATUS"),
      (0x21, 6, 0, 0, [], "DFU_ABORT"), (0x00, 9, 1, 0, [], "request 00 09 0001"),
    ] as [(UInt8, UInt8, UInt16, Int, [UInt8], String)])
  func `each request has its name`(
    bmRequestType: UInt8, bRequest: UInt8, wValue: UInt16, length: Int, data: [UInt8], text: String
  ) {
    let transfer = TracedTransfer(
      start: .zero, time: .zero,
      request: ControlRequest(
        bmRequestType: bmRequestType, bRequest: bRequest, wValue: wValue, wIndex: 0),
      length: length, data: data, outcome: .sent)
    #expect(transfer.description == text)
  }
}
