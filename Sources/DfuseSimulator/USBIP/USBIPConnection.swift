/// One client of a USB/IP server, as a machine without sockets: bytes and moments in, bytes out.
///
/// It knows transfers, not what they mean. A device that sends NAK is imitated by an answer that
/// comes later; meanwhile USBIP_CMD_UNLINK is served.
struct USBIPConnection {
  private enum Phase {
    /// Before an import: requests for the list, or for a device.
    case operations
    /// A device is imported.
    case attached(SimulatedUSBIPDevice)
    /// Nothing more is read; the connection is closed when everything is sent.
    case closing
  }

  /// The transfer the device is busy with.
  private struct Current {
    var seqnum: UInt32
    /// When the answer goes out; nil when there is none.
    var due: Duration?
    var reply: [UInt8]
  }

  /// A client that has not asked for anything in this time is disconnected.
  private static let idleLimit = Duration.seconds(10)
  /// The reply before a device leaves must reach the client before the connection closes.
  private static let deliveryTime = Duration.milliseconds(50)
  /// More than any control transfer can carry; a client that says more is out of step.
  private static let mostData: UInt32 = 1 << 20
  /// More transfers at once than any kernel queues on a control endpoint.
  private static let mostQueued = 256

  /// Bytes for the client that have not been sent.
  private(set) var output: [UInt8] = []
  private var input: [UInt8] = []
  private var phase = Phase.operations
  private var queue: [USBIPCommand] = []
  /// Requests for bytes of the device's other endpoints, in the order in which they came.
  private var waiting: [USBIPCommand] = []
  private var current: Current?
  /// From when on the device takes no more requests.
  private var goneAt: Duration?
  /// When the connection is to be closed.
  private var closesAt: Duration?
  private let exports: USBIPExports
  private let timeScale: Double
  /// The latest moment that was told.
  private var latest: Duration

  /// Starts with a client that has just connected.
  ///
  /// `timeScale` is how many times faster than real the devices live.
  init(exports: USBIPExports, timeScale: Double = 1, at now: Duration) {
    self.exports = exports
    self.timeScale = timeScale
    latest = now
    closesAt = now + Self.idleLimit
  }

  /// Whether everything is said and done.
  var isFinished: Bool {
    if case .closing = phase { return output.isEmpty }
    return false
  }

  /// Whether the client has imported a device.
  var hasDevice: Bool {
    if case .attached = phase { return true }
    return false
  }

  /// The moment at which ``advance(to:)`` has something to do, if any.
  var deadline: Duration? {
    var ofDevice: Duration?
    if case .attached(let device) = phase {
      ofDevice = device.deadline(waiting: waiting.map(\.address)).map { $0 / timeScale }
      // What is due later never comes.
      if let goneAt, let due = ofDevice, due >= goneAt { ofDevice = nil }
    }
    return [current?.due, closesAt, ofDevice].compactMap(\.self).min()
  }

  /// Takes bytes from the client.
  mutating func receive(_ bytes: [UInt8], at now: Duration) {
    if case .closing = phase { return }
    latest = now
    input += bytes
    while takeMessage(at: now) {}
    advance(to: now)
  }

  /// The client has closed its side, or the connection broke.
  mutating func end() {
    close()
    output = []
  }

  /// Sends what is due and closes when it is time.
  mutating func advance(to now: Duration) {
    latest = now
    if case .attached(let device) = phase, goneAt == nil {
      let (then, moment) = device.advance(to: now * timeScale)
      follow(then, answeredAt: moment / timeScale)
    }
    repeat {
      if let transfer = current, let due = transfer.due, due <= now {
        output += transfer.reply
        current = nil
      }
      startNext(at: now)
    } while current?.due.map { $0 <= now } ?? false
    serveWaiting(at: now)
    if let closesAt, closesAt <= now { close() }
  }

  /// Notes that the first `count` bytes of ``output`` were sent.
  mutating func sent(_ count: Int) { output.removeFirst(min(count, output.count)) }

  // MARK: - Messages

  /// Handles one message if it is complete.
  private mutating func takeMessage(at now: Duration) -> Bool {
    switch phase {
    case .operations: takeOperation(at: now)
    case .attached(let device): takeCommand(for: device, at: now)
    case .closing: false
    }
  }

  private mutating func takeOperation(at now: Duration) -> Bool {
    guard input.count >= USBIPWire.operationHeaderSize else { return false }
    let code = UInt16(bigEndian: input[2..<4])
    guard UInt16(bigEndian: input[0..<2]) == USBIPWire.version else { return endReading() }
    switch code {
    case USBIPWire.requestDeviceList:
      let devices = exports.available(at: now * timeScale)
      output += USBIPWire.operationReply(to: code, .ok)
      output += UInt32(clamping: devices.count).bigEndianBytes
      for device in devices { output += device.record(withInterfaces: true) }
      return endReading()
    case USBIPWire.requestImport:
      let size = USBIPWire.operationHeaderSize + USBIPWire.busIDSize
      guard input.count >= size else { return false }
      let busID = input[USBIPWire.operationHeaderSize..<size].prefix { $0 != 0 }
      input.removeFirst(size)
      let (status, device) = exports.take(
        busID: String(decoding: busID, as: UTF8.self), at: now * timeScale)
      output += USBIPWire.operationReply(to: code, status)
      guard let device else { return endReading() }
      output += device.record(withInterfaces: false)
      phase = .attached(device)
      closesAt = nil
      return true
    default:
      return endReading()
    }
  }

  /// Nothing more is taken from the client.
  private mutating func endReading() -> Bool {
    close()
    return false
  }

  private mutating func takeCommand(for device: SimulatedUSBIPDevice, at now: Duration) -> Bool {
    guard input.count >= USBIPWire.headerSize else { return false }
    let header = input[..<USBIPWire.headerSize]
    guard var command = USBIPCommand(header: header), command.devid == device.devid else {
      return endOutOfStep()
    }
    if let victim = command.victim {
      input.removeFirst(USBIPWire.headerSize)
      unlink(victim, as: command.seqnum)
      return true
    }
    guard command.length <= Self.mostData, queue.count + waiting.count < Self.mostQueued else {
      return endOutOfStep()
    }
    let size = USBIPWire.headerSize + (command.isIn ? 0 : Int(command.length))
    guard input.count >= size else { return false }
    command.data = Array(input[USBIPWire.headerSize..<size])
    input.removeFirst(size)
    if command.endpoint == 0 || !device.hasEndpoint(command.address) {
      queue.append(command)
    } else if command.isIn {
      waiting.append(command)
    } else if goneAt == nil {
      // The device takes the bytes at once; it is busy with them later.
      let then = device.receive(command.data, endpoint: command.address, at: now * timeScale)
      output += USBIPWire.reply(
        3, to: command.seqnum, status: 0, actualLength: command.data.count)
      follow(then, answeredAt: now)
    }
    return true
  }

  /// There is no way to find the next message.
  private mutating func endOutOfStep() -> Bool {
    end()
    return false
  }

  private mutating func unlink(_ victim: UInt32, as seqnum: UInt32) {
    var status: Int32 = 0
    if current?.seqnum == victim {
      current = nil
      status = USBIPWire.unlinked
    } else if let index = queue.firstIndex(where: { $0.seqnum == victim }) {
      queue.remove(at: index)
      status = USBIPWire.unlinked
    } else if let index = waiting.firstIndex(where: { $0.seqnum == victim }) {
      waiting.remove(at: index)
      status = USBIPWire.unlinked
    }
    output += USBIPWire.reply(4, to: seqnum, status: status)
  }

  // MARK: - Transfers

  private mutating func startNext(at now: Duration) {
    guard case .attached(let device) = phase, current == nil, !queue.isEmpty else { return }
    if let goneAt, goneAt <= now { return }
    let submit = queue.removeFirst()
    let reaction =
      submit.endpoint == 0
      ? device.control(setup: submit.setup, data: submit.data, at: now * timeScale)
      : Reaction(.stall)
    let due = now + reaction.delay / timeScale
    let status = reaction.answer == .stall ? USBIPWire.stalled : 0
    var data: [UInt8] = []
    if case .data(let bytes) = reaction.answer, submit.isIn {
      // More than was asked for would make the kernel drop the whole connection.
      data = Array(bytes.prefix(Int(submit.length)))
    }
    let taken = reaction.answer == .acknowledge && !submit.isIn ? submit.data.count : data.count
    current = Current(
      seqnum: submit.seqnum, due: reaction.answer == .silence ? nil : due,
      reply: USBIPWire.reply(
        3, to: submit.seqnum, status: status, actualLength: taken, data: data))
    follow(reaction.then, answeredAt: due, isAnswered: reaction.answer != .silence)
  }

  /// Hands out what the other endpoints have, to the requests that have waited longest.
  private mutating func serveWaiting(at now: Duration) {
    guard case .attached(let device) = phase, !waiting.isEmpty else { return }
    if let goneAt, goneAt <= now { return }
    waiting.removeAll { request in
      let bytes = device.take(
        Int(request.length), endpoint: request.address, at: now * timeScale)
      guard !bytes.isEmpty else { return false }
      output += USBIPWire.reply(
        3, to: request.seqnum, status: 0, actualLength: bytes.count, data: bytes)
      return true
    }
  }

  /// Notes that the device leaves.
  private mutating func follow(
    _ then: Reaction.Consequence, answeredAt moment: Duration, isAnswered: Bool = true
  ) {
    guard case .leaveBus(let after, _, _) = then else { return }
    let leaves = moment + after / timeScale
    goneAt = leaves
    closesAt = isAnswered ? max(leaves, moment + Self.deliveryTime) : leaves
  }

  private mutating func close() {
    if case .attached(let device) = phase { exports.release(device, at: latest * timeScale) }
    phase = .closing
    input = []
    queue = []
    waiting = []
    current = nil
    closesAt = nil
  }
}
