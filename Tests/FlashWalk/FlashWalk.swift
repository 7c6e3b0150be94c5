import DfuseDevice
import DfuseFormat

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Walks every course that a flash can take: breadth first, with states that were seen cut off.
///
/// `FlashWalk` walks through all plans of up to four sectors with two things going wrong, and of up
/// to two with three; a number as argument is the most sectors instead. It ends with status 1 at the
/// first thing said of the chip that is not true of it.
@main
struct FlashWalk {
  static func main() {
    let most = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 4
    var walk = Walk()
    let clock = ContinuousClock()
    let time = clock.measure {
      for count in 1...most { walk.walk(WalkedPlan.all(sectors: count), faults: 2) }
      walk.walk((1...2).flatMap { WalkedPlan.all(sectors: $0) }, faults: 3)
    }
    print(
      "FlashWalk: \(walk.plans) plans, \(walk.states) states, \(walk.courses) steps taken, "
        + "\(walk.ends) ends, in \(time)")
    for problem in walk.problems.prefix(20) { print("  not true: \(problem)") }
    if !walk.problems.isEmpty { exit(1) }
  }
}

/// The walk through some plans, and what was met on it.
struct Walk {
  /// Plans walked through.
  private(set) var plans = 0
  /// States met, each once.
  private(set) var states = 0
  /// Steps taken from one state to another.
  private(set) var courses = 0
  /// Ends of a flash.
  private(set) var ends = 0
  /// What was said and is not true.
  private(set) var problems: [String] = []
  private var known: Set<String> = []

  /// One moment of a flash.
  private struct Moment {
    var machine: FlashMachine
    var chip: WalkedChip
    var faultsLeft: Int
    /// Whether the device has said of something that it is done, and did not do it.
    var hasLied = false
    /// Whether an answer was lost, so that a write may be done or not.
    var isInDoubt = false
    /// Whether blocks had been sent behind one that failed: done or not, no program starts by them.
    var wasAhead = false

    var key: Key {
      Key(
        place: machine.place, findings: machine.findings, chip: chip, faultsLeft: faultsLeft,
        hasLied: hasLied, isInDoubt: isInDoubt, wasAhead: wasAhead)
    }
  }

  private struct Key: Hashable {
    var place: FlashMachine.Place
    var findings: FlashMachine.Findings
    var chip: WalkedChip
    var faultsLeft: Int
    var hasLied: Bool
    var isInDoubt: Bool
    var wasAhead: Bool
  }

  /// Walks through plans, with at most so many things going wrong in each.
  mutating func walk(_ plans: [WalkedPlan], faults: Int) {
    for plan in plans {
      self.plans += 1
      var seen: Set<Key> = []
      var queue = [
        Moment(machine: FlashMachine(plan.steps), chip: plan.chip, faultsLeft: faults)
      ]
      while !queue.isEmpty {
        var next: [Moment] = []
        for moment in queue where seen.insert(moment.key).inserted {
          states += 1
          next += step(from: moment, in: plan)
        }
        queue = next
      }
    }
  }

  // MARK: - What can happen

  private mutating func step(from moment: Moment, in plan: WalkedPlan) -> [Moment] {
    check(moment, plan)
    guard let action = moment.machine.next() else {
      ends += 1
      return []
    }
    var stopped = moment
    stopped.machine.cancel()
    check(stopped, plan)
    var after: [Moment] = []
    for (outcome, chip, isFault, lies, isInDoubt) in outcomes(of: action, moment, plan) {
      guard !isFault || moment.faultsLeft > 0 else { continue }
      courses += 1
      var next = moment
      next.chip = chip
      next.machine.done(outcome)
      if isFault { next.faultsLeft -= 1 }
      if lies { next.hasLied = true }
      if isInDoubt, case .failedWithNext = outcome {
        next.wasAhead = true
      } else if isInDoubt {
        next.isInDoubt = true
      }
      after.append(next)
    }
    return after
  }

  private typealias Course = (
    outcome: FlashMachine.Outcome, chip: WalkedChip, isFault: Bool, lies: Bool, isInDoubt: Bool
  )

  private static let stall = DFUError.usb(.stall, during: .entering)
  private static let lost = DFUError.usb(.timedOut, during: .entering)
  private static let gone = DFUError.usb(.disconnected, during: .entering)
  private static let refusal = DFUError.device(
    .errWRITE, state: .dfuERROR, text: nil, during: .entering)
  private static let vendor = DFUError.device(
    .errVENDOR, state: .dfuERROR, text: nil, during: .entering)

  private func outcomes(
    of action: FlashMachine.Action, _ moment: Moment, _ plan: WalkedPlan
  ) -> [Course] {
    let chip = moment.chip
    func fault(
      _ outcome: FlashMachine.Outcome, _ chip: WalkedChip, lies: Bool = false,
      isInDoubt: Bool = false
    ) -> Course { (outcome, chip, true, lies, isInDoubt) }
    func failures(_ done: WalkedChip?, _ half: WalkedChip? = nil) -> [Course] {
      var courses: [Course] = [
        fault(.failed(Self.stall), chip), fault(.failed(Self.gone), chip),
        fault(.failed(Self.refusal), chip), fault(.failed(Self.vendor), chip),
        fault(.failed(Self.lost), chip, isInDoubt: true),
      ]
      for other in [done, half] {
        guard let other else { continue }
        courses.append(fault(.failed(Self.lost), other, isInDoubt: true))
        courses.append(fault(.failed(Self.gone), other, isInDoubt: true))
      }
      return courses
    }
    switch action {
    case .pause: return [(.done, chip, false, false, false)]
    case .enter: return [(.done, chip, false, false, false), fault(.failed(Self.gone), chip)]
    case .askProtection:
      return [(.protection(false), chip, false, false, false), fault(.protection(nil), chip)]
    case .look(let places, _):
      return [(.found(found(places, plan, chip, blank: true)), chip, false, false, false)]
        + failures(nil)
    case .step(let step):
      var done = chip
      switch step.work {
      case .erase(let range):
        guard let (sector, _) = plan.place(of: range.lowerBound) else { return [] }
        done.erase(sector)
        var half = chip
        half.eraseHalf(sector)
        return [(.done, done, false, false, false), fault(.done, chip, lies: true)]
          + failures(done, half)
      case .massErase:
        for index in plan.sectors.indices where plan.sectors[index].start < 0x9000_0000 {
          done.erase(index)
        }
        return [
          (.done, done, false, false, false), fault(.done, chip, lies: true),
          fault(.notOffered, chip),
        ] + failures(done)
      case .write(let range, _):
        done.write(range, plan)
        var wrong = chip
        wrong.spoil(range, plan)
        return [
          (.done, done, false, false, false), fault(.done, chip, lies: true),
          fault(.done, wrong, lies: true),
        ] + failures(done, wrong) + failuresWithNext(moment, [chip, done, wrong], plan)
      case .probe(let range), .verifyBlank(let range, _, _):
        return [(.found(found([range], plan, chip, blank: true)), chip, false, false, false)]
          + failures(nil)
      case .verify(let range, _, _):
        return [(.found(found([range], plan, chip, blank: false)), chip, false, false, false)]
          + failures(nil)
      case .tellSupply, .eraseLeft, .settle, .writeDirectly, .checkDirectly:
        return [(.done, chip, false, false, false)]
      }
    }
  }

  /// In plans of more sectors no blocks are sent ahead: there are too many courses.
  private static let mostSectorsAhead = 3

  /// A block fails when the next ones had been sent: each of them is done, or half, or not at all.
  private func failuresWithNext(
    _ moment: Moment, _ chips: [WalkedChip], _ plan: WalkedPlan
  ) -> [Course] {
    guard moment.faultsLeft > 0, plan.sectors.count <= Self.mostSectorsAhead else { return [] }
    var courses: [Course] = []
    var chips = chips
    for (index, step) in moment.machine.nextWrites(plan.sectors.count > 2 ? 1 : 2).enumerated() {
      guard case .write(let range, _) = step.work else { break }
      chips = chips.flatMap { chip in
        var (done, wrong) = (chip, chip)
        done.write(range, plan)
        wrong.spoil(range, plan)
        return [chip, done, wrong]
      }
      for error in [Self.lost, Self.gone, Self.refusal] {
        courses += chips.map {
          (.failedWithNext(error, count: index + 1), $0, true, false, true)
        }
      }
    }
    return courses
  }

  /// What reading shows that should not be there.
  private func found(
    _ places: [Range<UInt64>], _ plan: WalkedPlan, _ chip: WalkedChip, blank: Bool
  ) -> FlashError.Difference? {
    let wanted: WalkedChip.Block = blank ? .erased : .new
    for place in places {
      for address in stride(
        from: place.lowerBound, to: place.upperBound, by: UInt64.Stride(WalkedChip.blockSize))
      {
        guard let (sector, block) = plan.place(of: address) else { continue }
        let found = chip.contents[sector][block]
        if found != wanted {
          let (found, wanted) = (
            [UInt8](repeating: found.rawValue, count: Int(WalkedChip.blockSize)),
            [UInt8](repeating: wanted.rawValue, count: Int(WalkedChip.blockSize))
          )
          return .init(found[...], instead: wanted[...], at: address)
        }
      }
    }
    return nil
  }

  // MARK: - What is true

  private mutating func check(_ moment: Moment, _ plan: WalkedPlan) {
    let said: FlashError.Progress
    switch moment.machine.end {
    case nil: said = moment.machine.progress
    case .success(let result):
      said = .complete
      if !result.isVerified || !moment.chip.isWhole {
        problem("a flash that ended well is not on the chip", moment, plan)
      }
    case .failure(let error):
      guard let progress = error.said else { return problem("\(error)", moment, plan) }
      said = progress
    }
    if let wrong = untruth(of: said, moment, plan) { problem("\(said): \(wrong)", moment, plan) }
    checkSafety(moment, plan)
  }

  /// A program does not start in part, unless its vector table did not change.
  private mutating func checkSafety(_ moment: Moment, _ plan: WalkedPlan) {
    guard let vector = plan.vector, !moment.hasLied, plan.chip.contents[vector][0] != .new,
      moment.chip.contents[vector][0] == .new, !moment.chip.isWhole, !moment.isInDoubt
    else { return }
    problem("a part of the firmware would start", moment, plan)
  }

  private func untruth(
    of said: FlashError.Progress, _ moment: Moment, _ plan: WalkedPlan
  ) -> String? {
    let blocks = zip(moment.chip.contents.joined(), plan.chip.contents.joined())
    switch said {
    case .untouched:
      return moment.chip == plan.chip ? nil : "the chip has changed"
    case .erased:
      return blocks.contains { $0 == .new && $1 != .new } ? "something is written" : nil
    case .incomplete:
      // Memory that is no flash may be whole before the last block of it has been written again.
      let isRewritten = plan.sectors.contains { !$0.isFlash }
      let mayBeWhole = moment.isInDoubt || moment.wasAhead || moment.hasLied || isRewritten
      if moment.chip.isWhole, !mayBeWhole {
        return "it is complete"
      }
      guard let vector = plan.vector, !moment.hasLied, !moment.isInDoubt else { return nil }
      let first = moment.chip.contents[vector][0]
      if first == .new { return "its vector table is there" }
      return first == .old ? "the old vector table is there" : nil
    case .mixed:
      guard let vector = plan.vector else { return "there is no vector table" }
      if moment.chip.contents[vector][0] != .new, !moment.hasLied, !moment.isInDoubt {
        return "its vector table is not there"
      }
      return nil
    case .unverified:
      return moment.chip.isWhole || moment.hasLied || moment.isInDoubt ? nil : "not all is written"
    case .complete:
      return moment.chip.isWhole ? nil : "it is not complete"
    }
  }

  private mutating func problem(_ text: String, _ moment: Moment, _ plan: WalkedPlan) {
    // The first of a sort is enough.
    guard known.insert(text).inserted else { return }
    problems.append(
      "\(plan.name): \(text)\n    at \(moment.machine.place)\n    chip \(moment.chip.contents), "
        + "found \(moment.machine.findings)")
  }
}

extension WalkedChip {
  /// The parts of a range, which may reach over several sectors.
  private func places(of range: Range<UInt64>, _ plan: WalkedPlan) -> [(sector: Int, block: Int)] {
    stride(
      from: range.lowerBound, to: range.upperBound, by: UInt64.Stride(WalkedChip.blockSize)
    ).compactMap { plan.place(of: $0) }
  }

  fileprivate mutating func write(_ range: Range<UInt64>, _ plan: WalkedPlan) {
    for (sector, block) in places(of: range, plan) {
      write(sector, block, isFlash: plan.sectors[sector].isFlash)
    }
  }

  /// The device stops in the middle of the first part.
  fileprivate mutating func spoil(_ range: Range<UInt64>, _ plan: WalkedPlan) {
    if let (sector, block) = places(of: range, plan).first { spoil(sector, block) }
  }
}

extension FlashError {
  /// What an error that ends a flash says of the chip.
  fileprivate var said: Progress? {
    switch self {
    case .different(let difference): difference.progress
    case .cancelled(let progress), .device(_, let progress), .refused(_, let progress),
      .notReadable(_, let progress):
      progress
    case .readProtected: .untouched
    default: nil
    }
  }
}
