import DfuseDevice

/// One port of the simulated bus and the board that belongs to it.
struct BusSlot: Sendable {
  /// What is to be seen from a moment on that is already known.
  typealias Event = (at: Duration, shows: RunningProgram)

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
  /// Whether a transport is open.
  var isOpen = false
  /// Why opening fails, if it does.
  var openError: USBError?
  /// What is to come, in the order of time.
  var events: [Event] = []

  /// What the host has learned of the device that is to be seen.
  func listing(openError: USBError? = nil) -> USBDeviceListing? {
    guard visible != .nothing else { return nil }
    return try? board.descriptors.listing(
      path: path, generation: generation, openError: openError)
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
    schedule((leaves, .nothing))
    let program = board.visible(while: next)
    if program != .nothing { schedule((leaves + absence, program)) }
  }

  private mutating func apply(_ event: Event) {
    if visible == .bootloader, event.shows == .nothing {
      // Only a pulled plug finds work in progress.
      board.model.losePower(at: event.at)
    }
    visible = event.shows
    board.run(visible, at: event.at)
    guard visible != .nothing else { return }
    generation += 1
    // The kernel chooses the configuration before anyone else talks to the device.
    if visible == .bootloader { board.model.standard.configuration = 1 }
  }

  // MARK: - For the transport

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
    let arrival = clock + WireTime.of(bytes: UInt64(data.count))
    let reaction = board.handle(setup: setup, data: data, at: arrival)
    var answered = arrival + reaction.delay
    var result: Result<[UInt8], USBError> = .success([])
    switch reaction.answer {
    case .acknowledge: break
    case .data(let bytes):
      answered += WireTime.of(transfers: 0, bytes: UInt64(bytes.count))
      result = .success(bytes)
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
    let device = try DeviceDescriptor.parse(device)
    let interfaces = try ConfigurationDescriptor.dfuInterfaces(in: configuration)
    func string(_ index: UInt8) -> [UInt8] {
      openError == nil ? descriptor(0x0300 | UInt16(index)) ?? [] : []
    }
    func text(_ index: UInt8) -> String? { StringDescriptor.decode(string(index)) }
    let identity = DeviceIdentity(
      vendorID: device.vendorID, productID: device.productID, bcdDevice: device.bcdDevice,
      path: path, address: UInt8((generation - 1) % 127 + 1), generation: UInt64(generation),
      serialNumber: StringDescriptor.decodeSerial(
        string(device.serialNumberIndex), vendorID: device.vendorID, productID: device.productID),
      manufacturer: text(device.manufacturerIndex), product: text(device.productIndex))
    return USBDeviceListing(
      identity: identity, interfaces: interfaces.map { interface in interface.named { text($0) } },
      openError: openError)
  }
}
