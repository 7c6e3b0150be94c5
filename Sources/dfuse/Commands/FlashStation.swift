import DfuseDevice
import DfuseSimulator

/// `dfuse flash --all` and `--loop`: several boards at once, each for itself.
final class FlashStation {
  private let command: FlashCommand
  private let host: Host
  /// Where to print; above the table, where there is one.
  private var console: Console
  private let output: OutputOptions
  /// What the boards do.
  private var bench = Bench()
  /// Shows that on a terminal; nil in a log.
  private var table: LiveTable?
  /// Whether it was said that Ctrl-C has been heard.
  private var hasToldStop = false
  /// Serial numbers of several boards that were told of.
  private var twins: Set<String> = []
  /// Who tells of the board at a port.
  private var reporters: [String: BoardReporter] = [:]
  /// Why output could not be written, if so.
  private var outputFailure: Failure?
  /// Boards that failed, in the order in which they did.
  private var failures: [(path: String, isClosed: Bool, failure: Failure)] = []
  private var flashedCount: Int { bench.flashedCount }
  private var station = Station()
  /// Which running boards are taken into their bootloaders; nil for none.
  private var running: RunningBoards?

  private typealias Fleet = DeviceFleet<BoardTarget, BoardUpdate, Result<FlashReport, Failure>>

  /// How long the bus may fail to be listed before that ends the loop.
  private static let patience = Duration.seconds(10)

  init(command: FlashCommand, host: Host) {
    self.command = command
    self.host = host
    console = host.console
    output = command.work.output
    guard console.errorIsTerminal, !console.isQuiet, !output.json, !output.trace, !output.verbose
    else { return }
    let plain = console
    let table = LiveTable(write: plain.writeError) { [unowned self] in
      bench.lines(width: plain.width, height: plain.height)
    }
    self.table = table
    console.writeError = { text in table.printAbove { plain.writeError(text) } }
    guard plain.outputIsTerminal else { return }
    console.writeOutput = { bytes throws(Failure) in
      var result = Result<Void, Failure>.success(())
      table.printAbove { result = Result { () throws(Failure) in try plain.writeOutput(bytes) } }
      try result.get()
    }
  }

  /// Which running boards are meant; nil for none.
  ///
  /// - Throws: A failure with status 64 where that is not said: one command must not restart every
  ///   printer on a desk.
  private func runningBoards() throws(Failure) -> RunningBoards? {
    guard let request = try command.work.enter.request else { return nil }
    let filter = try command.work.device.filter
    let which = command.all ? "--all" : "--loop"
    if case .automatic = request {
      throw Failure(
        .usage, "--enter with \(which) does not say how",
        why: "each running board that fits would be restarted", fix: "name the way: --enter=HOW",
        choices: Way.choices)
    }
    guard !filter.usbIDs.isEmpty || filter.path != nil else {
      throw Failure(
        .usage, "--enter with \(which) does not say which running boards are meant",
        why: "each one that fits would be restarted",
        fix: "name them by --device VID:PID or --path, as 'dfuse list' shows them")
    }
    return RunningBoards(request: request, filter: filter)
  }

  /// Flashes the boards.
  ///
  /// - Throws: A failure with the status of the first board that failed, or for what kept all of
  ///   them from being tried.
  func run(job ready: FlashJob? = nil) throws(Failure) {
    do throws(Failure) {
      running = try runningBoards()
      // A firmware may take its time until it is on USB again.
      if running != nil { station = Station(returnTime: .seconds(10)) }
      var job = if let ready { ready } else { try command.job(console: console, clock: host.clock) }
      // A board that comes back by itself is told from the next one.
      job.awaitsReturn = command.loop
      host.listenForInterrupt(quietOverTable)
      let source = try command.work.device.source(host: host, changes: !command.dryRun)
      let fleet = fleet(job, source)
      if command.loop {
        try serve(fleet, source)
      } else {
        try flashAll(fleet, source)
      }
      table?.erase()
      try source.finish(console)
      try tellBench()
      if let failure = outputFailure { throw failure }
    } catch {
      table?.erase()
      let error = error.stopped(by: host.interruptStatus())
      try? lastLine(error)
      throw error
    }
    let summary = summary
    try lastLine(summary)
    if let summary { throw summary }
    if !output.json { try console.verdict("flashed \(flashedCount.counted("board"))") }
  }

  // MARK: - Boards

  private func fleet(_ job: FlashJob, _ source: BoardSource) -> Fleet {
    let (isCancelled, countErase) = (host.isInterrupted, host.countErase)
    let (bus, isSimulated) = (source.bus, source.isSimulated)
    let (options, isLoop) = (command.work, command.loop)
    // One sight for all, so that none is taken for another that is away at the moment.
    let before = running == nil ? [] : (try? bus.pluggedDevices()) ?? []
    return Fleet(limit: command.jobs) { target, report in
      Result { () throws(Failure) in
        guard !isCancelled() else {
          throw Failure(
            .interrupted, "stopped before its turn came",
            now: FlashError.Progress.untouched.description)
        }
        var entry = BoardEntry(bus: bus, before: before, isCancelled: isCancelled)
        if isLoop, case .running = target {
          // Others come and go meanwhile, and are looked after.
          entry.before = (try? bus.pluggedDevices()) ?? []
          entry.onlyOnItsPort = true
        }
        let work = BoardWork(
          try entry.enter(target) { report(.note($0)) }, bus: bus, isSimulated: isSimulated,
          options: options, isOneOfMany: true, isCancelled: isCancelled, countErase: countErase)
        return try job.run(work, report: report)
      }
    }
  }

  private func flashAll(_ fleet: Fleet, _ source: BoardSource) throws(Failure) {
    let finder = try BoardFinder(source: source, options: command.work, host: host)
    let sight = try finder.all(command.boards)
    warnOfTwins(sight.targets)
    for target in sight.targets { start(target, fleet) }
    for device in sight.selection.notOpenable {
      if let error = device.openError { tellClosed(device.identity, error) }
    }
    finish(fleet, source)
  }

  /// Flashes whatever comes, until Ctrl-C.
  private func serve(_ fleet: Fleet, _ source: BoardSource) throws(Failure) {
    let filter = try command.work.device.filter
    console.note("flashing each board that is plugged in (Ctrl-C ends it)")
    var hasSeen = false
    var blindSince: Duration?
    var blindness: Failure?
    while !host.isInterrupted() {
      do throws(Failure) {
        let sight = try source.sight(try source.devices(), filter, running)
        let instructions = station.see(
          sight.selection, running: sight.running.map(\.device.identity), at: source.bus.now)
        warnOfTwins(sight.targets)
        for instruction in instructions { follow(instruction, sight.targets, fleet) }
        (hasSeen, blindSince) = (true, nil)
      } catch {
        guard hasSeen else { throw error }
        // Boards at work are none the worse for it.
        let since = blindSince ?? source.bus.now
        blindSince = since
        if fleet.runningCount == 0, source.bus.now - since >= Self.patience {
          blindness = error
          break
        }
      }
      if fleet.runningCount > 0 {
        // Not all at once: a board may be plugged in while others report block after block.
        for _ in 0..<64 {
          guard let news = fleet.next(limit: .milliseconds(50)) else { break }
          show(news, at: source.bus.now)
        }
      } else if !waitForChange(source, isSoon: blindSince != nil || station.isWaitingToOpen) {
        break
      }
    }
    finish(fleet, source)
    if let blindness { throw blindness }
  }

  /// Waits a while for boards; false when none can come any more.
  private func waitForChange(_ source: BoardSource, isSoon: Bool) -> Bool {
    if isSoon {
      _ = source.bus.waitForChange(limit: .milliseconds(100))
      return true
    }
    // No simulated board comes unless that was planned.
    let limit = source.isSimulated ? Duration.seconds(86400) : .seconds(1)
    return source.bus.waitForChange(limit: limit) || !source.isSimulated
  }

  private func follow(
    _ instruction: Station.Instruction, _ targets: [BoardTarget], _ fleet: Fleet
  ) {
    func target(_ identity: DeviceIdentity) -> BoardTarget? {
      targets.first { $0.identity.place == identity.place }
    }
    switch instruction {
    case .start(let identity):
      // It was only closed for longer than others.
      failures.removeAll { $0.path == identity.path && $0.isClosed }
      if let target = target(identity) { start(target, fleet) }
    case .giveUp(let identity, let error): tellClosed(identity, error)
    case .leaveAlone(let identity):
      // A firmware that runs is what was wanted.
      if case .running? = target(identity) { return }
      console.note(
        "the board at \(identity.path) is back in its bootloader, and is not flashed again until "
          + "it is plugged in anew; is BOOT0 still set?")
    }
  }

  private func start(_ target: BoardTarget, _ fleet: Fleet) {
    let name =
      switch target {
      case .board(let board): BoardName(board)
      case .running(let device, _):
        BoardName(path: device.identity.path, serial: device.identity.serialNumber)
      }
    let reporter = BoardReporter(
      name, console: console, output: output, isOneOfMany: true)
    reporters[name.path] = reporter
    bench.add(name)
    table?.draw(at: .zero, isUrgent: true)
    if case .board(let board) = target { reporter.begin(board) }
    fleet.start(target, as: target.identity)
  }

  private func tellClosed(_ identity: DeviceIdentity, _ error: USBError) {
    let failure = Failure(device: error, at: "the board at \(identity.path)")
    failures.append((identity.path, true, failure))
    console.report(failure)
  }

  /// Shows the news of all boards at work until the last of them is done.
  private func finish(_ fleet: Fleet, _ source: BoardSource) {
    while fleet.runningCount > 0 {
      if let news = fleet.next(limit: .milliseconds(200)) { show(news, at: source.bus.now) }
      tellStopping()
    }
  }

  /// A signal's own answer would come into the table.
  private var quietOverTable: Console {
    var console = console
    if table != nil { console.isQuiet = true }
    return console
  }

  /// Says over the table, once, that Ctrl-C has been heard.
  private func tellStopping() {
    guard let table, !hasToldStop, host.isInterrupted() else { return }
    hasToldStop = true
    console.note("stopping each board at a safe point; Ctrl-C again ends dfuse at once")
    table.draw(at: .zero, isUrgent: true)
  }

  // MARK: - News

  /// Prints, and keeps why that could not be done: the boards must not stop for it.
  private func tell(_ print: () throws(Failure) -> Void) {
    do throws(Failure) { try print() } catch { outputFailure = outputFailure ?? error }
  }

  private func show(_ news: Fleet.News, at now: Duration) {
    switch news {
    case .event(let identity, let update):
      if case .event(let event, _) = update {
        bench.update(event, at: identity.path)
        table?.draw(at: now)
        if table != nil, event.showsInTable { return }
      }
      reporters[identity.path]?.show(update)
    case .finished(let identity, let result):
      let result = result.mapError { $0.stopped(by: host.interruptStatus()) }
      station.finished(
        identity, succeeded: (try? result.get()) != nil,
        returned: (try? result.get())?.departure?.returned?.place, at: now)
      switch result {
      case .success(let report):
        bench.end(
          .succeeded(report.outcome), after: report.time, at: identity.path, as: report.board)
        if !output.json, table == nil {
          tell { () throws(Failure) in try report.conclusion.tell(on: console) }
        }
      case .failure(var failure):
        failures.append((identity.path, false, failure))
        bench.end(failure.end(at: identity.path), after: nil, at: identity.path, as: nil)
        if !failure.what.contains(" at \(identity.path)") {
          failure.what = "\(identity.path): \(failure.what)"
        }
        console.report(failure)
      }
      table?.draw(at: now, isUrgent: true)
      guard let reporter = reporters.removeValue(forKey: identity.path) else { return }
      if output.json { reporter.line(JSONLine("flash", reporter.board, result.map(\.conclusion))) }
      outputFailure = outputFailure ?? reporter.failure
    }
  }

  /// Says which boards cannot be told apart by their serial numbers, once.
  private func warnOfTwins(_ targets: [BoardTarget]) {
    let boards = targets.map { ($0.identity.serialNumber, $0.identity.path) }
    for found in SerialTwins.among(boards) where twins.insert(found.serial).inserted {
      console.warn(
        "\(found.paths.count) boards have the serial number \(found.serial.visible) "
          + "(\(found.paths.joined(separator: ", "))): their ports tell them apart")
    }
  }

  // MARK: - The end

  /// How it ended with each board.
  private func tellBench() throws(Failure) {
    guard !output.json, !console.isQuiet, !bench.rows.isEmpty else { return }
    for line in bench.report { try console.output(line) }
  }

  /// The end when a board failed; nil when none did.
  private var summary: Failure? {
    guard let first = failures.first?.failure else { return nil }
    let all = flashedCount + failures.count
    let what = all == 1 ? "the board" : "\(failures.count) of \(all) boards"
    let these = failures.count == 1 ? "this one" : flashedCount == 0 ? "them" : "these"
    let again = "plug \(all == 1 ? "it" : these) in again and run the same command again"
    return Failure(
      first.status, "\(what) failed (see above)",
      fix: flashedCount == 0
        ? again : "the other\(flashedCount == 1 ? " is" : "s are") flashed; \(again)")
  }

  private func lastLine(_ failure: Failure?) throws(Failure) {
    guard output.json else { return }
    try console.output(
      JSONText.line(
        JSONLine(
          event: .summary, command: "flash", status: (failure?.status ?? .success).rawValue,
          error: failure, flashed: flashedCount, failed: failures.count)))
  }
}

extension FlashEvent {
  /// Whether a table of boards says it.
  fileprivate var showsInTable: Bool {
    switch self {
    case .planned, .started, .advanced, .finished: true
    case .repeating, .note: false
    }
  }
}

extension FlashReport {
  /// How it ended, in a few words.
  fileprivate var outcome: String {
    guard let result else { return plan.isEmpty ? "holds it already" : "would be flashed" }
    let flashed =
      plan.isEmpty ? "held it already" : result.isVerified ? "verified" : "NOT verified"
    return flashed + (departure.map { ", \($0.brief)" } ?? "")
  }
}

extension Failure {
  /// What failed, or where work that was stopped stands, in what fits into a line.
  fileprivate func end(at port: String) -> Bench.State {
    let isStopped = [.interrupted, .terminated, .hungUp].contains(status)
    let words = isStopped ? now ?? what : what
    // The line begins with which board it is.
    let rest = words.firstRange(of: "at \(port): ").map { String(words[$0.upperBound...]) } ?? words
    let short = rest.count > 60 ? rest.prefix(59) + "…" : rest
    return isStopped ? .stopped(short) : .failed(short)
  }
}
