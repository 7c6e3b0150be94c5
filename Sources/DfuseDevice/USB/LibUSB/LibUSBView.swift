private import CLibUSB
import Synchronization

/// libusb's view of the machine, renewed where it has become stale.
///
/// A libusb context is kept as long as its list has the devices that the kernel has. Where it has
/// others, and the kernel has changed since the context was made, a fresh one is made, which looks
/// anew. Devices that are open keep the context they were opened in.
final class LibUSBView: Sendable {
  private struct State {
    var context: LibUSBContext
    /// What the kernel had when the context was made.
    var kernel: KernelDevices?
    /// The plug-ins seen so far where the kernel does not number them.
    var plugIns: [String: DeviceIdentity] = [:]
    var generation: UInt64 = 0
  }

  /// What there is at one moment.
  struct Sight {
    /// The context that the devices belong to.
    var context: LibUSBContext
    /// All devices of the machine, whatever they are.
    var devices: [LibUSBDevice]
    /// What the kernel has, where it shows that.
    var kernel: KernelDevices?
  }

  private let state: Mutex<State>
  private let kernel: @Sendable () -> KernelDevices?

  /// Starts libusb.
  ///
  /// `kernel` tells what the kernel has; tests hand in their own.
  init(
    kernel: @escaping @Sendable () -> KernelDevices? = { KernelDevices.now() }
  ) throws(USBError) {
    self.kernel = kernel
    let before = kernel()
    state = Mutex(State(context: try LibUSBContext(), kernel: before))
  }

  /// The context in use.
  var context: LibUSBContext { state.withLock { $0.context } }

  /// The devices of the machine now.
  func look() throws(USBError) -> Sight {
    // Before the list is asked for, so that a device that comes in between makes them differ.
    let kernel = kernel()
    let (context, made) = state.withLock { ($0.context, $0.kernel) }
    let devices = try context.devices()
    guard let kernel, kernel != made, !Self.agree(devices, kernel, since: made) else {
      return sight(of: devices, in: context, kernel)
    }
    let fresh = try LibUSBContext()
    state.withLock { state in
      state.context = fresh
      state.kernel = kernel
    }
    return sight(of: try fresh.devices(), in: fresh, kernel)
  }

  /// Numbers the plug-ins of the devices: by the kernel's files, else by their addresses.
  private func sight(
    of devices: [LibUSBDevice], in context: LibUSBContext, _ kernel: KernelDevices?
  ) -> Sight {
    if let kernel {
      for device in devices {
        device.identity.generation =
          kernel.device(bus: device.bus, address: device.identity.address)?.file ?? 0
      }
      return Sight(context: context, devices: devices, kernel: kernel)
    }
    state.withLock { state in
      let before = state.plugIns
      state.plugIns = [:]
      for device in devices {
        let path = device.identity.path
        if let known = before[path], known.address == device.identity.address,
          known.usbID == device.identity.usbID
        {
          device.identity.generation = known.generation
        } else {
          state.generation += 1
          device.identity.generation = state.generation
        }
        state.plugIns[path] = device.identity
      }
    }
    return Sight(context: context, devices: devices, kernel: nil)
  }

  /// Whether libusb lists what the kernel has; `made` is what it had when libusb looked first.
  private static func agree(
    _ devices: [LibUSBDevice], _ kernel: KernelDevices, since made: KernelDevices?
  ) -> Bool {
    struct Place: Hashable {
      var bus: UInt8
      var address: UInt8
    }
    let listed = Set(devices.map { Place(bus: $0.bus, address: $0.identity.address) })
    guard listed == Set(kernel.devices.map { Place(bus: $0.bus, address: $0.address) }) else {
      return false
    }
    // The same address may be that of another plug-in, of which libusb has heard nothing.
    return kernel.devices.allSatisfy { device in
      made?.device(bus: device.bus, address: device.address).map { $0 == device } ?? true
    }
  }

  /// Whether the kernel has other devices than `before`; nil where it does not show them.
  func hasChanged(since before: KernelDevices?) -> Bool? {
    guard let before, let now = kernel() else { return nil }
    return now != before
  }
}

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

  /// Handles what libusb has to tell, and waits for it at most `limit`.
  func handleEvents(limit: Duration) {
    let (seconds, attoseconds) = limit.components
    var time = timeval()
    time.tv_sec = .init(clamping: max(seconds, 0))
    time.tv_usec = .init(clamping: max(attoseconds, 0) / 1_000_000_000_000)
    unsafe libusb_handle_events_timeout_completed(context, &time, nil)
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
