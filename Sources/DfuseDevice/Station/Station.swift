/// Decides what a production station does at each port, where one board after the other is plugged
/// in: no clock, no bus, no thread.
///
/// A board is worked on once from plug-in to plug-in. What comes back by itself after its work, as a
/// board does whose BOOT0 is still set, is the same board; whoever plugs one in takes longer than
/// ``returnTime``. A board that cannot be opened is given ``openTime`` for others to let go of it,
/// and for its permissions to be set. Nothing is passed over without an instruction that says so.
public struct Station: Sendable {
  /// How long a board may take to become openable.
  public static let openTime: Duration = .seconds(5)
  /// How soon after its work a board on the same port is the same one.
  public static let returnTime: Duration = .seconds(2)
  /// How often a board is tried that fails and comes back by itself.
  public static let attempts = 3

  /// What to do now.
  public enum Instruction: Hashable, Sendable {
    /// Work on this board, and say so with ``finished(_:succeeded:returned:at:)`` in the end.
    case start(Board)
    /// This one could not be opened in time; it is started all the same if it can be later.
    case giveUp(DeviceIdentity, USBError)
    /// This one came back by itself and is not worked on again.
    case leaveAlone(DeviceIdentity)
  }

  private enum Port: Hashable {
    /// There, and cannot be opened yet.
    case arrived(DeviceIdentity.Place, since: Duration)
    /// There, could not be opened in time, and that was said.
    case givenUp(DeviceIdentity.Place)
    /// Being worked on.
    case atWork(DeviceIdentity.Place, failures: Int)
    /// Its work is over; it is still there as `place`, or has gone, and may be back soon.
    case done(DeviceIdentity.Place?, at: Duration, failures: Int)
  }

  private var ports: [String: Port] = [:]

  /// Makes a station with nothing at its ports.
  public init() {}

  /// Whether some board may become openable, so that looking again soon is worth it.
  public var isWaitingToOpen: Bool {
    ports.values.contains { if case .arrived = $0 { true } else { false } }
  }

  /// Takes in what is on the bus.
  ///
  /// - Parameters:
  ///   - selection: What the station's filter makes of the bus.
  ///   - now: The bus's time.
  /// - Returns: What to do, in the order of the ports.
  public mutating func see(_ selection: DeviceSelection, at now: Duration) -> [Instruction] {
    var instructions: [Instruction] = []
    for board in selection.selected {
      if let instruction = see(board, at: now) { instructions.append(instruction) }
    }
    for device in selection.notOpenable {
      guard let error = device.openError else { continue }
      if let instruction = see(closed: device.identity, error, at: now) {
        instructions.append(instruction)
      }
    }
    let there = Set(
      selection.selected.map(\.identity.path) + selection.notOpenable.map(\.identity.path))
    for (path, port) in ports where !there.contains(path) {
      switch port {
      case .arrived, .givenUp: ports[path] = nil
      case .done(_?, let end, let failures): ports[path] = .done(nil, at: end, failures: failures)
      // Forgotten as soon as nobody could be taken for the same board.
      case .done(nil, let end, _): if now - end >= Self.returnTime { ports[path] = nil }
      case .atWork: break
      }
    }
    return instructions
  }

  /// Takes in how the work on a board ended.
  ///
  /// - Parameters:
  ///   - identity: The board as it was started.
  ///   - succeeded: Whether it holds its firmware.
  ///   - returned: The plug-in as which it was seen to come back in its bootloader.
  ///   - now: The bus's time.
  public mutating func finished(
    _ identity: DeviceIdentity, succeeded: Bool, returned: DeviceIdentity.Place?, at now: Duration
  ) {
    var failures = 0
    if !succeeded, case .atWork(_, let before) = ports[identity.path] { failures = before + 1 }
    ports[identity.path] = .done(returned ?? identity.place, at: now, failures: failures)
  }

  private mutating func see(_ board: Board, at now: Duration) -> Instruction? {
    let (path, place) = (board.identity.path, board.place)
    var failures = 0
    switch ports[path] {
    case .atWork: return nil
    case .done(place, _, _): return nil
    case .done(_, let end, let before) where now - end < Self.returnTime:
      guard before > 0, before < Self.attempts else {
        ports[path] = .done(place, at: now, failures: before)
        return .leaveAlone(board.identity)
      }
      failures = before
    case .done, .arrived, .givenUp, nil: break
    }
    ports[path] = .atWork(place, failures: failures)
    return .start(board)
  }

  private mutating func see(
    closed identity: DeviceIdentity, _ error: USBError, at now: Duration
  ) -> Instruction? {
    let place = identity.place
    switch ports[identity.path] {
    case .atWork, .givenUp(place), .done(place, _, _): return nil
    case .arrived(place, let since):
      guard now - since >= Self.openTime else { return nil }
      ports[identity.path] = .givenUp(place)
      return .giveUp(identity, error)
    case .done(_, let end, let failures)
    where now - end < Self.returnTime && !(1..<Self.attempts).contains(failures):
      ports[identity.path] = .done(place, at: now, failures: failures)
      return .leaveAlone(identity)
    case .arrived, .givenUp, .done, nil:
      ports[identity.path] = .arrived(place, since: now)
      return nil
    }
  }
}
