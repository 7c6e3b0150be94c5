import Synchronization

/// A simulated board behind a USB/IP server.
///
/// A client that imports the board plugs it in with BOOT0 set, and finds the bootloader. Only after
/// "leave" it may find the firmware's own device, if the firmware has one.
package final class SimulatedUSBIPDevice: USBIPDevice {
  private struct State: Sendable {
    var board: SimulatedBoard
    /// When it dropped off the bus or was unplugged, if it was ever attached.
    var leftAt: Duration?
    /// What becomes of the board once the connection ends, if its bootloader has left the bus.
    var afterlife: Reaction.Afterlife?
    var departure = BoardDeparture.unplugged
  }

  private let bootloader: USBIPDeviceRecord
  private let application: USBIPDeviceRecord
  private let state: Mutex<State>

  /// Puts a board on port `number` of bus 1; the first port is 1.
  package init(_ board: SimulatedBoard, port number: UInt32) {
    bootloader = Self.record(of: board, port: number)
    var running = board
    running.become(.application, at: .zero)
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

  package func attach(at now: Duration) {
    state.withLock { state in
      guard let leftAt = state.leftAt else { return }
      state.leftAt = nil
      state.board.model.losePower(at: leftAt)
      // A firmware that runs has been running since the bootloader left.
      if state.board.application == nil { state.board.become(.bootloader, at: now) }
    }
  }

  package func detach(at now: Duration) {
    state.withLock { state in
      if let afterlife = state.afterlife {
        state.afterlife = nil
        state.departure = .left(afterlife)
        let face = state.board.face(after: afterlife)
        if face == .application { state.board.become(face, at: now) }
      } else {
        // Unplugged: what it was working on stays half done, and a firmware ends.
        state.departure = state.board.application == nil ? .unplugged : .firmwareUnplugged
        state.leftAt = now
        state.board.model.losePower(at: now)
        state.board.become(.empty, at: now)
      }
    }
  }

  package func control(setup: [UInt8], data: [UInt8], at now: Duration) -> Reaction {
    state.withLock { state in
      let reaction = state.board.handle(setup: setup, data: data, at: now)
      switch reaction.then {
      case .stay: break
      case .leaveBus(let after, let afterlife, _):
        state.leftAt = now + reaction.delay + after
        state.afterlife = afterlife
      }
      return reaction
    }
  }

  private static func record(of board: SimulatedBoard, port number: UInt32) -> USBIPDeviceRecord {
    var enumeration = Enumeration(of: board)
    return USBIPDeviceRecord(
      busID: "1-\(number)", busNumber: 1, deviceNumber: number + 1, speed: .full,
      deviceDescriptor: enumeration.descriptor(0x0100, length: 18), configurationValue: 1,
      interfaces: interfaces(in: enumeration.descriptor(0x0200, length: 0xFFFF)))
  }

  /// One entry an interface, not an alternate setting.
  private static func interfaces(in configuration: [UInt8]) -> [USBIPDeviceRecord.Interface] {
    var found: [USBIPDeviceRecord.Interface] = []
    var numbers: Set<UInt8> = []
    var offset = 0
    while offset + 9 <= configuration.count, configuration[offset] > 1 {
      if configuration[offset + 1] == 4, numbers.insert(configuration[offset + 2]).inserted {
        found.append(
          .init(
            classCode: configuration[offset + 5], subclass: configuration[offset + 6],
            protocolCode: configuration[offset + 7]))
      }
      offset += Int(configuration[offset])
    }
    return found
  }
}
