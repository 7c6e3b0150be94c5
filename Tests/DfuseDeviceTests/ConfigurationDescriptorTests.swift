import Testing

@testable import DfuseDevice

@Suite struct ConfigurationDescriptorTests {
  /// The STM32F4 Discovery's ROM: four alternate settings, the functional descriptor last.
  static let stm32f4: [UInt8] = [
    0x09, 0x02, 0x36, 0x00, 0x01, 0x01, 0x00, 0xC0, 0x32,
    0x09, 0x04, 0x00, 0x00, 0x00, 0xFE, 0x01, 0x02, 0x04,
    0x09, 0x04, 0x00, 0x01, 0x00, 0xFE, 0x01, 0x02, 0x05,
    0x09, 0x04, 0x00, 0x02, 0x00, 0xFE, 0x01, 0x02, 0x06,
    0x09, 0x04, 0x00, 0x03, 0x00, 0xFE, 0x01, 0x02, 0x07,
    0x09, 0x21, 0x0B, 0xFF, 0x00, 0x00, 0x08, 0x1A, 0x01,
  ]

  /// A configuration header that claims `value`, and what follows it.
  static func configuration(value: UInt8 = 1, _ descriptors: [UInt8]...) -> [UInt8] {
    let body = descriptors.flatMap { $0 }
    return [9, 2, UInt8(body.count + 9), 0, 1, value, 0, 0xC0, 50] + body
  }

  static let dfuMode: [UInt8] = [9, 4, 0, 0, 0, 0xFE, 1, 2, 4]
  static let runTime: [UInt8] = [9, 4, 2, 0, 0, 0xFE, 1, 1, 7]
  static let dfuSe: [UInt8] = [9, 0x21, 0x0B, 0xFF, 0, 0, 8, 0x1A, 1]

  @Test func `an STM32 ROM shows one interface with its alternates and string indexes`() throws {
    let found = try ConfigurationDescriptor.dfuInterfaces(in: Self.stm32f4)
    let interface = DFUInterface(
      configuration: 1, number: 0, mode: .dfu,
      alternateSettings: [
        .init(number: 0, name: nil), .init(number: 1, name: nil), .init(number: 2, name: nil),
        .init(number: 3, name: nil),
      ],
      functional: DFUFunctionalDescriptor(
        bmAttributes: 0x0B, wDetachTimeOut: 255, wTransferSize: 2048, bcdDFUVersion: 0x011A))
    #expect(found == [DFUInterfaceDescriptor(interface: interface, stringIndexes: [4, 5, 6, 7])])
  }

  @Test func `the functional descriptor of a HID interface is not DFU's`() throws {
    let hid: [UInt8] = [9, 4, 1, 0, 1, 3, 1, 1, 0]
    let hidDescriptor: [UInt8] = [9, 0x21, 0x11, 1, 0, 1, 0x22, 0x3F, 0]
    let found = try ConfigurationDescriptor.dfuInterfaces(
      in: Self.configuration(Self.dfuMode, hid, hidDescriptor))
    #expect(found.map(\.interface.number) == [0])
    #expect(found.first?.interface.functional == nil)
  }

  @Test func `the functional descriptor may follow any alternate setting`() throws {
    let second: [UInt8] = [9, 4, 0, 1, 0, 0xFE, 1, 2, 5]
    let found = try ConfigurationDescriptor.dfuInterfaces(
      in: Self.configuration(Self.dfuMode, Self.dfuSe, second))
    #expect(found.first?.interface.functional?.bcdDFUVersion == 0x011A)
    #expect(found.first?.stringIndexes == [4, 5])
  }

  @Test func `without a version field the descriptor is DFU 1 point 0`() throws {
    let short: [UInt8] = [7, 0x21, 0x01, 0x10, 0x27, 0x40, 0]
    let found = try ConfigurationDescriptor.dfuInterfaces(
      in: Self.configuration(Self.dfuMode, short))
    #expect(
      found.first?.interface.functional
        == DFUFunctionalDescriptor(
          bmAttributes: 1, wDetachTimeOut: 10_000, wTransferSize: 64, bcdDFUVersion: 0x0100,
          statesVersion: false))
  }

  @Test func `a functional descriptor longer than nine bytes is read`() throws {
    let long: [UInt8] = [11, 0x21, 0x0B, 0xFF, 0, 0, 4, 0x1A, 1, 0xAA, 0xBB]
    let found = try ConfigurationDescriptor.dfuInterfaces(
      in: Self.configuration(Self.dfuMode, long))
    #expect(found.first?.interface.functional?.wTransferSize == 1024)
    #expect(found.first?.interface.functional?.isDfuSe == true)
  }

  @Test func `an application and its class interfaces show a run-time interface`() throws {
    let association: [UInt8] = [8, 11, 0, 2, 2, 2, 1, 0]
    let cdc: [UInt8] = [9, 4, 0, 0, 1, 2, 2, 1, 0]
    let header: [UInt8] = [5, 0x24, 0, 0x10, 1]
    let endpoint: [UInt8] = [7, 5, 0x82, 3, 8, 0, 16]
    let plainDFU: [UInt8] = [9, 0x21, 0x0D, 0xFF, 0, 0, 4, 0x10, 1]
    let found = try ConfigurationDescriptor.dfuInterfaces(
      in: Self.configuration(
        value: 3, association, cdc, header, endpoint, Self.runTime, plainDFU))
    #expect(found.map(\.interface.mode) == [.runTime])
    #expect(found.map(\.interface.number) == [2])
    #expect(found.map(\.interface.configuration) == [3])
    #expect(found.map(\.stringIndexes) == [[7]])
    #expect(found.first?.interface.functional?.bcdDFUVersion == 0x0110)
  }

  @Test func `protocol 0 is DFU mode when the version says DfuSe, as on the DSO Nano`() throws {
    let nano: [UInt8] = [9, 4, 0, 0, 0, 0xFE, 1, 0, 4]
    let found = try ConfigurationDescriptor.dfuInterfaces(in: Self.configuration(nano, Self.dfuSe))
    #expect(found.map(\.interface.mode) == [.dfu])
  }

  @Test(arguments: [0, 3, 0xFF] as [UInt8])
  func `another protocol without DfuSe is no DFU interface`(protocolCode: UInt8) throws {
    let other: [UInt8] = [9, 4, 0, 0, 0, 0xFE, 1, protocolCode, 4]
    let plain: [UInt8] = [9, 0x21, 0x0B, 0xFF, 0, 0, 8, 0x10, 1]
    #expect(try ConfigurationDescriptor.dfuInterfaces(in: Self.configuration(other, plain)) == [])
  }

  @Test func `a descriptor of length zero ends the search and keeps what was found`() throws {
    let found = try ConfigurationDescriptor.dfuInterfaces(
      in: Self.configuration(Self.dfuMode, Self.dfuSe, [0, 0], Self.runTime))
    #expect(found.map(\.interface.mode) == [.dfu])
    #expect(found.first?.interface.functional?.isDfuSe == true)
  }

  @Test(arguments: 0..<9)
  func `a configuration that ends in its header is refused`(length: Int) {
    #expect(
      throws: USBError.badDescriptor(reason: "the configuration descriptor ends in its header")
    ) {
      try ConfigurationDescriptor.dfuInterfaces(in: Array(Self.stm32f4.prefix(length)))
    }
  }

  @Test(arguments: 9..<54)
  func `a configuration cut short shows the whole alternates before the cut`(length: Int) throws {
    let found = try ConfigurationDescriptor.dfuInterfaces(in: Array(Self.stm32f4.prefix(length)))
    let alternates = found.flatMap(\.interface.alternateSettings)
    #expect(alternates.count == min((length - 9) / 9, 4))
    #expect(found.allSatisfy { $0.interface.functional == nil })
  }

  @Test func `another descriptor in its place is refused`() {
    let reason = "type 1 stands where the configuration descriptor should be"
    #expect(throws: USBError.badDescriptor(reason: reason)) {
      try ConfigurationDescriptor.dfuInterfaces(in: [18, 1, 0, 2, 0, 0, 0, 64, 0x83, 4])
    }
  }

  @Test func `names are filled in by string index, and index 0 is not asked for`() throws {
    let unnamed: [UInt8] = [9, 4, 0, 1, 0, 0xFE, 1, 2, 0]
    let found = try #require(
      try ConfigurationDescriptor.dfuInterfaces(
        in: Self.configuration(Self.dfuMode, unnamed, Self.dfuSe)
      ).first)
    var asked: [UInt8] = []
    let named = found.named { index in
      asked.append(index)
      return "string \(index)"
    }
    #expect(asked == [4])
    #expect(named.alternateSettings.map(\.name) == ["string 4", nil])
  }
}
