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
public struct AdaptivePolling: PollPolicy {
  /// What belongs together: all blocks, and sectors of one size.
  private enum Kind: Hashable {
    case setAddress, write, massErase, unprotect
    case erase(UInt64)
  }

  private struct Learned {
    /// Time from the first DFU_GETSTATUS to the second that is tried next.
    var wait: Duration
    /// The shortest time that was enough.
    var enough: Duration
    /// The longest time that was too short.
    var tooShort: Duration = .zero
    var isTrusted = true
  }

  private var learned: [Kind: Learned] = [:]
  /// The chip whose own longest times bound every wait; nil where they are not known.
  private let chip: ChipProfile?

  /// Shorter waits than this are none.
  private static let resolution: Duration = .microseconds(250)

  /// Makes a policy that has learned nothing yet.
  ///
  /// - Parameter chip: A chip whose longest times are known: no wait is longer, whatever the device
  ///   claims. Nil for waits as long as the device says.
  public init(longestTimesOf chip: ChipProfile? = nil) { self.chip = chip }

  /// The reported time for the first of a kind, later the learned one.
  ///
  /// Less what the device spent in its answer.
  public mutating func delay(for kind: OperationKind, after answer: BusyAnswer) -> Duration {
    var plain = SpecificationPolling()
    let claimed = plain.delay(for: kind, after: answer)
    let told = chip.map { min(claimed, $0.longestTime(of: kind)) } ?? claimed
    let key = Self.kind(kind)
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
  public mutating func ended(_ kind: OperationKind, _ end: OperationEnd) {
    let key = Self.kind(kind)
    switch end {
    case .troubled: learned[key]?.isTrusted = false
    case .done(let busyAnswers): learn(key, busyAnswers: busyAnswers)
    }
  }

  private mutating func learn(_ key: Kind, busyAnswers: Int) {
    guard var known = learned[key] else { return }
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

  private static func kind(_ kind: OperationKind) -> Kind {
    switch kind {
    case .setAddress: .setAddress
    case .erase(let sectorSize): .erase(sectorSize)
    case .massErase: .massErase
    case .write: .write
    case .unprotect: .unprotect
    }
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
