/// How long a wait for a board has lasted, and how long it may go on.
struct WaitClock {
  private let end: Duration?
  private let isSimulated: Bool
  private let start = ContinuousClock.now
  private var simulated = Duration.zero

  /// On a simulated bus nothing comes by itself: what is not planned within a day never happens.
  private static let simulatedForever = Duration.seconds(24 * 3600)

  init(limit: WaitOptions.Limit?, isSimulated: Bool) {
    self.isSimulated = isSimulated
    switch limit {
    case nil: end = .zero
    case .time(let time): end = time
    case .forever: end = isSimulated ? Self.simulatedForever : nil
    }
  }

  /// The time waited so far.
  var now: Duration { isSimulated ? simulated : start.duration(to: .now) }

  /// How long to wait for the next change, or nil when the time is over.
  ///
  /// A board that is there but closed is asked again soon: nothing tells when its permissions
  /// change. On the machine's bus, Ctrl-C is to be noticed in between.
  func nextStep(isClosed: Bool) -> Duration? {
    let left = end.map { $0 - now } ?? .seconds(3600)
    guard left > .zero else { return nil }
    if isClosed { return min(left, .milliseconds(100)) }
    return isSimulated ? left : min(left, .milliseconds(250))
  }

  /// Notes that a step is behind us; a step that ended early took no time that matters.
  mutating func took(_ step: Duration, isOver: Bool) {
    simulated += isOver ? step : .milliseconds(1)
  }
}
