extension Flasher {
  /// Failed transfers that one piece of work survives.
  ///
  /// The ROM of an STM32L43x with bootloader V9.1 runs with a wrong clock and fails at random
  /// (AN2606); a cable that fails this often is to be replaced.
  private static var mostRecoveries: Int { 16 }
  /// Failed transfers without a sector erased, or a block written or read, between them.
  private static var mostFailuresInARow: Int { 3 }

  /// Does something that may be done more than once, and does it again when a transfer fails for no
  /// lasting reason.
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
    guard error.mayBeTransient, failuresInARow < Self.mostFailuresInARow,
      result.transfersRepeated < Self.mostRecoveries
    else { return false }
    failuresInARow += 1
    result.transfersRepeated += 1
    do {
      try session.enter()
      return true
    } catch {
      return false
    }
  }
}

extension DFUError {
  /// Whether the same request may well succeed when the device has been brought back to dfuIDLE.
  ///
  /// A status that the device reports is its last word, but for errSTALLEDPKT, which says no more
  /// than a stall.
  var mayBeTransient: Bool {
    switch self {
    case .usb(let error, _): error.mayBeTransient
    case .device(let status, _, _, _): status == .errSTALLEDPKT
    case .unexpectedState, .unknownState, .malformedReply, .shortBlock: true
    case .stillBusy, .illegalRequest, .illegalBlock, .notOffered, .cannotRecover: false
    }
  }
}

extension USBError {
  fileprivate var mayBeTransient: Bool {
    switch self {
    case .stall, .timedOut, .overflow, .other: true
    case .disconnected, .accessDenied, .busy, .noDriver, .noBus, .badDescriptor: false
    }
  }
}
