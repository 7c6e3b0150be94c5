import DfuseDevice
import DfuseFormat
import DfuseSimulator

/// `dfuse simulate CHIP --replay FILE`: a trace of a real board held against a simulated one.
///
/// The simulated board gets the same requests at the same times. What its memory holds is not
/// compared, since a trace does not tell what stood there before.
struct Replay {
  let trace: TraceFile
  let chip: SimulatedChip
  let faults: FaultPlan

  /// How it went.
  struct Outcome: Equatable {
    /// What its descriptors have otherwise, a line each.
    var descriptors: [String] = []
    /// The first answer that differs, in lines; nil where none does.
    var difference: [String]?
    /// Transfers that were answered as by the board.
    var same = 0

    var isSame: Bool { descriptors.isEmpty && difference == nil }
  }

  /// Plays it.
  ///
  /// - Throws: A failure with status 70 where the simulated board cannot be opened.
  func run() throws(Failure) -> Outcome {
    let bus = SimulatedBus()
    bus.plugIn(SimulatedBoard(chip, serial: trace.head.serial, faults: faults))
    let transport: any USBTransport
    do throws(USBError) {
      guard let board = try bus.devices().first?.board else { throw .disconnected }
      transport = try bus.open(board)
    } catch {
      throw Failure(.software, "the simulated board cannot be opened: \(error)")
    }
    var outcome = Outcome(descriptors: descriptors(transport.board))
    var operations = OperationTrace(blocks: transport.board.blocks)
    var last: String?
    let start = transport.now
    for (index, line) in trace.transfers.enumerated() {
      guard let (request, length) = line.request else { continue }
      transport.wait(line.start - (transport.now - start))
      let mine = answer(transport, request, length, line)
      if let words = difference(line, mine, request) {
        outcome.difference =
          [
            "transfer \(index + 1) of \(trace.transfers.count), after "
              + line.start.timeText + ": \(words.what)"
          ] + (last.map { ["  before it: \($0)"] } ?? []) + [
            "  the board: \(words.theirs)", "  \(chip.name): \(words.mine)",
          ]
        return outcome
      }
      outcome.same += 1
      let traced = TracedTransfer(
        start: .zero, time: .zero, request: request, length: length,
        data: line.data?.bytes ?? [], outcome: .sent)
      last = operations.operation(of: traced) ?? last
    }
    return outcome
  }

  /// What the simulated board answers.
  private func answer(
    _ transport: any USBTransport, _ request: ControlRequest, _ length: Int, _ line: TraceFile.Line
  ) -> TracedTransfer.Outcome {
    // As long as the host waited, and a little more.
    let timeout = Duration.seconds(line.took / 1000) + .seconds(1)
    do throws(USBError) {
      if (request.bmRequestType, request.bRequest) == (0x01, 11) {
        try transport.selectAlternateSetting(UInt8(truncatingIfNeeded: request.wValue))
        return .sent
      }
      guard request.isIn else {
        try transport.controlOut(request, data: line.data?.bytes ?? [], timeout: timeout)
        return .sent
      }
      return .received(try transport.controlIn(request, length: length, timeout: timeout))
    } catch {
      return .failed(error)
    }
  }

  /// What is another answer; nil for the same one.
  private func difference(
    _ line: TraceFile.Line, _ mine: TracedTransfer.Outcome, _ request: ControlRequest
  ) -> (what: String, theirs: String, mine: String)? {
    let isStatus = (request.bmRequestType, request.bRequest) == (0xA1, 3)
    let isUpload = (request.bmRequestType, request.bRequest) == (0xA1, 2)
    let isSame: Bool
    switch mine {
    case .sent: isSame = line.failure == nil
    case .failed(let error): isSame = line.failure == TracedTransfer.name(of: error)
    case .received(let bytes):
      let theirs = line.answer?.bytes
      if line.failure != nil {
        isSame = false
      } else if isUpload, request.wValue > 0 {
        isSame = theirs?.count == bytes.count
      } else if request.bmRequestType == 0x80 {
        // Strings may name the one board.
        isSame = true
      } else if isStatus {
        // iString is of no use to anybody.
        isSame = theirs?.prefix(5) == bytes.prefix(5)
      } else {
        isSame = theirs == bytes
      }
    }
    guard !isSame else { return nil }
    let theirs: TracedTransfer.Outcome? =
      line.answer?.bytes.map { .received($0) } ?? (line.failure == nil ? .sent : nil)
    return (
      TracedTransfer.name(of: request, length: line.request?.length ?? 0),
      theirs.map { Self.words($0, isStatus: isStatus) } ?? line.failure ?? "",
      Self.words(mine, isStatus: isStatus)
    )
  }

  private static func words(_ outcome: TracedTransfer.Outcome, isStatus: Bool) -> String {
    switch outcome {
    case .sent: return "took it"
    case .failed(let error): return TracedTransfer.name(of: error)
    case .received(let bytes):
      return (isStatus ? TracedTransfer.statusText(bytes) : nil) ?? TracedTransfer.text(bytes)
    }
  }

  /// What the descriptors have otherwise.
  private func descriptors(_ board: Board) -> [String] {
    let mine = TraceFile.Head(board, version: "")
    let theirs = trace.head
    var lines: [String] = []
    func compare(_ name: String, _ left: String, _ right: String) {
      if left != right {
        lines += ["\(name)", "  the board: \(left)", "  \(chip.name): \(right)"]
      }
    }
    func ids(_ head: TraceFile.Head) -> String {
      "\(USBID(vendorID: head.vendorID, productID: head.productID)), bcdDevice "
        + head.deviceVersion.hexDigits()
    }
    compare("ids", ids(theirs), ids(mine))
    compare(
      "wTransferSize", theirs.transferSize.map { "\($0)" } ?? "none",
      mine.transferSize.map { "\($0)" } ?? "none")
    for index in 0..<max(theirs.names.count, mine.names.count) {
      compare(
        "alternate setting \(index)",
        index < theirs.names.count ? theirs.names[index].visible : "none",
        index < mine.names.count ? mine.names[index].visible : "none")
    }
    return lines
  }
}
