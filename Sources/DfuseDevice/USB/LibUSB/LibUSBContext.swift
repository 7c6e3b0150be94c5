private import CLibUSB
import Synchronization

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
