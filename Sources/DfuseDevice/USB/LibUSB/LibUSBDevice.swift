import CLibUSB
import Synchronization

// For `timeval`, whose members belong to that module wherever another file imports it.
#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// One libusb context, and the count of devices that came and went in it.
///
/// Unchecked Sendable: libusb locks its contexts itself ("Multi-threaded applications and
/// asynchronous I/O" in its documentation), the pointers here are set once in `init`, and the count
/// is atomic.
@safe final class LibUSBContext: @unchecked Sendable {
  private let context: OpaquePointer
  private let callback: libusb_hotplug_callback_handle?
  private let counter: Counter

  /// Counts arrivals and departures; apart from the context, because libusb's callback needs it
  /// before `init` has come to its end.
  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }

  init() throws(USBError) {
    var context: OpaquePointer?
    // On Linux this succeeds even where there is no USB; see LibUSBBus.devices().
    guard unsafe libusb_init(&context) == 0, let context = unsafe context else { throw .noBus }
    let counter = Counter()
    unsafe self.context = context
    self.counter = counter
    unsafe self.callback = Self.register(counter, in: context)
  }

  deinit {
    if let callback { unsafe libusb_hotplug_deregister_callback(context, callback) }
    unsafe libusb_exit(context)
  }

  /// Asks libusb to count arrivals and departures.
  ///
  /// - Returns: The callback's handle, or nil where libusb cannot tell of them.
  private static func register(
    _ counter: Counter, in context: OpaquePointer
  ) -> libusb_hotplug_callback_handle? {
    guard libusb_has_capability(UInt32(LIBUSB_CAP_HAS_HOTPLUG.rawValue)) != 0 else { return nil }
    let events =
      LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED.rawValue | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT.rawValue
    var handle: libusb_hotplug_callback_handle = 0
    let code = unsafe libusb_hotplug_register_callback(
      context, Int32(events), 0, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
      LIBUSB_HOTPLUG_MATCH_ANY,
      { _, _, _, data in
        if let data = unsafe data {
          let counter = unsafe Unmanaged<Counter>.fromOpaque(data).takeUnretainedValue()
          counter.value.add(1, ordering: .relaxed)
        }
        return 0  // not 0 would end the notifications
      }, Unmanaged.passUnretained(counter).toOpaque(), &handle)
    return code == 0 ? handle : nil
  }

  /// Whether ``changeCount`` counts.
  var countsChanges: Bool { callback != nil }

  /// Devices that have come or gone so far, once ``handleEvents(limit:)`` has heard of them.
  var changeCount: Int { counter.value.load(ordering: .relaxed) }

  /// Handles what libusb has to tell, and waits for it at most `limit`, or until `flag` is not 0.
  func handleEvents(limit: Duration, until flag: UnsafeMutablePointer<Int32>? = nil) {
    let (seconds, attoseconds) = limit.components
    var time = timeval()
    time.tv_sec = .init(clamping: max(seconds, 0))
    time.tv_usec = .init(clamping: max(attoseconds, 0) / 1_000_000_000_000)
    unsafe libusb_handle_events_timeout_completed(context, &time, flag)
  }

  /// All devices of the machine, whatever they are.
  func devices() throws(USBError) -> [LibUSBDevice] {
    var list: UnsafeMutablePointer<OpaquePointer?>?
    let count = unsafe libusb_get_device_list(context, &list)
    defer { if let list = unsafe list { unsafe libusb_free_device_list(list, 1) } }
    try check("libusb_get_device_list", Int32(clamping: count))
    let pointers = unsafe UnsafeBufferPointer(start: list, count: count)
    return unsafe pointers.compactMap { pointer in
      unsafe pointer.flatMap { device in unsafe LibUSBDevice(device, in: self) }
    }
  }
}

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
  /// Whether it is a hub, root hubs among them (`bDeviceClass` 9: USB 2.0 section 11.23.1).
  let isHub: Bool
  // The context must outlive its devices.
  let context: LibUSBContext

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
    isHub = raw.bDeviceClass == 9
    self.context = context
    unsafe self.pointer = unsafe libusb_ref_device(pointer)
  }

  deinit { unsafe libusb_unref_device(pointer) }

  /// The descriptor of the active configuration, else of the first; empty when there is none.
  func configurationBytes() -> [UInt8] {
    var configuration: UnsafeMutablePointer<libusb_config_descriptor>?
    if unsafe libusb_get_active_config_descriptor(pointer, &configuration) != 0,
      unsafe libusb_get_config_descriptor(pointer, 0, &configuration) != 0
    {
      return []
    }
    guard let configuration = unsafe configuration else { return [] }
    defer { unsafe libusb_free_config_descriptor(configuration) }
    return unsafe rawBytes(of: configuration)
  }
}

/// The bytes of a configuration, put together again from what libusb took apart.
///
/// So one parser serves all platforms, and no device has to be opened to look at its descriptors.
/// Standard descriptors are written from their fields, all others stand in libusb's `extra` bytes.
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
  let endpointBytes = unsafe endpoints.flatMap { endpoint in
    let size = unsafe endpoint.wMaxPacketSize
    // 7 bytes; two more in audio devices, which nobody here asks for.
    return unsafe [
      7, endpoint.bDescriptorType, endpoint.bEndpointAddress, endpoint.bmAttributes,
      UInt8(truncatingIfNeeded: size), UInt8(truncatingIfNeeded: size >> 8), endpoint.bInterval,
    ] + array(endpoint.extra, endpoint.extra_length)
  }
  return unsafe fields + array(setting.extra, setting.extra_length) + endpointBytes
}

/// A copy of the `count` values at `start`; empty when there are none.
private func array<Value>(_ start: UnsafePointer<Value>?, _ count: Int32) -> [Value] {
  unsafe Array(UnsafeBufferPointer(start: start, count: start == nil ? 0 : max(Int(count), 0)))
}

/// An open device: control transfers, strings, and what is done to its interfaces.
///
/// Not safe for use from several threads at once.
@safe final class LibUSBHandle {
  let handle: OpaquePointer
  let device: LibUSBDevice
  var strings = StringRequests()

  init(opening device: LibUSBDevice) throws(USBError) {
    var handle: OpaquePointer?
    do throws(USBError) {
      try check("libusb_open", unsafe libusb_open(device.pointer, &handle))
    } catch {
      // libusb takes a missing node for a missing device.
      let lacksNode = KernelDevices.lacksNode(bus: device.bus, address: device.identity.address)
      throw error == .disconnected && lacksNode ? .noNode : error
    }
    guard let handle = unsafe handle else { throw .disconnected }
    unsafe self.handle = handle
    self.device = device
  }

  deinit { unsafe libusb_close(handle) }

  // MARK: Interfaces

  /// Makes `value` the active configuration unless it is; no interface may be claimed meanwhile.
  func selectConfiguration(_ value: UInt8) throws(USBError) {
    var active: Int32 = 0
    try check("libusb_get_configuration", unsafe libusb_get_configuration(handle, &active))
    guard active != Int32(value) else { return }
    try check(
      "libusb_set_configuration", unsafe libusb_set_configuration(handle, Int32(value)))
  }

  /// Claims an interface, taking it from the kernel's driver where libusb can do that.
  func claim(_ interface: UInt8) throws(USBError) {
    // Not supported on some platforms, where nothing has to be detached.
    _ = unsafe libusb_set_auto_detach_kernel_driver(handle, 1)
    try check(
      "libusb_claim_interface", unsafe libusb_claim_interface(handle, Int32(interface)))
  }

  /// Gives a claimed interface back; that it is gone already is no error.
  func release(_ interface: UInt8) {
    _ = unsafe libusb_release_interface(handle, Int32(interface))
  }

  /// Selects an alternate setting of a claimed interface.
  func selectAlternateSetting(_ number: UInt8, of interface: UInt8) throws(USBError) {
    try check(
      "libusb_set_interface_alt_setting",
      unsafe libusb_set_interface_alt_setting(handle, Int32(interface), Int32(number)))
  }

  /// Resets the device's port.
  func reset() throws(USBError) {
    try check("libusb_reset_device", unsafe libusb_reset_device(handle))
  }

  // MARK: Transfers

  /// Moves bytes over a bulk endpoint, whose top bit is the direction.
  ///
  /// - Returns: How many were moved; fewer than there are room for when time ran out after some.
  func bulk(
    _ endpoint: UInt8, _ buffer: inout [UInt8], timeout: Duration
  ) throws(USBError) -> Int {
    var moved: Int32 = 0
    let code = unsafe buffer.withUnsafeMutableBufferPointer { bytes in
      unsafe libusb_bulk_transfer(
        handle, endpoint, bytes.baseAddress, Int32(clamping: bytes.count), &moved,
        timeout.libUSBTimeout)
    }
    if code == LIBUSB_ERROR_TIMEOUT.rawValue, moved > 0 { return Int(moved) }
    try check("libusb_bulk_transfer", code)
    return Int(moved)
  }

  /// The bytes that an endpoint sends or takes at a time.
  func packetSize(of endpoint: UInt8) -> Int {
    max(Int(unsafe libusb_get_max_packet_size(device.pointer, endpoint)), 64)
  }
}

/// A control transfer that libusb has from its submission until it has called back.
///
/// Whoever makes one waits for that, since until then the buffer is libusb's as well.
///
/// - SeeAlso: libusb's "Asynchronous device I/O".
@safe final class LibUSBTransfer {
  /// What the callback sets to 1, as libusb's own synchronous functions have it (its `sync.c`).
  let flag = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  private let transfer: UnsafeMutablePointer<libusb_transfer>
  /// The SETUP packet, and the data behind it.
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  private static let call = "libusb_submit_transfer"

  /// Submits a transfer, without a time-out of libusb's own.
  init(_ queued: QueuedTransfer, on handle: LibUSBHandle) throws(USBError) {
    guard let length = UInt16(exactly: queued.length), queued.data.count <= queued.length,
      let transfer = unsafe libusb_alloc_transfer(0)
    else { throw USBError(libUSB: LIBUSB_ERROR_INVALID_PARAM.rawValue, call: Self.call) }
    let bytes = queued.request.setup(length: length) + queued.data
    unsafe self.transfer = transfer
    unsafe buffer = .allocate(capacity: 8 + queued.length)
    unsafe buffer.initialize(repeating: 0)
    _ = unsafe buffer.update(fromContentsOf: bytes)
    unsafe flag.initialize(to: 0)
    unsafe libusb_fill_control_transfer(
      transfer, handle.handle, buffer.baseAddress,
      { unsafe $0?.pointee.user_data?.assumingMemoryBound(to: Int32.self).pointee = 1 }, flag, 0)
    try check(Self.call, unsafe libusb_submit_transfer(transfer))
  }

  deinit {
    unsafe libusb_free_transfer(transfer)
    unsafe buffer.deallocate()
    unsafe flag.deallocate()
  }

  /// Whether libusb has given it back.
  var isBack: Bool { unsafe flag.pointee != 0 }

  /// Asks for its end, which comes by the callback like any other.
  func cancel() { _ = unsafe libusb_cancel_transfer(transfer) }

  /// The bytes that came, none for a transfer to the device; once it is back.
  func answer() throws(USBError) -> [UInt8] {
    let code =
      switch unsafe transfer.pointee.status {
      case LIBUSB_TRANSFER_COMPLETED: LIBUSB_SUCCESS
      case LIBUSB_TRANSFER_CANCELLED, LIBUSB_TRANSFER_TIMED_OUT: LIBUSB_ERROR_TIMEOUT
      case LIBUSB_TRANSFER_STALL: LIBUSB_ERROR_PIPE
      case LIBUSB_TRANSFER_NO_DEVICE: LIBUSB_ERROR_NO_DEVICE
      case LIBUSB_TRANSFER_OVERFLOW: LIBUSB_ERROR_OVERFLOW
      default: LIBUSB_ERROR_IO
      }
    try check(Self.call, code.rawValue)
    let count = Int(unsafe transfer.pointee.actual_length)
    if unsafe buffer[0] & 0x80 != 0 { return unsafe Array(buffer.dropFirst(8).prefix(count)) }
    let size = unsafe buffer.count - 8
    guard count == size else {
      throw .other(
        call: Self.call, code: Int32(clamping: count),
        name: "only \(count) of \(size) bytes were accepted")
    }
    return []
  }
}

extension USBError {
  /// The error behind a negative libusb code.
  ///
  /// - SeeAlso: libusb's `enum libusb_error`.
  init(libUSB code: Int32, call: String) {
    switch code {
    case LIBUSB_ERROR_PIPE.rawValue: self = .stall
    case LIBUSB_ERROR_TIMEOUT.rawValue: self = .timedOut
    case LIBUSB_ERROR_NO_DEVICE.rawValue: self = .disconnected
    // Of an open device: it has to be enumerated anew, or its interface is no more.
    case LIBUSB_ERROR_NOT_FOUND.rawValue: self = .disconnected
    case LIBUSB_ERROR_ACCESS.rawValue: self = .accessDenied
    case LIBUSB_ERROR_BUSY.rawValue: self = .busy
    case LIBUSB_ERROR_NOT_SUPPORTED.rawValue: self = .noDriver
    case LIBUSB_ERROR_OVERFLOW.rawValue: self = .overflow
    default:
      let name = unsafe String(cString: libusb_error_name(code))
      self = .other(call: call, code: code, name: name)
    }
  }
}

/// Judges what a libusb function returned.
///
/// - Parameters:
///   - call: The function's name, for the error.
///   - code: What it returned.
/// - Returns: `code`, when it is no error: in some calls a count.
/// - Throws: ``USBError`` when `code` is negative.
@discardableResult
func check(_ call: String, _ code: Int32) throws(USBError) -> Int32 {
  guard code >= 0 else { throw USBError(libUSB: code, call: call) }
  return code
}

/// The version of the libusb in use, as `1.0.26`.
func libUSBVersion() -> String {
  let version = unsafe libusb_get_version().pointee
  return unsafe "\(version.major).\(version.minor).\(version.micro)"
}
