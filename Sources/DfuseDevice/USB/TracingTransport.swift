import DfuseFormat

/// A transport that tells of every control transfer that goes through another one.
///
/// The closure is called after each transfer, on the thread that made it.
public final class TracingTransport: USBTransport {
  private let inner: any USBTransport
  private let trace: (TracedTransfer) -> Void

  /// Wraps a transport.
  public init(_ inner: any USBTransport, trace: @escaping (TracedTransfer) -> Void) {
    self.inner = inner
    self.trace = trace
  }

  /// The board at the other end.
  public var board: Board { inner.board }

  /// Sends `data` to the device in the data stage of `request`.
  public func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    _ = try traced(request, data.count, data: data) { () throws(USBError) in
      try inner.controlOut(request, data: data, timeout: timeout)
      return .sent
    }
  }

  /// Asks the device for at most `length` bytes.
  public func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    let outcome = try traced(request, length) { () throws(USBError) in
      .received(try inner.controlIn(request, length: length, timeout: timeout))
    }
    guard case .received(let bytes) = outcome else { return [] }
    return bytes
  }

  /// Makes several transfers, and tells of each when all are over.
  public func perform(
    _ transfers: [QueuedTransfer], until isStopped: (() -> Bool)?
  ) -> [TransferAnswer] {
    var start = now
    let answers = inner.perform(transfers, until: isStopped)
    for (transfer, answer) in zip(transfers, answers) {
      let outcome: TracedTransfer.Outcome =
        switch answer.result {
        case .success(let bytes): transfer.request.isIn ? .received(bytes) : .sent
        case .failure(let error): .failed(error)
        }
      trace(
        TracedTransfer(
          start: start, time: max(answer.ended - start, .zero), request: transfer.request,
          length: transfer.length, data: transfer.data, outcome: outcome))
      start = answer.ended
    }
    return answers
  }

  /// Selects an alternate setting of the claimed interface (SET_INTERFACE).
  ///
  /// Told even where the inner transport has nothing to send.
  public func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    let request = ControlRequest(
      bmRequestType: 0x01, bRequest: 11, wValue: UInt16(number), wIndex: UInt16(interface.number))
    _ = try traced(request, 0) { () throws(USBError) in
      try inner.selectAlternateSetting(number)
      return .sent
    }
  }

  /// Lets `duration` pass.
  public func wait(_ duration: Duration) { inner.wait(duration) }

  /// Time on the inner transport's clock.
  public var now: Duration { inner.now }

  /// Resets the device's port.
  public func reset() throws(USBError) { try inner.reset() }

  /// Watches the port for at most `limit`.
  public func watchPort(for limit: Duration, away: Duration) -> PortSighting {
    inner.watchPort(for: limit, away: away)
  }

  /// Reads a string descriptor, or gives nil.
  public func string(at index: UInt8) -> String? { inner.string(at: index) }

  /// Makes a transfer, tells of it, and hands out how it ended.
  private func traced(
    _ request: ControlRequest, _ length: Int, data: [UInt8] = [],
    _ transfer: () throws(USBError) -> TracedTransfer.Outcome
  ) throws(USBError) -> TracedTransfer.Outcome {
    let start = now
    let outcome: TracedTransfer.Outcome
    do {
      outcome = try transfer()
    } catch {
      outcome = .failed(error)
    }
    trace(
      TracedTransfer(
        start: start, time: now - start, request: request, length: length, data: data,
        outcome: outcome))
    if case .failed(let error) = outcome { throw error }
    return outcome
  }
}

/// One control transfer as a host saw it: what was asked, what came of it, how long it took.
public struct TracedTransfer: Hashable, Sendable {
  /// How a transfer ended.
  public enum Outcome: Hashable, Sendable {
    /// The device took the data, or there were none.
    case sent
    /// These bytes came.
    case received([UInt8])
    /// It failed.
    case failed(USBError)
  }

  /// When it began, on the transport's clock.
  public var start: Duration
  /// How long it took.
  public var time: Duration
  /// Its SETUP fields.
  public var request: ControlRequest
  /// Bytes of the data stage, or those asked for (`wLength`).
  public var length: Int
  /// The bytes sent; none when the data stage goes to the host.
  public var data: [UInt8]
  /// How it ended.
  public var outcome: Outcome

  /// Puts a transfer together from its parts.
  package init(
    start: Duration, time: Duration, request: ControlRequest, length: Int, data: [UInt8],
    outcome: Outcome
  ) {
    (self.start, self.time, self.request) = (start, time, request)
    (self.length, self.data, self.outcome) = (length, data, outcome)
  }
}

extension TracedTransfer: CustomStringConvertible {
  /// One line: `DFU_DNLOAD 2, 2048 bytes: 00 50 00 20 …`, `DFU_GETSTATUS -> 00 05 00 00 04 00`.
  public var description: String {
    var line = name
    switch outcome {
    case .sent: line += sentText
    case .received(let bytes): line += " -> " + Self.text(bytes)
    case .failed(let error): line += sentText + " -> " + Self.name(of: error)
    }
    return line
  }

  private var sentText: String {
    guard !request.isIn, length > 0 else { return "" }
    return ", \(length) byte\(length == 1 ? "" : "s"): " + Self.text(data)
  }

  private var name: String { Self.name(of: request, length: length) }

  /// The name of a request in DFU 1.1 table 3.2 or USB 2.0 table 9-4, with the parameters that matter.
  package static func name(of request: ControlRequest, length: Int) -> String {
    switch (request.bmRequestType, request.bRequest) {
    case (0x21, 0): "DFU_DETACH \(request.wValue)"
    case (0x21, 1): "DFU_DNLOAD \(request.wValue)" + (length == 0 ? ", no data" : "")
    case (0xA1, 2): "DFU_UPLOAD \(request.wValue), \(length) asked"
    case (0xA1, 3): "DFU_GETSTATUS"
    case (0x21, 4): "DFU_CLRSTATUS"
    case (0xA1, 5): "DFU_GETSTATE"
    case (0x21, 6): "DFU_ABORT"
    case (0x80, 6): "GET_DESCRIPTOR \(request.wValue.hexDigits())"
    case (0x01, 11): "SET_INTERFACE \(request.wValue)"
    default:
      "request \(request.bmRequestType.hexDigits()) "
        + "\(request.bRequest.hexDigits()) \(request.wValue.hexDigits())"
    }
  }

  /// At most 16 bytes, and how many there are when there are more.
  package static func text(_ bytes: [UInt8]) -> String {
    guard !bytes.isEmpty else { return "no data" }
    let shown = bytes.prefix(16).hexBytes()
    return bytes.count > 16 ? "\(shown) … (\(bytes.count) bytes)" : shown
  }

  /// What an answer to DFU_GETSTATUS says; nil unless it has six bytes.
  package static func statusText(_ bytes: [UInt8]) -> String? {
    guard let reply = DFUStatusReply(bytes) else { return nil }
    let state = reply.state.map { "\($0)" } ?? "state \(reply.bState)"
    return "\(reply.bStatus), \(state), bwPollTimeout \(littleEndian(bytes[1...3])) ms"
  }

  /// How a transfer failed, in a word or two.
  package static func name(of error: USBError) -> String {
    switch error {
    case .stall: "stall"
    case .timedOut: "no answer"
    case .cancelled: "cancelled"
    case .disconnected: "disconnected"
    case .accessDenied: "access denied"
    case .busy: "busy"
    case .noDriver: "no driver"
    case .noNode: "no node"
    case .overflow: "too much data"
    case .noBus: "no bus"
    case .badDescriptor(let reason): reason
    case .other(_, _, let name): name
    }
  }
}

/// Makes operations out of traced transfers: what was done to the memory, and where.
///
/// A transfer of the DfuSe protocol does not say its address; the address pointer does, which came
/// earlier.
///
/// - SeeAlso: ST AN3156 for the commands and the address of a block.
public struct OperationTrace: Sendable {
  private var pointer: UInt32?
  private let blocks: BlockNumbering

  /// Starts before the first transfer to a device.
  ///
  /// - Parameter blocks: How the device counts its blocks.
  public init(blocks: BlockNumbering) { self.blocks = blocks }

  /// The operation that a transfer is, or nil when it only asks for the status or chooses a state.
  ///
  /// - Parameter transfer: The next transfer to the device.
  /// - Returns: What it does, as the beginning of a sentence in lower case.
  public mutating func operation(of transfer: TracedTransfer) -> String? {
    let request = transfer.request
    switch (request.bmRequestType, request.bRequest, request.wValue) {
    case (0x21, 1, _) where transfer.length == 0:
      return "leave DFU mode"
    case (0x21, 1, 0):
      return command(transfer.data)
    case (0x21, 1, 2...):
      return "write \(transfer.length) bytes at \(address(of: request.wValue))"
    case (0xA1, 2, 0):
      return "get commands"
    case (0xA1, 2, 2...):
      return "read \(transfer.length) bytes at \(address(of: request.wValue))"
    case (0x01, 11, _):
      return "select alternate setting \(request.wValue)"
    case (0x21, 4, _):
      return "clear status"
    case (0x21, 6, _):
      return "abort"
    default:
      return nil
    }
  }

  private mutating func command(_ data: [UInt8]) -> String {
    switch DfuSeCommand(bytes: data) {
    case .setAddress(let address):
      pointer = address
      return "set address \(address.hex)"
    case .eraseSector(let address): return "erase the sector at \(address.hex)"
    case .massErase: return "erase the whole flash"
    case .readUnprotect: return "remove the read protection"
    case nil: return "command \(data.bytesText)"
    }
  }

  private func address(of block: UInt16) -> String {
    guard let address = pointer.flatMap({ blocks.address(of: block, pointer: $0) }) else {
      return "the pointer, block \(block)"
    }
    return UInt32(exactly: address)?.hex ?? address.addressText
  }
}
