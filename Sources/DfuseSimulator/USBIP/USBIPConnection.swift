/// One client of a USB/IP server, as a machine without sockets: bytes and moments in, bytes out.
///
/// It knows transfers, not what they mean. A device that sends NAK is imitated by an answer that
/// comes later; meanwhile USBIP_CMD_UNLINK is served.
package struct USBIPConnection {
  private enum Phase {
    /// Before an import: requests for the list, or for a device.
    case operations
    /// A device is imported.
    case attached(any USBIPDevice)
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

  /// A submitted transfer.
  private struct Transfer {
    var submit: USBIPSubmit
    var data: [UInt8]
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
  package private(set) var output: [UInt8] = []
  private var input: [UInt8] = []
  private var phase = Phase.operations
  private var queue: [Transfer] = []
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
  package init(exports: USBIPExports, timeScale: Double = 1, at now: Duration) {
    self.exports = exports
    self.timeScale = timeScale
    latest = now
    closesAt = now + Self.idleLimit
  }

  /// Whether everything is said and done.
  package var isFinished: Bool {
    if case .closing = phase { return output.isEmpty }
    return false
  }

  /// The moment at which ``advance(to:)`` has something to do, if any.
  package var deadline: Duration? {
    switch (current?.due, closesAt) {
    case (let due?, let close?): min(due, close)
    case (let due?, nil): due
    case (nil, let close): close
    }
  }

  /// Takes bytes from the client.
  package mutating func receive(_ bytes: [UInt8], at now: Duration) {
    if case .closing = phase { return }
    latest = now
    input += bytes
    while takeMessage(at: now) {}
    advance(to: now)
  }

  /// The client has closed its side, or the connection broke.
  package mutating func end() {
    close()
    output = []
  }

  /// Sends what is due and closes when it is time.
  package mutating func advance(to now: Duration) {
    latest = now
    repeat {
      if let transfer = current, let due = transfer.due, due <= now {
        output += transfer.reply
        current = nil
      }
      startNext(at: now)
    } while current?.due.map { $0 <= now } ?? false
    if let closesAt, closesAt <= now { close() }
  }

  /// Notes that the first `count` bytes of ``output`` were sent.
  package mutating func sent(_ count: Int) { output.removeFirst(min(count, output.count)) }

  // MARK: - Messages

  /// Handles one message if it is complete.
  private mutating func takeMessage(at now: Duration) -> Bool {
    switch phase {
    case .operations: takeOperation(at: now)
    case .attached(let device): takeCommand(for: device)
    case .closing: false
    }
  }

  private mutating func takeOperation(at now: Duration) -> Bool {
    guard input.count >= USBIPWire.operationHeaderSize else { return false }
    let code = USBIPWire.half(input, at: 2)
    guard USBIPWire.half(input, at: 0) == USBIPWire.version else {
      close()
      return false
    }
    switch code {
    case USBIPWire.requestDeviceList:
      input.removeFirst(USBIPWire.operationHeaderSize)
      let devices = exports.available
      output += USBIPWire.operationHeader(code: USBIPWire.replyDeviceList, status: .ok)
      output += USBIPWire.big(UInt32(clamping: devices.count))
      for device in devices { output += device.record.encode() + device.record.encodeInterfaces() }
      close()
      return false
    case USBIPWire.requestImport:
      let size = USBIPWire.operationHeaderSize + USBIPWire.busIDSize
      guard input.count >= size else { return false }
      let busID = input[USBIPWire.operationHeaderSize..<size].prefix { $0 != 0 }
      input.removeFirst(size)
      let (status, device) = exports.take(
        busID: String(decoding: busID, as: UTF8.self), at: now * timeScale)
      output += USBIPWire.operationHeader(code: USBIPWire.replyImport, status: status)
      guard let device else {
        close()
        return false
      }
      output += device.record.encode()
      phase = .attached(device)
      closesAt = nil
      return true
    default:
      close()
      return false
    }
  }

  private mutating func takeCommand(for device: any USBIPDevice) -> Bool {
    guard input.count >= USBIPWire.headerSize else { return false }
    switch USBIPCommand(header: Array(input[..<USBIPWire.headerSize])) {
    case .submit(let submit):
      guard submit.devid == device.record.devid, submit.length <= Self.mostData,
        queue.count < Self.mostQueued
      else { break }
      let size = USBIPWire.headerSize + (submit.isIn ? 0 : Int(submit.length))
      guard input.count >= size else { return false }
      let data = Array(input[USBIPWire.headerSize..<size])
      input.removeFirst(size)
      queue.append(Transfer(submit: submit, data: data))
      return true
    case .unlink(let seqnum, let devid, let victim):
      guard devid == device.record.devid else { break }
      input.removeFirst(USBIPWire.headerSize)
      unlink(victim, as: seqnum)
      return true
    case nil:
      break
    }
    // Out of step: there is no way to find the next message.
    end()
    return false
  }

  private mutating func unlink(_ victim: UInt32, as seqnum: UInt32) {
    var status: Int32 = 0
    if current?.seqnum == victim {
      current = nil
      status = USBIPReply.unlinked
    } else if let index = queue.firstIndex(where: { $0.submit.seqnum == victim }) {
      queue.remove(at: index)
      status = USBIPReply.unlinked
    }
    output += USBIPReply.unlink(seqnum: seqnum, status: status)
  }

  // MARK: - Transfers

  private mutating func startNext(at now: Duration) {
    guard case .attached(let device) = phase, current == nil, !queue.isEmpty else { return }
    if let goneAt, goneAt <= now { return }
    let transfer = queue.removeFirst()
    let submit = transfer.submit
    guard submit.endpoint == 0 else {
      current = Current(
        seqnum: submit.seqnum, due: now,
        reply: USBIPReply.submit(
          seqnum: submit.seqnum, status: USBIPReply.stalled, actualLength: 0))
      return
    }
    let reaction = device.control(setup: submit.setup, data: transfer.data, at: now * timeScale)
    let due = now + reaction.delay / timeScale
    switch reaction.answer {
    case .silence:
      current = Current(seqnum: submit.seqnum, due: nil, reply: [])
    case .stall:
      current = Current(
        seqnum: submit.seqnum, due: due,
        reply: USBIPReply.submit(
          seqnum: submit.seqnum, status: USBIPReply.stalled, actualLength: 0))
    case .acknowledge:
      current = Current(
        seqnum: submit.seqnum, due: due,
        reply: USBIPReply.submit(
          seqnum: submit.seqnum, status: 0,
          actualLength: submit.isIn ? 0 : transfer.data.count))
    case .data(let bytes):
      // More than was asked for would make the kernel drop the whole connection.
      let data = submit.isIn ? Array(bytes.prefix(Int(submit.length))) : []
      current = Current(
        seqnum: submit.seqnum, due: due,
        reply: USBIPReply.submit(
          seqnum: submit.seqnum, status: 0, actualLength: data.count, data: data))
    }
    guard case .leaveBus(let after, _, _) = reaction.then else { return }
    goneAt = due + after / timeScale
    closesAt =
      reaction.answer == .silence ? goneAt : due + max(after / timeScale, Self.deliveryTime)
  }

  private mutating func close() {
    if case .attached(let device) = phase { exports.release(device, at: latest * timeScale) }
    phase = .closing
    input = []
    queue = []
    current = nil
    closesAt = nil
  }
}
