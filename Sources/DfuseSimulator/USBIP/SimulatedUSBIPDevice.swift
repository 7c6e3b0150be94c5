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

  private let bootloader: USBIPDeviceRecord
  private let application: USBIPDeviceRecord
  private let state: Mutex<State>

  /// Puts a board on port `number` of bus 1; the first port is 1.
  package init(_ board: SimulatedBoard, port number: UInt32) {
    bootloader = Self.record(of: board, port: number)
    var running = board
    running.run(.application, at: .zero)
    application = Self.record(of: running, port: number)
    state = Mutex(State(board: board))
  }

  package var record: USBIPDeviceRecord {
    state.withLock { $0.board.application == nil ? bootloader : application }
  }

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
      switch reaction.then {
      case .stay: break
      case .leaveBus(let after, let next, _):
        state.leftAt = now + reaction.delay + after
        state.next = next
      }
      return reaction
    }
  }

  private static func record(of board: SimulatedBoard, port: UInt32) -> USBIPDeviceRecord {
    var enumeration = Enumeration(of: board)
    return USBIPDeviceRecord(
      port: port, deviceDescriptor: enumeration.descriptor(0x0100, length: 18),
      interfaces: interfaces(in: enumeration.descriptor(0x0200, length: 0xFFFF)))
  }

  /// Class, subclass and protocol of each interface's first alternate setting.
  private static func interfaces(in configuration: [UInt8]) -> [[UInt8]] {
    var found: [[UInt8]] = []
    var numbers: Set<UInt8> = []
    var rest = configuration[...]
    while rest.count >= 9, let length = rest.first, length > 1 {
      let fields = Array(rest.prefix(9))
      if fields[1] == 4, numbers.insert(fields[2]).inserted { found.append(Array(fields[5..<8])) }
      rest = rest.dropFirst(Int(length))
    }
    return found
  }
}

/// A device as the server describes it: 312 bytes, and 4 more an interface in the device list.
package struct USBIPDeviceRecord: Hashable, Sendable {
  /// Its port on bus 1, from 1.
  let port: UInt32
  /// The device descriptor, 18 bytes, from which ids and classes are taken.
  let deviceDescriptor: [UInt8]
  /// Class, subclass and protocol of each interface.
  let interfaces: [[UInt8]]

  /// The name by which a client asks for it, for example `1-1`.
  package var busID: String { "1-\(port)" }

  /// What the client makes of bus and device number to address the device.
  var devid: UInt32 { 1 << 16 | (port + 1) }

  /// The 312 bytes of the device.
  func encode() -> [UInt8] {
    let field = { [deviceDescriptor] (offset: Int) -> UInt8 in
      deviceDescriptor.indices.contains(offset) ? deviceDescriptor[offset] : 0
    }
    var out = USBIPWire.padded("/sys/devices/simulated/usb1/\(busID)", to: 256)
    out += USBIPWire.padded(busID, to: USBIPWire.busIDSize)
    // Bus number, device number, and 2 for full speed.
    out += [1, port + 1, 2].flatMap(\.bigEndianBytes)
    // idVendor, idProduct, bcdDevice are little-endian in the descriptor.
    for offset in [8, 10, 12] { out += [field(offset + 1), field(offset)] }
    // The active configuration is the first.
    out += [field(4), field(5), field(6), 1, field(17)]
    out.append(UInt8(clamping: interfaces.count))
    return out
  }

  /// The 4 bytes of each interface.
  func encodeInterfaces() -> [UInt8] { interfaces.prefix(255).flatMap { $0 + [0] } }
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
