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
    guard retries.allow(error) else { return false }
    do {
      try session.enter()
      return true
    } catch {
      return false
    }
  }
}

extension DFUError {
  /// Whether the device said no, and did nothing.
  var isRefusal: Bool {
    switch self {
    case .device, .usb(.stall, _): true
    case .usb, .unexpectedState, .unknownState, .malformedReply, .stillBusy, .illegalRequest,
      .illegalBlock, .shortBlock, .notOffered, .cannotRecover:
      false
    }
  }

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
