import DfuseDevice
import Testing

@testable import DfuseSimulator

/// A bus with one board that runs a firmware, and what a host does with it.
struct ApplicationRig {
  let bus: SimulatedBus

  init(
    _ face: ApplicationFace, on chip: String = "stm32f405", _ faults: String...,
    recorded: Bool = false
  ) throws {
    var board = SimulatedBoard(
      try #require(SimulatedChip.named(chip)), faults: try FaultPlan(parsing: faults),
      application: face)
    board.recordsTransfers = recorded
    bus = SimulatedBus([board])
  }

  /// The board, wherever it is plugged in.
  var board: SimulatedBoard {
    get throws { try #require(bus.board(at: "1-1")) }
  }

  /// The only device.
  var device: PluggedDevice {
    get throws { try #require(try bus.pluggedDevices().first) }
  }

  /// The ids of the only device, or nothing.
  var ids: String? {
    get throws { try bus.pluggedDevices().first?.identity.usbID.description }
  }

  func serial() throws -> any SerialLink {
    try bus.openSerial(device, interface: 0)
  }

  func control(claiming interface: UInt8? = nil) throws -> any ControlLink {
    try bus.openControl(device, claiming: interface)
  }

  /// What is to be seen `duration` later.
  func ids(after duration: Duration) throws -> String? {
    let end = bus.now + duration
    while bus.now < end { _ = bus.waitForChange(limit: end - bus.now) }
    return try ids
  }

  /// The bytes that come until the port has been silent for 50 ms.
  static func answer(_ link: any SerialLink, to bytes: [UInt8]) throws -> [UInt8] {
    try link.write(bytes, timeout: .seconds(1))
    var answer: [UInt8] = []
    while case let more = try link.read(limit: .milliseconds(50)), !more.isEmpty { answer += more }
    return answer
  }

  static func answer(_ link: any SerialLink, to text: String) throws -> String {
    String(decoding: try answer(link, to: Array(text.utf8)), as: UTF8.self)
  }
}

extension ControlLink {
  /// A request without data.
  func send(_ type: UInt8, _ request: UInt8, _ value: UInt16, _ index: UInt16) throws(USBError) {
    try controlOut(
      ControlRequest(bmRequestType: type, bRequest: request, wValue: value, wIndex: index),
      data: [], timeout: .seconds(1))
  }

  /// DFU_GETSTATUS to an interface.
  func dfuStatus(_ interface: UInt16) throws(USBError) -> [UInt8] {
    try controlIn(
      ControlRequest(bmRequestType: 0xA1, bRequest: 3, wValue: 0, wIndex: interface), length: 6,
      timeout: .seconds(1))
  }
}
