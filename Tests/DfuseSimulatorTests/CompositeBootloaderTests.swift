import DfuseFormat
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Bootloaders with interfaces besides the DFU interface.
@Suite struct CompositeBootloaderTests {
  typealias Message = USBIPMessages
  typealias Client = USBIPConnectionTests.Client

  /// What follows the DFU interface in `USBD_DFU_CfgDesc` (arduino/mcuboot-arduino-stm32h7,
  /// usbd_dfu.cpp, 2025-03), with the packet size of its bulk endpoints.
  private func pair(_ size: [UInt8]) -> [UInt8] {
    [
      0x08, 0x0B, 0x01, 0x02, 0x02, 0x02, 0x01, 0x00,  // association
      0x09, 0x04, 0x01, 0x00, 0x01, 0x02, 0x02, 0x01, 0x00,  // interface
      0x05, 0x24, 0x00, 0x10, 0x01,  // header
      0x05, 0x24, 0x01, 0x00, 0x02,  // call management
      0x04, 0x24, 0x02, 0x02,  // abstract control model
      0x05, 0x24, 0x06, 0x01, 0x02,  // union
      0x07, 0x05, 0x83, 0x03, 8, 0, 0x09,  // endpoint
      0x09, 0x04, 0x02, 0x00, 0x02, 0x0A, 0x00, 0x00, 0x00,  // interface
      0x07, 0x05, 0x02, 0x02, size[0], size[1], 0x00,  // endpoint
      0x07, 0x05, 0x82, 0x02, size[0], size[1], 0x00,  // endpoint
    ]
  }

  @Test(arguments: [("portenta-h7", [0, 2]), ("giga-r1", [64, 0]), ("opta", [64, 0])])
  func `an Arduino has a serial port behind its DFU interface`(
    name: String, size: [UInt8]
  ) throws {
    var probe = try Probe(name)
    guard case .data(let all) = probe.send([0x80, 6, 0, 2, 0, 0, 255, 0]).answer else {
      Issue.record("no configuration")
      return
    }
    // Four alternate settings and the functional descriptor are before it.
    #expect(all.count == 9 + 36 + 9 + 66)
    #expect(all[45..<54] == [9, 0x21, 0x0B, 255, 0, 0x00, 0x10, 0x1A, 0x01])
    #expect(all[54...] == pair(size)[...])
    #expect(
      probe.send([0x80, 6, 0, 2, 0, 0, 60, 0]).answer == .data(Array(all.prefix(60))))
    // Texts that no descriptor of an interface names.
    var text: [UInt8] = [22, 3]
    for unit in "DFU Config".utf8 { text += [unit, 0] }
    #expect(probe.send([0x80, 6, 4, 3, 9, 4, 255, 0]).answer == .data(text))
  }

  /// `USBD_DFU_Setup` gets every class request to interfaces 0 to 2, and looks at its number only.
  @Test func `an Arduino's serial port stalls what is asked of it, and takes what DFU takes`()
    throws
  {
    var probe = try Probe("portenta-h7")
    for interface: UInt8 in [0, 1] {
      let line: [UInt8] = [0x80, 0x25, 0, 0, 0, 0, 8]
      #expect(probe.send([0x21, 0x20, 0, 0, interface, 0, 7, 0], line).answer == .stall)
      #expect(probe.send([0xA1, 0x21, 0, 0, interface, 0, 7, 0]).answer == .stall)
      #expect(probe.send([0x21, 0x22, 3, 0, interface, 0, 0, 0]).answer == .stall)
    }
    #expect(probe.send([0xA1, 3, 0, 0, 1, 0, 6, 0]).answer == .data([0, 0, 0, 0, 2, 0]))
    #expect(probe.send([0xA1, 5, 0, 0, 2, 0, 1, 0]).answer == .data([2]))
    #expect(probe.send([0xA1, 5, 0, 0, 3, 0, 1, 0]).answer == .stall)
    // One alternate setting for all.
    #expect(probe.send([0x01, 0x0B, 1, 0, 1, 0, 0, 0]).answer == .acknowledge)
    #expect(probe.send([0x81, 0x0A, 0, 0, 0, 0, 1, 0]).answer == .data([1]))
    #expect(probe.condition() == [0, 2])
    // SET_LINE_CODING is no DFU request.
    #expect(probe.board.counters.count(.any) == 4)
  }

  @Test func `nothing comes from an Arduino's serial port, and what is sent there is lost`() throws
  {
    var client = Client(try Message.device("portenta-h7"))
    let record = client.device.record(withInterfaces: true)
    #expect(record.suffix(13) == [3, 0xFE, 1, 2, 0, 2, 2, 1, 0, 0x0A, 0, 0, 0])
    #expect(client.exchange(USBIPEndpointTests.ask(2, endpoint: 3)) == [])
    for number: UInt32 in 10..<26 {
      #expect(client.exchange(USBIPEndpointTests.ask(number, endpoint: 2)) == [])
    }
    let bytes: [UInt8] = [0x41, 0x42]
    let send = Message.submit(
      30, [UInt8](repeating: 0, count: 8), bytes, endpoint: 2, length: UInt32(bytes.count))
    #expect(client.exchange(send) == Message.retSubmit(30, actual: 2))
    #expect(client.pass(.seconds(60)) == [])
    #expect(client.connection.deadline == nil)
    // DFU goes on beside it.
    #expect(
      client.exchange(Message.submit(31, Message.getStatus))
        == Message.retSubmit(31, actual: 6, [0, 0, 0, 0, 2, 0]))
    #expect(
      client.exchange(Message.unlink(32, victim: 10)) == Message.retUnlink(32, status: -104))
    #expect(!client.connection.isFinished)
  }

  @Test func `an Arduino is a board in its bootloader, whatever its serial port`() throws {
    let bus = SimulatedBus([SimulatedBoard(try #require(.named("portenta-h7")))])
    let device = try #require(try bus.pluggedDevices().first)
    #expect(device.isInBootloader)
    #expect(device.serialPorts.map(\.number) == [1])
    #expect(Way.fitting(device).isEmpty)
    let listing = try #require(try bus.devices().first)
    #expect(listing.interfaces.map(\.number) == [0])
  }

  @Test(arguments: [false, true])
  func `a board whose DFU interface is not the first is flashed and verified`(
    hasSerialPort: Bool
  ) throws {
    let chip = try #require(SimulatedChip.named("stm32f405")).variant(
      "composite", part: "an F405 with its DFU interface behind others"
    ) { profile in
      profile.usb.interface = 2
      if hasSerialPort { profile.usb.otherInterfaces = ApplicationFacts.serialPort() }
    }
    let rig = FlashRig(TestProgram.usedBoard(chip))
    let listing = try #require(try rig.bus.devices().first)
    #expect(listing.interfaces.map(\.number) == [2])
    #expect(listing.interfaces.first?.alternateSettings.count == 4)
    let image = try TestProgram.image(for: chip)
    let result = try rig.flash(Firmware(image))
    #expect(try rig.holds(image))
    #expect(result.isVerified)
    // Interface 0 is not DFU's.
    var probe = try Probe("stm32f405")
    probe.board = SimulatedBoard(chip)
    probe.configure()
    #expect(probe.send([0xA1, 5, 0, 0, 0, 0, 1, 0]).answer == .stall)
    #expect(probe.send([0xA1, 5, 0, 0, 2, 0, 1, 0]).answer == .data([2]))
    #expect(probe.send([0x01, 0x0B, 1, 0, 2, 0, 0, 0]).answer == .acknowledge)
    #expect(probe.send([0x81, 0x0A, 0, 0, 2, 0, 1, 0]).answer == .data([1]))
    #expect(probe.send([0x01, 0x0B, 1, 0, 0, 0, 0, 0]).answer == .stall)
  }
}
