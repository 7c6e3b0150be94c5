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
    let rehearsal = RehearsalBoard(board, chip, seen: session.seen)
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
  /// What it works on.
  private enum Work {
    /// Nothing: dfuIDLE or dfuUPLOAD-IDLE.
    case none
    /// A command or a block was taken, which the next DFU_GETSTATUS starts.
    case accepted(takes: Duration, reported: Duration)
    /// It is done at this time.
    case begun(end: Duration)
  }

  let board: Board
  private(set) var now = Duration.zero
  private let chip: ChipProfile
  private let reported: ReportedTimes
  private let readTimePerByte: Duration
  private var work = Work.none
  private var pointer: UInt32 = 0
  /// The blocks that were written; all other memory is blank.
  private var written: [UInt64: ImageElement] = [:]

  /// What the device has shown of itself goes before the chip's data.
  init(_ board: Board, _ chip: ChipProfile, seen: SeenTimes) {
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
      return work = .none
    }
    guard let address = board.blocks.address(of: request.wValue, pointer: pointer) else {
      return start(DfuSeCommand(bytes: data))
    }
    written[address] = ImageElement(address: UInt32(truncatingIfNeeded: address), bytes: data)
    let units = (data.count + chip.programmingUnit - 1) / chip.programmingUnit
    work = .accepted(takes: chip.programTimePerUnit.typical * units, reported: reported.write)
  }

  private func start(_ command: DfuSeCommand?) {
    switch command {
    case .setAddress(let address):
      pointer = address
      work = .accepted(takes: .zero, reported: reported.setAddress)
    case .eraseSector(let address):
      let segment = board.memories.lazy.compactMap { $0.map.segment(at: UInt64(address)) }.first
      let isOutside = OutsideRegion(UInt64(address)) == .externalMemory
      let time = (isOutside ? .externalFlash : chip)
        .eraseTime(forSectorOf: segment?.sectorSize ?? 0).typical
      work = .accepted(takes: time, reported: reported.erase)
    case .massErase:
      work = .accepted(takes: chip.massEraseTime.typical, reported: reported.erase)
    case .readUnprotect, nil: work = .none
    }
  }

  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    now += WireTime.of(bytes: UInt64(length))
    guard request.bRequest == DFURequest.upload.control(interface: 0).bRequest else {
      return status()
    }
    guard let start = board.blocks.address(of: request.wValue, pointer: pointer) else {
      return [DfuSeCommand.setAddress(0).code, DfuSeCommand.massErase.code]
    }
    now += readTimePerByte * length
    return memory(start..<start + UInt64(length))
  }

  private func status() -> [UInt8] {
    let (state, told): (DFUState, Duration)
    switch work {
    case .none: (state, told) = (.dfuIDLE, .zero)
    case .accepted(let time, let reported):
      if chip.worksBeforeAnswering { now += time }
      work = .begun(end: chip.worksBeforeAnswering ? now : now + time)
      (state, told) = (.dfuDNBUSY, reported)
    case .begun(let end):
      now = max(now, end)
      (state, told) = (.dfuDNLOADIDLE, .zero)
    }
    let milliseconds = UInt32(told / .milliseconds(1))
    return [0] + littleEndian(milliseconds).prefix(3) + [state.rawValue, 0]
  }

  private func memory(_ range: Range<UInt64>) -> [UInt8] {
    if let block = written[range.lowerBound], block.range == range { return block.bytes }
    var bytes = [UInt8](repeating: board.chip.erasedByte, count: range.count)
    for block in written.values where block.range.overlaps(range) {
      let part = block.range.clamped(to: range)
      let start = Int(part.lowerBound - range.lowerBound)
      bytes.replaceSubrange(start..<start + part.count, with: block.slice(part))
    }
    return bytes
  }

  func selectAlternateSetting(_ number: UInt8) throws(USBError) { now += WireTime.of(bytes: 0) }
  func wait(_ duration: Duration) { now += max(duration, .zero) }
  func reset() throws(USBError) {}
  func watchPort(for limit: Duration) -> PortSighting { .stillThere }
  func string(at index: UInt8) -> String? { nil }
}
