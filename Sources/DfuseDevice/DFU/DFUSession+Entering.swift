extension DFUSession {
  /// Times that one and the same state may be found before the session gives up on it.
  private static let roundsPerState = 3
  /// DFU_GETSTATUS may stall this often before the device is reset, with this wait between.
  private static let entryStalls = 3
  private static let entryStallWait: Duration = .milliseconds(100)
  /// Wait for a device that is busy and reports no time.
  private static let entryPause: Duration = .milliseconds(5)

  /// Brings the device to dfuIDLE, from wherever an earlier program has left it.
  ///
  /// | found | remedy |
  /// |---|---|
  /// | dfuDNLOAD-IDLE, dfuUPLOAD-IDLE | DFU_ABORT |
  /// | dfuDNLOAD-SYNC, dfuDNBUSY, no answer | ask again, later USB reset |
  /// | dfuERROR | DFU_CLRSTATUS, which is sent in no other known state |
  /// | dfuMANIFEST-SYNC, dfuMANIFEST, dfuMANIFEST-WAIT-RESET | USB reset |
  /// | a state above 10 | DFU_ABORT, then DFU_CLRSTATUS twice, then USB reset |
  ///
  /// Each is tried at most three times, and the device is reset at most once; a busy or silent one
  /// after ``OperationLimits/entry``.
  ///
  /// - Returns: What had to be done, in order, to be told to those who want to know; empty when the
  ///   device was there.
  /// - Throws: ``DFUError/unexpectedState(found:expected:during:)`` when an application answers;
  ///   ``DFUError/stillBusy(after:during:)``; ``DFUError/cannotRecover(bState:status:)``;
  ///   ``DFUError/usb(_:during:)``.
  /// - SeeAlso: DFU 1.1 appendix A.2.
  @discardableResult
  mutating func enter() throws(DFUError) -> [EntryStep] {
    var report: [EntryStep] = []
    var found: [UInt8: Int] = [:]
    var unknown = 0
    state = nil
    addressPointer = nil
    (statusesAhead, blocksAhead) = ([], [])
    while true {
      let reply = try settledStatus(&report)
      found[reply.bState, default: 0] += 1
      guard found[reply.bState, default: 0] <= Self.roundsPerState else {
        throw noWayBack(from: reply)
      }
      switch reply.state {
      case .dfuIDLE:
        return report
      case .dfuDNLOADIDLE, .dfuUPLOADIDLE:
        report.append(.aborted(reply.state ?? .dfuIDLE))
        try remedy(.abort)
      case .dfuERROR:
        // The errUNKNOWN that CLRSTATUS itself caused in an unknown state is no news.
        if unknown == 0 {
          report.append(.cleared(reply.bStatus, text: statusText(of: reply)))
        }
        try remedy(.clrStatus)
      case .dfuDNLOADSYNC, .dfuDNBUSY, .dfuMANIFESTSYNC, .dfuMANIFEST, .dfuMANIFESTWAITRESET:
        try resetOnce(&report, orThrow: noWayBack(from: reply))
      case .appIDLE, .appDETACH:
        throw .unexpectedState(
          found: reply.state ?? .appIDLE, expected: [.dfuIDLE], during: .entering)
      case nil:
        if unknown == 0 { report.append(.foundUnknownState(reply.bState)) }
        switch unknown {
        case 0: try remedy(.abort)
        case 1: try remedy(.clrStatus)
        default: try resetOnce(&report, orThrow: noWayBack(from: reply))
        }
        unknown += 1
      }
      // The answer to the remedy counts, not what the table promises.
      state = nil
    }
  }

  // MARK: The parts of entering

  /// Asks for the status until the device neither stalls nor is silent nor busy.
  ///
  /// A device that does not settle in time is reset once, and asked once more.
  private mutating func settledStatus(
    _ report: inout [EntryStep]
  ) throws(DFUError) -> DFUStatusReply {
    var start = transport.now
    var stalls = 0
    var limit = limits.entry
    var waited: Duration = .zero
    while true {
      let problem: DFUError
      var reported: Duration = .zero
      do {
        let reply = try status(during: .entering)
        guard reply.state == .dfuDNBUSY || reply.state == .dfuDNLOADSYNC else {
          if waited > .zero { report.append(.waited(waited)) }
          return reply
        }
        reported = reply.pollTimeout
        problem = .stillBusy(after: transport.now - start, during: .entering)
      } catch .usb(.stall, let activity) {
        stalls += 1
        problem = .usb(.stall, during: activity)
      } catch .usb(.timedOut, let activity) {
        problem = .usb(.timedOut, during: activity)
      }
      // Whatever the device said, its next answer is not measured against it.
      state = nil
      if transport.now - start >= limit || stalls > Self.entryStalls {
        if waited > .zero { report.append(.waited(waited)) }
        try giveUpWaiting(problem, &report)
        (start, stalls, waited) = (transport.now, 0, .zero)
        // A device that has just been freed or reset has no old work to finish.
        limit = Self.ordinaryTimeout
      } else if case .usb(.stall, _) = problem {
        transport.wait(Self.entryStallWait)
      } else {
        // Not the polling policy's business: nobody knows what the device is working on.
        waitReported(max(reported, Self.entryPause))
        waited = transport.now - start
      }
    }
  }

  /// The way out for a device that stays busy: freed if it is of that kind, else reset.
  private mutating func giveUpWaiting(
    _ problem: DFUError, _ report: inout [EntryStep]
  ) throws(DFUError) {
    if case .stillBusy = problem, limits.stuckBusyRecovery, !report.contains(.freed) {
      report.append(.freed)
      do {
        return try freeStuckDevice(during: .entering)
      } catch {
        state = nil
      }
    }
    try resetOnce(&report, orThrow: problem)
  }

  /// Resets the device, or throws `problem` when that has been tried before.
  private mutating func resetOnce(
    _ report: inout [EntryStep], orThrow problem: DFUError
  ) throws(DFUError) {
    guard !report.contains(.reset) else { throw problem }
    report.append(.reset)
    try reset(during: .entering)
  }

  /// Sends what the device may refuse: the next DFU_GETSTATUS tells whether it helped.
  private mutating func remedy(_ request: DFURequest) throws(DFUError) {
    do {
      try send(request, during: .entering)
    } catch .usb(.stall, _) {
      state = nil
    }
  }
}

/// One thing that had to be done to bring a device to dfuIDLE.
///
/// Nothing here is an error: earlier programs leave devices in all kinds of states, and an STM32F4
/// ROM is often found in dfuERROR.
public enum EntryStep: Hashable, Sendable {
  /// The device was in dfuERROR with this status, and was cleared.
  case cleared(DFUStatus, text: String?)
  /// The device was in a download or an upload, which was ended.
  case aborted(DFUState)
  /// The device was busy, or did not answer, for this long.
  case waited(Duration)
  /// The device stayed in dfuDNBUSY, and was freed by two DFU_CLRSTATUS.
  case freed
  /// The device reported a state that does not exist.
  case foundUnknownState(UInt8)
  /// The device was reset over USB.
  case reset
}

extension EntryStep: CustomStringConvertible {
  /// The step as a clause about the device.
  public var description: String {
    switch self {
    case .cleared(let status, let text):
      "an earlier session left it in dfuERROR with \(status)"
        + (text.map { " (\"\($0)\")" } ?? "") + "; cleared"
    case .aborted(let state): "an earlier session left it in \(state); aborted"
    case .waited(let time): "it was busy for \(time.quantityText)"
    case .freed: "it stayed in dfuDNBUSY; freed"
    case .foundUnknownState(let number): "it was in state \(number), which does not exist"
    case .reset: "it was reset over USB"
    }
  }
}
