/// How long to wait between a busy answer and the next DFU_GETSTATUS.
///
/// The session asks once for each busy answer, and never waits after the last answer. A policy that
/// learns sees an operation end by the next one starting with `attempt` 1.
public protocol PollPolicy: Sendable {
  /// The time to wait before asking again.
  ///
  /// - Parameters:
  ///   - kind: What the device is working on.
  ///   - reported: Its latest `bwPollTimeout`; zero when it has not yet given one.
  ///   - spentInAnswer: How long the device took to give the busy answer.
  ///   - attempt: Busy answers so far in this operation, this one included; from 1.
  /// - Returns: A time that the session holds at or below 60 s, and from the second attempt on at
  ///   or above 1 ms.
  mutating func delay(
    for kind: OperationKind, reported: Duration, spentInAnswer: Duration, attempt: Int
  ) -> Duration
}

/// Waiting as DFU 1.1 demands: `bwPollTimeout` each time.
///
/// A device that reports 0 leaves the time to the host: 1 ms, then one more each time up to 5 ms.
///
/// - SeeAlso: DFU 1.1 section 6.1.2.
public struct SpecificationPolling: PollPolicy {
  /// Makes the policy.
  public init() {}

  /// The reported time, or a few milliseconds in place of zero.
  public mutating func delay(
    for kind: OperationKind, reported: Duration, spentInAnswer: Duration, attempt: Int
  ) -> Duration {
    reported > .zero ? reported : .milliseconds(min(max(attempt, 1), 5))
  }
}

extension PollPolicy where Self == SpecificationPolling {
  /// Waiting as DFU 1.1 demands.
  public static var spec: SpecificationPolling { SpecificationPolling() }
}
