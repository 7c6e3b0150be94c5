import CLibUSB

/// A device in libusb's list; not opened.
@safe final class LibUSBDevice {
  /// libusb's `libusb_device`, valid as long as this object.
  let pointer: OpaquePointer
  /// The device's ids and place; its strings are not known before it is opened.
  ///
  /// ``LibUSBView`` numbers its plug-in.
  var identity: DeviceIdentity
  /// The number of its bus.
  let bus: UInt8
  /// The device descriptor.
  let descriptor: DeviceDescriptor
  // The context must outlive its devices.
  private let context: LibUSBContext

  /// Holds a device of `context`, or fails when it has no descriptor, having just left.
  init?(_ pointer: OpaquePointer, in context: LibUSBContext) {
    var raw = libusb_device_descriptor()
    guard unsafe libusb_get_device_descriptor(pointer, &raw) == 0 else { return nil }
    // USB allows seven tiers, so there are at most seven ports on the way.
    var ports: [UInt8] = Array(repeating: 0, count: 7)
    let depth = unsafe ports.withUnsafeMutableBufferPointer { buffer in
      unsafe libusb_get_port_numbers(pointer, buffer.baseAddress, Int32(buffer.count))
    }
    bus = unsafe libusb_get_bus_number(pointer)
    identity = DeviceIdentity(
      vendorID: raw.idVendor, productID: raw.idProduct, bcdDevice: raw.bcdDevice,
      path: portPath(bus: bus, ports: Array(ports.prefix(max(Int(depth), 0)))),
      address: unsafe libusb_get_device_address(pointer))
    descriptor = DeviceDescriptor(
      vendorID: raw.idVendor, productID: raw.idProduct, bcdDevice: raw.bcdDevice,
      manufacturerIndex: raw.iManufacturer, productIndex: raw.iProduct,
      serialNumberIndex: raw.iSerialNumber)
    self.context = context
    unsafe self.pointer = unsafe libusb_ref_device(pointer)
  }

  /// The identity with the strings that the kernel knows, without asking the device.
  var identityWithKnownStrings: DeviceIdentity {
    var identity = identity
    (identity.manufacturer, identity.product, identity.serialNumber) = KernelDevices.strings(
      at: identity.path)
    return identity
  }

  deinit { unsafe libusb_unref_device(pointer) }

  /// The DFU interfaces of the active configuration, or of the first when none is active.
  ///
  /// Known without opening the device. A device with unsound descriptors has none.
  func dfuInterfaces() -> [DFUInterfaceDescriptor] {
    var configuration: UnsafeMutablePointer<libusb_config_descriptor>?
    if unsafe libusb_get_active_config_descriptor(pointer, &configuration) != 0,
      unsafe libusb_get_config_descriptor(pointer, 0, &configuration) != 0
    {
      return []
    }
    guard let configuration = unsafe configuration else { return [] }
    defer { unsafe libusb_free_config_descriptor(configuration) }
    let bytes = unsafe rawBytes(of: configuration)
    return (try? ConfigurationDescriptor.dfuInterfaces(in: bytes)) ?? []
  }
}

/// The bytes of a configuration, put together again from what libusb took apart.
///
/// So one parser serves all platforms, and no device has to be opened to look at its descriptors.
/// Standard descriptors are written from their fields, all others stand in libusb's `extra` bytes;
/// endpoint descriptors are left out, for DFU has none, but not what follows them.
func rawBytes(of configuration: UnsafePointer<libusb_config_descriptor>) -> [UInt8] {
  let header = unsafe configuration.pointee
  var bytes: [UInt8] = unsafe [
    9, header.bDescriptorType, 0, 0, header.bNumInterfaces, header.bConfigurationValue,
    header.iConfiguration, header.bmAttributes, header.MaxPower,
  ]
  unsafe bytes += array(header.extra, header.extra_length)
  unsafe bytes += array(header.interface, Int32(header.bNumInterfaces)).flatMap { interface in
    unsafe array(interface.altsetting, interface.num_altsetting).flatMap { setting in
      unsafe rawBytes(of: setting)
    }
  }
  bytes[2] = UInt8(truncatingIfNeeded: bytes.count)
  bytes[3] = UInt8(truncatingIfNeeded: bytes.count >> 8)
  return bytes
}

/// The bytes of one alternate setting and of what belongs to it.
private func rawBytes(of setting: libusb_interface_descriptor) -> [UInt8] {
  let fields: [UInt8] = unsafe [
    9, setting.bDescriptorType, setting.bInterfaceNumber, setting.bAlternateSetting,
    setting.bNumEndpoints, setting.bInterfaceClass, setting.bInterfaceSubClass,
    setting.bInterfaceProtocol, setting.iInterface,
  ]
  let endpoints = unsafe array(setting.endpoint, Int32(setting.bNumEndpoints))
  let behindEndpoints = unsafe endpoints.flatMap { unsafe array($0.extra, $0.extra_length) }
  return unsafe fields + array(setting.extra, setting.extra_length) + behindEndpoints
}

/// A copy of the `count` values at `start`; empty when there are none.
private func array<Value>(_ start: UnsafePointer<Value>?, _ count: Int32) -> [Value] {
  unsafe Array(UnsafeBufferPointer(start: start, count: start == nil ? 0 : max(Int(count), 0)))
}
