import DfuseDevice

/// One port of the simulated bus and the board that belongs to it.
struct BusSlot: Sendable {
  /// Something that happens at a moment that is already known.
  struct Event: Sendable {
    var at: Duration
    var shows: RunningProgram
  }

  /// The port, as the kernel would write it.
  let path: String
  /// The board.
  var board: SimulatedBoard
  /// The board's own virtual time: boards that are worked on at once do not add up.
  var clock = Duration.zero
  /// What is to be seen now.
  var visible = RunningProgram.nothing
  /// Counts appearances; a transport is good for one.
  var generation = 0
  /// The device's address on the bus.
  var address: UInt8 = 0
  /// Whether a transport is open.
  var isOpen = false
  /// Why opening fails, if it does.
  var openError: USBError?
  /// What is to come, in the order of time.
  var events: [Event] = []
  /// What the host learned when the device appeared.
  var listing: USBDeviceListing?

  init(path: String, board: SimulatedBoard) {
    self.path = path
    self.board = board
  }

  /// Adds an event in its place.
  mutating func schedule(_ event: Event) {
    events.insert(event, at: events.firstIndex { $0.at > event.at } ?? events.count)
  }

  /// Lets everything happen that is due at `now`.
  mutating func settle(at now: Duration) {
    while let event = events.first, event.at <= now {
      events.removeFirst()
      apply(event)
    }
  }

  /// What the device's reaction means for the port, from the moment of the answer.
  mutating func follow(_ then: Reaction.Consequence, answeredAt moment: Duration) {
    guard case .leaveBus(let after, let next, let absence) = then else { return }
    let leaves = moment + after
    schedule(Event(at: leaves, shows: .nothing))
    let program = board.visible(while: next)
    if program != .nothing { schedule(Event(at: leaves + absence, shows: program)) }
  }

  private mutating func apply(_ event: Event) {
    if visible == .bootloader, event.shows == .nothing {
      // Only a pulled plug finds work in progress.
      board.model.losePower(at: event.at)
    }
    visible = event.shows
    board.run(visible, at: event.at)
    listing = nil
    guard visible != .nothing else { return }
    generation += 1
    address = address % 127 + 1
    // The kernel chooses the configuration before anyone else talks to the device.
    if visible == .bootloader { board.model.configuration = 1 }
    var enumeration = Enumeration(of: board)
    listing = try? enumeration.listing(
      path: path, address: address, generation: UInt64(generation))
  }
}

extension BusSlot {
  /// Whether the device that a transport was opened for is still on the port.
  func isThere(_ generation: Int) -> Bool {
    visible == .bootloader && self.generation == generation
  }

  /// Carries out one control transfer and turns the clock.
  mutating func transfer(
    setup: [UInt8], data: [UInt8], timeout: Duration, generation: Int
  ) -> Result<[UInt8], USBError> {
    settle(at: clock)
    guard isThere(generation) else { return .failure(.disconnected) }
    let deadline = clock + max(timeout, .milliseconds(1))
    let arrival = clock + WireTime.transfer(data.count)
    let reaction = board.handle(setup: setup, data: data, at: arrival)
    let answered: Duration
    let result: Result<[UInt8], USBError>
    switch reaction.answer {
    case .acknowledge:
      (answered, result) = (arrival + reaction.delay, .success([]))
    case .data(let bytes):
      (answered, result) = (
        arrival + reaction.delay + WireTime.data(bytes.count), .success(bytes)
      )
    case .stall:
      (answered, result) = (arrival + reaction.delay, .failure(.stall))
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
