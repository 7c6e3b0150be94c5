import Testing

@testable import DfuseDevice

@Suite struct DescriptorTests {
  static let stBootloader = DeviceIdentity(
    vendorID: 0x0483, productID: 0xDF11, bcdDevice: 0x2200, path: "1-1", address: 4)

  @Test func `the device descriptor of an STM32 ROM is read field by field`() throws {
    let bytes: [UInt8] = [
      0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04, 0x11, 0xDF, 0x00, 0x22,
      0x01, 0x02, 0x03, 0x01,
    ]
    #expect(
      try DeviceDescriptor.parse(bytes)
        == DeviceDescriptor(
          vendorID: 0x0483, productID: 0xDF11, bcdDevice: 0x2200, manufacturerIndex: 1,
          productIndex: 2, serialNumberIndex: 3))
  }

  @Test(arguments: 0..<18)
  func `a device descriptor cut short is refused`(length: Int) {
    let bytes: [UInt8] = Array(
      [0x12, 1, 0, 1, 0, 0, 0, 64, 0x83, 4, 0x11, 0xDF, 0, 0x22, 1, 2, 3, 1].prefix(length))
    #expect(
      throws: USBError.badDescriptor(
        reason: "the device descriptor has \(length) bytes instead of 18")
    ) { try DeviceDescriptor.parse(bytes) }
  }

  @Test func `a string is UTF-16, low byte first`() {
    #expect(StringDescriptor.decode([8, 3, 0x53, 0, 0x54, 0, 0xB5, 0x03]) == "STε")
  }

  @Test func `a string is cut to what was received, whatever bLength says`() {
    // STM32F427: bLength 166, 112 bytes sent. Here: 166, and three characters and a half.
    #expect(StringDescriptor.decode([166, 3, 0x40, 0, 0x49, 0, 0x6E, 0, 0x74]) == "@In")
  }

  @Test func `bytes behind bLength do not belong to the string`() {
    #expect(StringDescriptor.decode([4, 3, 0x41, 0, 0x42, 0]) == "A")
  }

  @Test func `half a surrogate pair becomes the replacement character`() {
    #expect(StringDescriptor.decode([6, 3, 0x00, 0xD8, 0x41, 0]) == "\u{FFFD}A")
  }

  @Test func `NULs at the end are not text, and an empty string is one`() {
    #expect(StringDescriptor.decode([6, 3, 0x41, 0, 0, 0]) == "A")
    #expect(StringDescriptor.decode([2, 3]) == "")
  }

  @Test(arguments: [[], [2], [4, 1, 0x41, 0], [0, 3, 0x41, 0]] as [[UInt8]])
  func `other bytes are no string`(bytes: [UInt8]) {
    #expect(StringDescriptor.decode(bytes) == nil)
  }

  @Test func `a GD32 serial number is 8-bit text`() {
    let bytes: [UInt8] = [6, 3, 0x33, 0x43, 0x42, 0x4A]
    #expect(
      StringDescriptor.decodeSerial(bytes, vendorID: 0x28E9, productID: 0x0189) == "3CBJ")
    #expect(
      StringDescriptor.decodeSerial(bytes, vendorID: 0x0483, productID: 0xDF11)
        == "\u{4333}\u{4A42}")
  }

  @Test func `a GD32 that sends UTF-16 is understood too`() {
    let bytes: [UInt8] = [10, 3, 0x33, 0, 0x43, 0, 0x42, 0, 0x4A, 0]
    #expect(
      StringDescriptor.decodeSerial(bytes, vendorID: 0x28E9, productID: 0x0189) == "3CBJ")
  }

  @Test func `string 0 tells the language, and US English stands in for it`() {
    #expect(StringDescriptor.language([4, 3, 0x07, 0x04]) == 0x0407)
    #expect(StringDescriptor.language([2, 3]) == 0x0409)
    #expect(StringDescriptor.language([]) == 0x0409)
  }

  @Test(
    arguments: [
      // wTransferSize as sent, stride, bytes of a block
      (0, nil, 1024), (0xFFFF, nil, 1024), (8, 8, 8), (9, 9, 8), (64, 64, 64), (1000, 1000, 1000),
      (2048, 2048, 2048), (4096, 4096, 4096), (4097, 4097, 4096), (8192, 8192, 4096),
      (0xFFFE, 0xFFFE, 4096),
    ] as [(UInt16, Int?, Int)])
  func `the transfer size counts blocks as sent, and holds them to what libusb carries`(
    sent: UInt16, stride: Int?, length: Int
  ) {
    let blocks = BlockNumbering(transferSize: sent)
    #expect(blocks.stride == stride)
    #expect(blocks.length == length)
  }

  @Test func `a block is a multiple of the programming unit, as far as one fits`() {
    #expect(BlockNumbering(transferSize: 1000, unit: 8).length == 1000)
    #expect(BlockNumbering(transferSize: 1000, unit: 32).length == 992)
    #expect(!BlockNumbering(transferSize: 1000, unit: 32).isContinuous)
    #expect(BlockNumbering(transferSize: 9, unit: 32).length == 8)
  }

  static func interface(version: UInt16?, name: String?) -> DFUInterface {
    DFUInterface(
      number: 0, mode: .dfu, alternateSettings: [.init(number: 0, name: name)],
      functional: version.map {
        DFUFunctionalDescriptor(
          bmAttributes: 0x0B, wDetachTimeOut: 255, wTransferSize: 1024, bcdDFUVersion: $0,
          statesVersion: $0 != 0x0100)
      })
  }

  @Test(
    arguments: [
      (0x1234, 0x0001, 0x011A, nil, true),  // says so
      (0x1234, 0x0001, 0x1A01, nil, true),  // OPC-20: says so with swapped bytes
      (0x0483, 0xDF11, nil, "@SPI Flash/0x00000000/128*64Kg", true),  // clones: no version
      (0x1234, 0x0001, nil, "@SPI Flash/0x00000000/128*64Kg", true),
      (0x0483, 0xDF11, nil, nil, false),  // ST's ids alone say nothing
      (0x0483, 0xDF11, 0x0110, nil, false),
      (0x0483, 0xDF11, 0x0110, "@FSBL /0x01/1*1Me", false),  // STM32MP15x
      (0x0483, 0xDF11, 0x0101, "FLASH", false),  // TinyUSB
      (0x1234, 0x0001, 0x0110, "@SPI Flash/0x00000000/128*64Kg", false),
      (0x1234, 0x0001, nil, "@nothing that parses", false),
      (0x1234, 0x0001, 0x0110, "UNKNOWN", false),
      (0x0483, 0xA291, 0x0100, nil, true),  // NumWorks
      (0x2E3C, 0xDF11, 0x0110, "@Internal Flash  /0x08000000/ 128*1Kg", true),
      (0x314B, 0x0106, 0x0100, "@Internal Flash  /0x8000000/06*002Kg,058*002Kg", true),
      (0x28E9, 0x0189, 0x0100, "@Internal Flash  /0x08000000/12*001Ka,116*001Kg", true),
      (0x3997, 0xDF11, 0x0110, "@Internal Flash  /0x08000000/128*001Kg", true),
      (0x2E3C, 0xDF11, 0x0110, "Artery", false),
      (0x2341, 0x0369, 0x011A, "@CodeFlash /0x00000000/8*2Ka,120*2Kg", false),  // UNO R4
      (0x2341, 0x0374, nil, "@CodeFlash /0x00000000/8*2Ka,120*2Kg", false),
      (0x2341, 0x0368, nil, "@CodeFlash /0x00000000/8*2Ka,120*2Kg", false),
      (0x1234, 0x0001, 0x0110, nil, false),
      (0x1234, 0x0001, nil, nil, false),
    ] as [(UInt16, UInt16, UInt16?, String?, Bool)])
  func `what an interface speaks follows from known ids, then its version, then its map`(
    vendor: UInt16, product: UInt16, version: UInt16?, name: String?, expected: Bool
  ) {
    let identity = DeviceIdentity(
      vendorID: vendor, productID: product, bcdDevice: 0x0100, path: "1-1", address: 4)
    let interface = Self.interface(version: version, name: name)
    #expect((interface.dfuProtocol(on: identity) == .dfuse) == expected)
  }

  /// Seven bytes have no version; nine that say 1.0 state one.
  @Test func `a stated version of 1 point 0 is not the lack of one`() {
    let identity = DeviceIdentity(
      vendorID: 0x0483, productID: 0xDF11, bcdDevice: 0x0100, path: "1-1", address: 4)
    var interface = Self.interface(
      version: 0x0100, name: "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg")
    interface.functional?.statesVersion = true
    #expect(interface.dfuProtocol(on: identity) == .plain)
    interface.functional?.statesVersion = false
    #expect(interface.dfuProtocol(on: identity) == .dfuse)
  }

  @Test(
    arguments: [
      (0x2E3C, 0xDF11, 0x0110, .undecided), (0x0483, 0xDF11, 0x0100, .undecided),
      (0x0483, 0xDF11, 0x0110, .plain), (0x0483, 0xDF11, 0x011A, .dfuse),
      (0x1234, 0x0001, 0x0100, .plain), (0x2341, 0x0369, 0x0101, .plain),
      (0x0483, 0xA291, 0x0100, .dfuse),
    ] as [(UInt16, UInt16, UInt16, DFUProtocol)])
  func `names that were not read leave it open only where ids are known for DfuSe`(
    vendor: UInt16, product: UInt16, version: UInt16, expected: DFUProtocol
  ) {
    let identity = DeviceIdentity(
      vendorID: vendor, productID: product, bcdDevice: 0x0100, path: "1-1", address: 4)
    let interface = Self.interface(version: version, name: nil)
    #expect(interface.dfuProtocol(on: identity, namesAreKnown: false) == expected)
  }

  @Test func `the Maple bootloader claims DfuSe and is plain DFU`() {
    var maple = DeviceIdentity(
      vendorID: 0x1EAF, productID: 0x0003, bcdDevice: 0x0200, path: "1-1", address: 4)
    let interface = Self.interface(version: 0x011A, name: nil)
    #expect(interface.dfuProtocol(on: maple) != .dfuse)
    maple.bcdDevice = 0x0201
    #expect(interface.dfuProtocol(on: maple) == .dfuse)
  }
}
