import DfuseDevice

/// `dfuse flash --all` and `--loop`: several boards at once, each for itself.
final class FlashStation {
  private let command: FlashCommand
  private let host: Host
  private let output: OutputOptions
  private var reporters: [DeviceIdentity: BoardReporter] = [:]
  private var failures: [Failure] = []
  private var flashedCount = 0
  /// Boards that were started; a board that is plugged in again has another address.
  private var seen: Set<DeviceIdentity> = []

  private typealias Fleet = DeviceFleet<BoardUpdate, Result<FlashReport, Failure>>

  init(command: FlashCommand, host: Host) {
    self.command = command
    self.host = host
    output = command.output
  }

  /// Flashes the boards.
  ///
  /// - Throws: A failure with the status of the first board that failed, or for what kept all of
  ///   them from being tried.
  func run() throws(Failure) {
    do throws(Failure) {
      let job = try command.job(console: host.console)
      host.listenForInterrupt()
      let source = try command.device.source(host: host)
      let fleet = fleet(job, source)
      if command.loop {
        try serve(fleet, source)
      } else {
        try flashAll(fleet, source)
      }
      try source.finish(console: host.console)
      if let failure = reporters.values.lazy.compactMap(\.failure).first { throw failure }
    } catch {
      let error = error.stopped(by: host.interruptStatus())
      try? lastLine(error)
      throw error
    }
    let summary = summary
    try lastLine(summary)
    if let summary { throw summary }
    if !output.json { host.console.note("flashed \(flashedCount.counted("board"))") }
  }

  // MARK: - Boards

  private func fleet(_ job: FlashJob, _ source: BoardSource) -> Fleet {
    let isCancelled = host.isInterrupted
    let (bus, isSimulated) = (source.bus, source.isSimulated)
    let output = output
    let (showsOperations, showsTransfers) = (output.verbose, output.trace)
    let options = BoardOptions(polling: command.device.polling)
    return Fleet { device, report in
      var work = BoardWork(
        device, bus: bus, options: options, showsOperations: showsOperations,
        showsTransfers: showsTransfers, isCancelled: isCancelled)
      work.isSimulated = isSimulated
      do throws(Failure) {
        return .success(try job.run(work, report: report))
      } catch {
        return .failure(error)
      }
    }
  }

  private func flashAll(_ fleet: Fleet, _ source: BoardSource) throws(Failure) {
    let finder = try BoardFinder(
      source: source, device: command.device, wait: command.wait, host: host)
    let selection = try finder.all()
    for device in selection.selected { start(device, fleet) }
    tellClosed(selection.notOpenable)
    while let news = fleet.next() { show(news) }
  }

  /// Flashes whatever comes, until Ctrl-C.
  private func serve(_ fleet: Fleet, _ source: BoardSource) throws(Failure) {
    let filter = try command.device.filter
    host.console.note("flashing each board that is plugged in (Ctrl-C ends it)")
    while !host.isInterrupted() {
      let selection = filter.selection(from: try source.devices())
      for device in selection.selected where !seen.contains(device.identity) {
        start(device, fleet)
      }
      tellClosed(selection.notOpenable)
      if fleet.runningCount > 0 {
        // Not all at once: a board may be plugged in while others report block after block.
        for _ in 0..<64 {
          guard let news = fleet.next(limit: .milliseconds(50)) else { break }
          show(news)
        }
      } else if !source.bus.waitForChange(
        limit: source.isSimulated ? .seconds(86400) : .seconds(1)),
        source.isSimulated
      {
        // No simulated board comes unless that was planned.
        break
      }
    }
    while let news = fleet.next() { show(news) }
  }

  private func start(_ device: SelectedDevice, _ fleet: Fleet) {
    seen.insert(device.identity)
    let reporter = BoardReporter(
      board: BoardName(device), console: host.console, output: output, isOneOfMany: true)
    reporters[device.identity] = reporter
    if output.json {
      var line = EventLine(board: device.identity.path, event: .board)
      line.device = DeviceReport(device)
      reporter.line(line)
    }
    fleet.start(device)
  }

  private func tellClosed(_ devices: [USBDeviceListing]) {
    for device in devices where seen.insert(device.identity).inserted {
      guard let error = device.openError else { continue }
      let failure = Failure(device: error, at: "the board at \(device.identity.path)")
      failures.append(failure)
      host.console.report(failure)
    }
  }

  // MARK: - News

  private func show(_ news: Fleet.News) {
    switch news {
    case .event(let identity, let update): reporters[identity]?.show(update)
    case .finished(let identity, .success(let report)):
      flashedCount += 1
      // A board that came back in its bootloader has been flashed, whatever its address is now.
      if let again = report.departure.returned { seen.insert(again) }
      let board = reporters[identity]?.board
      if output.json {
        reporters[identity]?.line(
          ResultLine(
            command: "flash", board: board, verdict: report.verdict, details: report.details))
      } else {
        host.console.note(report.verdict)
      }
    case .finished(let identity, .failure(let failure)):
      var failure = failure.stopped(by: host.interruptStatus())
      failures.append(failure)
      if output.json {
        reporters[identity]?.line(
          ResultLine(command: "flash", board: reporters[identity]?.board, failure: failure))
      }
      if !failure.what.contains(" at \(identity.path)") {
        failure.what = "\(identity.path): \(failure.what)"
      }
      host.console.report(failure)
    }
  }

  // MARK: - The end

  /// The end when a board failed; nil when none did.
  private var summary: Failure? {
    guard let first = failures.first else { return nil }
    let all = flashedCount + failures.count
    return Failure(
      first.status, "\(failures.count) of \(all.counted("board")) failed (see above)",
      fix: "the others are flashed; plug these in again and run the same command again")
  }

  private func lastLine(_ failure: Failure?) throws(Failure) {
    guard output.json else { return }
    var line = StationLine(flashed: flashedCount, failed: failures.count)
    line.status = (failure?.status ?? .success).rawValue
    if let failure { line.error = ResultLine(command: "", board: nil, failure: failure).error }
    try host.console.output(JSONText.line(line))
  }
}

/// The last line of `--json` for several boards.
private struct StationLine: Encodable {
  var event = "summary"
  var command = "flash"
  var flashed: Int
  var failed: Int
  var status: Int32 = 0
  var error: ResultLine.Problem?
}
