import DfuseDevice

/// How work on a board ended well.
struct Conclusion: Sendable {
  /// The sentence for people.
  var verdict: String
  /// The facts for programs.
  var details: ResultDetails
}

/// A command on one board, from the choice of the board to the last line.
final class BoardRun {
  private let command: String
  private let host: Host
  private let device: DeviceOptions
  private let output: OutputOptions
  private let wait: WaitOptions?
  private var reporter: BoardReporter?

  init(
    _ command: String, host: Host, device: DeviceOptions, output: OutputOptions,
    wait: WaitOptions? = nil
  ) {
    self.command = command
    self.host = host.quiet(output.quiet)
    self.device = device
    self.output = output
    self.wait = wait
  }

  /// Tells how `body` ended: as a sentence, or as the last line of JSON.
  ///
  /// - Throws: What `body` throws, told in JSON as well.
  func telling(_ body: () throws(Failure) -> Conclusion) throws(Failure) {
    let conclusion: Conclusion
    do throws(Failure) {
      conclusion = try body()
      if var failure = reporter?.failure {
        failure.now = conclusion.verdict
        throw failure
      }
    } catch {
      let error = error.stopped(by: host.interruptStatus())
      if output.json {
        // Standard output may be what failed; the failure that came first is the one to tell.
        try? host.console.output(
          JSONText.line(ResultLine(command: command, board: reporter?.board, failure: error)))
      }
      throw error
    }
    guard output.json else { return host.console.note(conclusion.verdict) }
    try host.console.output(
      JSONText.line(
        ResultLine(
          command: command, board: reporter?.board, verdict: conclusion.verdict,
          details: conclusion.details)))
  }

  /// Finds the board and hands a flasher on it to `body`.
  ///
  /// What a simulated board holds is kept, however `body` ends.
  /// - Throws: A failure.
  func onBoard(
    _ body: (consuming Flasher, BoardContext) throws(Failure) -> Conclusion
  ) throws(Failure) -> Conclusion {
    try onWork { work, report throws(Failure) in
      try work.perform(report: report) { flasher, now throws(Failure) in
        try body(flasher, BoardContext(board: work.name, report: report, now: now))
      }
    }
  }

  /// Finds the board and hands the work on it to `body`, which may open it more than once.
  ///
  /// What a simulated board holds is kept, however `body` ends.
  /// - Throws: A failure.
  func onWork(
    _ body: (BoardWork, _ report: @escaping (BoardUpdate) -> Void) throws(Failure) -> Conclusion
  ) throws(Failure) -> Conclusion {
    host.listenForInterrupt()
    let source = try device.source(host: host)
    let finder = try BoardFinder(source: source, device: device, wait: wait, host: host)
    var work = BoardWork(
      try finder.one(), bus: source.bus, options: BoardOptions(polling: device.polling),
      showsOperations: output.verbose, showsTransfers: output.trace, isCancelled: host.isInterrupted
    )
    work.isSimulated = source.isSimulated
    let reporter = BoardReporter(board: work.name, console: host.console, output: output)
    self.reporter = reporter
    if output.json {
      var line = EventLine(board: work.name.path, event: .board)
      line.device = DeviceReport(work.board)
      reporter.line(line)
    }
    let conclusion: Conclusion
    do throws(Failure) {
      conclusion = try body(work, reporter.show)
    } catch {
      reporter.clear()
      // The failure that came first is the one to tell.
      try? source.finish(console: host.console)
      throw error
    }
    reporter.clear()
    try source.finish(console: host.console)
    return conclusion
  }
}

/// What work on a board needs besides the flasher.
struct BoardContext {
  let board: BoardName
  let report: (BoardUpdate) -> Void
  /// The board's clock.
  let now: () -> Duration

  /// Turns what the flasher throws into a failure.
  func attempt<Result>(
    _ task: BoardTask, _ body: () throws(FlashError) -> Result
  ) throws(Failure) -> Result {
    do throws(FlashError) {
      return try body()
    } catch {
      throw Failure(error, task: task, board: board)
    }
  }
}

extension Host {
  /// The same host, which says nothing but errors if that was asked for.
  func quiet(_ isQuiet: Bool) -> Host {
    var host = self
    host.console.isQuiet = isQuiet
    return host
  }
}
