/// Puts firmware on one board: plans, erases, writes, verifies, leaves.
///
/// ``plan(_:options:)`` changes nothing and finds what cannot work; ``run(_:options:)`` does what
/// the plan says. Everything blocks for as long as the board takes. The firmware's first block,
/// with its vector table, is written when all else has been verified, so that a flash that is
/// interrupted leaves nothing that would start.
///
/// - SeeAlso: ST AN3156 for the operations.
public struct Flasher: ~Copyable {
  /// The board, as the bus found it.
  public let board: Board
  /// The memories behind the interface's alternate settings, corrected where known to be wrong.
  public var memories: [AlternateMemory] { board.memories }
  /// What is known of the chip.
  public var profile: ChipProfile { board.chip }
  /// The device.
  public var identity: DeviceIdentity { board.identity }
  /// The bootloader, if it is a program in flash that is known.
  public var bootloader: ApplicationBootloader? { board.bootloader }

  var session: DFUSession
  let isCancelled: () -> Bool
  let report: (FlashEvent) -> Void
  /// The alternate setting that was selected last.
  var alternateSetting: UInt8?
  /// What may be tried again before anything is changed.
  var retries = Retries()
  /// Sectors at the start of the flash that the bootloader refused to erase, because they hold itself.
  public internal(set) var bootloaderSectors: Range<UInt64>?
  /// Whether the chip is known not to be read protected: memory was read from it, or changed.
  var isOpen = false
  /// Whether memory was read from the device.
  var hasRead = false

  /// Makes a flasher on an open device, and sends nothing.
  ///
  /// - Parameters:
  ///   - transport: The device with its DFU interface claimed.
  ///   - options: How to treat it.
  ///   - isCancelled: Asked between blocks; true stops the work.
  ///   - report: Told what happens; see ``FlashEvent``.
  public init(
    transport: any USBTransport, options: BoardOptions = BoardOptions(),
    isCancelled: @escaping () -> Bool = { false },
    report: @escaping (FlashEvent) -> Void = { _ in }
  ) {
    board = transport.board
    let chip = board.chip
    session = DFUSession(
      transport: transport, limits: OperationLimits(for: chip),
      polling: chip.polling(options.polling), unit: chip.programmingUnit)
    self.isCancelled = isCancelled
    self.report = report
  }

  /// Brings the board to dfuIDLE, whatever an earlier program left behind.
  ///
  /// - Throws: ``FlashError/blocksTooShort(transferSize:)`` before anything is sent;
  ///   ``FlashError/device(_:_:)``.
  public mutating func enter() throws(FlashError) {
    if let size = session.transport.interface.functional?.wTransferSize,
      (1..<BlockNumbering.leastTransferSize).contains(Int(size))
    {
      throw .blocksTooShort(transferSize: size)
    }
    let entered = try attemptAgain { session throws(DFUError) in try session.enter() }
    if entered != EntryReport() { report(.note(.entered(entered))) }
  }

  /// Whether blocks can be read from the interface at all.
  var canUpload: Bool { board.canUpload }

  /// Whether memory can be read back.
  func isReadable(_ work: MemoryWork) -> Bool { canUpload && work.isReadable }

  /// Selects a memory, unless it is selected.
  mutating func select(_ number: UInt8) throws(FlashError) {
    guard alternateSetting != number else { return }
    try attemptAgain { session throws(DFUError) in try session.selectAlternateSetting(number) }
    alternateSetting = number
  }

  /// Does something on the device; its failure becomes ours.
  mutating func attempt<Answer>(
    _ body: (inout DFUSession) throws(DFUError) -> Answer
  ) throws(FlashError) -> Answer {
    do {
      return try body(&session)
    } catch {
      throw failure(error)
    }
  }

  /// A failure of the device before anything was changed.
  ///
  /// errVENDOR is read protection or, from bootloaders made of ST's device library, any failure:
  /// once the chip has let itself be read or changed it is the latter.
  func failure(_ error: DFUError) -> FlashError {
    if isOpen, case .device(.errVENDOR, _, _, _) = error { return .refused(error, .untouched) }
    return .device(error, .untouched)
  }

  /// Stops if that has been asked for, and leaves the board in dfuIDLE.
  mutating func checkCancelled() throws(FlashError) {
    guard isCancelled() else { return }
    try? session.abort()
    throw .cancelled(.untouched)
  }
}

extension ChipProfile {
  /// The polling that was asked for, or else what is safe on the chip.
  func polling(_ choice: BoardOptions.Polling?) -> any PollPolicy {
    switch (choice, safePolling) {
    case (.spec, _), (nil, .spec):
      SpecificationPolling(
        eraseTimes: quirks.contains(.stallsWhileBusy) ? sectorEraseTimes : [])
    case (.adaptive, .spec): AdaptivePolling()
    case (.adaptive, .adaptive), (nil, .adaptive): AdaptivePolling(longestTimesOf: self)
    }
  }
}

extension OperationLimits {
  /// The limits that the chip's quirks ask for.
  init(for profile: ChipProfile) {
    self.init()
    stuckBusyRecovery = profile.quirks.contains(.h743StuckBusy)
    leavesWithoutStatus = profile.quirks.contains(.leavesWithoutStatus)
  }
}
