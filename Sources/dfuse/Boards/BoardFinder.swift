import DfuseDevice

/// Finds the board that a command is for.
struct BoardFinder {
  let source: BoardSource
  let filter: DeviceFilter
  let wait: WaitOptions.Limit?
  /// Which way running boards may be taken, if they may.
  let request: EnterRequest?
  let host: Host

  /// How long a board that has just appeared may take to become openable: udev sets the
  /// permissions a moment after the kernel shows the device.
  private static let grace = Duration.seconds(2)

  init(
    source: BoardSource, options: WorkOptions, host: Host, request: EnterRequest? = nil
  ) throws(Failure) {
    self.source = source
    self.host = host
    self.request = if let request { request } else { try options.enter.request }
    filter = try options.device.filter
    wait = try options.wait.limit
  }

  /// The one board that fits; waits for it if that was asked for.
  ///
  /// - Throws: A failure: 69 for none or several, 77 or 74 when it cannot be opened, 130 for Ctrl-C.
  func one() throws(Failure) -> Board {
    try waiting { devices throws(Failure) in
      do throws(SelectionError) {
        return .found(try filter.select(from: devices))
      } catch {
        return missing(error)
      }
    }
  }

  /// The one board that fits, in its bootloader; one that runs is taken there, if that was asked for.
  ///
  /// - Parameter note: Is told what happens on the way, a line each.
  /// - Returns: The board, and where it came from.
  /// - Throws: As ``one()``, and as ``BoardEntry/enter(_:note:)``.
  func entered(note: @escaping (String) -> Void) throws(Failure) -> BoardEntry.Entered {
    guard let request else { return BoardEntry.Entered(board: try one()) }
    let running = RunningBoards(request: request, filter: filter)
    let (target, before) = try waiting { devices throws(Failure) -> Answer<Found> in
      let sight = try source.sight(devices, filter, running)
      let (selection, plugged) = (sight.selection, sight.plugged)
      let all =
        selection.selected.map(\.identity) + selection.notOpenable.map(\.identity)
        + sight.running.map(\.device.identity)
      if all.count > 1, all.count > sight.running.count { return missing(.several(all)) }
      if let board = selection.selected.first {
        return .found((.board(request.board(board)), plugged))
      }
      if let device = selection.notOpenable.first, let error = device.openError {
        return missing(.notOpenable(device.identity, error))
      }
      do throws(Failure) {
        let candidate = try running.one(in: plugged)
        return .found((.running(candidate.device, candidate.ways), plugged))
      } catch {
        return .missing(error, mayCome: sight.running.isEmpty)
      }
    }
    let entry = BoardEntry(bus: source.bus, before: before, isCancelled: host.isInterrupted)
    return try entry.enter(target, note: note)
  }

  private typealias Found = (BoardTarget, before: [PluggedDevice])

  /// Every board that fits, at least one, and those that are to be taken into their bootloaders;
  /// others may fit and not be openable.
  ///
  /// - Parameter count: How many there have to be, if that is known; closed ones do not count.
  /// - Returns: What was seen.
  /// - Throws: As ``one()``, but for several; status 69 where there are fewer or more than `count`.
  func all(_ count: Int? = nil) throws(Failure) -> BoardSight {
    let running = request.map { RunningBoards(request: $0, filter: filter) }
    return try waiting { devices throws(Failure) -> Answer<BoardSight> in
      let sight = try source.sight(devices, filter, running)
      guard sight.targets.isEmpty else {
        guard let count, sight.targets.count != count else { return .found(sight) }
        return .missing(Self.wrongNumber(sight, count), mayCome: sight.targets.count < count)
      }
      if let device = sight.selection.notOpenable.first, let error = device.openError {
        return missing(.notOpenable(device.identity, error))
      }
      if let running { return .missing(running.nothing(in: sight.plugged), mayCome: true) }
      return missing(.noDevice(ignored: sight.selection.ignored))
    }
  }

  /// A failure for want of a board, where one runs that could be taken into its bootloader.
  private func offeringEntry(_ failure: Failure) throws(Failure) -> Failure {
    guard request == nil, failure.status == .noBoard else { return failure }
    let running = RunningBoards(request: .automatic, filter: filter)
      .candidates(in: try source.pluggedDevices())
    guard !running.isEmpty else { return failure }
    var failure = failure
    failure.reasons = running.map {
      "\($0.device.identity.runningName) runs its firmware, and has a way into its bootloader"
    }
    failure.fix = "say --enter as well, which takes it there"
    return failure
  }

  private static func wrongNumber(_ sight: BoardSight, _ count: Int) -> Failure {
    let found = sight.targets.count
    let closed = sight.selection.notOpenable.map { "\($0.identity.line)  cannot be opened" }
    return Failure(
      .noBoard, "\(found.counted("board")) \(found == 1 ? "fits" : "fit"), and \(count) were meant",
      now: "nothing on any board was changed",
      fix: found < count
        ? "plug in the others, or let --wait wait for them; these are there:"
        : "unplug what is too much, or choose by --path, in which * stands for anything:",
      choices: sight.targets.map { $0.identity.line } + closed)
  }

  private enum Answer<Found> {
    case found(Found)
    case missing(Failure, mayCome: Bool)
  }

  private func missing<Found>(_ error: SelectionError) -> Answer<Found> {
    // Of several boards, none goes away by waiting.
    let mayCome = if case .several = error { false } else { true }
    return .missing(Failure(selection: error, filter: filter), mayCome: mayCome)
  }

  private func waiting<Found>(
    _ look: ([USBDeviceListing]) throws(Failure) -> Answer<Found>
  ) throws(Failure) -> Found {
    var clock = WaitClock(limit: wait, isSimulated: source.isSimulated)
    var lookout = BoardLookout(source.bus)
    var openDeadline: Duration?
    var isFirst = true
    var hasChanged = false
    while true {
      let devices = try source.devices()
      var failure: Failure
      let mayCome: Bool
      switch try look(devices) {
      case .found(let found): return found
      case .missing(let reason, let may): (failure, mayCome) = (reason, may)
      }
      let isAlone = failure.status == .noBoard && devices.haveNoBootloader
      func explained(_ failure: Failure) throws(Failure) -> Failure {
        guard isAlone else { return failure }
        return try offeringEntry(lookout.explaining(failure))
      }
      guard mayCome, wait != nil else { throw try explained(failure) }
      if failure.status != .noBoard {
        // It is there, and closed: udev may not have set its permissions yet.
        let deadline = openDeadline ?? clock.now + Self.grace
        openDeadline = deadline
        if clock.now >= deadline { throw failure }
      } else {
        openDeadline = nil
      }
      if isFirst {
        host.console.note("waiting for a board in its bootloader (Ctrl-C stops)")
        isFirst = false
      }
      if isAlone {
        lookout.news(at: clock.now, changed: hasChanged).forEach(host.console.note)
      }
      guard !host.isInterrupted() else {
        throw try explained(Failure(.interrupted, "stopped; no board came"))
      }
      guard let step = clock.nextStep(isClosed: openDeadline != nil) else {
        failure.what += ", and none came in \(clock.now.timeText)"
        throw try explained(failure)
      }
      hasChanged = source.bus.waitForChange(limit: step)
      clock.took(step, isOver: !hasChanged)
    }
  }
}

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

  /// Adds a step to the time; a step that ended early took no time that matters.
  mutating func took(_ step: Duration, isOver: Bool) {
    simulated += isOver ? step : .milliseconds(1)
  }
}
