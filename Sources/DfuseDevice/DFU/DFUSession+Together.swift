/// Whether a device bears requests together that it need not bear.
enum Trust: Hashable, Sendable {
  /// Nothing was seen of it yet.
  case untried
  /// It has done what that counts on, and nothing else so far.
  case proven
  /// It has not, or the chip is not one for it: one at a time from then on.
  case never
}

/// The answer to a DFU_GETSTATUS that was sent together with what came before it.
struct StatusAhead: Hashable, Sendable {
  var result: Result<[UInt8], USBError>
  /// When the request before it was over, and it came to the device.
  var sent: Duration
  var ended: Duration
}

/// A block that follows the one in hand, in the same run.
struct NextBlock: Hashable, Sendable {
  var number: UInt16
  var data: [UInt8]
}

/// A block that was sent before its turn.
struct BlockAhead: Hashable, Sendable {
  var number: UInt16
  var count: Int
  /// Why it was not taken, if so.
  var error: USBError?
  /// Whether it is not known that the block before it was taken.
  var isInDoubt = false
}

// Requests that are sent together, so that a slow link costs its round trip once.

extension DFUSession {
  /// A request in a chain, and the state to which it leads when all goes well.
  struct Link {
    var request: DFURequest
    var transfer: QueuedTransfer
    var leadsTo: DFUState
  }

  /// Sends requests together, each checked against the state that those before it lead to.
  ///
  /// What comes of them is the caller's to judge, and ``state`` the caller's to set: nil afterwards.
  /// - Returns: An answer for each, in order, up to where the transport stopped; at least one.
  /// - Throws: ``DFUError/illegalRequest(_:state:during:)`` before anything is sent.
  mutating func send(
    together chain: [Link], during activity: Activity
  ) throws(DFUError) -> [TransferAnswer] {
    var place = state
    for link in chain {
      guard let before = place,
        DFUTransitions.reachable(from: before, on: link.request).contains(link.leadsTo)
      else { throw .illegalRequest(link.request, state: place, during: activity) }
      place = link.leadsTo
    }
    state = nil
    let answers = transport.perform(chain.map(\.transfer))
    guard !answers.isEmpty else { throw .usb(.disconnected, during: activity) }
    return answers
  }

  // MARK: - Blocks in a row

  /// Reads blocks that follow one another, several at once where the device has shown that it sends
  /// whole ones.
  ///
  /// As ``read(block:length:)`` otherwise. Nothing depends on a read, so that it does no harm when those
  /// behind one that fails are answered too.
  ///
  /// - Parameter row: Number and length of each block.
  /// - Returns: The bytes of the first blocks, at least of one; the last may be short.
  /// - Throws: As ``read(block:length:)``. What came before the block that failed is lost.
  mutating func read(_ row: [(block: UInt16, length: Int)]) throws(DFUError) -> [[UInt8]] {
    guard let first = row.first else { return [] }
    guard row.count > 1, rows == .proven else {
      return [try read(block: first.block, length: first.length)]
    }
    var activities: [Activity] = []
    var chain: [Link] = []
    for (block, length) in row {
      let address = try self.address(of: block, count: length)
      activities.append(.reading(address: address, count: length))
      let control = DFURequest.upload.control(
        wValue: block, interface: transport.interface.number)
      chain.append(
        Link(
          request: .upload,
          transfer: .asking(for: length, control, timeout: Self.ordinaryTimeout),
          leadsTo: .dfuUPLOADIDLE))
    }
    if state == .dfuDNLOADIDLE { try abort() }
    let start = transport.now
    let answers = try send(together: chain, during: activities[0])
    var blocks: [[UInt8]] = []
    for (answer, (activity, asked)) in zip(answers, zip(activities, row)) {
      switch answer.result {
      case .success(let bytes):
        blocks.append(bytes)
        guard bytes.count < asked.length else { continue }
        rows = .never
        // Those behind it began another upload: where the device is then, nobody knows.
        if blocks.count == row.count { state = .dfuIDLE }
        return blocks
      case .failure(let error):
        rows = .never
        guard error == .stall else { throw .usb(error, during: activity) }
        throw explainedStall(during: activity)
      }
    }
    let time = (answers.last?.ended ?? start) - start
    note(bytes: blocks.reduce(0) { $0 + $1.count }, in: time, transfers: UInt64(blocks.count))
    state = .dfuUPLOADIDLE
    return blocks
  }
}

extension DFUSession {
  // MARK: - A block and what starts it

  private func link(
    _ block: UInt16, _ data: [UInt8], timeout: Duration = ordinaryTimeout
  ) -> Link {
    let control = DFURequest.dnloadData.control(
      wValue: block, interface: transport.interface.number)
    return Link(
      request: .dnloadData, transfer: .sending(data, control, timeout: timeout),
      leadsTo: .dfuDNLOADSYNC)
  }

  private func statusLink(
    timeout: Duration = ordinaryTimeout, leadsTo state: DFUState
  ) -> Link {
    let control = DFURequest.getStatus.control(interface: transport.interface.number)
    return Link(
      request: .getStatus, transfer: .asking(for: 6, control, timeout: timeout), leadsTo: state)
  }

  /// Sends a block and the DFU_GETSTATUS that starts it; its answer is in ``statusAhead``.
  ///
  /// - Throws: The block's own failure; the status may be there all the same.
  mutating func sendAndAsk(
    block: UInt16, data: [UInt8], timeout: Duration, during activity: Activity
  ) throws(DFUError) {
    let chain = [
      link(block, data, timeout: timeout), statusLink(timeout: timeout, leadsTo: .dfuDNBUSY),
    ]
    let answers = try send(together: chain, during: activity)
    if answers.count > 1 { statusAhead = StatusAhead(answers[1], behind: answers[0]) }
    if case .failure(let error) = answers[0].result {
      if error != .stall { statusAhead = nil }
      throw .usb(error, during: activity)
    }
    state = .dfuDNLOADSYNC
  }

  // MARK: - One block behind the other

  /// Whether the device is known to answer late rather than to say that it is busy, and may be asked
  /// early: what comes behind the question comes when it is done.
  var holdsBack: Bool { heldBack >= 3 && transport.board.chip.mayBePolledEarly }

  /// Takes in how long the answers about a full block took, of which one went over the link by itself.
  ///
  /// What a link's times vary by does not count.
  mutating func noteAnswer(after time: Duration) {
    let link = seen.answer ?? .zero
    heldBack = time >= link + max(.milliseconds(1), link / 4) ? heldBack + 1 : 0
  }

  /// Asks whether the block in hand is done, and sends the next one and what starts it behind that.
  ///
  /// The device's own time for the block is over, or it ``holdsBack``. What depends on an address or an
  /// erase is never sent so: some devices take a block in dfuERROR too.
  ///
  /// - Throws: What became of the block in hand. ``blockAhead`` then tells of the next one, which the
  ///   device may have taken at a time when it should not; it is brought back to dfuIDLE if it reports
  ///   an error.
  mutating func confirm(
    sending next: NextBlock, during activity: Activity
  ) throws(DFUError) {
    let ahead = BlockAhead(number: next.number, count: next.data.count)
    let answers = try send(
      together: [
        statusLink(leadsTo: .dfuDNLOADIDLE), link(next.number, next.data),
        statusLink(leadsTo: .dfuDNBUSY),
      ], during: activity)
    do throws(DFUError) {
      try confirm(answers[0], during: activity)
    } catch {
      blockAhead = ahead
      blockAhead?.isInDoubt = true
      throw error
    }
    blockAhead = ahead
    guard answers.count > 1 else {
      // Not sent, as it seems: then it is not ahead.
      blockAhead?.error = .timedOut
      return state = nil
    }
    if answers.count > 2 { statusAhead = StatusAhead(answers[2], behind: answers[1]) }
    if case .failure(let error) = answers[1].result {
      blockAhead?.error = error
    } else {
      state = .dfuDNLOADSYNC
    }
  }

  /// Judges the answer behind which another block was sent: where the device is now, it does not say.
  private mutating func confirm(
    _ answer: TransferAnswer, during activity: Activity
  ) throws(DFUError) {
    let bytes: [UInt8]
    switch answer.result {
    case .success(let answered): bytes = answered
    case .failure(let error): throw .usb(error, during: activity)
    }
    guard let reply = DFUStatusReply(bytes) else {
      throw .malformedReply(bytes, during: activity)
    }
    guard reply.state == .dfuDNLOADIDLE, reply.bStatus == .ok else {
      let text = statusText(of: reply)
      guard let found = reply.state else {
        _ = try? enter()
        throw .unknownState(reply.bState, during: activity)
      }
      guard found == .dfuERROR || reply.bStatus != .ok else {
        throw .unexpectedState(found: found, expected: [.dfuDNLOADIDLE], during: activity)
      }
      _ = try? enter()
      throw .device(reply.bStatus, state: found, text: text, during: activity)
    }
  }

  /// Goes on with a block that was sent before its turn.
  mutating func take(_ sent: BlockAhead, during activity: Activity) throws(DFUError) {
    blockAhead = nil
    guard let error = sent.error else { return }
    guard error == .stall else {
      (state, statusAhead) = (nil, nil)
      throw .usb(error, during: activity)
    }
    throw explainedStall(during: activity)
  }

  /// Whether the block behind the one that has just failed had been sent; it is forgotten here.
  mutating func takeBlockInDoubt() -> Bool {
    guard let sent = blockAhead, sent.isInDoubt else { return false }
    blockAhead = nil
    return true
  }

  /// Lets a block that was sent before its turn come to its end, when nothing follows it.
  mutating func finishBlockAhead() throws(DFUError) {
    guard let sent = blockAhead else { return }
    try take(sent, during: .aborting)
    try poll(
      until: [.dfuDNLOADIDLE], kind: .write(bytes: sent.count), limit: limits.write,
      during: .aborting)
  }
}

extension StatusAhead {
  fileprivate init(_ answer: TransferAnswer, behind before: TransferAnswer) {
    self.init(result: answer.result, sent: before.ended, ended: answer.ended)
  }
}
