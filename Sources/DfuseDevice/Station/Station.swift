/// Decides what a production station does at each port, where one board after the other is plugged
/// in: no clock, no bus, no thread.
///
/// A board is worked on once from plug-in to plug-in. What comes back by itself after its work, as a
/// board does whose BOOT0 is still set, is the same board, unless its own serial number says
/// otherwise; whoever plugs one in takes longer than that. A board that cannot be opened is given ``openTime`` for others to let go of it,
/// and for its permissions to be set. Nothing is passed over without an instruction that says so.
public struct Station: Sendable {
  /// How long a board may take to become openable.
  public static let openTime: Duration = .seconds(5)
  /// How soon after its work a board on the same port is the same one.
  private let returnTime: Duration
  /// How often a board is tried that fails and comes back by itself.
  public static let attempts = 3

  /// What to do now.
  public enum Instruction: Hashable, Sendable {
    /// Work on this board, and say so with ``finished(_:succeeded:returned:at:)`` in the end.
    case start(DeviceIdentity)
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
    case done(DeviceIdentity.Place?, serial: String?, at: Duration, failures: Int)
  }

  private var ports: [String: Port] = [:]

  /// Makes a station with nothing at its ports.
  ///
  /// - Parameter returnTime: How soon after its work a board on the same port is the same one.
  public init(returnTime: Duration = .seconds(2)) { self.returnTime = returnTime }

  /// Whether some board may become openable, so that looking again soon is worth it.
  public var isWaitingToOpen: Bool {
    ports.values.contains { if case .arrived = $0 { true } else { false } }
  }

  /// Takes in what is on the bus.
  ///
  /// - Parameters:
  ///   - selection: What the station's filter makes of the bus.
  ///   - running: Devices that are worked on as well, though they are not in their bootloaders.
  ///   - now: The bus's time.
  /// - Returns: What to do, in the order of the ports.
  public mutating func see(
    _ selection: DeviceSelection, running: [DeviceIdentity] = [], at now: Duration
  ) -> [Instruction] {
    let ready = selection.selected.map(\.identity) + running
    let open = ready.compactMap { see($0, at: now) }
    let closed = selection.notOpenable.compactMap { device in
      device.openError.flatMap { see(closed: device.identity, $0, at: now) }
    }
    let there = Set(ready.map(\.path) + selection.notOpenable.map(\.identity.path))
    for (path, port) in ports where !there.contains(path) {
      switch port {
      case .arrived, .givenUp: ports[path] = nil
      case .done(_?, let serial, let end, let failures):
        ports[path] = .done(nil, serial: serial, at: end, failures: failures)
      // Forgotten as soon as nobody could be taken for the same board.
      case .done(nil, _, let end, _): if now - end >= returnTime { ports[path] = nil }
      case .atWork: break
      }
    }
    return open + closed
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
    ports[identity.path] = .done(
      returned ?? identity.place, serial: identity.ownSerialNumber, at: now, failures: failures)
  }

  /// How often the board has failed that came back by itself as this one; nil if this is another one.
  private func failures(of identity: DeviceIdentity, at now: Duration) -> Int? {
    guard case .done(_, let serial, let end, let failures) = ports[identity.path],
      now - end < returnTime,
      // Right after an enumeration the strings may not be there yet.
      identity.ownSerialNumber == nil || serial == nil || identity.ownSerialNumber == serial
    else { return nil }
    return failures
  }

  /// Ends the work on a board that came back by itself, where it is not tried again.
  private mutating func leaveAlone(
    _ identity: DeviceIdentity, failures: Int, at now: Duration
  ) -> Instruction {
    ports[identity.path] = .done(
      identity.place, serial: identity.ownSerialNumber, at: now, failures: failures)
    return .leaveAlone(identity)
  }

  /// Whether a board with so many failures is tried again when it comes back by itself.
  private static func isTriedAgain(_ failures: Int) -> Bool { (1..<attempts).contains(failures) }

  private mutating func see(_ identity: DeviceIdentity, at now: Duration) -> Instruction? {
    let (path, place) = (identity.path, identity.place)
    switch ports[path] {
    case .atWork, .done(place, _, _, _): return nil
    case .done, .arrived, .givenUp, nil: break
    }
    let failures = failures(of: identity, at: now)
    if let failures, !Self.isTriedAgain(failures) {
      return leaveAlone(identity, failures: failures, at: now)
    }
    ports[path] = .atWork(place, failures: failures ?? 0)
    return .start(identity)
  }

  private mutating func see(
    closed identity: DeviceIdentity, _ error: USBError, at now: Duration
  ) -> Instruction? {
    let place = identity.place
    switch ports[identity.path] {
    case .atWork, .givenUp(place), .done(place, _, _, _): return nil
    case .arrived(place, let since):
      guard now - since >= Self.openTime else { return nil }
      ports[identity.path] = .givenUp(place)
      return .giveUp(identity, error)
    case .arrived, .givenUp, .done, nil:
      if let failures = failures(of: identity, at: now), !Self.isTriedAgain(failures) {
        return leaveAlone(identity, failures: failures, at: now)
      }
      ports[identity.path] = .arrived(place, since: now)
      return nil
    }
  }
}
