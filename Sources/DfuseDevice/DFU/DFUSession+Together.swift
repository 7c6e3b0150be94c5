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

/// A block that was sent before its turn, and what the device has said about it.
struct BlockAhead: Hashable, Sendable {
  enum Course: Hashable, Sendable {
    /// It is done.
    case done
    /// It was taken; what came of the DFU_GETSTATUS that starts it is still to be looked at.
    case begun
    /// It failed, with these answers; so many blocks had been sent behind it.
    case failed([TransferAnswer], behind: Int)
  }

  var number: UInt16
  var count: Int
  var course: Course
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
  /// With `isStopped`, they are cut off when the work is to stop.
  /// - Returns: An answer for each, in order, up to where the transport stopped; at least one.
  /// - Throws: ``DFUError/illegalRequest(_:state:during:)`` before anything is sent.
  mutating func send(
    together chain: [Link], until isStopped: (() -> Bool)? = nil, during activity: Activity
  ) throws(DFUError) -> [TransferAnswer] {
    var place = state
    for link in chain {
      guard let before = place,
        DFUTransitions.reachable(from: before, on: link.request).contains(link.leadsTo)
      else { throw .illegalRequest(link.request, state: place, during: activity) }
      place = link.leadsTo
    }
    state = nil
    let answers = transport.perform(chain.map(\.transfer), until: isStopped)
    guard !answers.isEmpty else { throw .usb(.disconnected, during: activity) }
    return answers
  }

  // MARK: - Blocks in a row

  /// Reads blocks that follow one another, several at once where the device has shown that it sends
  /// whole ones.
  ///
  /// As ``read(block:length:)`` otherwise. Nothing depends on a read, so that it does no harm when those
  /// behind one that fails are answered too, nor when they are cut off because the work is to stop.
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
    let answers = try send(together: chain, until: isStopped, during: activities[0])
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

  /// Sends a block and the DFU_GETSTATUS that starts it, whose answer is then ahead.
  ///
  /// With `untilDone`, the one that hears of its end as well.
  /// - Throws: The block's own failure; the status may be there all the same.
  mutating func sendAndAsk(
    block: UInt16, data: [UInt8], timeout: Duration, untilDone: Bool, during activity: Activity
  ) throws(DFUError) {
    var chain = [
      link(block, data, timeout: timeout), statusLink(timeout: timeout, leadsTo: .dfuDNBUSY),
    ]
    if untilDone { chain.append(statusLink(leadsTo: .dfuDNLOADIDLE)) }
    let answers = try send(together: chain, during: activity)
    statusesAhead = zip(answers.dropFirst(), answers).map { StatusAhead($0, behind: $1) }
    if case .failure(let error) = answers[0].result {
      statusesAhead = error == .stall ? Array(statusesAhead.prefix(1)) : []
      throw .usb(error, during: activity)
    }
    state = .dfuDNLOADSYNC
  }

  // MARK: - Blocks one behind the other

  /// Blocks that may be under way at once.
  private static let mostAhead = 16
  /// What they may take together: so long a stop waits for them.
  private static let longestAhead: Duration = .milliseconds(100)

  /// Whether the device is known to answer late rather than to say that it is busy, and may be asked
  /// early: what comes behind the question comes when it is done.
  var holdsBack: Bool { heldBack >= 3 && transport.board.chip.mayBePolledEarly }

  /// How many blocks behind the next one that is written may be sent with it.
  var mostBlocksAhead: Int {
    guard writes != .never, blocksAhead.count < 2 else { return 0 }
    guard holdsBack, let time = seen.block else { return 1 }
    return min(max(Int(Self.longestAhead / max(time, .milliseconds(1))), 1), Self.mostAhead)
  }

  /// Whether a block is asked about till its end as soon as it is sent, to see whether the device holds
  /// that answer back: a link's own times hide it otherwise.
  ///
  /// Not before one was waited for as long as told.
  func asksAtOnce(for data: [UInt8], before next: [NextBlock]) -> Bool {
    !next.isEmpty && data.count == transferSize && seen.isSlowLink && seen.block != nil
      && !holdsBack && !hasSaidBusy && transport.board.chip.mayBePolledEarly
  }

  /// Takes in how long the answers about a full block took, of which one went over the link by itself.
  ///
  /// What a link's times vary by does not count.
  mutating func noteAnswer(after time: Duration) {
    let link = seen.answer ?? .zero
    heldBack = time >= link + max(.milliseconds(1), link / 4) ? heldBack + 1 : 0
  }

  /// Asks whether the block in hand is done, and sends the next ones behind that, each with what starts
  /// it and what hears of its end.
  ///
  /// The device's own time for the block is over, or it ``holdsBack``: then so many may be sent. What
  /// depends on an address or an erase is never sent so: some devices take a block in dfuERROR too.
  ///
  /// - Throws: What became of the block in hand. ``blocksInDoubt`` then tells of the next ones, which the
  ///   device may have taken at a time when it should not; it is brought back to dfuIDLE if it reports
  ///   an error.
  mutating func confirm(
    sending next: [NextBlock], during activity: Activity
  ) throws(DFUError) {
    var chain = [statusLink(leadsTo: .dfuDNLOADIDLE)]
    for block in next {
      chain += [
        link(block.number, block.data), statusLink(leadsTo: .dfuDNBUSY),
        statusLink(leadsTo: .dfuDNLOADIDLE),
      ]
    }
    // The end of the last one is asked for with what follows it.
    chain.removeLast()
    let answers = try send(together: chain, during: activity)
    blocksInDoubt = next.count
    try judge(answers[0], expected: [.dfuDNLOADIDLE], during: activity)
    blocksInDoubt = 0
    for (index, block) in next.enumerated() {
      let own = Array(answers.dropFirst(1 + index * 3).prefix(3))
      let behind = next.count - index - 1
      let course = self.course(of: own, behind: behind)
      blocksAhead.append(
        BlockAhead(number: block.number, count: block.data.count, course: course))
      switch course {
      case .done: break
      case .begun:
        statusesAhead = zip(own.dropFirst(), own).map { StatusAhead($0, behind: $1) }
        state = .dfuDNLOADSYNC
      case .failed: return
      }
    }
  }

  /// What has become of a block by the answers to it and to each DFU_GETSTATUS about it, of which the
  /// last block's end is not asked for yet.
  private func course(of answers: [TransferAnswer], behind: Int) -> BlockAhead.Course {
    guard let taken = answers.first, taken.error == nil else {
      return .failed(answers, behind: behind)
    }
    if behind == 0 { return .begun }
    let replies = answers.dropFirst().map { (try? $0.result.get()).flatMap(DFUStatusReply.init) }
    let isDone = replies.count == 2 && replies.allSatisfy { $0?.bStatus == .ok }
    return isDone && replies.last??.state == .dfuDNLOADIDLE
      ? .done : .failed(answers, behind: behind)
  }

  /// Judges an answer behind which more was sent: where the device is now, it does not say.
  private mutating func judge(
    _ answer: TransferAnswer, expected: [DFUState], during activity: Activity
  ) throws(DFUError) {
    let bytes: [UInt8]
    switch answer.result {
    case .success(let answered): bytes = answered
    case .failure(let error): throw .usb(error, during: activity)
    }
    guard let reply = DFUStatusReply(bytes) else {
      throw .malformedReply(bytes, during: activity)
    }
    guard let found = reply.state, expected.contains(found), reply.bStatus == .ok else {
      let text = statusText(of: reply)
      guard let found = reply.state else {
        _ = try? enter()
        throw .unknownState(reply.bState, during: activity)
      }
      guard found == .dfuERROR || reply.bStatus != .ok else {
        throw .unexpectedState(found: found, expected: expected, during: activity)
      }
      _ = try? enter()
      throw .device(reply.bStatus, state: found, text: text, during: activity)
    }
  }

  /// Goes on with a block that was sent before its turn.
  ///
  /// - Returns: Whether it is done, and the device is with a later one.
  mutating func take(_ sent: BlockAhead, during activity: Activity) throws(DFUError) -> Bool {
    blocksAhead.removeFirst()
    switch sent.course {
    case .done: return true
    case .begun: return false
    case .failed(let answers, let behind):
      state = nil
      blocksInDoubt = behind
      guard let first = answers.first else { throw .usb(.timedOut, during: activity) }
      if let error = first.error, error != .stall || answers.count == 1 {
        throw error == .stall
          ? explainedStall(during: activity) : .usb(error, during: activity)
      }
      // Behind a stall, what was to start the block tells why.
      let busy: [DFUState] = [.dfuDNBUSY, .dfuDNLOADIDLE]
      for (answer, expected) in zip(answers.dropFirst(), [busy, [.dfuDNLOADIDLE]]) {
        try judge(answer, expected: expected, during: activity)
      }
      throw .usb(first.error ?? .timedOut, during: activity)
    }
  }

  /// How many blocks behind the one that has just failed had been sent; they are forgotten here.
  mutating func takeBlocksInDoubt() -> Int {
    defer { blocksInDoubt = 0 }
    return blocksInDoubt
  }

  /// Lets the blocks that were sent before their turn come to their end, when nothing follows them.
  mutating func finishBlocksAhead() throws(DFUError) {
    while let sent = blocksAhead.first {
      guard try !take(sent, during: .aborting) else { continue }
      try poll(
        until: [.dfuDNLOADIDLE], kind: .write(bytes: sent.count), limit: limits.write,
        during: .aborting)
    }
  }
}

extension TransferAnswer {
  fileprivate var error: USBError? {
    if case .failure(let error) = result { error } else { nil }
  }
}

extension StatusAhead {
  fileprivate init(_ answer: TransferAnswer, behind before: TransferAnswer) {
    self.init(result: answer.result, sent: before.ended, ended: answer.ended)
  }
}
