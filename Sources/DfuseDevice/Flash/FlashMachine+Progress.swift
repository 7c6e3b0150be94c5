import DfuseFormat

// MARK: - What is on the chip

extension FlashMachine {
  /// What is on the chip, before the next action.
  package var progress: FlashError.Progress { progress(attempted: findings.retries.inARow > 0) }

  /// What is on the chip, as far as the device has acknowledged it.
  ///
  /// With `attempted`, the action that comes next counts as one that may have been done.
  func progress(attempted: Bool) -> FlashError.Progress {
    let (index, isBegun) = reached
    let begun = plan.steps.prefix(index + (attempted || isBegun ? 1 : 0))
    if case .ended(nil) = place { return .complete }
    if plan.steps.dropFirst(index).first?.isDirect == true { return firmware }
    guard begun.contains(where: changesFlash) else { return .untouched }
    guard begun.contains(where: \.isWrite) else { return .erased }
    let isDone = !plan.steps.dropFirst(index).contains(where: \.isWrite)
    if isDone, findings.wrong.isEmpty, !findings.isInDoubt, !isRepeating { return .unverified }
    return vectorTableStands(begun) ? .mixed : .incomplete
  }

  /// What is in the flash when all of its steps are done.
  var firmware: FlashError.Progress {
    let flash = plan.memories.filter(\.kind.isFlash)
    if flash.isEmpty { return .untouched }
    return plan.verifies && flash.allSatisfy(steps.canVerify) ? .complete : .unverified
  }

  /// The place that is worked on, whatever is between it and the next.
  var base: Place {
    var place = place
    while true {
      switch place {
      case .looking(let after, _), .pausing(let after, _), .entering(_, let after),
        .asking(_, let after):
        place = after
      case .step, .clearing, .repeating, .disarming, .ended: return place
      }
    }
  }

  /// The step at which the machine is, and whether a part of it is done.
  var reached: (index: Int, isBegun: Bool) {
    switch (base, place) {
    case (.step(let index), .looking), (.step(let index), .pausing): (index, true)
    case (.step(let index), _): (index, false)
    case (.clearing(let index, let left), _):
      (index, !plan.steps[index].isUntouched(with: left))
    case (.repeating(let index, _, _), _): (index, true)
    default: (plan.steps.count, true)
    }
  }

  private func changesFlash(_ step: FlashStep) -> Bool {
    switch step.work {
    case .massErase: findings.massErased != false
    case .erase, .eraseLeft, .write: true
    case .tellSupply, .probe, .verify, .verifyBlank, .settle, .writeDirectly, .checkDirectly:
      false
    }
  }

  /// Whether sectors are done once more, and the last of them is not yet written.
  var isRepeating: Bool {
    guard case .repeating(_, let wrong, let part) = base else { return false }
    return wrong.count > 1 || wrong.first.map { !again($0)[part].reads } ?? true
  }

  /// Whether the new firmware's vector table is, or may be, on the chip while not all of it is.
  private func vectorTableStands(_ begun: ArraySlice<FlashStep>) -> Bool {
    if plan.keepsVectorTable { return true }
    guard begun.contains(where: \.isVectorTable), !findings.isInDoubt else { return false }
    // The sector with the vector table, being done once more, is erased first.
    guard case .repeating(_, let wrong, let part) = base, let first = wrong.first, isVector(first)
    else { return isFinishing }
    return part == 0 && first.difference?.address != plan.programStart.map(UInt64.init)
  }

  /// Whether the block with the vector table was written.
  var isFinishing: Bool {
    plan.steps.prefix(reached.index).contains(where: \.isVectorTable)
  }

  func isVector(_ wrong: WrongSector) -> Bool {
    plan.programStart.map { wrong.sector.contains(UInt64($0)) } ?? false
      && plan.memory(wrong.alternateSetting)?.kind == .internalFlash
  }

  /// The erase of the sector with the vector table, if it can be erased.
  var vectorSector: FlashStep? {
    guard let last = FinalBlock(of: plan), let sector = last.sector else { return nil }
    return FlashStep(
      alternateSetting: last.memory.alternateSetting, work: .erase(sector), reason: .different)
  }
}

// What the machine says and is told, and the places it can be at.

extension FlashMachine {
  /// What to do on the board.
  package enum Action: Hashable, Sendable {
    /// A step of the plan, or of doing a sector once more.
    case step(FlashStep)
    /// Finding the first byte in these places that is not erased.
    case look([Range<UInt64>], alternateSetting: UInt8)
    /// Waiting.
    case pause(Duration)
    /// Bringing the device to dfuIDLE.
    case enter
    /// Finding out by a read whether the chip is read protected.
    case askProtection(address: UInt64)
  }

  /// What came of an action.
  package enum Outcome: Hashable, Sendable {
    /// It is done, as far as the device says.
    case done
    /// The erase is done, but its end was not reported, and the device had to be freed.
    case freed
    /// What was read is not all as it should be; nil when it is.
    case found(FlashError.Difference?)
    /// Memory that is no flash reads as it did before it was written.
    case unchanged(FlashError.Difference)
    /// The device left the bus instead of answering.
    case reset
    /// The device does not offer the command, and was not sent it.
    case notOffered
    /// Whether the chip is read protected; nil when the read failed in another way.
    case protection(Bool?)
    /// The device failed or refused.
    case failed(DFUError)
    /// The same of a block, when so many of those behind it (``nextWrites(_:)``) had been sent already.
    case failedWithNext(DFUError, count: Int)
  }

  /// Where the machine is.
  package enum Place: Hashable, Sendable {
    /// At a step of the plan.
    case step(Int)
    /// Erasing what a mass erase left, at the step that is for it.
    case clearing(Int, [Range<UInt64>])
    /// Doing sectors once more, at a step that settles: those left to do, and the part of the first.
    case repeating(Int, [WrongSector], part: Int)
    /// Looking at a sector that was erased; how often it was waited for.
    indirect case looking(after: Place, pauses: Int)
    /// Waiting for it.
    indirect case pausing(after: Place, pauses: Int)
    /// Bringing the device back after a failure, or after it was freed.
    indirect case entering(after: DFUError?, then: Place)
    /// Asking whether an erase was refused because of read protection.
    indirect case asking(DFUError, at: Place)
    /// Erasing the vector table of a firmware that is not sound.
    case disarming(FlashError)
    /// At the end.
    case ended(FlashError?)
  }

  /// What has turned out on the way and decides what comes.
  package struct Findings: Hashable, Sendable {
    /// Sectors found wrong since the last step that settled them.
    var wrong: [WrongSector] = []
    /// What a mass erase left, as far as was looked.
    var left: [Range<UInt64>] = []
    /// Whether the mass erase was done; nil before it.
    var massErased: Bool?
    /// Sectors at the start of the flash that hold the bootloader itself.
    var spared: Range<UInt64>?
    /// Whether the chip is known not to be read protected: memory was read from it, or changed.
    var isOpen = false
    /// Whether memory was read from the device.
    var hasRead = false
    /// Whether a write failed that may have been done, and was not read back so far.
    var isInDoubt = false
    /// Whether the device left at its option bytes.
    var hasLeft = false
    /// What may be tried again.
    var retries = Retries()
  }
}

extension FlashMachine {
  // MARK: - What the places are about

  func again(_ wrong: WrongSector) -> [FlashStep] {
    steps.again(wrong, withVectorTable: isFinishing)
  }

  func erase(_ sector: Range<UInt64>, at index: Int) -> FlashStep {
    FlashStep(
      alternateSetting: plan.steps[index].alternateSetting, work: .erase(sector),
      reason: .notTrusted, phase: nil)
  }

  func erases(_ step: FlashStep?) -> Bool {
    step?.erasedSector != nil || step?.work == .massErase
  }

  func look(_ after: Place) -> LookAfterErase? {
    guard let step = step(at: after), let sector = step.erasedSector else { return nil }
    return steps.look(afterErasing: sector, in: step.alternateSetting)
  }

  /// The step that is done at a place, if it is one of the plan or of doing a sector once more.
  func step(at place: Place) -> FlashStep? {
    switch place {
    case .step(let index): plan.steps[index]
    case .clearing(let index, let left): left.first.map { erase($0, at: index) }
    case .repeating(_, let wrong, let part): wrong.first.map { again($0)[part] }
    case .looking, .pausing, .entering, .asking, .disarming, .ended: nil
    }
  }

  /// The name of a step's memory.
  func name(of step: FlashStep) -> String {
    steps.board.memory(step.alternateSetting)?.map.name ?? ""
  }

  func lookAction(_ after: Place) -> Action? {
    guard let step = step(at: after), case .places(let places, _) = look(after) else { return nil }
    return .look(places, alternateSetting: step.alternateSetting)
  }

  func wait(_ after: Place) -> Duration {
    if case .wait(let time) = look(after) { time } else { LookAfterErase.pause }
  }

  func address(of place: Place) -> UInt64 {
    step(at: place)?.erasedSector?.lowerBound
      ?? steps.board.flash.first?.map.segments.first?.start ?? 0
  }
}

extension FlashMachine {
  // MARK: - The news

  /// The news since they were last taken.
  mutating func takeNews() -> [FlashEvent] {
    defer { news = [] }
    return news
  }

  /// Begins the phase of a step, if it is the first one in it.
  mutating func begin(_ index: Int) {
    guard let phase = plan.steps[index].phase else { return }
    guard index == 0 || plan.steps[index - 1].phase != phase else { return }
    phaseDone = 0
    let total = plan.steps[index...].prefix { $0.phase == phase }.reduce(0) { $0 + $1.weight }
    news.append(.started(phase, total: total))
  }

  /// Leaves a place whose work is done, and a phase with its last step.
  mutating func leave(_ place: Place) {
    let (index, weight): (Int, UInt64)
    switch place {
    case .step(let step): (index, weight) = (step, plan.steps[step].weight)
    case .clearing(let step, let left) where left.count == 1:
      (index, weight) = (step, plan.steps[step].weight)
      let count = findings.left.count { $0.isApart(from: findings.spared) }
      findings.left = []
      if count > 0 { news.append(.note(.massEraseIncomplete(sectors: count))) }
    case .repeating(let step, let wrong, let part)
    where wrong.count == 1 && part + 1 == again(wrong[0]).count:
      (index, weight) = (step, plan.steps[step].weight)
    case .looking(let after, _), .pausing(let after, _): return leave(after)
    case .clearing, .repeating, .entering, .asking, .disarming, .ended: return
    }
    guard let phase = plan.steps[index].phase else { return }
    phaseDone += weight
    if weight > 0 { news.append(.advanced(phase, done: phaseDone)) }
    guard index + 1 == plan.steps.count || plan.steps[index + 1].phase != phase else { return }
    if phase == .erase, plan.usesMassErase, let spared = findings.spared {
      news.append(.note(.bootloaderKept(spared)))
    }
    news.append(.finished(phase))
  }

  /// The actions that come now, one after the other, whatever comes of each before the last.
  ///
  /// Writes, erases that nobody looks at, and reading back: only failures change what follows.
  package func ahead(_ most: Int) -> [Action] {
    var machine = self
    var actions: [Action] = []
    while actions.count < most, let action = machine.next() {
      actions.append(action)
      guard case .step(let step) = action, case .step = machine.place else { break }
      switch step.work {
      case .write: machine.done(.done)
      case .verify: machine.done(.found(nil))
      case .erase(let sector)
      where steps.look(afterErasing: sector, in: step.alternateSetting) == nil:
        machine.done(.done)
      default: return actions
      }
      // What differs is known only when all of it has been read.
      if case .step(let index) = machine.place, index > 0,
        case .settle = plan.steps[index - 1].work
      {
        break
      }
    }
    return actions
  }
}

// Blocks that are sent one behind the other.

extension FlashMachine {
  /// The alternate settings whose flash is read back when it has been written.
  var readBack: Set<UInt8> {
    guard plan.verifies else { return [] }
    return Set(
      plan.memories.filter { $0.kind.isFlash && steps.canVerify($0) }.map(\.alternateSetting))
  }

  /// The blocks that are written next whatever comes of the one in hand, at most so many: they count
  /// from the same address.
  package func nextWrites(_ most: Int) -> [FlashStep] {
    guard case .step(let index) = place, most > 0,
      case .write(_, let pointer) = plan.steps[index].work
    else { return [] }
    let next = plan.steps[(index + 1)...].prefix(most).prefix { step in
      guard case .write(let range, pointer) = step.work else { return false }
      return range.lowerBound != UInt64(pointer)
        && step.alternateSetting == plan.steps[index].alternateSetting
    }
    return Array(next)
  }

  /// Goes on behind a block that may have been written or not: reading back will tell.
  ///
  /// With `sent`, so many behind it had been sent as if it were. They may have come at a bad moment, so
  /// the sectors of all of them are done once more, whatever is read back.
  mutating func doubt(_ place: Place, sent: Int) -> Place {
    guard let step = step(at: place), case .write = step.work else { return place }
    let next = nextWrites(sent)
    findings.isInDoubt = true
    var place = place
    for step in [step] + next {
      guard case .write(let range, _) = step.work else { break }
      result.bytesWritten += UInt64(range.count)
      if !next.isEmpty { distrust(range, in: step.alternateSetting) }
      leave(place)
      place = successor(of: place)
    }
    return place
  }

  private mutating func distrust(_ range: Range<UInt64>, in alternateSetting: UInt8) {
    var address = range.lowerBound
    while address < range.upperBound, let sector = plan.sector(at: address, in: alternateSetting) {
      let isKnown = findings.wrong.contains {
        $0.alternateSetting == alternateSetting && $0.sector == sector
      }
      if !isKnown {
        findings.wrong.append(WrongSector(alternateSetting: alternateSetting, sector: sector))
      }
      address = sector.upperBound
    }
  }
}
