/// What a device tells operating systems and browsers of itself, so that they need no driver file.
///
/// - SeeAlso: USB 3.2 section 9.6.2 for the BOS descriptor; Microsoft OS 1.0 and 2.0 Descriptors;
///   WebUSB API, "WebUSB Platform Capability Descriptor" and "URL Descriptor".
struct PlatformFacts: Hashable, Sendable {
  /// A request of type vendor that is answered with bytes.
  struct Answer: Hashable, Sendable {
    /// The `bmRequestType`s that it takes.
    var types: [UInt8] = [0xC0]
    /// `bRequest`.
    var request: UInt8
    /// `wValue`, where it is looked at, and which of its bits.
    var value: UInt16?
    var mask: UInt16 = 0xFFFF
    /// `wIndex`.
    var index: UInt16
    /// The answer.
    var bytes: [UInt8]
    /// Whether it is given only once the host has chosen a configuration.
    var needsConfiguration = false
    /// Whether all of it is sent, however little was asked for.
    var ignoresLength = false

    /// Whether this is the answer to a request.
    func fits(_ packet: SetupPacket, isConfigured: Bool) -> Bool {
      types.contains(packet.bmRequestType) && packet.bRequest == request
        && packet.wIndex == index && (value == nil || packet.wValue & mask == value)
        && (isConfigured || !needsConfiguration && packet.bmRequestType == 0xC0)
    }
  }

  /// The capabilities of the BOS descriptor, with their headers; without one there is none.
  var capabilities: [[UInt8]] = []
  /// The vendor request that string 0xEE tells Windows to ask with; without one there is none.
  var microsoftRequest: UInt8?
  /// The requests of type vendor that are answered.
  var answers: [Answer] = []

  /// The BOS descriptor with its capabilities.
  var bos: [UInt8]? {
    guard !capabilities.isEmpty else { return nil }
    let rest = Array(capabilities.joined())
    let length = UInt16(5 + rest.count).littleEndianBytes
    return [5, 0x0F, length[0], length[1], UInt8(capabilities.count)] + rest
  }

  /// String descriptor 0xEE: the signature, the request, and a zero.
  var microsoftString: [UInt8]? {
    guard let microsoftRequest else { return nil }
    return [18, 0x03] + Self.wide("MSFT100") + [microsoftRequest, 0]
  }

  // MARK: - The bootloaders'

  /// MicroPython's mboot (ports/stm32/mboot/main.c, `msft100_str_desc`, `msft100_id`,
  /// `pyb_usbdd_Setup`, 2026-07); the LEGO hubs' has the same bytes.
  static let mboot = PlatformFacts(
    microsoftRequest: 0x42, answers: [.compatibleID(0x42, types: [0xC0, 0xC1])])

  /// dapboot (devanlai/dapboot, src/dapboot.c, webusb.c, winusb.c, 2025-02).
  static let dapboot = PlatformFacts(
    capabilities: [webUSB(request: 0x01)], microsoftRequest: 0x21,
    answers: [
      .compatibleID(0x21),
      // `webusb_control_vendor_request` sets the length without a look at `wLength`.
      .landingPage(
        0x01, "devanlai.github.io/webdfu/dfu-util/", value: 1, needsConfiguration: true,
        ignoresLength: true),
    ])

  /// NumWorks' Epsilon (numworks/epsilon, ion/src/device/shared/usb/calculator.h and .cpp, 2026-03).
  static let numWorks = PlatformFacts(
    capabilities: [webUSB(request: 0x01)], microsoftRequest: 0x02,
    answers: [.compatibleID(0x02), .landingPage(0x01, "my.numworks.com")])

  /// TinyUSB's example (hathach/tinyusb, examples/device/dfu/src/usb_descriptors.c, 2026-08): its
  /// callback is asked whatever the recipient is.
  static let tinyUSB: PlatformFacts = {
    let set = microsoftSet(interface: "{3E7E0711-DF3B-4158-A32F-E5951B2AB9A1}")
    return PlatformFacts(
      capabilities: [microsoftOS20(request: 0x01, length: UInt16(set.count))],
      answers: [
        Answer(types: [0xC0, 0xC1, 0xC2, 0xC3], request: 0x01, index: 7, bytes: set)
      ])
  }()

  /// Particle's, for the STM32F2 and the nRF52840 (particle-iot/device-os, usbd_wcid.h;
  /// platform/MCU/STM32F2xx, usbd_dfu_core.c and bootloader/src/stm32f2xx, 2021-12;
  /// bootloader/src/nRF52840, usbd_dfu.cpp, 2024-10).
  ///
  /// They send as much as was asked for, and what is behind the bytes in their memory: that is not
  /// known, and not sent here. `value` is the `wValue` that the older one wants.
  static func particle(value: UInt16? = nil) -> PlatformFacts {
    let properties = interfaceProperties("{37fb5f90-1a34-4929-933b-8a27e1850033}")
    return PlatformFacts(
      microsoftRequest: 0xEE,
      answers: [
        .compatibleID(0xEE, value: value),
        Answer(
          types: [0xC1], request: 0xEE, value: 0, mask: 0x00FF, index: 5, bytes: properties),
        // Any other page.
        Answer(types: [0xC1], request: 0xEE, index: 5, bytes: [UInt8](repeating: 0, count: 10)),
      ])
  }

  // MARK: - Their parts

  /// A platform's capability: USB 3.2 section 9.6.2.4.
  private static func capability(_ uuid: [UInt8], _ data: [UInt8]) -> [UInt8] {
    let header: [UInt8] = [UInt8(4 + uuid.count + data.count), 0x10, 0x05, 0]
    return header + uuid + data
  }

  /// WebUSB's: version 1.0, the request that gives URLs, and the number of the landing page.
  private static func webUSB(request: UInt8) -> [UInt8] {
    capability(
      [
        0x38, 0xB6, 0x08, 0x34, 0xA9, 0x09, 0xA0, 0x47, 0x8B, 0xFD, 0xA0, 0x76, 0x88, 0x15, 0xB6,
        0x65,
      ], [0x00, 0x01, request, 1])
  }

  /// Windows 8.1, which `dwWindowsVersion` calls 0x06030000.
  private static let windows: [UInt8] = [0x00, 0x00, 0x03, 0x06]

  /// Microsoft's, version 2.0: the descriptor set's length, and the request that gives it.
  private static func microsoftOS20(request: UInt8, length: UInt16) -> [UInt8] {
    capability(
      [
        0xDF, 0x60, 0xDD, 0xD8, 0x89, 0x45, 0xC7, 0x4C, 0x9C, 0xD2, 0x65, 0x9D, 0x9E, 0x64, 0x8A,
        0x9F,
      ], windows + length.littleEndianBytes + [request, 0])
  }

  /// The descriptor set of version 2.0: WinUSB is the driver, and this the interface's GUID.
  private static func microsoftSet(interface: String) -> [UInt8] {
    let (name, value) = property(interface)
    var registry: [UInt8] = [0x04, 0, 0x07, 0]
    registry += UInt16(name.count).littleEndianBytes + name
    registry += UInt16(value.count).littleEndianBytes + value
    var rest: [UInt8] = [0x14, 0, 0x03, 0]
    rest += winUSB
    rest += UInt16(registry.count + 2).littleEndianBytes + registry
    var set: [UInt8] = [0x0A, 0, 0, 0]
    set += windows + UInt16(10 + rest.count).littleEndianBytes
    return set + rest
  }

  /// The extended properties of version 1.0: the interface's GUID.
  private static func interfaceProperties(_ interface: String) -> [UInt8] {
    let (name, value) = property(interface)
    var section: [UInt8] = [0x07, 0, 0, 0]
    section += UInt16(name.count).littleEndianBytes + name
    section += UInt32(value.count).littleEndianBytes + value
    var rest: [UInt8] = [0x00, 0x01, 0x05, 0, 1, 0]
    rest += UInt32(section.count + 4).littleEndianBytes + section
    return UInt32(rest.count + 4).littleEndianBytes + rest
  }

  /// The property that holds GUIDs of an interface: a list of one, each with a zero behind it.
  private static func property(_ interface: String) -> (name: [UInt8], value: [UInt8]) {
    (wide("DeviceInterfaceGUIDs\0"), wide(interface + "\0\0"))
  }

  /// UTF-16, little-endian.
  private static func wide(_ text: String) -> [UInt8] {
    text.utf16.flatMap { $0.littleEndianBytes }
  }

  /// The compatible id, and no other below it, 8 bytes each.
  fileprivate static let winUSB = Array("WINUSB".utf8) + [UInt8](repeating: 0, count: 10)
}

extension PlatformFacts.Answer {
  /// The extended compatible id of version 1.0: WinUSB is the driver of interface 0.
  fileprivate static func compatibleID(
    _ request: UInt8, types: [UInt8] = [0xC0], value: UInt16? = nil
  ) -> Self {
    let header: [UInt8] = [0x28, 0, 0, 0, 0x00, 0x01, 0x04, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    let section = [0, 1] + PlatformFacts.winUSB + [UInt8](repeating: 0, count: 6)
    return Self(types: types, request: request, value: value, index: 4, bytes: header + section)
  }

  /// WebUSB's landing page, reached by https.
  fileprivate static func landingPage(
    _ request: UInt8, _ address: String, value: UInt16? = nil, needsConfiguration: Bool = false,
    ignoresLength: Bool = false
  ) -> Self {
    Self(
      request: request, value: value, index: 2,
      bytes: [UInt8(3 + address.utf8.count), 0x03, 1] + address.utf8,
      needsConfiguration: needsConfiguration, ignoresLength: ignoresLength)
  }
}
