import Synchronization

/// A simulated board behind a USB/IP server.
package final class SimulatedUSBIPDevice: USBIPDevice {
  private struct State: Sendable {
    var board: SimulatedBoard
    /// When it dropped off the bus or was unplugged, if it was ever attached.
    var leftAt: Duration?
  }

  package let record: USBIPDeviceRecord
  private let state: Mutex<State>

  /// Puts a board on port `number` of bus 1; the first port is 1.
  package init(_ board: SimulatedBoard, port number: UInt32) {
    // A copy without faults is asked for its descriptors.
    var probe = board.model
    probe.faults = FaultPlan()
    let device = Self.descriptor(0x01, length: 18, of: &probe)
    let configuration = Self.descriptor(0x02, length: 0xFFFF, of: &probe)
    record = USBIPDeviceRecord(
      busID: "1-\(number)", busNumber: 1, deviceNumber: number + 1, speed: .full,
      deviceDescriptor: device, configurationValue: 1,
      interfaces: Self.interfaces(in: configuration))
    state = Mutex(State(board: board))
  }

  /// The board as it is now.
  package var board: SimulatedBoard { state.withLock { $0.board } }

  package func attach(at now: Duration) {
    state.withLock { state in
      guard let leftAt = state.leftAt else { return }
      // Plugged in again: the bootloader starts, the memory is what it was.
      state.leftAt = nil
      state.board.model.losePower(at: leftAt)
      state.board.model.powerOn(at: now)
    }
  }

  package func detach(at now: Duration) {
    state.withLock { state in
      guard state.leftAt == nil else { return }
      // Unplugged: what it was working on stays half done.
      state.leftAt = now
      state.board.model.losePower(at: now)
    }
  }

  package func control(setup: [UInt8], data: [UInt8], at now: Duration) -> Reaction {
    state.withLock { state in
      let reaction = state.board.handle(setup: setup, data: data, at: now)
      switch reaction.then {
      case .stay: break
      case .leaveBus(let after, _, _): state.leftAt = now + reaction.delay + after
      }
      return reaction
    }
  }

  private static func descriptor(
    _ type: UInt8, length: UInt16, of model: inout BootloaderModel
  ) -> [UInt8] {
    let setup: [UInt8] = [
      0x80, 0x06, 0, type, 0, 0, UInt8(length & 0xFF), UInt8(length >> 8),
    ]
    guard case .data(let bytes) = model.handle(setup: setup, at: .zero).answer else { return [] }
    return bytes
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
