/// How long to wait between a busy answer and the next DFU_GETSTATUS.
///
/// The session asks once for each busy answer, never waits after the last answer, and tells how
/// each operation went.
protocol PollPolicy: Sendable {
  /// The time to wait before asking again, now that the device has answered that it is busy.
  ///
  /// The session holds it at or below 60 s, and from the second busy answer of an operation on at
  /// or above 1 ms.
  mutating func delay(for kind: OperationKind, after answer: BusyAnswer) -> Duration

  /// Takes note that an operation has ended.
  ///
  /// - Parameters:
  ///   - kind: What the device worked on.
  ///   - busyAnswers: How often it was asked after its first answer until it said that it is done;
  ///     nil when it stalled or did not answer while it worked.
  mutating func ended(_ kind: OperationKind, busyAnswers: Int?)
}

/// What is known of an operation when the device has answered that it is busy.
struct BusyAnswer: Hashable, Sendable {
  /// The device's latest `bwPollTimeout`; zero when it has not yet given one.
  var reported: Duration
  /// How long the device took to give this answer.
  var spentInAnswer: Duration
  /// Time since the first DFU_GETSTATUS of the operation was sent.
  var elapsed: Duration
  /// Busy answers so far in this operation, this one included; from 1.
  var attempt: Int
}

/// Waiting as DFU 1.1 demands: `bwPollTimeout` each time.
///
/// A device that reports 0 leaves the time to the host: 1 ms, then one more each time up to 5 ms.
///
/// - SeeAlso: DFU 1.1 section 6.1.2.
struct SpecificationPolling: PollPolicy {
  /// The chip's own erase times, where the device reports too little; empty elsewhere.
  private let eraseTimes: [SectorEraseTime]

  /// Makes the policy.
  ///
  /// - Parameter eraseTimes: Ascending by size. The first wait of a sector erase is then at least
  ///   the typical time and an eighth of it: an STM32L4 stalls a host that asks earlier.
  init(eraseTimes: [SectorEraseTime] = []) {
    self.eraseTimes = eraseTimes
  }

  /// The reported time, or a few milliseconds in place of zero.
  mutating func delay(for kind: OperationKind, after answer: BusyAnswer) -> Duration {
    let told =
      answer.reported > .zero ? answer.reported : .milliseconds(min(max(answer.attempt, 1), 5))
    guard case .erase(let size) = kind, answer.attempt == 1,
      let known = eraseTimes.first(where: { $0.sectorSize >= size })?.time.typical
    else { return told }
    return max(told, known * 9 / 8)
  }

  /// Learns nothing.
  mutating func ended(_ kind: OperationKind, busyAnswers: Int?) {}
}

/// Waiting that learns how long a device really takes, for devices that may be asked early.
///
/// `bwPollTimeout` is a device's guess: an STM32F745 reports 104 ms for a block that takes 8 ms
/// (fwupd#2696). The first operation of each kind is timed as told. From then on the wait is halved
/// as long as the device is done when it is asked; once it was not, the wait is looked for between
/// the longest that was too short and the shortest that was not. An answer that comes too early
/// costs nothing: the operation then waits as long in all as the device first reported. A device
/// that works before it answers (ST's USB device library) has that time counted.
///
/// After a stall, or silence, operations of that kind are timed as told for good.
struct AdaptivePolling: PollPolicy {
  private struct Learned {
    /// Time from the first DFU_GETSTATUS to the second that is tried next.
    var wait: Duration
    /// The shortest time that was enough.
    var enough: Duration
    /// The longest time that was too short.
    var tooShort: Duration = .zero
    var isTrusted = true
  }

  private var learned: [OperationKind: Learned] = [:]
  /// The chip whose own longest times bound every wait; nil where they are not known.
  private let chip: ChipProfile?

  /// Shorter waits than this are none.
  private static let resolution: Duration = .microseconds(250)

  /// Makes a policy that has learned nothing yet.
  ///
  /// - Parameter chip: A chip whose longest times are known: no wait is longer, whatever the device
  ///   claims. Nil for waits as long as the device says.
  init(longestTimesOf chip: ChipProfile? = nil) { self.chip = chip }

  /// The reported time for the first of a kind, later the learned one.
  ///
  /// Less what the device spent in its answer.
  mutating func delay(for kind: OperationKind, after answer: BusyAnswer) -> Duration {
    var plain = SpecificationPolling()
    let claimed = plain.delay(for: kind, after: answer)
    let told = chip.map { min(claimed, $0.longestTime(of: kind)) } ?? claimed
    let key = Self.key(kind)
    let known = learned[key] ?? Learned(wait: told, enough: told)
    learned[key] = known
    guard answer.attempt > 1 else {
      return max((known.isTrusted ? min(known.wait, told) : told) - answer.spentInAnswer, .zero)
    }
    // Asked too early: wait as long, in all, as the device has said. If that is past, as it says.
    let left = told - answer.elapsed
    return known.isTrusted && answer.attempt == 2 && left > .zero ? left : told
  }

  /// Learns from how the operation went.
  mutating func ended(_ kind: OperationKind, busyAnswers: Int?) {
    let key = Self.key(kind)
    guard var known = learned[key] else { return }
    guard let busyAnswers else {
      learned[key]?.isTrusted = false
      return
    }
    if busyAnswers <= 1 {
      known.enough = min(known.enough, known.wait)
    } else {
      known.tooShort = max(known.tooShort, known.wait)
      if known.tooShort >= known.enough { known.enough = known.tooShort * 5 / 4 }
    }
    let gap = known.enough - known.tooShort
    // A quarter is near enough: looking closer would cost more than it saves.
    known.wait = gap > known.enough / 4 ? known.tooShort + gap / 2 : known.enough
    if known.wait < Self.resolution { known.wait = .zero }
    learned[key] = known
  }

  /// What is learned together: all blocks, and sectors of one size.
  private static func key(_ kind: OperationKind) -> OperationKind {
    if case .write = kind { .write(bytes: 0) } else { kind }
  }
}

extension ChipProfile {
  /// The longest that an operation takes on a sound chip; setting an address counts as a block.
  fileprivate func longestTime(of kind: OperationKind) -> Duration {
    switch kind {
    case .setAddress: programTime(of: BlockNumbering.longestBlock)
    case .write(let bytes): programTime(of: bytes)
    case .erase(let sectorSize): eraseTime(forSectorOf: sectorSize).maximum
    case .massErase, .unprotect: massEraseTime.maximum
    }
  }

  private func programTime(of bytes: Int) -> Duration {
    programTimePerUnit.maximum * (bytes / max(programmingUnit, 1) + 1)
  }
}
