import ArgumentParser
import DfuseDevice
import DfuseFormat

/// A subcommand that works on one board.
protocol BoardCommand: HostCommand {
  /// What is to be done, as far as it is known without the board.
  associatedtype Order

  /// What JSON calls the command.
  static var name: String { get }
  /// Whether the command may change what a board holds.
  static var changesBoard: Bool { get }
  /// Whether a board that was taken into its bootloader for the command is started again.
  static var leavesAfterEntering: Bool { get }
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
  static var name: String { configuration.commandName ?? "" }
  static var changesBoard: Bool { true }
  static var leavesAfterEntering: Bool { true }
  var outputCarriesData: Bool { false }

  func run(host: Host) throws(Failure) {
    let run = BoardRun(
      Self.name, host: host, options: work, changes: Self.changesBoard,
      outputCarriesData: outputCarriesData)
    try run.telling { () throws(Failure) in
      let order = try order(run.host.console)
      return try run.onWork { board, report throws(Failure) in
        var conclusion = try board.perform(report: report) { flasher, context throws(Failure) in
          try perform(order, flasher, context)
        }
        if Self.leavesAfterEntering, try work.enter.request != nil {
          conclusion.add(try board.leave(report: report))
        }
        return conclusion
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
  private let request: EnterRequest?
  private var reporter: BoardReporter?
  /// Where the board was found.
  private var source: BoardSource?

  /// `request` is the way to take a running board, where that is not left to the options.
  init(
    _ command: String, host: Host, options: WorkOptions, changes: Bool,
    outputCarriesData: Bool = false, request: EnterRequest? = nil
  ) {
    self.command = command
    self.request = request
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

  /// Tells what happens before the board is found.
  private func tell(_ line: String) {
    guard options.output.json else { return host.console.note(line) }
    try? host.console.output(JSONText.line(JSONLine(event: .note, message: line)))
  }

  /// The work on another board of the same bus, by its port or its serial number, while
  /// ``onWork(_:)`` goes on; nil where nothing has that name.
  ///
  /// - Throws: A failure, for several of that name or one that cannot be used.
  func otherWork(named name: String) throws(Failure) -> BoardWork? {
    guard let source, let options = try source.options(options, choosing: name) else { return nil }
    let finder = try BoardFinder(source: source, options: options, host: host)
    return BoardWork(
      try finder.entered(note: tell), bus: source.bus, isSimulated: source.isSimulated,
      options: options, isOneOfMany: true, isCancelled: host.isInterrupted,
      countErase: host.countErase)
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
    self.source = source
    let finder = try BoardFinder(source: source, options: options, host: host, request: request)
    let entered = try finder.entered(note: tell)
    let work = BoardWork(
      entered, bus: source.bus, isSimulated: source.isSimulated, options: options,
      isCancelled: host.isInterrupted, countErase: host.countErase)
    let reporter = BoardReporter(work.name, console: host.console, output: options.output)
    self.reporter = reporter
    reporter.begin(work.board)
    let result = Result { () throws(Failure) in try body(work, reporter.show) }
      .mapError { work.origin == nil ? $0 : $0.inBootloader(work.name) }
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
  /// What it ran as before it was taken into its bootloader, if it was.
  let origin: BoardEntry.Origin?
  let bus: any USBBus
  /// Whether the bus has a clock of its own.
  let isSimulated: Bool
  private let options: WorkOptions
  private let isCancelled: @Sendable () -> Bool
  private let countErase: @Sendable (Int) -> Void
  /// The board as it is called in messages.
  let name: BoardName

  init(
    _ entered: BoardEntry.Entered, bus: any USBBus, isSimulated: Bool, options: WorkOptions,
    isOneOfMany: Bool = false, isCancelled: @escaping @Sendable () -> Bool,
    countErase: @escaping @Sendable (Int) -> Void
  ) {
    board = entered.board
    origin = entered.origin
    self.bus = bus
    self.isSimulated = isSimulated
    self.options = options
    self.isCancelled = isCancelled
    self.countErase = countErase
    // The options may name what it ran as; what counts then is where it is.
    let isByPort = isOneOfMany || origin != nil
    var device = options.device
    if origin != nil { (device.device, device.serial) = ([], nil) }
    name = BoardName(board, choice: device.words(at: isByPort ? board.identity.path : nil))
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
    var pace = ProgressPace()
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
        let time = now()
        if pace.passes(event, at: time) { report(.event(event, at: time)) }
      })
    let context = BoardContext(
      board: name, memories: flasher.memories, report: report, now: now)
    return try body(flasher, context)
  }

  /// How long a board that has reset itself may take to be there again.
  private static let returnLimit = Duration.seconds(10)

  /// The same work on the board once it is back on its port, in its bootloader; nil when it does not
  /// come.
  func onReturnedBoard() -> BoardWork? { onReturnedBoard(within: .time(Self.returnLimit)) }

  /// The same work on the board once somebody has plugged it in again, if `--wait` asks for that; nil
  /// when nobody does.
  ///
  /// One that was running would run again, and is not waited for.
  func onBoardPluggedAgain(
    report: (BoardUpdate) -> Void
  ) throws(Failure) -> BoardWork? {
    guard let limit = try options.wait.limit, origin == nil else { return nil }
    report(
      .note(
        "what was written holds from its next start: unplug \(name), and plug it in again, in its "
          + "bootloader (Ctrl-C ends it)"))
    return onReturnedBoard(within: limit)
  }

  private func onReturnedBoard(within limit: WaitOptions.Limit) -> BoardWork? {
    let filter = DeviceFilter(
      usbIDs: [USBIDPattern(board.identity.usbID)], path: board.identity.path,
      assumesDfuSe: board.dfuProtocol == .plain)
    return watch(for: limit) {
      let selection = (try? bus.devices()).map { filter.selection(from: $0) }
      guard let found = selection?.selected.first, found.place != board.place else {
        return (nil, isClosed: selection?.notOpenable.isEmpty == false)
      }
      var work = self
      work.board = found
      return (work, isClosed: false)
    }
  }

  /// Looks at the bus until something is found there, or time is over; nil then.
  ///
  /// - Parameters:
  ///   - limit: How long.
  ///   - look: What was found, and whether to look again soon, since nothing tells of a change.
  /// - Returns: What was found.
  private func watch<Found>(
    for limit: WaitOptions.Limit, _ look: () -> (found: Found?, isClosed: Bool)
  ) -> Found? {
    var clock = WaitClock(limit: limit, isSimulated: isSimulated)
    while !isCancelled() {
      let (found, isClosed) = look()
      if let found { return found }
      guard let step = clock.nextStep(isClosed: isClosed) else { return nil }
      let changed = bus.waitForChange(limit: step)
      clock.took(step, isOver: !changed)
    }
    return nil
  }

  /// How long something may take to come back at the port, where the work is done and nobody asked what
  /// comes.
  static let glance = Duration.milliseconds(300)

  /// Starts the firmware again, if there is one, on a board that was taken into its bootloader.
  ///
  /// - Throws: A failure.
  func leave(report: @escaping (BoardUpdate) -> Void) throws(Failure) -> Departure {
    let departure = try perform(report: report) { flasher, context throws(Failure) -> Departure in
      var flasher = flasher
      let identity = flasher.identity
      // What ran before, whatever it looks like, runs again, unless it was erased.
      if case .blank = flasher.lookForProgram(at: nil) { return .notAsked }
      do throws(FlashError) {
        return Departure(try flasher.leave(away: Self.glance), of: identity)
      } catch {
        throw context.failure(error, .leaving)
      }
    }
    return cameBack(departure, as: nil)
  }

  /// How long a firmware may take to be on USB again, where it is known to have been there.
  private static let firmwareLimit = Duration.seconds(5)

  /// A departure with what has come back since: a firmware may take longer than one looks for it
  /// where it need not have a USB device at all.
  ///
  /// - Parameters:
  ///   - departure: How the board left.
  ///   - expected: The ids that it should have; nil for whatever it had before.
  /// - Returns: The same, or that a firmware runs.
  func cameBack(_ departure: Departure, as expected: USBID?) -> Departure {
    guard departure.isAway || expected != nil && departure.hasLeft, origin != nil || expected != nil
    else { return departure }
    let came = watch(for: .time(expected == nil ? Self.firmwareLimit : Self.returnLimit)) {
      let there = ((try? bus.pluggedDevices()) ?? []).map(\.identity).first {
        $0.path == board.identity.path && $0.place != board.place
          && (expected == nil || $0.usbID == expected)
      }
      return (there, isClosed: true)
    }
    return came.map { Departure(.left(.returned($0)), of: board.identity) } ?? departure
  }

  private func open(
    report: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> any USBTransport {
    let log = try options.output.log.map { folder throws(Failure) in
      try TraceFolder(path: folder).begin(board, version: Dfuse.configuration.version)
    }
    let transport: any USBTransport
    do {
      transport = try bus.open(board)
    } catch {
      throw Failure(device: error, at: "the board at \(board.identity.path)")
    }
    let (showsOperations, showsTransfers) = (options.output.verbose, options.output.trace)
    guard showsOperations || showsTransfers || log != nil else { return transport }
    var operations = OperationTrace(blocks: board.blocks)
    let start = transport.now
    var hasTold = false
    return TracingTransport(transport) { transfer in
      log?.add(transfer)
      if let problem = log?.problem, !hasTold {
        hasTold = true
        report(.warning("\(problem); the board goes on without its trace"))
      }
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
    return "\(tenths / 10).\(tenths % 10) ms".rightAligned(to: 12)
  }
}
