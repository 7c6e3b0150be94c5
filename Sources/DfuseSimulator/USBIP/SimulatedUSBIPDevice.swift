import Synchronization

/// A simulated board behind a USB/IP server.
///
/// A client that imports the board plugs it in with BOOT0 set, and finds the bootloader. Only after
/// "leave" it may find the firmware's own device, if the firmware has one.
package final class SimulatedUSBIPDevice: Sendable {
  private struct State: Sendable {
    var board: SimulatedBoard
    /// When it dropped off the bus or was unplugged, if it was ever attached.
    var leftAt: Duration?
    /// What becomes of the board once the connection ends, if its bootloader has left the bus.
    var next: RunningProgram?
    var departure = BoardDeparture.unplugged
  }

  /// Its port on bus 1, from 1.
  private let port: UInt32
  private let state: Mutex<State>

  /// Puts a board on a port of bus 1; the first port is 1.
  package init(_ board: SimulatedBoard, port: UInt32) {
    self.port = port
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

  func attach(at now: Duration) {
    state.withLock { state in
      guard let leftAt = state.leftAt else { return }
      state.leftAt = nil
      state.board.model.losePower(at: leftAt)
      // A firmware that runs has been running since the bootloader left.
      if state.board.application == nil { state.board.run(.bootloader, at: now) }
    }
  }

  func detach(at now: Duration) {
    state.withLock { state in
      if let next = state.next {
        state.next = nil
        state.departure = .left(next)
        let program = state.board.visible(while: next)
        if program == .application { state.board.run(program, at: now) }
      } else {
        // Unplugged: what it was working on stays half done, and a firmware ends.
        state.departure = state.board.application == nil ? .unplugged : .firmwareUnplugged
        state.leftAt = now
        state.board.model.losePower(at: now)
        state.board.run(.nothing, at: now)
      }
    }
  }

  func control(setup: [UInt8], data: [UInt8], at now: Duration) -> Reaction {
    state.withLock { state in
      let reaction = state.board.handle(setup: setup, data: data, at: now)
      if case .leaveBus(let after, let next, _) = reaction.then {
        state.leftAt = now + reaction.delay + after
        state.next = next
      }
      return reaction
    }
  }

  /// The device as the server describes it: 312 bytes, and in the list of devices 4 more an
  /// interface.
  func record(withInterfaces: Bool) -> [UInt8] {
    let descriptors = board.descriptors
    let device = descriptors.device
    // All alternate settings are of one interface.
    let interfaces = descriptors.alternates.prefix(1)
    var out = USBIPWire.padded("/sys/devices/simulated/usb1/\(busID)", to: 256)
    out += USBIPWire.padded(busID, to: USBIPWire.busIDSize)
    // Bus number, device number, and 2 for full speed.
    out += [1, port + 1, 2].flatMap(\.bigEndianBytes)
    // idVendor, idProduct, bcdDevice are little-endian in the descriptor.
    for offset in [8, 10, 12] { out += [device[offset + 1], device[offset]] }
    // The device's class; the active configuration, which is the first; how many there are.
    out += device[4..<7] + [1, device[17], UInt8(interfaces.count)]
    // Class, subclass and protocol of the interface.
    return withInterfaces ? out + interfaces.flatMap { $0[5..<8] + [0] } : out
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
}
