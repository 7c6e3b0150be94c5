/// The messages of USB/IP as bytes; all numbers are big-endian.
///
/// - SeeAlso: Linux kernel documentation, "USB/IP protocol".
package enum USBIPWire {
  /// The protocol version both sides must name.
  package static let version: UInt16 = 0x0111
  /// OP_REQ_DEVLIST.
  package static let requestDeviceList: UInt16 = 0x8005
  /// OP_REP_DEVLIST.
  package static let replyDeviceList: UInt16 = 0x0005
  /// OP_REQ_IMPORT.
  package static let requestImport: UInt16 = 0x8003
  /// OP_REP_IMPORT.
  package static let replyImport: UInt16 = 0x0003
  /// Bytes of an operation's common header.
  package static let operationHeaderSize = 8
  /// Bytes of a bus id.
  package static let busIDSize = 32
  /// Bytes of the header of every message once a device is imported.
  package static let headerSize = 48

  /// Why an operation is refused.
  package enum Status: UInt32, Hashable, Sendable {
    case ok = 0
    case deviceBusy = 2
    case noSuchDevice = 4
    case otherError = 5
  }

  /// The common header of an operation.
  package static func operationHeader(code: UInt16, status: Status) -> [UInt8] {
    big(version) + big(code) + big(status.rawValue)
  }

  /// Text in a field of fixed size, filled up with NUL; the last byte is always NUL.
  static func padded(_ text: String, to size: Int) -> [UInt8] {
    let bytes = Array(text.utf8.prefix(size - 1))
    return bytes + [UInt8](repeating: 0, count: size - bytes.count)
  }

  /// A number's bytes, the highest first.
  static func big<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    stride(from: Number.bitWidth - 8, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: value >> Number($0))
    }
  }

  /// A number from the four bytes at `offset`.
  static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// A number from the two bytes at `offset`.
  static func half(_ bytes: [UInt8], at offset: Int) -> UInt16 {
    UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }
}

/// A device as the server describes it: 312 bytes, and 4 more an interface in the device list.
package struct USBIPDeviceRecord: Hashable, Sendable {
  /// `speed`: 2 is full speed, 3 high speed.
  package enum Speed: UInt32, Hashable, Sendable {
    case full = 2
    case high = 3
  }

  /// Class, subclass and protocol of an interface's first alternate setting.
  package struct Interface: Hashable, Sendable {
    package var classCode: UInt8
    package var subclass: UInt8
    package var protocolCode: UInt8

    package init(classCode: UInt8, subclass: UInt8, protocolCode: UInt8) {
      self.classCode = classCode
      self.subclass = subclass
      self.protocolCode = protocolCode
    }
  }

  /// The name by which a client asks for it, for example `1-1`.
  package var busID: String
  /// Number of its bus.
  package var busNumber: UInt32
  /// Its number on the bus.
  package var deviceNumber: UInt32
  /// Its speed.
  package var speed: Speed
  /// The device descriptor, 18 bytes, from which ids and classes are taken.
  package var deviceDescriptor: [UInt8]
  /// `bConfigurationValue` of the active configuration.
  package var configurationValue: UInt8
  /// Its interfaces.
  package var interfaces: [Interface]

  /// Makes a record.
  package init(
    busID: String, busNumber: UInt32, deviceNumber: UInt32, speed: Speed,
    deviceDescriptor: [UInt8], configurationValue: UInt8, interfaces: [Interface]
  ) {
    self.busID = busID
    self.busNumber = busNumber
    self.deviceNumber = deviceNumber
    self.speed = speed
    self.deviceDescriptor = deviceDescriptor
    self.configurationValue = configurationValue
    self.interfaces = interfaces
  }

  /// What the client makes of bus and device number to address the device.
  package var devid: UInt32 { busNumber << 16 | deviceNumber }

  /// The 312 bytes of the device.
  package func encode() -> [UInt8] {
    let field = { [deviceDescriptor] (offset: Int) -> UInt8 in
      deviceDescriptor.indices.contains(offset) ? deviceDescriptor[offset] : 0
    }
    var out = USBIPWire.padded("/sys/devices/simulated/usb\(busNumber)/\(busID)", to: 256)
    out += USBIPWire.padded(busID, to: USBIPWire.busIDSize)
    out += USBIPWire.big(busNumber) + USBIPWire.big(deviceNumber) + USBIPWire.big(speed.rawValue)
    // idVendor, idProduct, bcdDevice are little-endian in the descriptor.
    for offset in [8, 10, 12] { out += [field(offset + 1), field(offset)] }
    out += [field(4), field(5), field(6), configurationValue, field(17)]
    out.append(UInt8(clamping: interfaces.count))
    return out
  }

  /// The 4 bytes of each interface.
  package func encodeInterfaces() -> [UInt8] {
    interfaces.prefix(255).flatMap { [$0.classCode, $0.subclass, $0.protocolCode, 0] }
  }
}

/// A message from the client to an imported device.
package enum USBIPCommand: Hashable, Sendable {
  /// USBIP_CMD_SUBMIT: start a transfer.
  case submit(USBIPSubmit)
  /// USBIP_CMD_UNLINK: forget the transfer with the number `victim`.
  case unlink(seqnum: UInt32, devid: UInt32, victim: UInt32)

  /// Reads a header of 48 bytes; nil when it is no command.
  package init?(header: [UInt8]) {
    guard header.count == USBIPWire.headerSize else { return nil }
    let seqnum = USBIPWire.word(header, at: 4)
    let devid = USBIPWire.word(header, at: 8)
    switch USBIPWire.word(header, at: 0) {
    case 1:
      let direction = USBIPWire.word(header, at: 12)
      guard direction <= 1 else { return nil }
      self = .submit(
        USBIPSubmit(
          seqnum: seqnum, devid: devid, isIn: direction == 1,
          endpoint: USBIPWire.word(header, at: 16), length: USBIPWire.word(header, at: 24),
          setup: Array(header[40..<48])))
    case 2:
      self = .unlink(seqnum: seqnum, devid: devid, victim: USBIPWire.word(header, at: 20))
    default:
      return nil
    }
  }
}

/// The fields of USBIP_CMD_SUBMIT that matter for control transfers.
package struct USBIPSubmit: Hashable, Sendable {
  /// The transfer's number, which its reply carries.
  package var seqnum: UInt32
  /// The device.
  package var devid: UInt32
  /// Whether data come from the device.
  package var isIn: Bool
  /// The endpoint.
  package var endpoint: UInt32
  /// `transfer_buffer_length`: bytes that follow, or room for the answer.
  package var length: UInt32
  /// The SETUP packet, 8 bytes, as on USB.
  package var setup: [UInt8]
}

/// Messages from the server about a transfer.
package enum USBIPReply {
  /// −EPIPE: the endpoint stalled.
  package static let stalled: Int32 = -32
  /// −ECONNRESET: the transfer was unlinked.
  package static let unlinked: Int32 = -104

  /// USBIP_RET_SUBMIT with the data of an IN transfer behind it.
  ///
  /// `number_of_packets` is 0, which Linux accepts for control transfers.
  package static func submit(
    seqnum: UInt32, status: Int32, actualLength: Int, data: [UInt8] = []
  ) -> [UInt8] {
    USBIPWire.big(UInt32(3)) + USBIPWire.big(seqnum) + [UInt8](repeating: 0, count: 12)
      + USBIPWire.big(status) + USBIPWire.big(UInt32(clamping: actualLength))
      + [UInt8](repeating: 0, count: 20) + data
  }

  /// USBIP_RET_UNLINK.
  package static func unlink(seqnum: UInt32, status: Int32) -> [UInt8] {
    USBIPWire.big(UInt32(4)) + USBIPWire.big(seqnum) + [UInt8](repeating: 0, count: 12)
      + USBIPWire.big(status) + [UInt8](repeating: 0, count: 24)
  }
}
