import Synchronization

/// The USB of this machine, through libusb.
///
/// One of these serves a whole program, and all its threads.
public final class LibUSBBus: USBBus {
  let view: LibUSBView
  private let start = ContinuousClock.now
  private let seen = Mutex(Seen())
  /// A look claims what it looks at for a moment, and a board is not to be opened just then.
  private let asking = Mutex(())
  private let kernelLog: @Sendable () -> KernelLog

  /// What the last ``devices()`` saw.
  private struct Seen {
    /// Listings of devices that could be opened, so that nobody is asked for strings twice, least
    /// of all a board that is being flashed.
    var listings: [DeviceIdentity: USBDeviceListing] = [:]
    /// Devices of the machine, without strings.
    var identities: Set<DeviceIdentity> = []
    /// What the kernel had, where it shows that.
    var kernel: KernelDevices?
    /// The context, and the changes counted in it before.
    var context: LibUSBContext?
    var changeCount = 0
  }

  /// Starts libusb.
  ///
  /// - Throws: ``USBError/noBus`` when libusb cannot start.
  public convenience init() throws(USBError) {
    try self.init(kernelLog: { KernelLog.now() })
  }

  /// Starts libusb, with a log in place of the kernel's.
  init(kernelLog: @escaping @Sendable () -> KernelLog) throws(USBError) {
    view = try LibUSBView()
    self.kernelLog = kernelLog
  }

  /// Every device that has a DFU interface in either mode, in the order of their paths.
  ///
  /// A device is opened, and asked for its strings, when it is seen for the first time; one whose
  /// interface is in use elsewhere is left in peace and listed with ``USBError/busy``, and one that
  /// does not answer with ``USBError/timedOut``.
  /// - Throws: ``USBError/noBus`` when there is no USB. libusb starts on Linux even then and lists
  ///   nothing; a machine with USB has at least a root hub.
  public func devices() throws(USBError) -> [USBDeviceListing] {
    try asking.withLock { _ throws(USBError) in try look() }
  }

  private func look() throws(USBError) -> [USBDeviceListing] {
    let changeCount = view.context.changeCount
    let sight = try view.look()
    #if os(Linux)
      if sight.devices.isEmpty { throw .noBus }
    #endif
    let known = seen.withLock { $0.listings }
    var listings: [DeviceIdentity: USBDeviceListing] = [:]
    for device in sight.devices {
      let interfaces = device.dfuInterfaces()
      guard !interfaces.isEmpty else { continue }
      listings[device.identity] = known[device.identity] ?? Self.listing(of: device, interfaces)
    }
    let found = listings
    let identities = Set(sight.devices.map(\.identity))
    seen.withLock { seen in
      seen.listings = found.filter { $0.value.openError == nil }
      seen.identities = identities
      seen.kernel = sight.kernel
      seen.changeCount = sight.context === seen.context ? changeCount : sight.context.changeCount
      seen.context = sight.context
    }
    return listings.values.sorted { PortPath($0.identity.path) < PortPath($1.identity.path) }
  }

  /// All that is plugged in, and what the kernel's log says of ports at which nothing is.
  ///
  /// No device is opened for it. Where the log may not be read, it says nothing.
  public func surroundings() -> BusSurroundings? {
    guard let devices = try? view.look().devices, !devices.isEmpty else { return nil }
    return BusSurroundings(
      devices: devices.filter { !$0.isHub }.map(\.identity),
      hubs: devices.filter(\.isHub).map(\.identity), log: kernelLog())
  }

  /// Every device but hubs, with the strings that the kernel has read.
  public func pluggedDevices() throws(USBError) -> [PluggedDevice] {
    try view.look().devices.filter { !$0.isHub }.map { device in
      PluggedDevice(
        identity: device.identityWithKnownStrings, interfaces: device.interfaces())
    }.sorted { PortPath($0.identity.path) < PortPath($1.identity.path) }
  }

  /// Opens a board and claims its interface.
  ///
  /// - Throws: ``USBError/disconnected`` when it is not the one that is plugged in there now;
  ///   otherwise what opening or claiming gave.
  public func open(_ board: Board) throws(USBError) -> any USBTransport {
    try asking.withLock { _ throws(USBError) in
      try LibUSBTransport(opening: view.device(board.identity), as: board, view: view)
    }
  }

  /// Waits until a device has come or gone since ``devices()``, or until `limit` has passed.
  ///
  /// - Returns: Whether something may have changed.
  public func waitForChange(limit: Duration) -> Bool {
    let end = ContinuousClock.now + limit
    while true {
      if hasChanged() { return true }
      let left = ContinuousClock.now.duration(to: end)
      guard left > .zero else { return false }
      // Events come at once, where they come; the kernel's files are looked at in any case.
      if view.context.countsChanges {
        unsafe view.context.handleEvents(limit: min(left, .milliseconds(100)))
      } else {
        sleep(min(left, .milliseconds(100)))
      }
    }
  }

  /// The version of libusb, as `1.0.26`.
  public static var version: String { libUSBVersion() }

  /// Whether libusb can tell of devices that come and go; where it cannot, one has to look.
  public var tellsOfChanges: Bool { view.context.countsChanges }

  /// Time since libusb was started.
  public var now: Duration { start.duration(to: .now) }

  private func hasChanged() -> Bool {
    let (changeCount, kernel, identities) = seen.withLock { seen in
      (seen.context === view.context ? seen.changeCount : nil, seen.kernel, seen.identities)
    }
    if view.hasChanged(since: kernel) == true { return true }
    if view.context.countsChanges { return view.context.changeCount != changeCount }
    guard kernel == nil, let sight = try? view.look() else { return false }
    return Set(sight.devices.map(\.identity)) != identities
  }

  /// Opens a device for its strings and closes it again.
  private static func listing(
    of device: LibUSBDevice, _ interfaces: [DFUInterfaceDescriptor]
  ) -> USBDeviceListing {
    var identity = device.identity
    var named = interfaces.map(\.interface)
    var openError: USBError?
    do throws(USBError) {
      let handle = try LibUSBHandle(opening: device)
      let inUse = interfaces.map(\.interface).first { $0.mode == .dfu }
      // A claim shows whether another program is at work there, without any transfer.
      if let inUse { try handle.claim(inUse.number) }
      defer { if let inUse { handle.release(inUse.number) } }
      identity.serialNumber = handle.serialNumber()
      identity.manufacturer = handle.string(at: device.descriptor.manufacturerIndex)
      identity.product = handle.string(at: device.descriptor.productIndex)
      var names: [UInt8: String?] = [:]
      named = interfaces.map { interface in
        interface.named { index in
          if let name = names[index] { return name }
          let name = handle.string(at: index)
          names[index] = .some(name)
          return name
        }
      }
      // Names that did not come are not the device's last word; nor is the listing kept.
      if !handle.answersStrings { openError = .timedOut }
    } catch {
      openError = error
    }
    return USBDeviceListing(identity: identity, interfaces: named, openError: openError)
  }
}

/// A board open through libusb, with its interface claimed.
final class LibUSBTransport: LibUSBControlLink, USBTransport {
  /// The board at the other end, as the bus found it.
  let board: Board

  private let view: LibUSBView
  /// The alternate setting selected by us, or nil when the device may be in any.
  private var alternateSetting: UInt8?

  /// Opens `device`, which is `board` at another address perhaps, and claims its interface.
  init(
    opening device: LibUSBDevice, as board: Board, view: LibUSBView
  ) throws(USBError) {
    self.board = board
    self.view = view
    try super.init(
      opening: device, configuration: board.interface.configuration,
      claiming: board.interface.number)
  }

  /// Selects an alternate setting of the claimed interface (SET_INTERFACE).
  ///
  /// Nothing is sent when it is selected already, or is the only one there: a device may stall the
  /// request then (USB 2.0 section 9.4.10), and macOS makes an error of that (libusb#1011).
  func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    guard number != alternateSetting else { return }
    if interface.alternateSettings.map(\.number) != [number] {
      alternateSetting = nil
      try handle.selectAlternateSetting(number, of: interface.number)
    }
    alternateSetting = number
  }

  /// Resets the device's port, and claims the interface again.
  ///
  /// - Throws: ``USBError/disconnected`` when the device has changed by it and must be found anew.
  override func reset() throws(USBError) {
    alternateSetting = nil
    try super.reset()
  }

  /// Watches the port, twenty times a second.
  ///
  /// The device is the same one as long as it was not plugged in anew.
  func watchPort(for limit: Duration, away: Duration) -> PortSighting {
    var end = now + limit
    var vanished = false
    while true {
      // A list that cannot be had shows nothing either way.
      if let sight = try? view.look() {
        switch sight.devices.first(where: { $0.identity.path == identity.path }) {
        case nil:
          if !vanished { end = min(end, now + away) }
          vanished = true
        case .some(let other) where vanished || other.identity.place != identity.place:
          return .returned(other.identityWithKnownStrings)
        case .some:
          break
        }
      }
      let left = end - now
      guard left > .zero else { return vanished ? .gone : .stillThere }
      sleep(min(left, .milliseconds(50)))
    }
  }

  /// Reads a string descriptor in the device's first language; nil when there is none.
  func string(at index: UInt8) -> String? { handle.string(at: index) }
}

extension Duration {
  /// The duration as libusb takes it: whole milliseconds, rounded up, and never 0, which would
  /// mean to wait for ever.
  var libUSBTimeout: UInt32 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 1 }
    guard seconds < 4_000_000 else { return UInt32.max }
    let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return UInt32(max(seconds * 1000 + rest, 1))
  }
}
