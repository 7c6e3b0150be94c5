import DfuseDevice
import DfuseFormat
import Testing

@testable import DfuseSimulator

/// How a firmware that runs is seen, told to enter the bootloader by requests, and followed.
@Suite struct ApplicationEntryTests {
  static let rom = "0483:df11"

  // MARK: - What is to be seen

  @Test(arguments: ApplicationFace.allCases)
  func `a firmware runs from the plug-in on, and its descriptors can be read`(
    face: ApplicationFace
  ) throws {
    let rig = try ApplicationRig(face)
    let device = try rig.device
    #expect(device.identity.path == "1-1")
    #expect(try rig.ids != Self.rom)
    #expect(device.identity.manufacturer != nil && device.identity.serialNumber != nil)
    for port in device.serialPorts {
      #expect(port.number == 0 && port.dataInterface == 1)
      #expect(device.interfaces[1].bulkEndpoints == [0x01, 0x81])
    }
    // A device that can be asked to enter DFU mode is one of the DFU devices; it is no board.
    let listed = try rig.bus.devices()
    #expect(listed.count == (device.dfuRunTime == nil ? 0 : 1))
    #expect(listed.allSatisfy { $0.board == nil && $0.interfaces[0].mode == .runTime })
    rig.bus.plugBack("1-1", boot0: true)
    #expect(try rig.ids == Self.rom)
    rig.bus.plugBack("1-1")
    #expect(try rig.ids == device.identity.usbID.description)
    #expect(try rig.device.identity.generation == 3)
  }

  @Test(
    arguments: [
      (.cdc, "0483:5740", 2), (.klipper, "1d50:614e", 2), (.candlelight, "1d50:606f", 2),
      (.panda, "bbaa:ddcc", 1), (.pandaBootstub, "bbaa:ddee", 1), (.repl, "f055:9800", 2),
      (.circuitpython, "239a:805a", 2), (.crazyflie, "0483:5740", 1),
    ] as [(ApplicationFace, String, Int)])
  func `ids and interfaces are the firmware's own`(
    face: ApplicationFace, ids: String, interfaces: Int
  ) throws {
    let rig = try ApplicationRig(face)
    #expect(try rig.ids == ids)
    #expect(try rig.device.interfaces.count == interfaces)
  }

  @Test(
    arguments: [
      ("portenta-h7", .touch, "2341:025b"), ("giga-r1", .touch, "2341:0266"),
      ("opta", .touch, "35d1:0064"), ("stm32h743", .touch, "0483:5740"),
      ("portenta-h7", .micropythonArduino, "2341:045b"),
      ("giga-r1", .micropythonArduino, "2341:0466"),
    ] as [(String, ApplicationFace, String)])
  func `an Arduino board has its own ids`(
    chip: String, face: ApplicationFace, ids: String
  ) throws {
    #expect(try ApplicationRig(face, on: chip).ids == ids)
  }

  @Test func `the unique id and the ROM's serial number belong together`() throws {
    let text = try #require(try ApplicationRig(.klipper).device.identity.serialNumber)
    #expect(text == "20001A000D5156B980284031")
    let digits = Array(text)
    let id = stride(from: 0, to: 24, by: 2).map {
      UInt32(String(digits[$0...($0 + 1)]), radix: 16)!
    }
    func word(_ at: Int) -> UInt32 {
      id[at] | id[at + 1] << 8 | id[at + 2] << 16 | id[at + 3] << 24
    }
    // ST's example and MicroPython differ in how they add.
    let whole = (word(0) &+ word(8)).hexDigits(uppercase: true)
    #expect(whole + UInt16(word(4) >> 16).hexDigits(uppercase: true) == "315A28A0B956")
    let sums = [id[11], id[10] + id[2], id[9], id[8] + id[0], id[7], id[6]]
    #expect(sums == [0x31, 0x5A, 0x28, 0xA0, 0xB9, 0x56])
    #expect(try ApplicationRig(.repl).device.identity.serialNumber == "315A28A0B956")
  }

  @Test func `a program runs again after leave, and a chip without one runs nothing`() throws {
    let rig = try ApplicationRig(.klipper)
    rig.bus.plugBack("1-1", boot0: true)
    let transport = try SimulatedBusTests.open(rig.bus)
    try transport.controlOut(SimulatedBusTests.dnload(0), data: [], timeout: .seconds(1))
    _ = try transport.controlIn(SimulatedBusTests.getStatus, length: 6, timeout: .seconds(1))
    guard case .returned(let identity) = transport.watchPort(for: .seconds(2), away: .seconds(2))
    else {
      Issue.record("nothing came back")
      return
    }
    #expect(identity.usbID.description == "1d50:614e")
    rig.bus.changeBoard(at: "1-1") { $0.load([UInt8](repeating: 0xFF, count: 8), at: 0x0800_0000) }
    rig.bus.plugBack("1-1")
    #expect(try rig.ids == nil)
  }

  // MARK: - The touch

  /// Opens the port, sets 1200 baud, lets DTR fall, and tells how long the device is still there.
  static func timeOfTouch(_ rig: ApplicationRig, closing: Bool = false) throws -> Duration? {
    let link = try rig.serial()
    try link.setSpeed(1200)
    let start = link.now
    link.wait(.milliseconds(20))
    if closing { link.close() } else { try link.setLines(dtr: false, rts: false) }
    while rig.bus.now < start + .seconds(3) {
      if try rig.ids == nil { return rig.bus.now - start }
      _ = rig.bus.waitForChange(limit: .milliseconds(1))
    }
    return nil
  }

  @Test(
    arguments: [
      (.touch, 200), (.micropythonArduino, 270), (.circuitpython, 20), (.klipper, 20),
    ] as [(ApplicationFace, Int)])
  func `a touch is obeyed at its time`(face: ApplicationFace, milliseconds: Int) throws {
    let rig = try ApplicationRig(face)
    let time = try #require(try Self.timeOfTouch(rig))
    #expect(time >= .milliseconds(milliseconds) && time < .milliseconds(milliseconds + 4))
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  @Test(arguments: [.cdc, .repl, .betaflight, .flipper, .nanovna] as [ApplicationFace])
  func `a touch is nothing to other firmwares`(face: ApplicationFace) throws {
    let rig = try ApplicationRig(face)
    #expect(try Self.timeOfTouch(rig) == nil)
    #expect(try rig.device.identity.generation == 1)
  }

  @Test func `DTR that somebody else keeps up keeps mbed's firmware from leaving`() throws {
    let rig = try ApplicationRig(.touch)
    rig.bus.setOtherOpeners(1, at: "1-1")
    #expect(try Self.timeOfTouch(rig, closing: true) == nil)
    // It still waits for that.
    rig.bus.setOtherOpeners(0, at: "1-1")
    let link = try rig.serial()
    try link.setLines(dtr: false, rts: false)
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  @Test func `Klipper leaves at 1200 baud even if DTR never was up, and knows one port`() throws {
    let rig = try ApplicationRig(.klipper)
    let link = try rig.control()
    func setSpeed(_ index: UInt16) throws(USBError) {
      try link.controlOut(
        ControlRequest(bmRequestType: 0x21, bRequest: 0x20, wValue: 0, wIndex: index),
        data: [0xB0, 0x04, 0, 0, 0, 0, 8], timeout: .seconds(1))
    }
    #expect(throws: USBError.stall) { try setSpeed(1) }
    #expect(try rig.ids == "1d50:614e")
    try setSpeed(0)
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  // MARK: - DFU in run time

  @Test(
    arguments: [
      (.dfuRuntime, 0, 0x0D, 1000), (.dfuRuntimeReset, 0, 0x05, 1000),
      (.dfuRuntimeWrong, 0, 0x0D, 1000), (.candlelight, 1, 0x0B, 255),
    ] as [(ApplicationFace, UInt8, UInt8, UInt16)])
  func `what it says it does is in the functional descriptor`(
    face: ApplicationFace, number: UInt8, attributes: UInt8, timeOut: UInt16
  ) throws {
    let runTime = try #require(try ApplicationRig(face).device.dfuRunTime)
    #expect(runTime.number == number)
    #expect(runTime.functional?.bmAttributes == attributes)
    #expect(runTime.functional?.wDetachTimeOut == timeOut)
  }

  @Test(arguments: [(.dfuRuntime, 0), (.candlelight, 1)] as [(ApplicationFace, UInt8)])
  func `one that detaches by itself does so after the answer`(
    face: ApplicationFace, number: UInt8
  ) throws {
    let rig = try ApplicationRig(face)
    let link = try rig.control(claiming: number)
    let index = UInt16(number)
    #expect(try link.dfuStatus(index) == [0, 0, 0, 0, 0, 0])
    #expect(throws: USBError.stall) { try link.send(0x21, 6, 0, index) }
    try link.send(0x21, 0, 255, index)
    link.wait(.milliseconds(50))
    #expect(throws: USBError.disconnected) { try link.dfuStatus(index) }
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  @Test func `one that waits for a reset goes back to appIDLE without`() throws {
    let rig = try ApplicationRig(.dfuRuntimeReset)
    let link = try rig.control(claiming: 0)
    try link.send(0x21, 0, 500, 0)
    #expect(try link.dfuStatus(0) == [0, 0, 0, 0, 1, 0])
    link.wait(.milliseconds(510))
    #expect(try link.dfuStatus(0) == [0, 0, 0, 0, 0, 0])
    try link.reset()
    #expect(try rig.device.identity.generation == 1)
    try link.send(0x21, 0, 500, 0)
    link.wait(.milliseconds(100))
    #expect(throws: USBError.disconnected) { try link.reset() }
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  @Test func `one that is wrong about itself waits for a reset however long`() throws {
    let rig = try ApplicationRig(.dfuRuntimeWrong)
    let link = try rig.control(claiming: 0)
    try link.send(0x21, 0, 1000, 0)
    link.wait(.seconds(3))
    #expect(try link.dfuStatus(0) == [0, 0, 0, 0, 1, 0])
    #expect(throws: USBError.disconnected) { try link.reset() }
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  // MARK: - Vendor requests

  @Test func `a panda goes into the ROM in two stages`() throws {
    let rig = try ApplicationRig(.panda)
    // The application of a release does nothing with 0.
    try rig.control().send(0x40, 0xD1, 0, 0)
    #expect(try rig.ids(after: .seconds(1)) == "bbaa:ddcc")
    #expect(throws: USBError.disconnected) { try rig.control().send(0xC0, 0xD1, 1, 0) }
    #expect(try rig.ids(after: .seconds(1)) == "bbaa:ddee")
    #expect(throws: USBError.disconnected) { try rig.control().send(0x40, 0xD1, 0, 0) }
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
    rig.bus.plugBack("1-1")
    #expect(try rig.ids == "bbaa:ddcc")
  }

  @Test func `a Crazyflie leaves in the middle of the request`() throws {
    let rig = try ApplicationRig(.crazyflie)
    let link = try rig.control()
    try link.send(0x40, 1, 1, 1)
    #expect(throws: USBError.disconnected) { try link.send(0x40, 1, 1, 2) }
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  @Test func `the plain firmware has a vendor request`() throws {
    let rig = try ApplicationRig(.cdc)
    let link = try rig.control()
    #expect(throws: USBError.stall) { try link.send(0x40, 0xB1, 0, 0) }
    try link.send(0x40, 0xB0, 0, 0)
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  // MARK: - What goes wrong

  static let ask: [UInt8] = Array("bootloader\r".utf8)

  @Test(
    arguments: [
      ("enter=nothing", ["0483:5740", "0483:5740", "0483:5740"]),
      ("enter=again", ["0483:5740", rom]), ("enter=again2", ["0483:5740", "0483:5740", rom]),
      ("enter=other", ["1209:0002"]), ("enter=gone", [nil]),
    ] as [(String, [String?])])
  func `a fault is what comes of each attempt`(fault: String, seen: [String?]) throws {
    let rig = try ApplicationRig(.cdc, fault)
    for (number, ids) in zip(1..., seen) {
      do {
        let link = try rig.serial()
        try link.write(Self.ask, timeout: .seconds(1))
      }
      #expect(try rig.ids(after: .seconds(5)) == ids)
      #expect(try rig.board.applicationCounters.entries == number)
    }
  }

  @Test func `Klipper comes back as Katapult where it is to come back as something else`() throws {
    let rig = try ApplicationRig(.klipper, "enter=other")
    _ = try Self.timeOfTouch(rig)
    #expect(try rig.ids(after: .seconds(1)) == "1d50:6177")
    #expect(try rig.device.serialPorts.count == 1)
  }

  @Test func `plain DFU in its place is listed as such`() throws {
    let rig = try ApplicationRig(.cdc, "enter=other")
    try rig.control().send(0x40, 0xB0, 0, 0)
    _ = try rig.ids(after: .seconds(1))
    let listing = try #require(try rig.bus.devices().first)
    let board = try #require(listing.board)
    #expect(board.dfuProtocol == .plain)
    let transport = try rig.bus.open(board)
    #expect(
      try transport.controlIn(SimulatedBusTests.getStatus, length: 6, timeout: .seconds(1))
        == [0, 0, 0, 0, 2, 0])
  }

  @Test func `a slow one is away for ten seconds`() throws {
    let rig = try ApplicationRig(.cdc, "enter=slow")
    try rig.control().send(0x40, 0xB0, 0, 0)
    #expect(try rig.ids(after: .milliseconds(9900)) == nil)
    #expect(try rig.ids(after: .milliseconds(200)) == Self.rom)
  }

  @Test func `a port that is held can be opened after eight seconds`() throws {
    let rig = try ApplicationRig(.cdc, "enter=held")
    let inUse = SerialError.inUse(port: "/dev/ttyACM0", by: .init(id: 612, name: "ModemManager"))
    #expect(throws: inUse) { try rig.serial() }
    _ = try rig.ids(after: .milliseconds(7900))
    #expect(throws: inUse) { try rig.serial() }
    _ = try rig.ids(after: .milliseconds(200))
    let link = try rig.serial()
    try link.write(Self.ask, timeout: .seconds(1))
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  @Test(arguments: [nil, "enter=needs-dtr"] as [String?])
  func `what comes while DTR is low is heard, unless the firmware needs DTR`(fault: String?) throws
  {
    let rig = try fault.map { try ApplicationRig(.cdc, $0) } ?? ApplicationRig(.cdc)
    let link = try rig.serial()
    try link.setLines(dtr: false, rts: false)
    try link.write(Self.ask, timeout: .seconds(1))
    #expect(try rig.ids(after: .seconds(1)) == (fault == nil ? Self.rom : "0483:5740"))
    #expect(try rig.board.applicationCounters.entries == (fault == nil ? 1 : 0))
    guard fault != nil else { return }
    // Once it is up, it is a firmware as others, and what was lost stays lost.
    try link.setLines(dtr: true, rts: false)
    let greeting = try ApplicationRig.answer(link, to: "x")
    #expect(greeting == "dfuse: a simulated application\r\nx")
    try link.write(Array("\rbootloader\r".utf8), timeout: .seconds(1))
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
  }

  @Test(
    arguments: ["enter", "enter=", "enter=never", "enter=again3", "enter=dtr", "enter=needs-rts"])
  func `a fault that there is not is refused`(text: String) {
    #expect(throws: FaultSpecError.self) { try FaultPlan(parsing: [text]) }
  }

  // MARK: - Links

  @Test func `opening and closing a port does what a kernel does`() throws {
    let rig = try ApplicationRig(.cdc, recorded: true)
    do {
      let link = try rig.serial()
      #expect(throws: SerialError.inUse(port: "/dev/ttyACM0", by: nil)) { try rig.serial() }
      try link.setSpeed(115_200)
      try link.setSpeed(1200)
      try link.setLines(dtr: true, rts: true)
    }
    _ = try rig.serial()
    #expect(
      try rig.board.transcript.map(\.description) == [
        "request 21 22 0003", "request 21 20 0000: 00 c2 01 00 00 00 08",
        "request 21 20 0000: b0 04 00 00 00 00 08", "request 21 20 0000: 80 25 00 00 00 00 08",
        "request 21 22 0000",
        "request 21 22 0003", "request 21 20 0000: 00 c2 01 00 00 00 08",
        "request 21 20 0000: 80 25 00 00 00 00 08", "request 21 22 0000",
      ])
  }

  @Test func `a link is good for one plug-in`() throws {
    let rig = try ApplicationRig(.cdc)
    let device = try rig.device
    let (serial, control) = (try rig.serial(), try rig.control())
    rig.bus.plugBack("1-1")
    #expect(throws: SerialError.gone) { try serial.write([1], timeout: .seconds(1)) }
    #expect(throws: SerialError.gone) { try serial.setSpeed(9600) }
    #expect(throws: USBError.disconnected) { try control.send(0x40, 0xB0, 0, 0) }
    #expect(throws: SerialError.gone) { try rig.bus.openSerial(device, interface: 0) }
    #expect(throws: USBError.disconnected) { try rig.bus.openControl(device, claiming: nil) }
    #expect(throws: SerialError.noPort(nil)) { try rig.bus.openSerial(rig.device, interface: 1) }
    serial.close()
    _ = try rig.serial()
  }

  @Test func `an open error is that of the link`() throws {
    let rig = try ApplicationRig(.cdc)
    rig.bus.setOpenError(.accessDenied, at: "1-1")
    #expect(throws: SerialError.accessDenied(port: "/dev/ttyACM0", group: "dialout")) {
      try rig.serial()
    }
    #expect(throws: USBError.accessDenied) { try rig.control() }
    #expect(try rig.device.identity.product == "Simulated application")
  }

  @Test func `a board can come back at another port`() throws {
    let rig = try ApplicationRig(.cdc)
    rig.bus.setReturnPort("1-7", for: "1-1")
    try rig.control().send(0x40, 0xB0, 0, 0)
    #expect(try rig.ids(after: .seconds(1)) == Self.rom)
    #expect(try rig.bus.devices().map(\.identity.path) == ["1-7"])
    #expect(rig.bus.board(at: "1-1") == nil)
    _ = try SimulatedBusTests.open(rig.bus)
  }

  @Test func `other devices are shown with boards in the order of their ports`() throws {
    let rig = try ApplicationRig(.cdc)
    let probe = DeviceIdentity(
      vendorID: 0x0483, productID: 0x3748, bcdDevice: 0x0100, path: "1-0", address: 9)
    rig.bus.plugIn(probe)
    rig.bus.plugIn(try SimulatedBusTests.board("stm32f405"), path: "1-3")
    #expect(
      try rig.bus.pluggedDevices().map(\.identity.usbID.description)
        == ["0483:3748", "0483:5740", Self.rom])
  }
}
