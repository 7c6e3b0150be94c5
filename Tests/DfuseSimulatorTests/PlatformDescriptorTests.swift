import DfuseFormat
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// What bootloaders say beside their DFU interface, byte for byte as their sources have it.
@Suite struct PlatformDescriptorTests {
  static let uuid: [String: [UInt8]] = [
    "WebUSB": [
      0x38, 0xB6, 0x08, 0x34, 0xA9, 0x09, 0xA0, 0x47, 0x8B, 0xFD, 0xA0, 0x76, 0x88, 0x15, 0xB6,
      0x65,
    ],
    "Microsoft OS 2.0": [
      0xDF, 0x60, 0xDD, 0xD8, 0x89, 0x45, 0xC7, 0x4C, 0x9C, 0xD2, 0x65, 0x9D, 0x9E, 0x64, 0x8A,
      0x9F,
    ],
  ]

  /// 40 bytes: header, then interface 0, WINUSB.
  static let compatibleID: [UInt8] = [
    0x28, 0, 0, 0, 0x00, 0x01, 0x04, 0x00, 1, 0, 0, 0, 0, 0, 0, 0,  //
    0, 1, 0x57, 0x49, 0x4E, 0x55, 0x53, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ]

  /// UTF-16, little-endian.
  private func wide(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for unit in text.utf8 { bytes += [unit, 0] }
    return bytes
  }

  private func setup(
    _ type: UInt8, _ request: UInt8, _ wValue: UInt16, _ wIndex: UInt16, _ length: UInt16
  ) -> [UInt8] {
    var bytes = [type, request]
    for word in [wValue, wIndex, length] { bytes += le(word) }
    return bytes
  }

  private func get(_ probe: inout Probe, _ wValue: UInt16, _ length: UInt16 = 255)
    -> Reaction.Answer
  {
    probe.send(setup(0x80, 6, wValue, 0, length)).answer
  }

  private func bytes(_ probe: inout Probe, _ wValue: UInt16) -> [UInt8] {
    guard case .data(let bytes) = get(&probe, wValue) else { return [] }
    return bytes
  }

  private func ask(
    _ probe: inout Probe, _ type: UInt8, _ request: UInt8, _ wValue: UInt16, _ wIndex: UInt16,
    _ length: UInt16 = 255
  ) -> Reaction.Answer {
    probe.send(setup(type, request, wValue, wIndex, length)).answer
  }

  // MARK: - BOS

  /// `bcdUSB`, and what comes behind the capability's UUID.
  @Test(
    arguments: [
      ("dapboot", 0x0210, "WebUSB", [0x00, 0x01, 0x01, 1]),
      ("numworks", 0x0210, "WebUSB", [0x00, 0x01, 0x01, 1]),
      ("tinyusb-dfu", 0x0201, "Microsoft OS 2.0", [0x00, 0x00, 0x03, 0x06, 0xA2, 0x00, 1, 0]),
    ] as [(String, UInt16, String, [UInt8])])
  func `a device newer than USB 2.0 has a BOS descriptor`(
    name: String, version: UInt16, platform: String, data: [UInt8]
  ) throws {
    var probe = try Probe(name)
    #expect(bytes(&probe, 0x0100)[2..<4] == le(version)[...])
    var bos: [UInt8] = [5, 0x0F, UInt8(25 + data.count), 0, 1]
    bos += [UInt8(20 + data.count), 0x10, 0x05, 0]
    bos += try #require(Self.uuid[platform])
    bos += data
    #expect(get(&probe, 0x0F00) == .data(bos))
    // Linux asks for the header first, Windows for as much.
    #expect(get(&probe, 0x0F00, 5) == .data(Array(bos.prefix(5))))
    #expect(get(&probe, 0x0F01) == .stall)
  }

  @Test(arguments: ["mboot", "portenta-h7", "particle-photon", "uno-r4", "stm32f405", "lego-hub"])
  func `a device of USB 2.0 has none`(name: String) throws {
    var probe = try Probe(name)
    #expect(bytes(&probe, 0x0100)[2..<4] == [0x00, 0x02])
    #expect(get(&probe, 0x0F00) == .stall)
  }

  // MARK: - Microsoft's

  @Test(
    arguments: [
      ("mboot", 0x42), ("lego-hub", 0x42), ("dapboot", 0x21), ("numworks", 0x02),
      ("particle-photon", 0xEE), ("particle-argon", 0xEE),
    ] as [(String, UInt8)])
  func `string 0xEE names the request that gives the compatible id`(
    name: String, request: UInt8
  ) throws {
    var probe = try Probe(name)
    let text: [UInt8] = [
      18, 3, 0x4D, 0, 0x53, 0, 0x46, 0, 0x54, 0, 0x31, 0, 0x30, 0, 0x30, 0, request, 0,
    ]
    #expect(get(&probe, 0x03EE) == .data(text))
    #expect(ask(&probe, 0xC0, request, 0, 4) == .data(Self.compatibleID))
    // Windows asks for the header first.
    #expect(ask(&probe, 0xC0, request, 0, 4, 16) == .data(Array(Self.compatibleID.prefix(16))))
    #expect(ask(&probe, 0xC0, request, 0, 6) == .stall)
    #expect(ask(&probe, 0xC0, request ^ 0x10, 0, 4) == .stall)
    #expect(ask(&probe, 0x40, request, 0, 4, 0) == .stall)
    #expect(probe.condition()?.last == 2)
  }

  @Test func `the compatible id is told before there is a configuration, the page is not`() throws {
    var probe = try Probe("dapboot")
    _ = probe.send([0x00, 9, 0, 0, 0, 0, 0, 0])
    #expect(ask(&probe, 0xC0, 0x21, 0, 4) == .data(Self.compatibleID))
    #expect(ask(&probe, 0xC0, 0x01, 1, 2) == .stall)
    var interface = try Probe("mboot")
    #expect(ask(&interface, 0xC1, 0x42, 0, 4) == .data(Self.compatibleID))
    _ = interface.send([0x00, 9, 0, 0, 0, 0, 0, 0])
    #expect(ask(&interface, 0xC1, 0x42, 0, 4) == .stall)
    #expect(ask(&interface, 0xC0, 0x42, 0, 4) == .data(Self.compatibleID))
  }

  @Test(arguments: ["uno-r4", "portenta-h7", "libopencm3-dfu", "stm32f405", "st-usbd", "daisy"])
  func `others have no such string, and no such request`(name: String) throws {
    var probe = try Probe(name)
    // Arduino's H7 does not answer for a string that it does not have.
    #expect(get(&probe, 0x03EE) == (name == "portenta-h7" ? .silence : .stall))
    for request: UInt8 in [0x01, 0x02, 0x21, 0x42, 0xEE] {
      #expect(ask(&probe, 0xC0, request, 0, 4) == .stall)
      #expect(ask(&probe, 0xC0, request, 1, 2) == .stall)
    }
  }

  /// `desc_ms_os_20`: 162 bytes.
  @Test func `TinyUSB's example has a descriptor set of version 2`() throws {
    var probe = try Probe("tinyusb-dfu")
    var set: [UInt8] = [0x0A, 0, 0, 0, 0, 0, 0x03, 0x06, 0xA2, 0]
    set += [0x14, 0, 3, 0, 0x57, 0x49, 0x4E, 0x55, 0x53, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    set += [0x84, 0, 4, 0, 7, 0, 0x2A, 0]
    set += wide("DeviceInterfaceGUIDs\0")
    set += [0x50, 0]
    set += wide("{3E7E0711-DF3B-4158-A32F-E5951B2AB9A1}\0\0")
    #expect(set.count == 0xA2)
    #expect(ask(&probe, 0xC0, 1, 0, 7) == .data(set))
    #expect(ask(&probe, 0xC1, 1, 0, 7, 10) == .data(Array(set.prefix(10))))
    #expect(ask(&probe, 0xC0, 1, 0, 8) == .stall)
    #expect(get(&probe, 0x03EE) == .stall)
  }

  /// `USB_WCID_EXT_PROP_OS_DESCRIPTOR`: 146 bytes.
  @Test(arguments: ["particle-photon", "particle-argon"])
  func `a Particle tells its interface's GUID`(name: String) throws {
    var probe = try Probe(name)
    var properties: [UInt8] = [0x92, 0, 0, 0, 0x00, 0x01, 5, 0, 1, 0, 0x88, 0, 0, 0, 7, 0, 0, 0]
    properties += [0x2A, 0]
    properties += wide("DeviceInterfaceGUIDs\0")
    properties += [0x50, 0, 0, 0]
    properties += wide("{37fb5f90-1a34-4929-933b-8a27e1850033}\0\0")
    #expect(properties.count == 0x92)
    #expect(ask(&probe, 0xC1, 0xEE, 0, 5) == .data(properties))
    #expect(ask(&probe, 0xC1, 0xEE, 0, 5, 10) == .data(Array(properties.prefix(10))))
    #expect(ask(&probe, 0xC1, 0xEE, 1, 5) == .data([UInt8](repeating: 0, count: 10)))
    // The Photon looks at wValue, and says nothing to what an interface is asked besides.
    let isPhoton = name == "particle-photon"
    #expect(ask(&probe, 0xC0, 0xEE, 1, 4) == (isPhoton ? .stall : .data(Self.compatibleID)))
    #expect(ask(&probe, 0xC1, 0xEE, 0, 4) == (isPhoton ? .silence : .stall))
  }

  // MARK: - WebUSB's

  @Test(
    arguments: [
      ("dapboot", "devanlai.github.io/webdfu/dfu-util/"), ("numworks", "my.numworks.com"),
    ])
  func `a WebUSB device names its landing page`(name: String, address: String) throws {
    var probe = try Probe(name)
    var url: [UInt8] = [UInt8(address.utf8.count + 3), 3, 1]
    url += Array(address.utf8)
    #expect(ask(&probe, 0xC0, 1, 1, 2) == .data(url))
    // dapboot sends it all, whatever was asked for: the host's controller calls that babble.
    let isCut = name == "numworks"
    #expect(ask(&probe, 0xC0, 1, 1, 2, 3) == .data(isCut ? Array(url.prefix(3)) : url))
    #expect(ask(&probe, 0xC0, 1, 1, 3) == .stall)
  }

  @Test func `a host that asks for too little of dapboot's page has an overflow`() throws {
    let bus = SimulatedBus([SimulatedBoard(try #require(.named("dapboot")))])
    let device = try #require(try bus.pluggedDevices().first)
    let link = try bus.openControl(device, claiming: nil)
    let request = ControlRequest(bmRequestType: 0xC0, bRequest: 1, wValue: 1, wIndex: 2)
    #expect(throws: USBError.overflow) {
      try link.controlIn(request, length: 3, timeout: .seconds(1))
    }
    #expect(try link.controlIn(request, length: 64, timeout: .seconds(1)).count == 38)
  }

  // MARK: - Configurations

  /// The configuration descriptor but for its interfaces, and `iInterface` of the first of them.
  @Test(
    arguments: [
      ("portenta-h7", [9, 2, 120, 0, 3, 1, 2, 0xC0, 0xFA], 6),
      ("st-usbd", [9, 2, 36, 0, 1, 1, 2, 0xC0, 0x32], 6),
      ("daisy", [9, 2, 27, 0, 1, 1, 2, 0xC0, 0x32], 6),
      ("particle-photon", [9, 2, 36, 0, 1, 1, 2, 0xC0, 0x32], 6),
      ("particle-argon", [9, 2, 45, 0, 1, 1, 4, 0xC0, 0x32], 6),
      ("numworks", [9, 2, 36, 0, 1, 1, 0, 0x80, 0x32], 16),
      ("tinyusb-dfu", [9, 2, 36, 0, 1, 1, 0, 0x80, 50], 4),
      ("mboot", [9, 2, 27, 0, 1, 1, 0, 0xC0, 0x32], 4),
      ("lego-hub", [9, 2, 27, 0, 1, 1, 0, 0xC0, 0x32], 4),
      ("dapboot", [9, 2, 27, 0, 1, 1, 0, 0xC0, 0x32], 4),
    ] as [(String, [UInt8], UInt8)])
  func `a configuration is that of the source`(name: String, header: [UInt8], map: UInt8) throws {
    var probe = try Probe(name)
    let configuration = bytes(&probe, 0x0200)
    #expect(configuration.prefix(9) == header[...])
    #expect(configuration.count == Int(header[2]))
    #expect(configuration[9..<18] == [9, 4, 0, 0, 0, 0xFE, 1, 2, map])
    let first = try #require(probe.board.chip.profile.usb.maps.first)
    let units = bytes(&probe, 0x0300 | UInt16(map)).dropFirst(2)
    #expect(Array(units) == wide(first))
    // GET_STATUS says whether it is self powered.
    let isSelfPowered: UInt8 = header[7] == 0xC0 ? 1 : 0
    #expect(probe.send([0x80, 0, 0, 0, 0, 0, 2, 0]).answer == .data([isSelfPowered, 0]))
  }
}
