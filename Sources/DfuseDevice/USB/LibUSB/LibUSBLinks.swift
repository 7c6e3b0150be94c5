extension LibUSBBus {
  /// Opens a device for control transfers.
  ///
  /// The kernel's driver gives way to a claim, and has its interface back when the link goes.
  /// - Throws: ``USBError/disconnected`` when it is not the one that is plugged in there now;
  ///   otherwise what opening or claiming gave.
  public func openControl(
    _ device: PluggedDevice, claiming interface: UInt8?
  ) throws(USBError) -> any ControlLink {
    try LibUSBControlLink(opening: view.device(device.identity), claiming: interface)
  }

  /// Opens a serial port: the kernel's tty of the interface where there is one, else the interface
  /// itself, through libusb.
  ///
  /// Never the one in place of the other: taking an interface from the kernel's driver hangs up
  /// whoever has its tty.
  /// - Throws: ``SerialError/gone`` when the device is not the one that is plugged in there now.
  public func openSerial(
    _ device: PluggedDevice, interface: UInt8
  ) throws(SerialError) -> any SerialLink {
    let there: LibUSBDevice
    do throws(USBError) {
      there = try view.device(device.identity)
    } catch {
      throw SerialError(error)
    }
    #if os(Linux)
      if let port = try KernelPort.find(of: there.identity, interface: interface) {
        return try TTYLink(opening: port)
      }
    #endif
    guard let port = device.serialPorts.first(where: { $0.number == interface }) else {
      throw .noPort(nil)
    }
    return try LibUSBSerialLink(
      opening: there, port: port,
      data: device.interfaces.first { $0.number == port.dataInterface })
  }
}

extension SerialError {
  /// What a failed transfer means for a serial port.
  init(_ error: USBError) {
    switch error {
    case .disconnected: self = .gone
    case .timedOut: self = .timedOut
    default: self = .usb(error)
    }
  }

  /// What a failure to open or to claim means for the port `name` of the device behind `node`.
  init(opening error: USBError, name: String, node: String) {
    switch error {
    case .busy: self = .inUse(port: name, by: nil)
    case .accessDenied: self = .accessDenied(port: node, group: nil)
    case .noNode, .noDriver: self = .noPort(error)
    default: self.init(error)
    }
  }
}

/// A device open through libusb for control transfers, with one interface claimed or none.
///
/// The interface is released and the device closed when the object goes away.
class LibUSBControlLink: ControlLink {
  let handle: LibUSBHandle
  private let claimed: UInt8?
  private let start = ContinuousClock.now

  /// Opens a device; `configuration` is the one that the interface is in, where that is to be chosen.
  init(
    opening device: LibUSBDevice, configuration: UInt8? = nil, claiming interface: UInt8?
  ) throws(USBError) {
    handle = try LibUSBHandle(opening: device)
    claimed = interface
    if let configuration { try handle.selectConfiguration(configuration) }
    if let interface { try handle.claim(interface) }
  }

  deinit { if let claimed { handle.release(claimed) } }

  func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    try handle.controlOut(request, data: data, timeout: timeout)
  }

  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try handle.controlIn(request, length: length, timeout: timeout)
  }

  // Elsewhere nobody has looked in which order they come to the device: one after the other there.
  #if os(Linux)
    func perform(
      _ transfers: [QueuedTransfer], until isStopped: (() -> Bool)?
    ) -> [TransferAnswer] {
      handle.perform(transfers, until: isStopped) { now }
    }
  #endif

  /// Resets the device's port, and claims the interface again.
  func reset() throws(USBError) {
    if let claimed { handle.release(claimed) }
    try handle.reset()
    if let claimed { try handle.claim(claimed) }
  }

  func wait(_ duration: Duration) { sleep(duration) }

  var now: Duration { start.duration(to: .now) }
}

/// A serial port that no driver of the kernel has, through libusb.
///
/// - SeeAlso: USB CDC PSTN 1.2 section 6.3.
final class LibUSBSerialLink: SerialLink {
  private let handle: LibUSBHandle
  private let port: UInt8
  private let data: USBInterface?
  private let start = ContinuousClock.now
  /// What the device had at the opening; nil when it does not say.
  private var before: LineCoding?
  private var isOpen = true

  init(
    opening device: LibUSBDevice, port: USBInterface, data: USBInterface?
  ) throws(SerialError) {
    self.port = port.number
    self.data = data
    do throws(USBError) {
      handle = try LibUSBHandle(opening: device)
      try handle.claim(port.number)
      if let data, data.number != port.number { try handle.claim(data.number) }
    } catch {
      // What was claimed goes with the handle.
      throw SerialError(
        opening: error, name: "\(device.identity.path), interface \(port.number)",
        node: KernelDevices.node(bus: device.bus, address: device.identity.address))
    }
    before = try? LineCoding(
      handle.controlIn(request(0x21, isIn: true), length: 7, timeout: .seconds(1)))
    // As the kernel's driver: a device without these requests is a port all the same.
    do throws(SerialError) {
      try setSpeed(115_200)
      try setLines(dtr: true, rts: true)
    } catch .usb(.stall) {
    }
  }

  deinit { close() }

  func setSpeed(_ baud: UInt32) throws(SerialError) {
    try send(0x20, data: LineCoding(baud).bytes)
  }

  func setLines(dtr: Bool, rts: Bool) throws(SerialError) {
    try send(0x22, value: (dtr ? 1 : 0) | (rts ? 2 : 0))
  }

  func write(_ bytes: [UInt8], timeout: Duration) throws(SerialError) {
    let endpoint = try endpoint { $0 & 0x80 == 0 }
    // Nothing would be a packet of its own.
    if bytes.isEmpty { return }
    var buffer = bytes
    do throws(USBError) {
      let taken = try handle.bulk(endpoint, &buffer, timeout: timeout)
      guard taken == bytes.count else { throw .timedOut }
    } catch {
      throw SerialError(error)
    }
  }

  /// One packet: a longer transfer would wait for more where the device sends a full one.
  func read(limit: Duration) throws(SerialError) -> [UInt8] {
    let endpoint = try endpoint { $0 & 0x80 != 0 }
    var buffer = [UInt8](repeating: 0, count: handle.packetSize(of: endpoint))
    do throws(USBError) {
      let count = try handle.bulk(endpoint, &buffer, timeout: limit)
      return Array(buffer.prefix(count))
    } catch .timedOut {
      return []
    } catch {
      throw SerialError(error)
    }
  }

  func wait(_ duration: Duration) { sleep(duration) }

  var now: Duration { start.duration(to: .now) }

  /// The speed comes first: 1200 baud without DTR sends some firmwares into their bootloaders.
  func close() {
    guard isOpen else { return }
    try? send(0x20, data: (before ?? LineCoding(115_200)).afterUse.bytes)
    try? setLines(dtr: false, rts: false)
    isOpen = false
    if let data, data.number != port { handle.release(data.number) }
    handle.release(port)
  }

  private func endpoint(_ fits: (UInt8) -> Bool) throws(SerialError) -> UInt8 {
    guard isOpen else { throw .gone }
    guard let endpoint = data?.bulkEndpoints.first(where: fits) else { throw .noPort(nil) }
    return endpoint
  }

  private func request(
    _ number: UInt8, value: UInt16 = 0, isIn: Bool = false
  ) -> ControlRequest {
    ControlRequest(
      bmRequestType: isIn ? 0xA1 : 0x21, bRequest: number, wValue: value, wIndex: UInt16(port))
  }

  private func send(
    _ number: UInt8, value: UInt16 = 0, data: [UInt8] = []
  ) throws(SerialError) {
    guard isOpen else { throw .gone }
    do throws(USBError) {
      try handle.controlOut(request(number, value: value), data: data, timeout: .seconds(1))
    } catch {
      throw SerialError(error)
    }
  }
}

/// Speed and form of the characters on a serial line.
///
/// - SeeAlso: USB CDC PSTN 1.2 table 17.
struct LineCoding: Hashable {
  var bytes: [UInt8]

  /// 8 data bits, no parity, one stop bit.
  init(_ baud: UInt32) {
    bytes = (0..<4).map { UInt8(truncatingIfNeeded: baud >> (8 * $0)) } + [0, 0, 8]
  }

  /// What a device says it has; nil when that is none.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == 7 else { return nil }
    self.bytes = bytes
  }

  /// The speed.
  var baud: UInt32 { bytes[..<4].reversed().reduce(0) { $0 << 8 | UInt32($1) } }

  /// The same, or a usual one where this is 1200 baud or none, which nobody wants to find.
  var afterUse: LineCoding { baud == 1200 || baud == 0 ? LineCoding(115_200) : self }
}
