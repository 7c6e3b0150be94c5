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
    var queue: [News] = []
    var running = 0
  }

  private let work: @Sendable (Device, @escaping (Event) -> Void) -> Outcome
  private let state = Mutex(State())
  private let arrivals = DispatchSemaphore(value: 0)

  /// Makes a fleet without devices.
  ///
  /// - Parameter work: What is done with each device, on a thread of its own: it opens the device,
  ///   reports events through the closure, and returns how it ended.
  public init(work: @escaping @Sendable (Device, @escaping (Event) -> Void) -> Outcome) {
    self.work = work
  }

  /// Devices whose end has not been handed out by ``next(limit:)``.
  public var runningCount: Int { state.withLock { $0.running } }

  /// Starts the work on a device, whose news come under `identity`.
  public func start(_ device: Device, as identity: DeviceIdentity) {
    state.withLock { $0.running += 1 }
    DispatchQueue(label: "dfuse \(identity.path)").async {
      let outcome = self.work(device) { event in self.add(.event(identity, event)) }
      self.add(.finished(identity, outcome))
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
      guard !state.queue.isEmpty else { return nil }
      let news = state.queue.removeFirst()
      if case .finished = news { state.running -= 1 }
      return news
    }
  }

  private func add(_ news: News) {
    state.withLock { $0.queue.append(news) }
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
