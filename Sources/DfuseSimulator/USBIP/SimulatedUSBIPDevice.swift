import Synchronization

/// A simulated board behind a USB/IP server.
///
/// A client that imports a board without an application plugs it in with BOOT0 set, and finds the
/// bootloader. Only after "leave" it may find the firmware's own device, if the firmware has one. A
/// board with an application runs that, until it is told to enter its bootloader.
package final class SimulatedUSBIPDevice: Sendable {
  private struct State: Sendable {
    var board: SimulatedBoard
    /// When it dropped off the bus or was unplugged, if it was ever attached.
    var leftAt: Duration?
    /// What becomes of the board once the connection ends, if its bootloader has left the bus.
    var next: RunningProgram?
    /// Until when nobody can import it; a board that never comes back has no such moment.
    var absentUntil: Duration? = .zero
    var departure = BoardDeparture.unplugged

    /// Runs what a client finds: a bootloader starts when one attaches.
    mutating func show(_ program: RunningProgram, at now: Duration) {
      board.run(program == .bootloader ? .nothing : program, at: now)
    }

    /// Notes when the board leaves, and as what it comes back.
    mutating func follow(_ then: Reaction.Consequence, answeredAt moment: Duration) {
      guard case .leaveBus(let after, let program, let absence) = then else { return }
      leftAt = moment + after
      next = program
      // A short absence is not imitated: clients attach as soon as they see the board again.
      guard board.running != nil else { return }
      absentUntil =
        program == .nothing ? nil : absence > .seconds(1) ? moment + after + absence : .zero
    }
  }

  /// Its port on bus 1, from 1.
  private let port: UInt32
  private let state: Mutex<State>

  /// Puts a board on a port of bus 1; the first port is 1.
  package init(_ board: SimulatedBoard, port: UInt32) {
    self.port = port
    var board = board
    if board.application != nil { board.run(board.firstProgram, at: .zero) }
    state = Mutex(State(board: board))
  }

  /// The name by which a client asks for it, for example `1-1`.
  package var busID: String { "1-\(port)" }

  /// What the client makes of bus and device number to address the device.
  var devid: UInt32 { 1 << 16 | (port + 1) }

  /// The board as it is now.
  package var board: SimulatedBoard { state.withLock { $0.board } }

  /// How it last went away.
  package var departure: BoardDeparture { state.withLock { $0.departure } }

  /// Whether a client can import it.
  func isAvailable(at now: Duration) -> Bool {
    state.withLock { $0.absentUntil.map { $0 <= now } ?? false }
  }

  func attach(at now: Duration) {
    state.withLock { state in
      guard let leftAt = state.leftAt else { return }
      state.leftAt = nil
      state.board.model.losePower(at: leftAt)
      // A firmware that runs has been running since the bootloader left.
      if state.board.running == nil { state.board.run(.bootloader, at: now) }
    }
  }

  func detach(at now: Duration) {
    state.withLock { state in
      if let next = state.next {
        state.next = nil
        // What it was told last it still does.
        if state.board.running == nil { state.board.model.losePower(at: state.leftAt ?? now) }
        let starts = state.board.starts(next)
        state.departure = state.board.running == nil ? .left(starts) : .entered(starts)
        state.show(state.board.visible(while: starts), at: now)
        if next == .bootloader, starts == .nothing { state.absentUntil = nil }
      } else {
        // Unplugged: what it was working on stays half done, and a firmware ends.
        state.departure = state.board.running == nil ? .unplugged : .firmwareUnplugged
        state.leftAt = now
        state.board.model.losePower(at: now)
        state.board.losePower()
        let first = state.board.firstProgram
        let starts = state.board.starts(first)
        state.show(first == .nothing ? first : starts, at: now)
        if first == .bootloader, starts == .nothing { state.absentUntil = nil }
      }
    }
  }

  func control(setup: [UInt8], data: [UInt8], at now: Duration) -> Reaction {
    state.withLock { state in
      let reaction = state.board.handle(setup: setup, data: data, at: now)
      state.follow(reaction.then, answeredAt: now + reaction.delay)
      return reaction
    }
  }

  /// Whether the device that runs has an endpoint, by its `bEndpointAddress`.
  func hasEndpoint(_ address: UInt8) -> Bool {
    state.withLock { $0.board.descriptors.hasEndpoint(address) }
  }

  /// Takes in a packet on a bulk endpoint.
  func receive(_ bytes: [UInt8], endpoint: UInt8, at now: Duration) -> Reaction.Consequence {
    state.withLock { state in
      let then = state.board.receive(bytes, endpoint: endpoint, at: now)
      state.follow(then, answeredAt: now)
      return then
    }
  }

  /// At most `count` bytes that an endpoint has for the host; none if there are none yet.
  func take(_ count: Int, endpoint: UInt8, at now: Duration) -> [UInt8] {
    state.withLock { $0.board.take(count, endpoint: endpoint, at: now) }
  }

  /// When something happens by itself, or an endpoint with a waiting request has bytes.
  func deadline(waiting endpoints: [UInt8]) -> Duration? {
    state.withLock { state in
      let output = endpoints.compactMap { state.board.running?.outputIsDue(endpoint: $0) }
      return (output + [state.board.deadline].compactMap(\.self)).min()
    }
  }

  /// Lets what is due happen.
  ///
  /// - Returns: What comes of it, and when it was due.
  func advance(to now: Duration) -> (then: Reaction.Consequence, at: Duration) {
    state.withLock { state in
      let moment = min(state.board.deadline ?? now, now)
      let then = state.board.advance(to: now)
      state.follow(then, answeredAt: moment)
      return (then, moment)
    }
  }

  /// The device as the server describes it: 312 bytes, and in the list of devices 4 more an
  /// interface.
  func record(withInterfaces: Bool) -> [UInt8] {
    let descriptors = board.descriptors
    let device = descriptors.device
    let interfaces = descriptors.interfaces
    var out = USBIPWire.padded("/sys/devices/simulated/usb1/\(busID)", to: 256)
    out += USBIPWire.padded(busID, to: USBIPWire.busIDSize)
    // Bus number, device number, speed.
    out += [1, port + 1, descriptors.speed.rawValue].flatMap(\.bigEndianBytes)
    // idVendor, idProduct, bcdDevice are little-endian in the descriptor.
    for offset in [8, 10, 12] { out += [device[offset + 1], device[offset]] }
    // The device's class; the active configuration, which is the first; how many there are.
    out += device[4..<7] + [1, device[17], UInt8(interfaces.count)]
    // Class, subclass and protocol of each interface.
    return withInterfaces ? out + interfaces.flatMap { $0.code + [0] } : out
  }
}

/// How a board behind a USB/IP server went away from its client.
package enum BoardDeparture: Hashable, Sendable {
  /// Unplugged while its bootloader ran.
  case unplugged
  /// Unplugged while its firmware ran.
  case firmwareUnplugged
  /// The bootloader left the bus by itself.
  case left(RunningProgram)
  /// The firmware left the bus by itself.
  case entered(RunningProgram)
}
