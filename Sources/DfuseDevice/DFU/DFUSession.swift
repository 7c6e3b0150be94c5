/// A conversation with one device in DFU mode: every request checked against the state table.
///
/// The session knows in which state the device is, from the requests it sent and the answers it
/// got, and so asks only when it must. It starts knowing nothing: call ``enter()`` first. One
/// request at a time; all waiting is done by the transport.
///
/// The session cannot be copied, and the operations after which there is nothing more to say
/// consume it: using it after ``leave(to:)`` does not compile.
///
/// - SeeAlso: DFU 1.1; ST AN3156 for the operations.
struct DFUSession: ~Copyable {
  /// The open device.
  let transport: any USBTransport
  /// How long operations may take.
  var limits: OperationLimits
  /// How the device counts its blocks; one without functional descriptor has not said.
  let blocks: BlockNumbering
  /// The state the device is in, or nil when that is not known and ``enter()`` is due.
  var state: DFUState?
  /// The device's address pointer, or nil when it has not been set since it was last in doubt.
  var addressPointer: UInt32?

  /// The policy for waiting while the device works.
  var polling: any PollPolicy
  /// The alternate setting that was chosen, to choose it again after a USB reset.
  var alternateSetting: UInt8?
  /// What the device has shown of its times.
  var seen = SeenTimes()
  /// Whether the device is asked for several blocks at once: where it has sent whole ones, and never a
  /// short one, or none.
  var rows = Trust.untried
  /// How far requests that change memory are sent together: not at all where never; else DFU_DNLOAD
  /// and its first DFU_GETSTATUS are, and where the device was done when its own time was over, the
  /// last DFU_GETSTATUS of a block goes with the next block.
  var writes: Trust
  /// Full blocks in a row whose end the device has answered late instead of saying that it is busy.
  var heldBack = 0
  /// Whether it has said that it is busy when it was asked about a full block at once.
  var hasSaidBusy = false
  /// The answers to each DFU_GETSTATUS that was sent behind another request, as long as they were not
  /// looked at.
  var statusesAhead: [StatusAhead] = []
  /// Blocks that were sent behind the last DFU_GETSTATUS of the one before them.
  var blocksAhead: [BlockAhead] = []
  /// Whether the work is to stop: reads that are under way are cut off then.
  var isStopped: () -> Bool = { false }
  /// Blocks that had been sent behind one that has failed.
  var blocksInDoubt = 0

  /// Time-out of a transfer that any device can answer at once.
  static let ordinaryTimeout: Duration = .seconds(5)

  /// Makes a session on an open device, and sends nothing.
  init(
    transport: any USBTransport, limits: OperationLimits = OperationLimits(),
    polling: any PollPolicy = SpecificationPolling()
  ) {
    self.transport = transport
    self.limits = limits
    self.polling = polling
    blocks = transport.board.blocks
    writes = transport.board.chip.takesRequestsTogether ? .untried : .never
  }

  /// Chooses the alternate setting, in DfuSe the memory, that the next operations are about.
  ///
  /// SET_INTERFACE. The device's state stays; its address pointer is in doubt afterwards.
  /// - Throws: ``DFUError/usb(_:during:)``, with a stall when there is no such setting.
  mutating func selectAlternateSetting(_ number: UInt8) throws(DFUError) {
    let before = state
    try exchange(during: .selecting(alternateSetting: number)) { device throws(USBError) in
      try device.selectAlternateSetting(number)
    }
    state = before
    alternateSetting = number
    addressPointer = nil
  }

  /// Ends a download or an upload, if there is one: the device is in dfuIDLE afterwards.
  ///
  /// Sends DFU_ABORT from dfuDNLOAD-IDLE and dfuUPLOAD-IDLE, and nothing in dfuIDLE.
  /// - Throws: ``DFUError/illegalRequest(_:state:during:)`` in any other state, for which
  ///   ``enter()`` is made; ``DFUError/usb(_:during:)``.
  mutating func abort() throws(DFUError) {
    try finishBlocksAhead()
    guard state != .dfuIDLE else { return }
    guard state != nil else {
      throw .illegalRequest(.abort, state: nil, during: .aborting)
    }
    try send(.abort, during: .aborting)
  }

  /// Most bytes of a block.
  var transferSize: Int { blocks.length }

  // MARK: Requests

  /// Sends a request without answer and goes where the state table says it leads.
  ///
  /// - Throws: ``DFUError/illegalRequest(_:state:during:)`` before anything is sent;
  ///   ``DFUError/usb(_:during:)``, after which the state is unknown.
  mutating func send(
    _ request: DFURequest, wValue: UInt16 = 0, data: [UInt8] = [],
    timeout: Duration = ordinaryTimeout, relyingOn deviations: Set<DFUDeviation> = [],
    during activity: Activity
  ) throws(DFUError) {
    let next = try successor(on: request, relyingOn: deviations, during: activity)
    let control = request.control(wValue: wValue, interface: transport.interface.number)
    try exchange(during: activity) { device throws(USBError) in
      try device.controlOut(control, data: data, timeout: timeout)
    }
    state = next
  }

  /// Asks for a block of at most `length` bytes; a short one ends the upload.
  mutating func upload(
    block: UInt16, length: Int, during activity: Activity
  ) throws(DFUError) -> [UInt8] {
    let next = try successor(on: .upload, during: activity)
    let control = DFURequest.upload.control(
      wValue: block, interface: transport.interface.number)
    let bytes = try exchange(during: activity) { device throws(USBError) in
      try device.controlIn(control, length: length, timeout: Self.ordinaryTimeout)
    }
    state = bytes.count < length ? .dfuIDLE : next
    return bytes
  }

  /// Asks for the status, and checks that the device may be where it says it is.
  ///
  /// In an unknown state every answer is believed.
  /// - Throws: ``DFUError/usb(_:during:)``, ``DFUError/malformedReply(_:during:)``,
  ///   ``DFUError/unexpectedState(found:expected:during:)``.
  mutating func status(
    timeout: Duration = ordinaryTimeout, relyingOn deviations: Set<DFUDeviation> = [],
    during activity: Activity
  ) throws(DFUError) -> DFUStatusReply {
    let before = state
    _ = try successor(on: .getStatus, relyingOn: deviations, during: activity)
    let control = DFURequest.getStatus.control(interface: transport.interface.number)
    let ahead = statusesAhead.isEmpty ? nil : statusesAhead.removeFirst()
    let asked = transport.now
    let bytes = try exchange(during: activity) { device throws(USBError) in
      if let ahead { return try ahead.result.get() }
      return try device.controlIn(control, length: 6, timeout: timeout)
    }
    if ahead == nil {
      let time = transport.now - asked
      seen.answer = min(time, seen.answer ?? time)
    }
    guard let reply = DFUStatusReply(bytes) else {
      state = nil
      throw .malformedReply(bytes, during: activity)
    }
    state = reply.state
    if let before, let found = reply.state {
      let expected = DFUTransitions.reachable(from: before, on: .getStatus)
      guard expected.contains(found) else {
        throw .unexpectedState(found: found, expected: expected, during: activity)
      }
    }
    return reply
  }

  /// Resets the device's port and chooses the alternate setting again.
  mutating func reset(during activity: Activity) throws(DFUError) {
    try exchange(during: activity) { device throws(USBError) in try device.reset() }
    state = nil
    addressPointer = nil
    if let alternateSetting { try selectAlternateSetting(alternateSetting) }
  }

  /// The state that a request leads to, nil when the present one is unknown.
  ///
  /// In an unknown state only the requests that find or restore a known one are legal.
  private func successor(
    on request: DFURequest, relyingOn deviations: Set<DFUDeviation> = [], during activity: Activity
  ) throws(DFUError) -> DFUState? {
    guard let state else {
      switch request {
      case .getStatus, .getState, .clrStatus, .abort: return nil
      case .detach, .dnloadData, .dnloadEmpty, .upload:
        throw .illegalRequest(request, state: nil, during: activity)
      }
    }
    guard let next = DFUTransitions.successor(of: state, on: request, relyingOn: deviations) else {
      throw .illegalRequest(request, state: state, during: activity)
    }
    return next
  }

  /// The one place where a USB error becomes a DFU error; the state is unknown afterwards.
  private mutating func exchange<Answer>(
    during activity: Activity,
    _ transfer: (any USBTransport) throws(USBError) -> Answer
  ) throws(DFUError) -> Answer {
    do {
      return try transfer(transport)
    } catch {
      state = nil
      throw .usb(error, during: activity)
    }
  }
}

extension DFUSession {
  /// The error for a reply that reports one; the device is cleared before it comes back.
  ///
  /// The text of `iString` is asked for once; failing to get it is not an error. When
  /// DFU_CLRSTATUS fails the state is unknown.
  mutating func deviceError(
    _ reply: DFUStatusReply, in found: DFUState, during activity: Activity
  ) -> DFUError {
    let text = statusText(of: reply)
    clearError(during: activity)
    return .device(reply.bStatus, state: found, text: text, during: activity)
  }

  /// The string that a reply points at, if any.
  func statusText(of reply: DFUStatusReply) -> String? {
    reply.iString == 0 ? nil : transport.string(at: reply.iString)
  }

  /// Leaves dfuERROR by DFU_CLRSTATUS; does nothing in any other state.
  ///
  /// The address pointer is in doubt after an error.
  mutating func clearError(during activity: Activity) {
    addressPointer = nil
    if state == .dfuERROR { try? send(.clrStatus, during: activity) }
  }

  /// Finds out why the device stalled a request, and brings it back to a known state.
  ///
  /// A device that follows DFU 1.1 is in dfuERROR and has a status to tell. ST's USB device library
  /// only stalls, or is in state 15, in which case ``enter()`` helps.
  ///
  /// - Returns: The device's own error, or the stall when there is none.
  mutating func explainedStall(during activity: Activity) -> DFUError {
    state = nil
    addressPointer = nil
    guard let reply = try? status(during: activity) else { return .usb(.stall, during: activity) }
    do {
      _ = try soundState(in: reply, during: activity)
      return .usb(.stall, during: activity)
    } catch {
      return error
    }
  }

  /// The state of a reply that reports no error; the device is brought back from any other.
  mutating func soundState(
    in reply: DFUStatusReply, during activity: Activity
  ) throws(DFUError) -> DFUState {
    guard let found = reply.state else {
      _ = try? enter()
      throw .unknownState(reply.bState, during: activity)
    }
    if found == .dfuERROR { throw deviceError(reply, in: found, during: activity) }
    return found
  }

  /// Sends a block, and explains a stall.
  ///
  /// With `andAsking`, the DFU_GETSTATUS that starts the work may be sent with it: it follows whatever
  /// comes of the block, since it is also what explains a stall. With `untilDone` so may the next one.
  mutating func download(
    block: UInt16, data: [UInt8], timeout: Duration = ordinaryTimeout, andAsking: Bool = false,
    untilDone: Bool = false, during activity: Activity
  ) throws(DFUError) {
    do {
      if andAsking, writes != .never {
        return try sendAndAsk(
          block: block, data: data, timeout: timeout, untilDone: untilDone, during: activity)
      }
      try send(.dnloadData, wValue: block, data: data, timeout: timeout, during: activity)
    } catch .usb(.stall, _) {
      throw explainedStall(during: activity)
    }
  }

  /// Frees a device that stays in dfuDNBUSY for ever, by two DFU_CLRSTATUS.
  ///
  /// The first leads to dfuERROR with errUNKNOWN, the second to dfuIDLE. So does ST's own
  /// programmer with the STM32H743 rev V (betaflight/betaflight-configurator#1861).
  mutating func freeStuckDevice(during activity: Activity) throws(DFUError) {
    state = .dfuDNBUSY
    addressPointer = nil
    try send(.clrStatus, relyingOn: [.clearStatusOutsideError], during: activity)
    let first = try status(during: activity)
    guard first.state == .dfuERROR, first.bStatus == .errUNKNOWN else {
      throw noWayBack(from: first)
    }
    try send(.clrStatus, during: activity)
    let second = try status(during: activity)
    guard second.state == .dfuIDLE else { throw noWayBack(from: second) }
  }

  /// The error for a device that does not come to dfuIDLE.
  func noWayBack(from reply: DFUStatusReply) -> DFUError {
    .cannotRecover(bState: reply.bState, status: reply.bStatus)
  }
}
