/// Whether a device is asked for several blocks of memory at once.
enum RowTrust: Hashable, Sendable {
  /// It has not sent a block yet.
  case untried
  /// It has sent whole blocks, and nothing else so far.
  case proven
  /// It has sent a short block, stalled one, or not answered: one at a time from then on.
  case never
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
        // Those behind it began another upload: where the device is now, nobody knows.
        rows = .never
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
