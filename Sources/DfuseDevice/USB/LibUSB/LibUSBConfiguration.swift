import CLibUSB

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
