public import DfuseFormat

/// Puts firmware on one board: plans, erases, writes, verifies, leaves.
///
/// ``plan(_:options:)`` changes nothing and finds what cannot work; ``run(_:)`` does what
/// the plan says. Everything blocks for as long as the board takes. The firmware's first block,
/// with its vector table, is written when all else has been verified, so that a flash that is
/// interrupted leaves nothing that would start.
///
/// - SeeAlso: ST AN3156 for the operations.
public struct Flasher: ~Copyable {
  /// The board, as the bus found it.
  public internal(set) var board: Board
  /// The memories behind the interface's alternate settings, corrected where known to be wrong.
  public var memories: [AlternateMemory] { board.memories }
  /// The device.
  public var identity: DeviceIdentity { board.identity }
  /// The bootloader, if it is a program in flash that is known.
  var bootloader: ApplicationBootloader? { board.bootloader }

  var session: DFUSession
  let isCancelled: () -> Bool
  let report: (FlashEvent) -> Void
  /// The alternate setting that was selected last.
  var alternateSetting: UInt8?
  /// What was read last, and the upload that goes on.
  var reader = BlockReader()
  /// What may be tried again before anything is changed.
  var retries = Retries()
  /// Sectors at the start of the flash that the bootloader refused to erase, because they hold itself.
  public internal(set) var bootloaderSectors: Range<UInt64>?
  /// Whether the chip is known not to be read protected: memory was read from it, or changed.
  var isOpen = false
  /// Whether memory was read from the device.
  var hasRead = false
  /// Whether the device has taken a block of firmware.
  var hasWritten = false
  /// Whether the bootloader's id is read where it decides how sectors are erased, or which option bytes
  /// the chip has: at most once, six requests.
  public var readsVersion = true

  /// Makes a flasher on an open device, and sends nothing.
  ///
  /// - Parameters:
  ///   - transport: The device with its DFU interface claimed.
  ///   - polling: How to wait for it; nil for what is safe on the chip.
  ///   - isCancelled: Asked between blocks; true stops the work.
  ///   - report: Told what happens; see ``FlashEvent``.
  public init(
    transport: any USBTransport, polling: Polling? = nil,
    isCancelled: @escaping () -> Bool = { false },
    report: @escaping (FlashEvent) -> Void = { _ in }
  ) {
    board = transport.board
    session = DFUSession(
      transport: transport, limits: OperationLimits(for: board.chip),
      polling: board.chip.polling(polling))
    session.isStopped = isCancelled
    self.isCancelled = isCancelled
    self.report = report
  }

  /// Brings the board to dfuIDLE, whatever an earlier program left behind.
  ///
  /// - Throws: ``FlashError/blocksTooShort(transferSize:)`` before anything is sent;
  ///   ``FlashError/device(_:_:)``.
  public mutating func enter() throws(FlashError) {
    if let size = board.interface.functional?.wTransferSize,
      (1..<BlockNumbering.leastTransferSize).contains(Int(size))
    {
      throw .blocksTooShort(transferSize: size)
    }
    let entered = try attemptAgain { session throws(DFUError) in try session.enter() }
    if !entered.isEmpty { report(.note(.entered(entered))) }
  }

  /// Whether memory can be read back.
  func isReadable(_ work: MemoryWork) -> Bool { board.canUpload && work.isReadable }

  /// Selects a memory, unless it is selected.
  mutating func select(_ number: UInt8) throws(FlashError) {
    guard alternateSetting != number else { return }
    try attemptAgain { session throws(DFUError) in try session.selectAlternateSetting(number) }
    alternateSetting = number
  }

  /// Ends the upload that goes on, if there is one.
  mutating func endReading() throws(FlashError) {
    var reader = reader
    try attemptAgain { session throws(DFUError) in try reader.end(&session) }
    self.reader = BlockReader()
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
    settle()
    throw .cancelled(.untouched)
  }

  /// Leaves the board in dfuIDLE, if it can be brought there.
  mutating func settle() {
    if session.state == nil { _ = try? session.enter() } else { try? session.abort() }
  }
}

/// What a look at the place has told where a program would start.
public enum ProgramSight: Hashable, Sendable {
  /// Something that may be a program.
  case program
  /// The place is blank.
  case blank(at: UInt32)
  /// What is there is no vector table, without which a ROM starts nothing.
  case noVectorTable(at: UInt32, VectorTable.Implausibility)
}

extension ChipProfile {
  /// The polling that was asked for, or else what is safe on the chip.
  func polling(_ choice: Polling?) -> any PollPolicy {
    switch (choice, mayBePolledEarly) {
    case (.spec, _), (nil, false):
      SpecificationPolling(
        eraseTimes: quirks.contains(.stallsWhileBusy) ? sectorEraseTimes : [])
    case (.adaptive, false): AdaptivePolling()
    case (.adaptive, true), (nil, true): AdaptivePolling(longestTimesOf: self)
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

/// What may be tried again, and how often.
struct Retries: Hashable, Sendable {
  /// Failed transfers that one piece of work survives.
  ///
  /// The ROM of an STM32L43x with bootloader V9.1 runs with a wrong clock and fails at random
  /// (AN2606); a cable that fails this often is to be replaced.
  private static let most = 16
  /// Failed transfers without anything done between them.
  private static let mostInARow = 3

  /// Failures since something was last done.
  private(set) var inARow = 0
  /// Failures in all.
  private(set) var total = 0

  /// Whether it is worth going on after a failure, which counts.
  mutating func allow(_ error: DFUError) -> Bool {
    guard error.mayBeTransient, inARow < Self.mostInARow, total < Self.most else { return false }
    inARow += 1
    total += 1
    return true
  }

  /// Something was done.
  mutating func worked() { inARow = 0 }
}

extension Flasher {
  /// Does something that changes no memory, and does it again when a transfer fails for no lasting
  /// reason.
  mutating func attemptAgain<Answer>(
    _ body: (inout DFUSession) throws(DFUError) -> Answer
  ) throws(FlashError) -> Answer {
    while true {
      do {
        return try body(&session)
      } catch {
        guard recover(from: error) else { throw failure(error) }
      }
    }
  }

  /// Brings the device back to dfuIDLE when a transfer has failed and the next one may not.
  ///
  /// - Returns: Whether it is worth going on: false when the device is gone or says no, or when
  ///   this has happened too often.
  mutating func recover(from error: DFUError) -> Bool {
    retries.allow(error) && (try? session.enter()) != nil
  }
}

extension Flasher {
  /// Leaves the bootloader and starts a program.
  ///
  /// - Parameters:
  ///   - address: Its vector table; nil for where the bootloader's programs are known to be, else for
  ///     the start of the flash.
  ///   - away: How long something may take to come back at the port, once the board has left. A
  ///     program that uses USB mostly takes less than a second, and one that does not never comes.
  /// - Returns: What became of the board.
  /// - Throws: ``FlashError/device(_:_:)``.
  public consuming func leave(
    to address: UInt32? = nil, away: Duration = .seconds(1)
  ) throws(FlashError) -> LeaveOutcome {
    let (start, flash) = program(at: address)
    if let flash { try select(flash.alternateSetting) }
    if session.state == nil { try enter() }
    if let start {
      try attemptAgain { session throws(DFUError) in try session.setAddress(start) }
    }
    do {
      return try session.leave(away: away)
    } catch {
      throw .device(error, .untouched)
    }
  }

  /// Where a program starts, and the memory that has it.
  private func program(at address: UInt32?) -> (start: UInt32?, memory: AlternateMemory?) {
    let wanted = address ?? bootloader?.programStart
    let flash =
      wanted.flatMap { start in memories.first { $0.map.segment(at: UInt64(start)) != nil } }
      ?? memories.first { $0.map.kind == .internalFlash }
    let start = wanted ?? flash?.map.segments.map(\.start).min().flatMap { UInt32(exactly: $0) }
    return (start, flash)
  }

  /// Looks for a program where ``leave(to:away:)`` would start one, and changes nothing.
  ///
  /// - Parameter address: As for ``leave(to:away:)``.
  /// - Returns: What is there; nil where nothing can be read, and under an application bootloader of
  ///   which nobody knows where its programs begin.
  public mutating func lookForProgram(at address: UInt32? = nil) -> ProgramSight? {
    let isKnown = address != nil || bootloader?.programStart != nil || board.chip.isROM
    guard isKnown, case (let start?, let memory?) = program(at: address), board.canUpload else {
      return nil
    }
    let end = min(
      memory.map.end(of: .readable, from: UInt64(start)), UInt64(start) + UInt64(VectorTable.size))
    guard end > UInt64(start) + 1 else { return nil }
    do throws(FlashError) {
      try enter()
      let bytes = try read(UInt64(start)..<end, of: memory)
      if bytes.holdOnly(board.chip.erasedByte) { return .blank(at: start) }
      // An application bootloader may start what has a form of its own.
      guard bootloader == nil, !(board.chip.mayBeRISCV && ProgramShape.isRISCV(bytes)) else {
        return .program
      }
      let reason = VectorTable.implausibility(of: bytes) { address in
        memories.contains { $0.map.segment(at: address) != nil }
      }
      return reason.map { .noVectorTable(at: start, $0) } ?? .program
    } catch {
      reader = BlockReader()
      _ = try? session.enter()
      return nil
    }
  }

  /// Removes the chip's read protection, which erases everything on it.
  ///
  /// The command is sent only if the device lists it. ST's ROMs all know it: one of them that does
  /// not answer the request for its list gets the command too.
  ///
  /// - Parameter unlisted: Sends it whatever the device lists, and whether or not it is protected.
  /// - Returns: What became of the board; often it has to be plugged in again. nil for a chip that
  ///   lets its flash be read: it is not protected, and the command would only erase it.
  /// - Throws: ``FlashError/device(_:_:)``, with ``DFUError/notOffered(listed:during:)`` when nothing
  ///   was sent.
  public consuming func unprotect(unlisted: Bool = false) throws(FlashError) -> LeaveOutcome? {
    try enter()
    if !unlisted {
      let listed = try attemptAgain { session throws(DFUError) in try session.commands() }
      let isOffered = listed?.contains(DfuSeCommand.readUnprotect.code)
      guard isOffered ?? (identity.usbID == .stBootloader) else {
        throw .device(.notOffered(listed: listed, during: .unprotecting), .untouched)
      }
      if try isReadProtected() == false { return nil }
    }
    do {
      return try session.readUnprotect()
    } catch {
      throw .device(error, .untouched)
    }
  }

  /// Whether the chip refuses to let its flash be read; nil where that cannot be told.
  mutating func isReadProtected() throws(FlashError) -> Bool? {
    guard let flash = board.flash.first,
      let start = flash.map.ranges(.readable).first.flatMap({ UInt32(exactly: $0.lowerBound) })
    else { return nil }
    try select(flash.alternateSetting)
    try enter()
    if let answer = try? session.isReadProtected(at: start) { return answer }
    try enter()
    return nil
  }
}
