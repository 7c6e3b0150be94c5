import Dispatch
import Synchronization

/// Many devices at once: a thread of work for each, and their news for one thread that listens.
///
/// The work on a device runs from its beginning to its end on one thread of its own, and so may
/// block there. What it reports is queued; ``next(limit:)`` hands it to whoever shows it, in the
/// order in which it came. One failure does not touch the other devices.
public final class DeviceFleet<Device: Sendable, Event: Sendable, Outcome: Sendable>: Sendable {
  /// What comes from a device.
  public enum News: Sendable {
    /// Something happened in its work.
    case event(DeviceIdentity, Event)
    /// Its work is done.
    case finished(DeviceIdentity, Outcome)
  }

  private struct State {
    /// What has come since ``outgoing`` was filled.
    var incoming: [News] = []
    /// What is handed out next, the last one first.
    var outgoing: [News] = []
    /// Devices whose end has not been handed out.
    var running = 0
    /// Devices whose work has begun and is not over.
    var atWork = 0
    /// Devices whose turn has not come.
    var waiting: [(device: Device, identity: DeviceIdentity)] = []
  }

  private let work: @Sendable (Device, @escaping (Event) -> Void) -> Outcome
  /// How many are worked on at once.
  private let limit: Int
  private let state = Mutex(State())
  private let arrivals = DispatchSemaphore(value: 0)

  /// Makes a fleet without devices.
  ///
  /// - Parameters:
  ///   - limit: How many are worked on at once, one at least; nil for as many as there are.
  ///   - work: What is done with each device, on a thread of its own: it opens the device, reports
  ///     events through the closure, and returns how it ended.
  public init(
    limit: Int? = nil,
    work: @escaping @Sendable (Device, @escaping (Event) -> Void) -> Outcome
  ) {
    self.limit = max(limit ?? .max, 1)
    self.work = work
  }

  /// Devices whose end has not been handed out by ``next(limit:)``.
  public var runningCount: Int { state.withLock { $0.running } }

  /// Starts the work on a device, whose news come under `identity`; as soon as it is its turn, where
  /// not all are worked on at once.
  public func start(_ device: Device, as identity: DeviceIdentity) {
    let isNow = state.withLock { state in
      state.running += 1
      guard state.atWork < limit else {
        state.waiting.append((device, identity))
        return false
      }
      state.atWork += 1
      return true
    }
    if isNow { begin(device, as: identity) }
  }

  private func begin(_ device: Device, as identity: DeviceIdentity) {
    DispatchQueue(label: "dfuse \(identity.path)").async {
      let outcome = self.work(device) { event in self.add(.event(identity, event)) }
      let next = self.state.withLock { state in
        state.atWork -= 1
        guard !state.waiting.isEmpty else {
          return (device: Device, identity: DeviceIdentity)?.none
        }
        state.atWork += 1
        return state.waiting.removeFirst()
      }
      self.add(.finished(identity, outcome))
      if let next { self.begin(next.device, as: next.identity) }
    }
  }

  /// The next news, waiting for it.
  ///
  /// - Parameter limit: How long to wait; nil as long as a device is at work.
  /// - Returns: The news; nil when none came in time, or none can come any more.
  public func next(limit: Duration? = nil) -> News? {
    guard runningCount > 0 else { return nil }
    let deadline: DispatchTime =
      limit.map { .now() + .microseconds($0.wholeMicroseconds) }
      ?? .distantFuture
    guard arrivals.wait(timeout: deadline) == .success else { return nil }
    return state.withLock { state in
      if state.outgoing.isEmpty {
        state.outgoing = state.incoming.reversed()
        state.incoming = []
      }
      guard let news = state.outgoing.popLast() else { return nil }
      if case .finished = news { state.running -= 1 }
      return news
    }
  }

  private func add(_ news: News) {
    state.withLock { $0.incoming.append(news) }
    arrivals.signal()
  }
}

extension Duration {
  /// Microseconds, none for a negative time and at most an hour's worth.
  fileprivate var wholeMicroseconds: Int {
    let time = min(max(self, .zero), .seconds(3600)).components
    return Int(time.seconds) * 1_000_000 + Int(time.attoseconds / 1_000_000_000_000)
  }
}
