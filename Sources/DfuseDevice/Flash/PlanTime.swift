import DfuseFormat

extension Flasher {
  /// How long ``run(_:)`` should take for a plan, from where the board is now.
  ///
  /// The plan is run: by the same code, with what the polling policy has learned so far, on a board
  /// that does what the chip's data say. So there is one rule for what is sent, and for how long
  /// a device is waited for.
  ///
  /// - Parameters:
  ///   - plan: What is to be done.
  ///   - chip: The chip, as fast as its supply makes it.
  /// - Returns: The time on the board's clock.
  func timeToRun(_ plan: FlashPlan, on chip: ChipProfile) -> Duration {
    let rehearsal = RehearsalBoard(
      board, chip, seen: session.seen, plan: plan, alternateSetting: alternateSetting)
    var flasher = Flasher(transport: rehearsal)
    flasher.session.polling = session.polling
    flasher.session.state = .dfuIDLE
    flasher.alternateSetting = alternateSetting
    flasher.bootloaderSectors = bootloaderSectors
    _ = try? flasher.run(plan)
    return rehearsal.now
  }
}

/// A sound board with a chip's times, on a clock of its own.
///
/// It knows just what a flash asks of a board that it finds in dfuIDLE, and nothing goes wrong.
private final class RehearsalBoard: USBTransport {
  /// What a command or a block makes it do.
  private struct Operation {
    var takes: Duration
    var reported: Duration
    /// Whether its end is reported.
    var ends = true
  }

  private enum Work {
    /// Nothing: dfuIDLE or dfuUPLOAD-IDLE.
    case none
    /// A command or a block was taken, which the next DFU_GETSTATUS starts.
    case accepted(Operation)
    /// It is done at this time.
    case begun(Operation, end: Duration)
    /// Taken out of an operation that does not end: dfuERROR.
    case freed
  }

  let board: Board
  private(set) var now = Duration.zero
  private let chip: ChipProfile
  private let reported: ReportedTimes
  private let readTimePerByte: Duration
  private var work = Work.none
  private var pointer: UInt32 = 0
  /// What is rehearsed.
  private let plan: FlashPlan
  /// The memory that is selected.
  private var alternateSetting: UInt8?
  /// The blocks that were written, by their first addresses; all other memory is blank.
  private var written: [UInt64: Range<UInt64>] = [:]
  /// The sector that is still being erased though it was reported to be done, and until when.
  private var late: (sector: Range<UInt64>, end: Duration)?

  /// What the device has shown of itself goes before the chip's data.
  init(
    _ board: Board, _ chip: ChipProfile, seen: SeenTimes, plan: FlashPlan,
    alternateSetting: UInt8?
  ) {
    (self.plan, self.alternateSetting) = (plan, alternateSetting)
    self.board = board
    self.chip = chip
    var reported = chip.reported ?? .codeGenerator
    if let shown = seen.setAddress, shown != reported.setAddress {
      // Another bootloader than the one that the data are about.
      reported = ReportedTimes(erase: shown, write: shown, setAddress: shown)
    }
    self.reported = reported
    readTimePerByte =
      seen.read.bytes > 0 ? seen.read.time / seen.read.bytes : chip.readTimePerKiB / 1024
  }

  func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    now += WireTime.of(bytes: UInt64(data.count))
    guard request.bRequest == DFURequest.dnloadData.control(interface: 0).bRequest else {
      return rest(after: request)
    }
    guard let address = board.blocks.address(of: request.wValue, pointer: pointer) else {
      return start(DfuSeCommand(bytes: data))
    }
    written[address] = address..<address + UInt64(data.count)
    let units = (data.count + chip.programmingUnit - 1) / chip.programmingUnit
    work = .accepted(
      Operation(takes: chip.programTimePerUnit.typical * units, reported: reported.write))
  }

  /// What all requests but DFU_DNLOAD end, but for the first DFU_CLRSTATUS of two
  /// (``ChipQuirk/h743StuckBusy``).
  private func rest(after request: ControlRequest) {
    guard request.bRequest == DFURequest.clrStatus.control(interface: 0).bRequest,
      case .begun(let operation, _) = work, !operation.ends
    else { return work = .none }
    work = .freed
  }

  private func start(_ command: DfuSeCommand?) {
    switch command {
    case .setAddress(let address):
      pointer = address
      work = .accepted(Operation(takes: .zero, reported: reported.setAddress))
    case .eraseSector(let address):
      let segment = board.memories.lazy.compactMap { $0.map.segment(at: UInt64(address)) }.first
      let isOutside = OutsideRegion(UInt64(address)) == .externalMemory
      let time = (isOutside ? .externalFlash : chip)
        .eraseTime(forSectorOf: segment?.sectorSize ?? 0).typical
      let staysBusy = chip.has(.h743StuckBusy, erasingAt: UInt64(address))
      let isLate =
        chip.version != nil && chip.has(.waitWorstCaseErase, erasingAt: UInt64(address))
      if isLate, let sector = segment?.sector(at: UInt64(address)),
        !plan.blankBefore.contains(sector.lowerBound)
      {
        // Typical is half of the longest time (datasheet).
        late = (sector, now + chip.eraseTime(forSectorOf: UInt64(sector.count)).maximum / 2)
      }
      work = .accepted(
        Operation(takes: isLate ? .zero : time, reported: reported.erase, ends: !staysBusy))
    case .massErase:
      work = .accepted(Operation(takes: chip.massEraseTime.typical, reported: reported.erase))
    case .readUnprotect, nil: work = .none
    }
  }

  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    now += WireTime.of(bytes: UInt64(length))
    guard request.bRequest == DFURequest.upload.control(interface: 0).bRequest else {
      return try status()
    }
    guard let start = board.blocks.address(of: request.wValue, pointer: pointer) else {
      return [DfuSeCommand.setAddress(0).code, DfuSeCommand.massErase.code]
    }
    now += readTimePerByte * length
    return memory(start..<start + UInt64(length))
  }

  private func status() throws(USBError) -> [UInt8] {
    switch work {
    case .none: return status(.dfuIDLE)
    case .freed: return status(.dfuERROR, .errUNKNOWN)
    case .accepted(let operation):
      let end = now + operation.takes
      if chip.whileBusy == .worksFirst { now = end }
      work = .begun(operation, end: end)
      return status(.dfuDNBUSY, poll: operation.reported)
    case .begun(let operation, let end):
      if operation.ends {
        guard now < end, chip.whileBusy == .saysBusy else {
          now = max(now, end)
          return status(.dfuDNLOADIDLE)
        }
        if chip.quirks.contains(.stallsWhileBusy) { throw .stall }
      }
      return status(.dfuDNBUSY, poll: operation.reported)
    }
  }

  private func status(
    _ state: DFUState, _ status: DFUStatus = .ok, poll: Duration = .zero
  ) -> [UInt8] {
    let milliseconds = UInt32(poll / .milliseconds(1))
    return [status.rawValue] + littleEndian(milliseconds).prefix(3) + [state.rawValue, 0]
  }

  private func memory(_ range: Range<UInt64>) -> [UInt8] {
    if let late, now < late.end, late.sector.overlaps(range) {
      return [UInt8](repeating: ~board.chip.erasedByte, count: range.count)
    }
    if written[range.lowerBound] == range { return planned(range) }
    var bytes = [UInt8](repeating: board.chip.erasedByte, count: range.count)
    for block in written.values where block.overlaps(range) {
      let part = block.clamped(to: range)
      let start = Int(part.lowerBound - range.lowerBound)
      bytes.replaceSubrange(start..<start + part.count, with: planned(part))
    }
    return bytes
  }

  /// The bytes that the plan has for a range that was written, so that none are kept twice.
  private func planned(_ range: Range<UInt64>) -> [UInt8] {
    let bytes = alternateSetting.map { plan.bytes(range, in: $0) } ?? []
    // What a plan has no bytes for, such as the supply voltage, is not read back.
    return bytes.count == range.count
      ? bytes : [UInt8](repeating: board.chip.erasedByte, count: range.count)
  }

  func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    alternateSetting = number
    now += WireTime.of(bytes: 0)
  }
  func wait(_ duration: Duration) { now += max(duration, .zero) }
  func reset() throws(USBError) {}
  func watchPort(for limit: Duration, away: Duration) -> PortSighting { .stillThere }
  func string(at index: UInt8) -> String? { nil }
}
