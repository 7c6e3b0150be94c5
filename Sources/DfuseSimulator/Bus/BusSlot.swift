import DfuseDevice

/// One port of the simulated bus and the board that belongs to it.
package struct BusSlot: Sendable {
  /// What is to be seen from a moment on that is already known.
  typealias Event = (at: Duration, shows: RunningProgram)

  /// The port, as the kernel would write it.
  var path: String
  /// The port at which the board comes back when it has left, if another.
  var returnPath: String?
  /// The board.
  var board: SimulatedBoard
  /// The board's own virtual time: boards that are worked on at once do not add up.
  var clock = Duration.zero
  /// What is to be seen now.
  var visible = RunningProgram.nothing
  /// Counts appearances; a transport is good for one.
  var generation = 0
  /// When what is to be seen came.
  private(set) var appeared = Duration.zero
  /// Whether a transport is open.
  var isOpen = false
  /// The serial port as the kernel keeps it, while what is to be seen is there.
  var tty = SerialState()
  /// Why opening fails, if it does.
  var openError: USBError?
  /// When the plug is pulled: what was to come after that does not.
  var unpluggedAt: Duration?
  /// What is to come, in the order of time.
  var events: [Event] = []

  /// What a kernel remembers of a serial port, and who has it open.
  package struct SerialState: Sendable {
    /// The speed that was last set.
    package var speed: UInt32 = 9600
    /// DTR and RTS as they were last set.
    package var lines: UInt16 = 0
    /// Whether this program has it open.
    package var isOpen = false
    /// How many other programs have it open, and do not mind.
    var others = 0
  }

  /// The device that is to be seen, as its descriptors show it; the kernel has read its strings.
  private(set) var plugged: PluggedDevice?
  /// What a host learns of it that opens it.
  private var opened: USBDeviceListing?

  /// A port with a board at it that is not to be seen yet.
  init(path: String, board: SimulatedBoard) {
    (self.path, self.board) = (path, board)
  }

  /// What the host has learned of the device that is to be seen.
  func listing(openError: USBError? = nil) -> USBDeviceListing? {
    guard visible != .nothing, openError != nil else { return opened }
    return try? board.descriptors.listing(
      path: path, generation: generation, openError: openError)
  }

  /// Reads the descriptors, which stay what they are from one plug-in to the next.
  mutating func enumerate() {
    (opened, plugged) = (nil, nil)
    guard visible != .nothing else { return }
    opened = try? board.descriptors.listing(path: path, generation: generation, openError: nil)
    guard let identity = opened?.identity,
      let interfaces = try? ConfigurationDescriptor.interfaces(in: board.descriptors.configuration)
    else { return }
    plugged = PluggedDevice(identity: identity, interfaces: interfaces)
  }

  /// The next moment at which something happens by itself.
  var nextMoment: Duration? {
    guard let own = board.deadline else { return events.first?.at }
    return events.first.map { min($0.at, own) } ?? own
  }

  /// Adds an event in its place.
  mutating func schedule(_ event: Event) {
    events.insert(event, at: events.firstIndex { $0.at > event.at } ?? events.count)
  }

  /// Lets everything happen that is due at `now`.
  mutating func settle(at now: Duration) {
    while let moment = nextMoment, moment <= now {
      if let event = events.first, event.at <= moment {
        events.removeFirst()
        if event.shows == .nothing, event.at == unpluggedAt { (events, unpluggedAt) = ([], nil) }
        apply(event)
      } else {
        follow(board.advance(to: moment), answeredAt: moment)
      }
    }
  }

  /// Lets everything happen that is due on a port without an open transport.
  mutating func settleIfClosed(at now: Duration) {
    guard !isOpen else { return }
    clock = max(clock, now)
    settle(at: clock)
  }

  /// What the device's reaction means for the port, from the moment of the answer.
  mutating func follow(_ then: Reaction.Consequence, answeredAt moment: Duration) {
    guard case .leaveBus(let after, let next, let absence) = then else { return }
    let leaves = moment + after
    schedule((leaves, .nothing))
    let program = board.visible(while: next)
    if program != .nothing { schedule((leaves + absence, program)) }
  }

  private mutating func apply(_ event: Event) {
    if visible == .bootloader, event.shows == .nothing {
      // Only a pulled plug finds work in progress.
      board.model.losePower(at: event.at)
    }
    let wasGone = visible == .nothing
    visible = board.starts(event.shows)
    board.run(visible, at: event.at)
    defer { enumerate() }
    guard visible != .nothing else { return }
    if wasGone, generation > 0, let returnPath { path = returnPath }
    generation += 1
    appeared = event.at
    tty = SerialState()
    board.configure()
  }

  // MARK: - For transports and links

  /// Whether the device that a transport was opened for is still on the port.
  func isThere(_ generation: Int) -> Bool {
    visible != .nothing && self.generation == generation
  }

  /// Resets the port; says whether the device that was opened is still there.
  mutating func reset(generation: Int) -> Bool {
    guard isThere(generation) else { return false }
    // Reset signalling, recovery and a new enumeration, as Linux does it.
    clock += .milliseconds(100)
    settle(at: clock)
    guard isThere(generation) else { return false }
    follow(board.busReset(at: clock), answeredAt: clock)
    settle(at: clock)
    return isThere(generation)
  }

  /// Sends bytes to an endpoint, in packets; says whether the device took them all.
  mutating func send(_ bytes: [UInt8], endpoint: UInt8, generation: Int) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      settle(at: clock)
      guard isThere(generation) else { return false }
      let packet = Array(rest.prefix(64))
      rest = rest.dropFirst(packet.count)
      clock += WireTime.of(transfers: 0, bytes: UInt64(packet.count))
      follow(board.receive(packet, endpoint: endpoint, at: clock), answeredAt: clock)
    }
    return true
  }

  /// What comes from an endpoint within `limit`; nil when the device leaves before that.
  mutating func receive(limit: Duration, endpoint: UInt8, generation: Int) -> [UInt8]? {
    let deadline = clock + max(limit, .zero)
    while true {
      settle(at: clock)
      guard isThere(generation) else { return nil }
      let bytes = board.take(4096, endpoint: endpoint, at: clock)
      if !bytes.isEmpty { return bytes }
      let output = board.running?.outputIsDue(endpoint: endpoint)
      let next = [nextMoment, output].compactMap(\.self).min()
      guard let next, next <= deadline else {
        clock = deadline
        return []
      }
      clock = max(clock, next)
    }
  }

  /// Carries out control transfers that are under way at once, and turns the clock.
  ///
  /// The link's delay passes once before the first comes to the device, and once behind the last. A
  /// time-out counts from when all were submitted; what is behind the one that it ends never comes to
  /// the device. Nor does what has not begun once `isStopped`.
  mutating func transfer(
    _ transfers: [QueuedTransfer], generation: Int, until isStopped: (() -> Bool)?
  ) -> [TransferAnswer] {
    let delay = board.faults.linkDelay
    var deadline = clock
    var answers: [TransferAnswer] = []
    clock += delay
    for transfer in transfers {
      deadline += max(transfer.timeout, .milliseconds(1))
      if isStopped?() == true {
        answers.append(TransferAnswer(.failure(.cancelled), ended: clock + delay))
        break
      }
      let result = carryOut(
        transfer, until: max(deadline - delay, clock), generation: generation)
      let answer = TransferAnswer(result, ended: clock + delay)
      answers.append(answer)
      if answer.isLast { break }
    }
    clock += delay
    return answers
  }

  /// Carries out one control transfer that has come to the device.
  private mutating func carryOut(
    _ transfer: QueuedTransfer, until deadline: Duration, generation: Int
  ) -> Result<[UInt8], USBError> {
    settle(at: clock)
    guard isThere(generation) else { return .failure(.disconnected) }
    let (request, data) = (transfer.request, transfer.data)
    let setup =
      [request.bmRequestType, request.bRequest]
      + [request.wValue, request.wIndex, UInt16(clamping: transfer.length)]
      .flatMap(\.littleEndianBytes)
    let arrival = clock + WireTime.of(bytes: UInt64(data.count))
    let reaction = board.handle(setup: setup, data: data, at: arrival)
    var answered = arrival + reaction.delay
    var result: Result<[UInt8], USBError> = .success([])
    switch reaction.answer {
    case .acknowledge: break
    case .data(let bytes):
      answered += WireTime.of(transfers: 0, bytes: UInt64(bytes.count))
      result = bytes.count <= transfer.length ? .success(bytes) : .failure(.overflow)
    case .stall: result = .failure(.stall)
    case .silence:
      if case .leaveBus(let after, _, _) = reaction.then {
        follow(reaction.then, answeredAt: arrival)
        clock = min(arrival + after, deadline)
        settle(at: clock)
        return .failure(isThere(generation) ? .timedOut : .disconnected)
      }
      (answered, result) = (deadline, .failure(.timedOut))
    }
    follow(reaction.then, answeredAt: answered)
    clock = min(answered, deadline)
    if let next = events.first, next.at < clock {
      // Unplugged in the middle of the transfer.
      clock = next.at
      settle(at: clock)
      if !isThere(generation) { return .failure(.disconnected) }
    }
    return answered > deadline ? .failure(.timedOut) : result
  }
}

extension Descriptors {
  /// What a host learns of the device when it is plugged in; one that cannot be opened cannot be
  /// asked for its strings.
  ///
  /// The raw descriptors go through the host's own parser, as with real boards.
  ///
  /// - Throws: ``USBError/badDescriptor(reason:)`` when the descriptors make no sense.
  fileprivate func listing(
    path: String, generation: Int, openError: USBError?
  ) throws(USBError) -> USBDeviceListing {
    try USBDeviceListing(
      device: device, configuration: configuration, path: path,
      address: UInt8((generation - 1) % 127 + 1), generation: UInt64(generation),
      openError: openError, string: { descriptor(0x0300 | UInt16($0)) })
  }
}
