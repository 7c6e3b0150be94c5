extension DFUSession {
  /// Longest single wait, whatever a device reports: its field can say more than four hours.
  private static let longestWait: Duration = .seconds(60)
  /// Stalls in a row that a device may answer while it works (STM32L4).
  private static let stallsWhileBusy = 3
  /// Time in which a DFU_GETSTATUS after an erase is answered: a busy ROM does not answer at all.
  private static let eraseTimeout: Duration = .seconds(35)

  /// Polls until the device is in one of the `expected` states.
  ///
  /// The only loop that waits for an operation. Each `bwPollTimeout` is honoured by the polling
  /// policy before the next DFU_GETSTATUS. Silence, and a few stalls after the first busy answer,
  /// count as busy. The limit is looked at when an answer is still busy, so that after the last
  /// wait the device is always asked once more.
  ///
  /// - Parameters:
  ///   - expected: The states that end the loop.
  ///   - kind: What the device is working on.
  ///   - limit: Time after which a device that is still busy has failed.
  ///   - stuckAfter: Time after which it is freed instead; nil for never.
  ///   - next: Blocks that may be sent behind the DFU_GETSTATUS that is expected to be the last: one, or
  ///     all where the device ``holdsBack``.
  ///   - activity: What to say was going on when this fails.
  /// - Returns: Whether the device said that it is done; else it is in dfuIDLE.
  /// - Throws: Any ``DFUError``; after ``DFUError/device(_:state:text:during:)`` the device has
  ///   been cleared and is in dfuIDLE.
  @discardableResult
  mutating func poll(
    until expected: Set<DFUState>, kind: OperationKind, limit: Duration,
    stuckAfter: Duration? = nil, before next: [NextBlock] = [], during activity: Activity
  ) throws(DFUError) -> OperationOutcome {
    let start = statusesAhead.first?.sent ?? transport.now
    var reported: Duration = .zero
    var attempt = 0
    var stalls = 0
    var isInTime = false
    var mayFollow = false
    var spent: Duration = .zero
    // Its end was asked for before it was known to have begun.
    let isAtOnce = statusesAhead.count > 1
    while true {
      if mayFollow, !next.isEmpty {
        try confirm(sending: holdsBack ? next : Array(next.prefix(1)), during: activity)
        polling.ended(kind, busyAnswers: attempt)
        return .done
      }
      let ahead = statusesAhead.first
      let asked = ahead?.sent ?? transport.now
      let timeout = answerTimeout(
        for: kind, reported: reported, left: limit - (asked - start))
      do {
        let reply = try status(
          timeout: timeout, relyingOn: [.statusWhileBusy], during: activity)
        if try judge(reply, expected: expected, during: activity) {
          // One that is done at its first answer was asked for its end in vain.
          statusesAhead = []
          polling.ended(kind, busyAnswers: attempt)
          if isInTime, !next.isEmpty, writes == .untried { writes = .proven }
          guard attempt == 1, !next.isEmpty else { return .done }
          if isAtOnce {
            heldBack += 1
          } else if !isInTime {
            noteAnswer(after: spent + transport.now - asked)
          }
          seen.block = (ahead?.ended ?? transport.now) - start
          return .done
        }
        // Busy when its own time was over: nothing is sent that counts on that time.
        if isInTime { writes = .never }
        if attempt > 0, kind.isWrite { heldBack = 0 }
        if attempt == 1, isAtOnce { hasSaidBusy = true }
        stalls = 0
        reported = reply.pollTimeout
        if kind == .setAddress, attempt == 0 { seen.setAddress = reported }
      } catch .usb(.stall, let activity) {
        stalls += 1
        guard attempt > 0 else { throw explainedStall(during: activity) }
        guard stalls <= Self.stallsWhileBusy else { throw .usb(.stall, during: activity) }
        state = .dfuDNBUSY
        polling.ended(kind, busyAnswers: nil)
      } catch .usb(.timedOut, _) {
        state = .dfuDNBUSY
        polling.ended(kind, busyAnswers: nil)
      }
      attempt += 1
      let patience = asked - start
      if let stuckAfter, patience >= stuckAfter {
        try freeStuckDevice(during: activity)
        return .freedWhileBusy
      }
      guard patience < limit else {
        throw .stillBusy(after: transport.now - start, during: activity)
      }
      spent = (ahead?.ended ?? transport.now) - asked
      let isFirst = attempt == 1 && stalls == 0 && reported > .zero && kind.isWrite
      let goesOn = isFirst && holdsBack && writes != .never && !next.isEmpty
      // What comes next waits for the device by itself.
      let isAsTold =
        statusesAhead.isEmpty && !goesOn
        && pause(
          for: kind,
          after: BusyAnswer(
            reported: reported, spentInAnswer: spent, elapsed: transport.now - start,
            attempt: attempt))
      isInTime = isFirst && isAsTold && state == .dfuDNLOADSYNC
      mayFollow = goesOn || isInTime && writes == .proven
    }
  }

  /// Waits as the policy says, and notes when the device's own time has passed.
  ///
  /// - Returns: Whether the device has named a time, and that has passed.
  private mutating func pause(for kind: OperationKind, after answer: BusyAnswer) -> Bool {
    let wanted = polling.delay(for: kind, after: answer)
    // Without a least time a policy that never waits would ask for ever.
    let least: Duration = answer.attempt > 1 ? .milliseconds(1) : .zero
    let delay = min(max(wanted, least), Self.longestWait)
    if delay > .zero { transport.wait(delay) }
    // DFU 1.1 A.2.5: when bwPollTimeout has passed, dfuDNBUSY ends by itself.
    let isAsTold = delay >= answer.reported
    if isAsTold, state == .dfuDNBUSY { state = .dfuDNLOADSYNC }
    return isAsTold && answer.reported > .zero
  }

  /// Waits the time a device reported, but never longer than a minute.
  func waitReported(_ reported: Duration) {
    if reported > .zero { transport.wait(min(reported, Self.longestWait)) }
  }

  /// Time-out of the next DFU_GETSTATUS.
  ///
  /// For an erase long enough that the device can do all the work before it answers, but not much
  /// beyond the operation's limit.
  func answerTimeout(for kind: OperationKind, reported: Duration, left: Duration) -> Duration {
    guard kind.erases else { return Self.ordinaryTimeout }
    return min(Self.eraseTimeout + reported * 2, max(left, Self.ordinaryTimeout))
  }

  /// Whether the device is done; false while it is busy.
  mutating func judge(
    _ reply: DFUStatusReply, expected: Set<DFUState>, during activity: Activity
  ) throws(DFUError) -> Bool {
    let found = try soundState(in: reply, during: activity)
    if found == .dfuDNBUSY { return false }
    guard expected.contains(found) else {
      let wanted = DFUState.allCases.filter { $0 == .dfuDNBUSY || expected.contains($0) }
      throw .unexpectedState(found: found, expected: wanted, during: activity)
    }
    // Only dfuERROR should come with a status; one that comes with success is not believed to be.
    guard reply.bStatus == .ok else {
      throw deviceError(reply, in: found, during: activity)
    }
    return true
  }
}

/// What a device has shown of its times, beside what its chip's data say.
struct SeenTimes: Sendable {
  /// The time that it reported for Set Address; nil before it has.
  var setAddress: Duration?
  /// Bytes of memory that were read, and the time that took beyond that of the wire.
  var read: (bytes: Int, time: Duration) = (0, .zero)
  /// The shortest time in which a DFU_GETSTATUS by itself was answered.
  var answer: Duration?
  /// The time from the start of the last full block to the end that it was told of.
  var block: Duration?

  /// Whether the link costs so much a round trip that it is worth asking for what may not be wanted.
  ///
  /// At a USB host a transfer takes about one frame, 1 ms.
  var isSlowLink: Bool { answer.map { $0 >= .milliseconds(4) } ?? false }
}

/// How long a session gives each operation, and what it does about known deviations.
///
/// `bwPollTimeout` is the least time to wait and says nothing about the most: an STM32F405 reports
/// 100 ms for a mass erase of 30 s. These are the limits after which the host gives up.
struct OperationLimits: Hashable, Sendable {
  /// Setting an address or writing one block.
  var write: Duration = .seconds(5)
  /// Erasing one sector; raised to three times the datasheet's maximum where that is known.
  var sectorErase: Duration = .seconds(30)
  /// Erasing the whole flash.
  var massErase: Duration = .seconds(120)
  /// Work that an earlier program started and the session found going on.
  var entry: Duration = .seconds(35)
  /// Between the request to leave and the device's disappearance.
  var leave: Duration = .seconds(2)
  /// How long a device that has left for a reset of its own is given to come back.
  var away: Duration = .seconds(1)
  /// Between the request to remove the read protection and the device's disappearance.
  var unprotect: Duration = .seconds(30)

  /// Ends a sector erase that stays in dfuDNBUSY by two DFU_CLRSTATUS, and takes it for done.
  ///
  /// For the STM32H743 rev V, where an erase in bank 2 never ends. Off by default.
  var stuckBusyRecovery = false
  /// Leaves without the DFU_GETSTATUS after the empty DFU_DNLOAD, as the GD32VF103 does.
  var leavesWithoutStatus = false

  /// The limit for a sector whose erase takes at most `maximum` by the datasheet.
  ///
  /// - Returns: Three times `maximum`, but at least ``sectorErase``.
  func erase(datasheetMaximum maximum: Duration?) -> Duration {
    max(sectorErase, (maximum ?? .zero) * 3)
  }
}

/// What a device is working on while it is polled, as far as waiting for it depends on that.
enum OperationKind: Hashable, Sendable {
  /// Setting the address pointer.
  case setAddress
  /// Erasing one sector of this many bytes.
  case erase(sectorSize: UInt64)
  /// Erasing the whole flash.
  case massErase
  /// Writing a block of this many bytes.
  case write(bytes: Int)
  /// Removing the read protection, which erases the flash.
  case unprotect

  /// Whether a block is written.
  var isWrite: Bool { if case .write = self { true } else { false } }

  /// Whether DFU_GETSTATUS may be answered only after a flash erase, many seconds later.
  var erases: Bool {
    switch self {
    case .erase, .massErase, .unprotect: true
    case .setAddress, .write: false
    }
  }
}
