import Testing

@testable import DfuseSimulator

/// Boards that are on the bus at high speed, and those that are not.
@Suite struct HighSpeedTests {
  /// The speed that USB/IP's device record states: behind path, name, bus and device number.
  private func speed(_ chip: SimulatedChip) -> [UInt8] {
    let record = SimulatedUSBIPDevice(SimulatedBoard(chip), port: 1).record(withInterfaces: false)
    #expect(record.count == 312)
    return Array(record[296..<300])
  }

  private func get(_ probe: inout Probe, _ type: UInt8, _ length: UInt8 = 255) -> Reaction.Answer {
    probe.send([0x80, 6, 0, type, 0, 0, length, 0]).answer
  }

  /// From the sources: arduino/mcuboot-arduino-stm32h7 (2025-03) and numworks/epsilon (2026-03).
  ///
  /// `USE_USB_HS` in mbed_app_portenta.json, `USE_USB_FS` in those of GIGA and Opta; Epsilon has its
  /// port always at full speed (device_otg.cpp). The MP15's ROM says "HS Mode" itself.
  @Test(
    arguments: [
      ("portenta-h7", 3), ("giga-r1", 2), ("opta", 2), ("stm32mp15", 3), ("numworks", 2),
      ("stm32f405", 2), ("stm32h743", 2),
    ] as [(String, UInt8)])
  func `a board is at the speed of its source`(name: String, speed: UInt8) throws {
    #expect(try self.speed(#require(SimulatedChip.named(name))) == [0, 0, 0, speed])
  }

  @Test func `a high-speed device says what it would be at full speed`() throws {
    var probe = try Probe("portenta-h7")
    guard case .data(let device) = get(&probe, 1), case .data(let configuration) = get(&probe, 2)
    else {
      Issue.record("no descriptors")
      return
    }
    // bMaxPacketSize0 is 64 at either speed, wTransferSize 4096.
    #expect(device[7] == 64)
    #expect(configuration[45..<47] == [9, 0x21])
    #expect(configuration[50..<52] == [0x00, 0x10])
    // The bulk endpoints of its serial port: 512 bytes, at either speed.
    #expect(configuration.suffix(14) == [7, 5, 2, 2, 0, 2, 0, 7, 5, 0x82, 2, 0, 2, 0])
    #expect(get(&probe, 6) == .data([10, 6, 0x00, 0x02, 0, 0, 0, 64, 1, 0]))
    #expect(get(&probe, 7) == .data([9, 7] + configuration.dropFirst(2)))
    #expect(get(&probe, 7, 9) == .data([9, 7] + configuration[2..<9]))
  }

  /// USB 2.0 section 9.6.2: a device of one speed answers with a request error.
  @Test(arguments: ["stm32f405", "st-usbd", "giga-r1"])
  func `a full-speed device has no other speed`(name: String) throws {
    var probe = try Probe(name)
    #expect(get(&probe, 6) == .stall)
    #expect(get(&probe, 7) == .stall)
  }

  /// U59x, U5Ax and H5Ex have such ROMs (AN2606).
  @Test func `a ROM can be at high speed`() throws {
    let usual = try #require(SimulatedChip.named("stm32u575"))
    let chip = usual.variant("fast", part: "a chip with a high-speed ROM") { profile in
      profile.usb = .mode(.high, serial: "205B396A5242", maps: profile.usb.maps)
    }
    #expect(speed(chip) == [0, 0, 0, 3])
    #expect(chip.profile.usb.product == "DFU in HS Mode")
    #expect(speed(usual) == [0, 0, 0, 2])
  }
}
