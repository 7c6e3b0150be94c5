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

/// The work of a command on one board: opens it, and turns what happens into news.
///
/// Sendable, so that many boards can be worked on at once.
struct BoardWork: Sendable {
  private(set) var board: Board
  let bus: any USBBus
  /// How to treat the board.
  let options: BoardOptions
  /// Whether each operation is told.
  let showsOperations: Bool
  /// Whether each control transfer is told.
  let showsTransfers: Bool
  let isCancelled: @Sendable () -> Bool
  /// Whether the bus has a clock of its own.
  var isSimulated = false

  /// The board as it is called in messages.
  let name: BoardName

  init(
    _ board: Board, bus: any USBBus, options: BoardOptions, showsOperations: Bool,
    showsTransfers: Bool, isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.board = board
    self.bus = bus
    self.options = options
    self.showsOperations = showsOperations
    self.showsTransfers = showsTransfers
    self.isCancelled = isCancelled
    name = BoardName(board)
  }

  /// Opens the board and hands a flasher on it to `body`, with the board's clock.
  ///
  /// - Throws: A failure with status 74 or 77 when it cannot be opened, and what `body` throws.
  func perform<Outcome>(
    report: @escaping (BoardUpdate) -> Void,
    _ body: (consuming Flasher, _ now: @escaping () -> Duration) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    let transport = try open(report: report)
    for memory in board.memories where showsOperations {
      for note in memory.map.notes { report(.note("\(memory.map.name.visible): \(note)")) }
    }
    let start = transport.now
    let now = { transport.now - start }
    let flasher = Flasher(
      transport: transport, options: options, isCancelled: isCancelled,
      report: { event in report(.event(event, at: now())) })
    return try body(flasher, now)
  }

  /// How long a board that has reset itself may take to be there again.
  private static let returnLimit = Duration.seconds(10)

  /// The same work on the board once it is back on its port, in its bootloader; nil when it does not
  /// come.
  func onReturnedBoard() -> BoardWork? {
    let filter = DeviceFilter(
      usbID: board.identity.usbID, path: board.identity.path,
      assumesDfuSe: board.dfuProtocol == .plain)
    var clock = WaitClock(limit: .time(Self.returnLimit), isSimulated: isSimulated)
    while !isCancelled() {
      let selection = (try? bus.devices()).map { filter.selection(from: $0) }
      if let found = selection?.selected.first, found.place != board.place {
        var work = self
        work.board = found
        return work
      }
      guard let step = clock.nextStep(isClosed: selection?.notOpenable.isEmpty == false) else {
        return nil
      }
      let changed = bus.waitForChange(limit: step)
      clock.took(step, isOver: !changed)
    }
    return nil
  }

  private func open(
    report: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> any USBTransport {
    let transport: any USBTransport
    do {
      transport = try bus.open(board)
    } catch {
      throw Failure(device: error, at: "the board at \(board.identity.path)")
    }
    guard showsOperations || showsTransfers else { return transport }
    var operations = OperationTrace(
      blocks: board.blocks)
    let (showsOperations, showsTransfers) = (showsOperations, showsTransfers)
    let start = transport.now
    return TracingTransport(transport) { transfer in
      if showsTransfers {
        report(.transfer("\((transfer.start - start).milliseconds)  \(transfer)"))
      }
      if let operation = operations.operation(of: transfer), showsOperations, !showsTransfers {
        report(.operation(operation))
      }
    }
  }
}

extension Duration {
  /// Milliseconds with one decimal place, right-aligned for a column.
  fileprivate var milliseconds: String {
    let tenths = Int((seconds * 10_000).rounded())
    let text = "\(tenths / 10).\(tenths % 10) ms"
    return String(repeating: " ", count: max(0, 12 - text.count)) + text
  }
}
