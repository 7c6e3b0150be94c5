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
