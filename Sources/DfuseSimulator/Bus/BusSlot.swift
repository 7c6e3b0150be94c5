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
    if visible == .bootloader { board.model.standard.configuration = 1 }
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

/// What a host learns of a board when it is plugged in.
///
/// The board's raw descriptors go through the host's own parser, as with real boards.
struct Enumeration {
  /// Asked on a copy without faults, so that looking at a board changes nothing on it.
  private var board: SimulatedBoard

  init(of board: SimulatedBoard) {
    self.board = board
    self.board.recordsTransfers = false
    self.board.model.faults = FaultPlan()
    self.board.model.silentUntil = .zero
  }

  /// Identity and DFU interfaces of the board, as its bootloader or as its firmware's device.
  ///
  /// - Throws: ``USBError/badDescriptor(reason:)`` when the descriptors make no sense.
  mutating func listing(
    path: String, address: UInt8, generation: UInt64
  ) throws(USBError) -> USBDeviceListing {
    let device = try DeviceDescriptor.parse(descriptor(0x0100, length: 18))
    let interfaces = try ConfigurationDescriptor.dfuInterfaces(
      in: descriptor(0x0200, length: 0xFFFF))
    let serial = descriptor(0x0300 | UInt16(device.serialNumberIndex), length: 255)
    let identity = DeviceIdentity(
      vendorID: device.vendorID, productID: device.productID, bcdDevice: device.bcdDevice,
      path: path, address: address,
      generation: generation,
      serialNumber: StringDescriptor.decodeSerial(
        serial, vendorID: device.vendorID, productID: device.productID),
      manufacturer: text(device.manufacturerIndex), product: text(device.productIndex))
    var named: [DFUInterface] = []
    for interface in interfaces { named.append(interface.named { text($0) }) }
    return USBDeviceListing(identity: identity, interfaces: named)
  }

  private mutating func text(_ index: UInt8) -> String? {
    StringDescriptor.decode(descriptor(0x0300 | UInt16(index), length: 255))
  }

  /// The bytes of a descriptor, or none when the board has no such descriptor.
  ///
  /// `wValue` is its type in the high byte, its index in the low one.
  mutating func descriptor(_ wValue: UInt16, length: UInt16) -> [UInt8] {
    let language: UInt16 = wValue >> 8 == 3 ? 0x0409 : 0
    let setup = [0x80, 0x06] + [wValue, language, length].flatMap(\.littleEndianBytes)
    guard case .data(let bytes) = board.handle(setup: setup, at: .zero).answer else { return [] }
    return bytes
  }
}
