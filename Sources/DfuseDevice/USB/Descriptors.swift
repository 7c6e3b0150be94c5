extension ArraySlice<UInt8> {
  /// The byte at `offset` from the slice's own start, or 0 when the slice ends before it.
  func field8(_ offset: Int) -> UInt8 {
    offset < count ? self[startIndex + offset] : 0
  }

  /// The little-endian 16-bit field at `offset` from the slice's own start; missing bytes are 0.
  func field16(_ offset: Int) -> UInt16 {
    UInt16(field8(offset)) | UInt16(field8(offset + 1)) << 8
  }
}

/// The fields of a device descriptor that a DFU host needs.
///
/// - SeeAlso: USB 2.0 section 9.6.1, table 9-8.
package struct DeviceDescriptor: Hashable, Sendable {
  /// `idVendor`.
  package var vendorID: UInt16
  /// `idProduct`.
  package var productID: UInt16
  /// `bcdDevice`, binary coded decimal.
  package var bcdDevice: UInt16
  /// `iManufacturer`, a string index; 0 for none.
  package var manufacturerIndex: UInt8
  /// `iProduct`, a string index; 0 for none.
  package var productIndex: UInt8
  /// `iSerialNumber`, a string index; 0 for none.
  package var serialNumberIndex: UInt8

  /// Reads the 18 bytes of a device descriptor.
  ///
  /// - Parameter bytes: The descriptor as the device sent it; bytes behind it are ignored.
  /// - Returns: The fields a DFU host needs.
  /// - Throws: ``USBError/badDescriptor(reason:)`` when it is too short or of another type.
  package static func parse(_ bytes: [UInt8]) throws(USBError) -> DeviceDescriptor {
    guard bytes.count >= 18, bytes[0] >= 18 else {
      throw .badDescriptor(reason: "the device descriptor has \(bytes.count) bytes instead of 18")
    }
    guard bytes[1] == DescriptorType.device else {
      throw .badDescriptor(reason: "type \(bytes[1]) stands where the device descriptor should be")
    }
    let fields = bytes[...]
    return DeviceDescriptor(
      vendorID: fields.field16(8), productID: fields.field16(10), bcdDevice: fields.field16(12),
      manufacturerIndex: bytes[14], productIndex: bytes[15], serialNumberIndex: bytes[16])
  }
}

/// The descriptor types used here.
///
/// - SeeAlso: USB 2.0 table 9-5; DFU 1.1 section 4.1.3.
enum DescriptorType {
  static let device: UInt8 = 1
  static let configuration: UInt8 = 2
  static let string: UInt8 = 3
  static let interface: UInt8 = 4
  static let endpoint: UInt8 = 5
  /// The DFU functional descriptor, and also the HID descriptor of a HID interface.
  static let dfuFunctional: UInt8 = 0x21
  /// A descriptor of the interface's class, as CDC has several.
  static let classInterface: UInt8 = 0x24
}

/// Text of string descriptors.
///
/// - SeeAlso: USB 2.0 section 9.6.7.
package enum StringDescriptor {
  /// The text of a string descriptor, in the bytes that were received.
  ///
  /// UTF-16, little endian. `bLength` is not believed beyond the bytes there are: STM32F42x ROMs
  /// say 166 and send 112. Half characters become U+FFFD, NULs at the end are dropped.
  ///
  /// - Parameter bytes: What the device sent, its two-byte header included.
  /// - Returns: The text, or nil when the bytes are no string descriptor.
  package static func decode(_ bytes: [UInt8]) -> String? {
    guard let payload = payload(of: bytes) else { return nil }
    var units: [UInt16] = []
    var offset = 0
    while offset + 1 < payload.count {
      units.append(payload.field16(offset))
      offset += 2
    }
    while units.last == 0 { units.removeLast() }
    return String(decoding: units, as: UTF16.self)
  }

  /// The text of a serial number's string descriptor.
  ///
  /// As ``decode(_:)``, but for GD32 bootloaders (28E9:0189), which send 8-bit text such as `3CBJ`
  /// where UTF-16 belongs; one that sends UTF-16 after all is understood too.
  ///
  /// - SeeAlso: The same exception in dfu-util and fwupd.
  package static func decodeSerial(
    _ bytes: [UInt8], vendorID: UInt16, productID: UInt16
  ) -> String? {
    guard USBID(vendorID: vendorID, productID: productID) == .gd32Bootloader,
      let payload = payload(of: bytes),
      payload.enumerated().contains(where: { !$0.offset.isMultiple(of: 2) && $0.element != 0 })
    else { return decode(bytes) }
    var text = payload
    while text.last == 0 { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }

  /// The first language id of string descriptor 0, or 0x0409, US English, when it lists none.
  package static func language(_ bytes: [UInt8]) -> UInt16 {
    guard let payload = payload(of: bytes), payload.count >= 2 else { return 0x0409 }
    return payload.field16(0)
  }

  /// What follows the header, as far as it was received and `bLength` reaches.
  private static func payload(of bytes: [UInt8]) -> ArraySlice<UInt8>? {
    guard bytes.count >= 2, bytes[0] >= 2, bytes[1] == DescriptorType.string else { return nil }
    return bytes.prefix(Int(bytes[0])).dropFirst(2)
  }
}

/// Finds the DFU interfaces in a configuration descriptor.
///
/// The DFU functional descriptor is taken from the configuration, never asked for alone: the ROM
/// of the STM32C5 does not answer GET_DESCRIPTOR(0x21) (betaflight-configurator#5300).
///
/// - SeeAlso: USB 2.0 section 9.6.3; DFU 1.1 sections 4.1 and 4.2.
package enum ConfigurationDescriptor {
  /// The DFU interfaces of a configuration, in the order of the descriptors.
  ///
  /// Names of alternate settings are not known yet; ``DFUInterfaceDescriptor/stringIndexes`` says
  /// where they are. A truncated or impossible descriptor ends the search; what was found stays.
  ///
  /// - Parameter bytes: The whole configuration, `wTotalLength` bytes from its own header on.
  /// - Returns: One entry an interface of class FE/01; none when the device has no DFU.
  /// - Throws: ``USBError/badDescriptor(reason:)`` when the header is not one.
  package static func dfuInterfaces(
    in bytes: [UInt8]
  ) throws(USBError) -> [DFUInterfaceDescriptor] {
    try checkHeader(bytes)
    var found: [(protocolCode: UInt8, descriptor: DFUInterfaceDescriptor)] = []
    // The interface whose descriptors are being read; nil within one that is not for DFU.
    var current: Int?
    for descriptor in descriptors(in: bytes) {
      switch descriptor.field8(1) {
      case DescriptorType.interface:
        guard descriptor.count >= 9, descriptor.field8(5) == 0xFE, descriptor.field8(6) == 0x01
        else {
          current = nil
          continue
        }
        let (number, protocolCode) = (descriptor.field8(2), descriptor.field8(7))
        let known = found.firstIndex {
          $0.protocolCode == protocolCode && $0.descriptor.interface.number == number
        }
        let place = known ?? found.count
        if known == nil {
          let interface = DFUInterface(
            configuration: bytes[5], number: number, mode: protocolCode == 1 ? .runTime : .dfu,
            alternateSettings: [])
          found.append((protocolCode, .init(interface: interface, stringIndexes: [])))
        }
        found[place].descriptor.add(descriptor.field8(3), stringIndex: descriptor.field8(8))
        current = place
      case DescriptorType.dfuFunctional where descriptor.count >= 7:
        if let current, found[current].descriptor.interface.functional == nil {
          found[current].descriptor.interface.functional = functional(descriptor)
        }
      default:
        break
      }
    }
    return found.filter { code, descriptor in
      // The DSO Nano's bootloader leaves the protocol 0 and says DfuSe in its version.
      code == 1 || code == 2 || code == 0 && descriptor.interface.functional?.isDfuSe == true
    }.map(\.descriptor)
  }

  private static func checkHeader(_ bytes: [UInt8]) throws(USBError) {
    guard bytes.count >= 9, bytes[0] >= 9 else {
      throw .badDescriptor(reason: "the configuration descriptor ends in its header")
    }
    guard bytes[1] == DescriptorType.configuration else {
      throw .badDescriptor(
        reason: "type \(bytes[1]) stands where the configuration descriptor should be")
    }
  }

  /// Every interface of a configuration by its first alternate setting, in the order of the
  /// descriptors.
  ///
  /// The interface with a serial port's data is the one that the union descriptor names (CDC 1.2
  /// table 16), else the next one of class 0A.
  ///
  /// - Parameter bytes: The whole configuration, `wTotalLength` bytes from its own header on.
  /// - Returns: One entry an interface.
  /// - Throws: ``USBError/badDescriptor(reason:)`` when the header is not one.
  package static func interfaces(in bytes: [UInt8]) throws(USBError) -> [USBInterface] {
    try checkHeader(bytes)
    var found: [USBInterface] = []
    // Whether the descriptors being read belong to the last interface found.
    var isFirstSetting = false
    for descriptor in descriptors(in: bytes) {
      let kind = descriptor.field8(1)
      if kind == DescriptorType.interface {
        isFirstSetting =
          descriptor.count >= 9 && !found.contains { $0.number == descriptor.field8(2) }
        guard isFirstSetting else { continue }
        let code = USBInterface.Code(
          descriptor.field8(5), descriptor.field8(6), descriptor.field8(7))
        found.append(USBInterface(number: descriptor.field8(2), code: code))
      } else if isFirstSetting, let last = found.indices.last {
        found[last].add(descriptor, ofKind: kind)
      }
    }
    for (place, port) in found.enumerated() where port.isSerialPort && port.dataInterface == nil {
      found[place].dataInterface = found[place...].first { $0.code.classCode == 0x0A }?.number
    }
    return found
  }

  /// The descriptors in a blob of descriptors, one after the other, `bLength` and `bDescriptorType`
  /// included.
  ///
  /// The walk ends at the first descriptor that cannot be: shorter than its own header, or longer
  /// than the bytes that are left. What came before it stands.
  ///
  /// - SeeAlso: USB 2.0 section 9.5.
  private static func descriptors(in bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var found: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    while let length = rest.first.map(Int.init), length >= 2, length <= rest.count {
      found.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return found
  }

  /// The functional descriptor; without `bcdDFUVersion`, which came with DFU 1.1, it is DFU 1.0.
  fileprivate static func functional(_ descriptor: ArraySlice<UInt8>) -> DFUFunctionalDescriptor {
    DFUFunctionalDescriptor(
      bmAttributes: descriptor.field8(2), wDetachTimeOut: descriptor.field16(3),
      wTransferSize: descriptor.field16(5),
      bcdDFUVersion: descriptor.count >= 9 ? descriptor.field16(7) : 0x0100,
      statesVersion: descriptor.count >= 9)
  }
}

extension USBInterface {
  /// Takes in a descriptor that follows the interface's own.
  fileprivate mutating func add(_ descriptor: ArraySlice<UInt8>, ofKind kind: UInt8) {
    switch kind {
    case DescriptorType.dfuFunctional
    where code.classCode == 0xFE && code.subclass == 0x01 && descriptor.count >= 7:
      functional = functional ?? ConfigurationDescriptor.functional(descriptor)
    // The union functional descriptor: CDC 1.2 tables 12 and 13.
    case DescriptorType.classInterface
    where isSerialPort && descriptor.count >= 5 && descriptor.field8(2) == 0x06:
      dataInterface = dataInterface ?? descriptor.field8(4)
    // Bulk, by the low two bits of `bmAttributes`: USB 2.0 table 9-13.
    case DescriptorType.endpoint where descriptor.count >= 7 && descriptor.field8(3) & 3 == 2:
      bulkEndpoints.append(descriptor.field8(2))
    default: break
    }
  }
}

/// A DFU interface as its descriptors show it, before any string has been read.
package struct DFUInterfaceDescriptor: Hashable, Sendable {
  /// The interface; its alternate settings have no names yet.
  package var interface: DFUInterface
  /// `iInterface` of each alternate setting, in the same order; 0 for none.
  package var stringIndexes: [UInt8]

  /// Adds an alternate setting, unless it is there.
  fileprivate mutating func add(_ number: UInt8, stringIndex: UInt8) {
    guard !interface.alternateSettings.contains(where: { $0.number == number }) else { return }
    interface.alternateSettings.append(.init(number: number, name: nil))
    stringIndexes.append(stringIndex)
  }

  /// The interface with the names of its alternate settings.
  ///
  /// - Parameter string: Reads the string at an index that is not 0. It is called for every
  ///   alternate setting in turn, also when two of them share an index.
  /// - Returns: The interface; a name is nil where `string` gave nil or the index is 0.
  package func named(by string: (UInt8) -> String?) -> DFUInterface {
    var named = interface
    for (place, index) in zip(named.alternateSettings.indices, stringIndexes) where index != 0 {
      named.alternateSettings[place].name = string(index)
    }
    return named
  }
}
