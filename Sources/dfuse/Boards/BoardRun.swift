import ArgumentParser
import DfuseDevice
import DfuseFormat

/// A subcommand that works on one board.
protocol BoardCommand: HostCommand {
  /// What is to be done, as far as it is known without the board.
  associatedtype Order

  /// Whether the command may change what a board holds.
  static var changesBoard: Bool { get }

  var work: WorkOptions { get }
  /// Whether standard output gets a file.
  var outputCarriesData: Bool { get }

  /// Makes the order, and refuses what can be refused before a board is looked for.
  func order(_ console: Console) throws(Failure) -> Order

  /// Does it.
  func perform(
    _ order: Order, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion
}

extension BoardCommand {
  static var changesBoard: Bool { true }
  var outputCarriesData: Bool { false }

  func run(host: Host) throws(Failure) {
    let run = BoardRun(
      Self.configuration.commandName ?? "", host: host, options: work, changes: Self.changesBoard,
      outputCarriesData: outputCarriesData)
    try run.telling { () throws(Failure) in
      let order = try order(run.host.console)
      return try run.onWork { work, report throws(Failure) in
        try work.perform(report: report) { flasher, context throws(Failure) in
          try perform(order, flasher, context)
        }
      }
    }
  }
}

/// A command on one board, from the choice of the board to the last line.
final class BoardRun {
  /// What the program runs on, with its console as the options ask for it.
  let host: Host
  private let command: String
  private let options: WorkOptions
  private let changes: Bool
  private var reporter: BoardReporter?

  init(
    _ command: String, host: Host, options: WorkOptions, changes: Bool,
    outputCarriesData: Bool = false
  ) {
    self.command = command
    self.changes = changes
    var host = host.quiet(options.output.quiet)
    host.console.outputCarriesData = outputCarriesData
    self.host = host
    self.options = options
  }

  /// Tells how `body` ended: as a sentence, or as the last line of JSON.
  ///
  /// - Throws: What `body` throws, told in JSON as well.
  func telling(_ body: () throws(Failure) -> Conclusion) throws(Failure) {
    let result = Result { () throws(Failure) -> Conclusion in
      let conclusion = try body()
      guard var failure = reporter?.failure else { return conclusion }
      failure.now = conclusion.verdict
      throw failure
    }.mapError { $0.stopped(by: host.interruptStatus()) }
    let line = JSONLine(command, reporter?.board, result)
    switch result {
    case .success(let end):
      if options.output.json {
        try host.console.output(JSONText.line(line))
      } else {
        try end.tell(on: host.console)
      }
    case .failure(let failure):
      // Standard output may be what failed; the failure that came first is the one to tell.
      if options.output.json { try? host.console.output(JSONText.line(line)) }
      throw failure
    }
  }

  /// Finds the board and hands the work on it to `body`, which may open it more than once.
  ///
  /// What a simulated board holds is kept, however `body` ends.
  /// - Throws: A failure.
  func onWork(
    _ body: (BoardWork, _ report: @escaping (BoardUpdate) -> Void) throws(Failure) -> Conclusion
  ) throws(Failure) -> Conclusion {
    host.listenForInterrupt(host.console)
    let source = try options.device.source(host: host, changes: changes)
    let board = try BoardFinder(source: source, options: options, host: host).one()
    let work = BoardWork(
      board, bus: source.bus, isSimulated: source.isSimulated, options: options,
      isCancelled: host.isInterrupted, countErase: host.countErase)
    let reporter = BoardReporter(work.name, console: host.console, output: options.output)
    self.reporter = reporter
    reporter.begin(board)
    let result = Result { () throws(Failure) in try body(work, reporter.show) }
    reporter.clear()
    let finished = Result { () throws(Failure) in try source.finish(host.console) }
    // The failure that came first is the one to tell.
    let conclusion = try result.get()
    try finished.get()
    return conclusion
  }
}

/// What work on a board needs besides the flasher.
struct BoardContext {
  let board: BoardName
  let memories: [AlternateMemory]
  let report: (BoardUpdate) -> Void
  /// The board's clock.
  let now: () -> Duration

  /// Why a task failed, with what there is to read or to erase if it was asked for addresses that
  /// are not there.
  func failure(_ error: FlashError, _ task: BoardTask) -> Failure {
    var failure = Failure(error, task: task, board: board)
    guard !task.hasFile, case .outsideMemory(_, _, _, found: nil) = error else { return failure }
    let access: MemoryAccess = task == .erasing ? .erasable : .readable
    failure.fix = "what can be \(task == .erasing ? "erased" : "read"):"
    failure.choices = memories.flatMap { memory in
      memory.map.ranges(access).map {
        "\($0.addressText)  \(memory.map.name.visible) (-a \(memory.alternateSetting))"
      }
    }
    return failure
  }
}

extension Host {
  /// The same host, which says no more than it must if that was asked for.
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
  /// Whether the bus has a clock of its own.
  let isSimulated: Bool
  private let options: WorkOptions
  private let isCancelled: @Sendable () -> Bool
  private let countErase: @Sendable (Int) -> Void
  /// The board as it is called in messages.
  let name: BoardName

  init(
    _ board: Board, bus: any USBBus, isSimulated: Bool, options: WorkOptions,
    isOneOfMany: Bool = false, isCancelled: @escaping @Sendable () -> Bool,
    countErase: @escaping @Sendable (Int) -> Void
  ) {
    self.board = board
    self.bus = bus
    self.isSimulated = isSimulated
    self.options = options
    self.isCancelled = isCancelled
    self.countErase = countErase
    name = BoardName(
      board, choice: options.device.words(at: isOneOfMany ? board.identity.path : nil))
  }

  /// Opens the board and hands a flasher on it to `body`.
  ///
  /// - Throws: A failure with status 74 or 77 when it cannot be opened, and what `body` throws.
  func perform<Outcome>(
    report: @escaping (BoardUpdate) -> Void,
    _ body: (consuming Flasher, BoardContext) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    let transport = try open(report: report)
    for memory in board.memories where options.output.verbose {
      for note in memory.map.notes { report(.note("\(memory.map.name.visible): \(note)")) }
    }
    let start = transport.now
    let now = { transport.now - start }
    var isErasing = false
    func count(_ erases: Bool) {
      if erases != isErasing { countErase(erases ? 1 : -1) }
      isErasing = erases
    }
    defer { count(false) }
    let flasher = Flasher(
      transport: transport, polling: options.device.polling,
      isCancelled: isCancelled,
      report: { event in
        switch event {
        case .started(let phase, _), .advanced(let phase, _): count(phase == .erase)
        case .repeating: count(true)
        case .finished: count(false)
        case .planned, .note: break
        }
        report(.event(event, at: now()))
      })
    let context = BoardContext(
      board: name, memories: flasher.memories, report: report, now: now)
    return try body(flasher, context)
  }

  /// How long a board that has reset itself may take to be there again.
  private static let returnLimit = Duration.seconds(10)

  /// The same work on the board once it is back on its port, in its bootloader; nil when it does not
  /// come.
  func onReturnedBoard() -> BoardWork? {
    let filter = DeviceFilter(
      usbIDs: [USBIDPattern(board.identity.usbID)], path: board.identity.path,
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
    let (showsOperations, showsTransfers) = (options.output.verbose, options.output.trace)
    guard showsOperations || showsTransfers else { return transport }
    var operations = OperationTrace(blocks: board.blocks)
    let start = transport.now
    return TracingTransport(transport) { transfer in
      if showsTransfers {
        report(.trace("\((transfer.start - start).milliseconds)  \(transfer)"))
      }
      if let operation = operations.operation(of: transfer), showsOperations, !showsTransfers {
        report(.trace(operation))
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
