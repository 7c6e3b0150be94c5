import DfuseTestSupport
import Testing

@testable import DfuseDevice

/// All interfaces of a running device, from its configuration descriptor.
@Suite struct InterfaceDescriptorTests {
  /// Betaflight's joystick and serial port (0483:3256): a HID interface, then an association.
  static let betaflight: [UInt8] = [
    0x09, 0x02, 0x6C, 0x00, 0x03, 0x01, 0x00, 0xC0, 0x32,
    0x09, 0x04, 0x00, 0x00, 0x01, 0x03, 0x00, 0x00, 0x00,
    0x09, 0x21, 0x11, 0x01, 0x00, 0x01, 0x22, 0x26, 0x00,
    0x07, 0x05, 0x83, 0x03, 0x08, 0x00, 0x0A,
    0x08, 0x0B, 0x01, 0x02, 0x02, 0x02, 0x01, 0x00,
    0x09, 0x04, 0x01, 0x00, 0x01, 0x02, 0x02, 0x01, 0x00,
    0x05, 0x24, 0x00, 0x10, 0x01,
    0x05, 0x24, 0x01, 0x00, 0x02,
    0x04, 0x24, 0x02, 0x02,
    0x05, 0x24, 0x06, 0x01, 0x02,
    0x07, 0x05, 0x82, 0x03, 0x08, 0x00, 0xFF,
    0x09, 0x04, 0x02, 0x00, 0x02, 0x0A, 0x00, 0x00, 0x00,
    0x07, 0x05, 0x01, 0x02, 0x40, 0x00, 0x00,
    0x07, 0x05, 0x81, 0x02, 0x40, 0x00, 0x00,
  ]

  /// candleLight (1d50:606f): a CAN interface, and one that can be asked to enter DFU mode.
  static let candleLight: [UInt8] = [
    0x09, 0x02, 0x32, 0x00, 0x02, 0x01, 0x04, 0x80, 0x4B,
    0x09, 0x04, 0x00, 0x00, 0x02, 0xFF, 0xFF, 0xFF, 0x00,
    0x07, 0x05, 0x81, 0x02, 0x40, 0x00, 0x00,
    0x07, 0x05, 0x02, 0x02, 0x40, 0x00, 0x00,
    0x09, 0x04, 0x01, 0x00, 0x00, 0xFE, 0x01, 0x01, 0xE0,
    0x09, 0x21, 0x0B, 0xFF, 0x00, 0x00, 0x08, 0x1A, 0x01,
  ]

  /// ST's serial port as its examples have it, without what `leavingOut` names.
  static func port(leavingOut union: Bool = false, data: UInt8 = 1) -> [UInt8] {
    ConfigurationDescriptorTests.configuration(
      [9, 4, 0, 0, 1, 2, 2, 1, 0], [5, 0x24, 0, 0x10, 1], union ? [] : [5, 0x24, 6, 0, data],
      [7, 5, 0x82, 3, 8, 0, 0x10], [9, 4, 1, 0, 2, 0x0A, 0, 0, 0], [7, 5, 1, 2, 0x40, 0, 0],
      [7, 5, 0x81, 2, 0x40, 0, 0])
  }

  private func device(_ bytes: [UInt8]) throws -> PluggedDevice {
    PluggedDevice(
      identity: DeviceIdentity(
        vendorID: 0x0483, productID: 0x5740, bcdDevice: 0x0200, path: "1-1", address: 2),
      interfaces: try ConfigurationDescriptor.interfaces(in: bytes))
  }

  @Test func `a joystick beside a serial port is told apart from it`() throws {
    let found = try ConfigurationDescriptor.interfaces(in: Self.betaflight)
    #expect(
      found == [
        USBInterface(number: 0, code: .init(3, 0, 0)),
        USBInterface(number: 1, code: .init(2, 2, 1), dataInterface: 2),
        USBInterface(number: 2, code: .init(0x0A, 0, 0), bulkEndpoints: [0x01, 0x81]),
      ])
    #expect(try device(Self.betaflight).serialPorts.map(\.number) == [1])
    #expect(try device(Self.betaflight).dfuRunTime == nil)
  }

  @Test func `a CAN adapter has no serial port, and can be asked to enter DFU mode`() throws {
    let device = try device(Self.candleLight)
    #expect(device.serialPorts == [])
    #expect(
      device.dfuRunTime
        == USBInterface(
          number: 1, code: .dfuRunTime,
          functional: .init(
            bmAttributes: 0x0B, wDetachTimeOut: 255, wTransferSize: 2048, bcdDFUVersion: 0x011A)))
    #expect(device.interfaces.first?.bulkEndpoints == [0x81, 0x02])
  }

  @Test func `without a union descriptor, the next data interface is the port's`() throws {
    let found = try ConfigurationDescriptor.interfaces(in: Self.port(leavingOut: true))
    #expect(found.first?.dataInterface == 1)
    #expect(found.last?.bulkEndpoints == [0x01, 0x81])
  }

  @Test func `the union descriptor is believed, even if it names what is not there`() throws {
    let found = try ConfigurationDescriptor.interfaces(in: Self.port(data: 9))
    #expect(found.first?.dataInterface == 9)
  }

  @Test func `two ports have each its own data interface`() throws {
    let bytes = ConfigurationDescriptorTests.configuration(
      [9, 4, 0, 0, 0, 2, 2, 0, 0], [9, 4, 1, 0, 0, 0x0A, 0, 0, 0], [7, 5, 0x81, 2, 64, 0, 0],
      [9, 4, 2, 0, 0, 2, 2, 0, 0], [9, 4, 3, 0, 0, 0x0A, 0, 0, 0], [7, 5, 0x83, 2, 64, 0, 0])
    let device = try device(bytes)
    #expect(device.serialPorts.map(\.number) == [0, 2])
    #expect(device.serialPorts.map(\.dataInterface) == [1, 3])
  }

  @Test func `of several alternate settings the first one counts`() throws {
    let bytes = ConfigurationDescriptorTests.configuration(
      [9, 4, 0, 0, 1, 0xFF, 0, 0, 0], [7, 5, 0x81, 2, 64, 0, 0],
      [9, 4, 0, 1, 1, 0xFE, 1, 1, 0], [7, 5, 0x02, 2, 64, 0, 0])
    #expect(
      try ConfigurationDescriptor.interfaces(in: bytes) == [
        USBInterface(number: 0, code: .init(0xFF, 0, 0), bulkEndpoints: [0x81])
      ])
  }

  @Test func `a HID descriptor is no functional descriptor`() throws {
    let found = try ConfigurationDescriptor.interfaces(in: Self.betaflight)
    #expect(found.allSatisfy { $0.functional == nil })
  }

  @Test(arguments: 0..<9)
  func `a configuration that ends in its header is refused`(length: Int) {
    #expect(
      throws: USBError.badDescriptor(reason: "the configuration descriptor ends in its header")
    ) {
      try ConfigurationDescriptor.interfaces(in: Array(Self.betaflight.prefix(length)))
    }
  }

  @Test(arguments: 9..<108)
  func `a configuration cut short shows the whole interfaces before the cut`(length: Int) throws {
    let whole = try ConfigurationDescriptor.interfaces(in: Self.betaflight)
    let found = try ConfigurationDescriptor.interfaces(
      in: Array(Self.betaflight.prefix(length)))
    #expect(found.map(\.code) == whole.prefix(found.count).map(\.code))
    #expect(found.count == [18, 51, 86].count { $0 <= length })
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `damaged configurations are refused or read within their bounds`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for sound in [Self.betaflight, Self.candleLight, Self.port()] {
      for _ in 0..<300 {
        let bytes = Mutation.of(sound, using: &random)
        let found = (try? ConfigurationDescriptor.interfaces(in: bytes)) ?? []
        // An interface costs nine bytes and an endpoint seven, whatever the damage.
        let endpoints = found.flatMap(\.bulkEndpoints).count
        #expect(found.count * 9 + endpoints * 7 <= bytes.count)
        #expect(Set(found.map(\.number)).count == found.count)
      }
    }
  }
}
