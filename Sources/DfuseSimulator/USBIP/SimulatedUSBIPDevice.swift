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

  package func attach(at now: Duration) {
    state.withLock { state in
      guard let leftAt = state.leftAt else { return }
      state.leftAt = nil
      state.board.model.losePower(at: leftAt)
      // A firmware that runs has been running since the bootloader left.
      if state.board.application == nil { state.board.run(.bootloader, at: now) }
    }
  }

  package func detach(at now: Duration) {
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

  package func control(setup: [UInt8], data: [UInt8], at now: Duration) -> Reaction {
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

/// A device that a USB/IP server shows to its clients: control transfers only.
package protocol USBIPDevice: AnyObject, Sendable {
  /// How it is announced; another device may be there each time it is attached.
  var record: USBIPDeviceRecord { get }

  /// A client has imported it: it is plugged in.
  func attach(at now: Duration)

  /// The client has let it go, or it has left the bus by itself: it has no power any more.
  func detach(at now: Duration)

  /// A SETUP packet and the data that came with it; `now` never goes back.
  func control(setup: [UInt8], data: [UInt8], at now: Duration) -> Reaction
}

/// A device as the server describes it: 312 bytes, and 4 more an interface in the device list.
package struct USBIPDeviceRecord: Hashable, Sendable {
  /// `speed`: 2 is full speed, 3 high speed.
  package enum Speed: UInt32, Hashable, Sendable {
    case full = 2
    case high = 3
  }

  /// Class, subclass and protocol of an interface's first alternate setting.
  package struct Interface: Hashable, Sendable {
    package var classCode: UInt8
    package var subclass: UInt8
    package var protocolCode: UInt8

    package init(classCode: UInt8, subclass: UInt8, protocolCode: UInt8) {
      self.classCode = classCode
      self.subclass = subclass
      self.protocolCode = protocolCode
    }
  }

  /// The name by which a client asks for it, for example `1-1`.
  package var busID: String
  /// Number of its bus.
  package var busNumber: UInt32
  /// Its number on the bus.
  package var deviceNumber: UInt32
  /// Its speed.
  package var speed: Speed
  /// The device descriptor, 18 bytes, from which ids and classes are taken.
  package var deviceDescriptor: [UInt8]
  /// `bConfigurationValue` of the active configuration.
  package var configurationValue: UInt8
  /// Its interfaces.
  package var interfaces: [Interface]

  /// Makes a record.
  package init(
    busID: String, busNumber: UInt32, deviceNumber: UInt32, speed: Speed,
    deviceDescriptor: [UInt8], configurationValue: UInt8, interfaces: [Interface]
  ) {
    self.busID = busID
    self.busNumber = busNumber
    self.deviceNumber = deviceNumber
    self.speed = speed
    self.deviceDescriptor = deviceDescriptor
    self.configurationValue = configurationValue
    self.interfaces = interfaces
  }

  /// What the client makes of bus and device number to address the device.
  package var devid: UInt32 { busNumber << 16 | deviceNumber }

  /// The 312 bytes of the device.
  package func encode() -> [UInt8] {
    let field = { [deviceDescriptor] (offset: Int) -> UInt8 in
      deviceDescriptor.indices.contains(offset) ? deviceDescriptor[offset] : 0
    }
    var out = USBIPWire.padded("/sys/devices/simulated/usb\(busNumber)/\(busID)", to: 256)
    out += USBIPWire.padded(busID, to: USBIPWire.busIDSize)
    out += USBIPWire.big(busNumber) + USBIPWire.big(deviceNumber) + USBIPWire.big(speed.rawValue)
    // idVendor, idProduct, bcdDevice are little-endian in the descriptor.
    for offset in [8, 10, 12] { out += [field(offset + 1), field(offset)] }
    out += [field(4), field(5), field(6), configurationValue, field(17)]
    out.append(UInt8(clamping: interfaces.count))
    return out
  }

  /// The 4 bytes of each interface.
  package func encodeInterfaces() -> [UInt8] {
    interfaces.prefix(255).flatMap { [$0.classCode, $0.subclass, $0.protocolCode, 0] }
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
