/// How long to wait between a busy answer and the next DFU_GETSTATUS.
///
/// The session asks once for each busy answer, never waits after the last answer, and tells how
/// each operation went.
public protocol PollPolicy: Sendable {
  /// The time to wait before asking again, now that the device has answered that it is busy.
  ///
  /// The session holds it at or below 60 s, and from the second busy answer of an operation on at
  /// or above 1 ms.
  mutating func delay(for kind: OperationKind, after answer: BusyAnswer) -> Duration

  /// Takes note that an operation is done, or has failed.
  mutating func ended(_ kind: OperationKind, _ end: OperationEnd)
}

/// What is known of an operation when the device has answered that it is busy.
public struct BusyAnswer: Hashable, Sendable {
  /// The device's latest `bwPollTimeout`; zero when it has not yet given one.
  public var reported: Duration
  /// How long the device took to give this answer.
  public var spentInAnswer: Duration
  /// Time since the first DFU_GETSTATUS of the operation was sent.
  public var elapsed: Duration
  /// Busy answers so far in this operation, this one included; from 1.
  public var attempt: Int

  /// Makes an answer.
  public init(reported: Duration, spentInAnswer: Duration, elapsed: Duration, attempt: Int) {
    self.reported = reported
    self.spentInAnswer = spentInAnswer
    self.elapsed = elapsed
    self.attempt = attempt
  }
}

/// How an operation went.
public enum OperationEnd: Hashable, Sendable {
  /// The device said that it is done, when it had been asked this often after its first answer.
  case done(busyAnswers: Int)
  /// The device stalled or did not answer while it worked, or reported an error.
  case troubled
}

/// Waiting as DFU 1.1 demands: `bwPollTimeout` each time.
///
/// A device that reports 0 leaves the time to the host: 1 ms, then one more each time up to 5 ms.
///
/// - SeeAlso: DFU 1.1 section 6.1.2.
public struct SpecificationPolling: PollPolicy {
  /// The chip's own erase times, where the device reports too little; empty elsewhere.
  private let eraseTimes: [SectorEraseTime]

  /// Makes the policy.
  ///
  /// - Parameter eraseTimes: Ascending by size. The first wait of a sector erase is then at least
  ///   the typical time and an eighth of it: an STM32L4 stalls a host that asks earlier.
  public init(eraseTimes: [SectorEraseTime] = []) {
    self.eraseTimes = eraseTimes
  }

  /// The reported time, or a few milliseconds in place of zero.
  public mutating func delay(for kind: OperationKind, after answer: BusyAnswer) -> Duration {
    let told =
      answer.reported > .zero ? answer.reported : .milliseconds(min(max(answer.attempt, 1), 5))
    guard case .erase(let size) = kind, answer.attempt == 1,
      let known = eraseTimes.first(where: { $0.sectorSize >= size })?.time.typical
    else { return told }
    return max(told, known * 9 / 8)
  }

  /// Learns nothing.
  public mutating func ended(_ kind: OperationKind, _ end: OperationEnd) {}
}

extension PollPolicy where Self == SpecificationPolling {
  /// Waiting as DFU 1.1 demands.
  public static var spec: SpecificationPolling { SpecificationPolling() }
}
