import CLibUSB
import Testing

@testable import DfuseDevice

@Suite struct LibUSBTests {
  @Test(
    arguments: [
      // Codes as libusb's documentation numbers them.
      (-3, .accessDenied), (-4, .disconnected), (-5, .disconnected), (-6, .busy), (-7, .timedOut),
      (-8, .overflow), (-9, .stall), (-12, .noDriver),
      (-1, .other(call: "libusb_open", code: -1, name: "LIBUSB_ERROR_IO")),
      (-2, .other(call: "libusb_open", code: -2, name: "LIBUSB_ERROR_INVALID_PARAM")),
      (-10, .other(call: "libusb_open", code: -10, name: "LIBUSB_ERROR_INTERRUPTED")),
      (-11, .other(call: "libusb_open", code: -11, name: "LIBUSB_ERROR_NO_MEM")),
      (-99, .other(call: "libusb_open", code: -99, name: "LIBUSB_ERROR_OTHER")),
    ] as [(Int32, USBError)])
  func `a libusb code becomes a fact`(code: Int32, expected: USBError) {
    #expect(throws: expected) { try check("libusb_open", code) }
  }

  @Test(arguments: [0, 1, 4096] as [Int32])
  func `a count is no error`(code: Int32) throws {
    #expect(try check("libusb_control_transfer", code) == code)
  }

  @Test(
    arguments: [
      (.zero, 1), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1001), 2),
      (.seconds(5), 5000), (.milliseconds(-5), 1), (.seconds(-5), 1),
      (.seconds(4_000_000), .max), (.seconds(Int64.max), .max),
    ] as [(Duration, UInt32)])
  func `a time-out is whole milliseconds and never for ever`(
    duration: Duration, milliseconds: UInt32
  ) {
    #expect(duration.libUSBTimeout == milliseconds)
  }

  /// An interface descriptor as libusb hands it out, without endpoints.
  static func setting(
    _ number: UInt8, _ alternate: UInt8, class classCode: UInt8, subclass: UInt8,
    protocolCode: UInt8, string: UInt8
  ) -> libusb_interface_descriptor {
    var setting = unsafe libusb_interface_descriptor()
    unsafe setting.bLength = 9
    unsafe setting.bDescriptorType = 4
    unsafe setting.bInterfaceNumber = number
    unsafe setting.bAlternateSetting = alternate
    unsafe setting.bInterfaceClass = classCode
    unsafe setting.bInterfaceSubClass = subclass
    unsafe setting.bInterfaceProtocol = protocolCode
    unsafe setting.iInterface = string
    return unsafe setting
  }

  @Test func `a configuration taken apart by libusb becomes the bytes it was`() {
    let functional: [UInt8] = [9, 0x21, 0x0B, 0xFF, 0, 0, 8, 0x1A, 1]
    let association: [UInt8] = [8, 11, 0, 1, 0xFE, 1, 2, 0]
    let bytes: [UInt8] = unsafe functional.withUnsafeBufferPointer { functional in
      unsafe association.withUnsafeBufferPointer { association in
        var last = unsafe Self.setting(
          0, 1, class: 0xFE, subclass: 1, protocolCode: 2, string: 5)
        unsafe last.extra = functional.baseAddress
        unsafe last.extra_length = 9
        let settings = unsafe [
          Self.setting(0, 0, class: 0xFE, subclass: 1, protocolCode: 2, string: 4), last,
        ]
        return unsafe settings.withUnsafeBufferPointer { settings in
          let interfaces = unsafe [
            libusb_interface(altsetting: settings.baseAddress, num_altsetting: 2)
          ]
          return unsafe interfaces.withUnsafeBufferPointer { interfaces in
            var configuration = unsafe libusb_config_descriptor()
            unsafe configuration.bDescriptorType = 2
            unsafe configuration.bNumInterfaces = 1
            unsafe configuration.bConfigurationValue = 1
            unsafe configuration.bmAttributes = 0xC0
            unsafe configuration.MaxPower = 50
            unsafe configuration.interface = interfaces.baseAddress
            unsafe configuration.extra = association.baseAddress
            unsafe configuration.extra_length = 8
            return unsafe rawBytes(of: &configuration)
          }
        }
      }
    }
    #expect(
      bytes == [
        9, 2, 44, 0, 1, 1, 0, 0xC0, 50,
        8, 11, 0, 1, 0xFE, 1, 2, 0,
        9, 4, 0, 0, 0, 0xFE, 1, 2, 4,
        9, 4, 0, 1, 0, 0xFE, 1, 2, 5,
        9, 0x21, 0x0B, 0xFF, 0, 0, 8, 0x1A, 1,
      ])
  }

  @Test func `an interface has its endpoints behind its own descriptors`() throws {
    let union: [UInt8] = [5, 0x24, 6, 0, 1]
    let companion: [UInt8] = [6, 0x30, 0, 0, 0, 0]
    let bytes: [UInt8] = unsafe union.withUnsafeBufferPointer { union in
      unsafe companion.withUnsafeBufferPointer { companion in
        var receiving = unsafe libusb_endpoint_descriptor()
        unsafe receiving.bDescriptorType = 5
        unsafe receiving.bEndpointAddress = 0x01
        unsafe receiving.bmAttributes = 2
        unsafe receiving.wMaxPacketSize = 0x0240
        var sending = unsafe receiving
        unsafe sending.bEndpointAddress = 0x82
        unsafe sending.bInterval = 16
        unsafe sending.extra = companion.baseAddress
        unsafe sending.extra_length = 6
        let endpoints = unsafe [receiving, sending]
        return unsafe endpoints.withUnsafeBufferPointer { endpoints in
          var setting = unsafe Self.setting(
            0, 0, class: 2, subclass: 2, protocolCode: 1, string: 0)
          unsafe setting.bNumEndpoints = 2
          unsafe setting.endpoint = endpoints.baseAddress
          unsafe setting.extra = union.baseAddress
          unsafe setting.extra_length = 5
          let settings = unsafe [setting]
          return unsafe settings.withUnsafeBufferPointer { settings in
            let interfaces = unsafe [
              libusb_interface(altsetting: settings.baseAddress, num_altsetting: 1)
            ]
            return unsafe interfaces.withUnsafeBufferPointer { interfaces in
              var configuration = unsafe libusb_config_descriptor()
              unsafe configuration.bDescriptorType = 2
              unsafe configuration.bNumInterfaces = 1
              unsafe configuration.bConfigurationValue = 1
              unsafe configuration.interface = interfaces.baseAddress
              return unsafe rawBytes(of: &configuration)
            }
          }
        }
      }
    }
    #expect(
      bytes == [
        9, 2, 43, 0, 1, 1, 0, 0, 0,
        9, 4, 0, 0, 2, 2, 2, 1, 0,
        5, 0x24, 6, 0, 1,
        7, 5, 0x01, 2, 0x40, 0x02, 0,
        7, 5, 0x82, 2, 0x40, 0x02, 16,
        6, 0x30, 0, 0, 0, 0,
      ])
    #expect(
      try ConfigurationDescriptor.interfaces(in: bytes) == [
        USBInterface(
          number: 0, code: .init(2, 2, 1), dataInterface: 1, bulkEndpoints: [0x01, 0x82])
      ])
  }

  @Test func `a configuration without interfaces is its header`() {
    var configuration = unsafe libusb_config_descriptor()
    unsafe configuration.bDescriptorType = 2
    unsafe configuration.bConfigurationValue = 1
    #expect(unsafe rawBytes(of: &configuration) == [9, 2, 9, 0, 0, 1, 0, 0, 0])
  }
}
