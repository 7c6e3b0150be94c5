import DfuseDevice

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
