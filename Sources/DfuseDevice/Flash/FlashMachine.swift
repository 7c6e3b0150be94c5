import DfuseFormat

/// Takes a plan through, step by step, and knows what is on the chip; it does nothing itself.
///
/// ``next()`` says what to do on the board, ``done(_:)`` takes in what came of it. What is on the
/// chip follows from where the machine is, and is kept nowhere else.
package struct FlashMachine: Sendable {
  let plan: FlashPlan
  let steps: FlashSteps
  /// Where the machine is.
  package internal(set) var place = Place.step(0)
  /// What has turned out.
  package internal(set) var findings: Findings
  /// What has been done.
  var result = FlashResult()
  /// What there is to tell since it was last taken.
  var news: [FlashEvent] = []
  private var phaseDone: UInt64 = 0

  /// Starts before the first step.
  ///
  /// - Parameters:
  ///   - steps: The plan, and what is known of the board.
  ///   - isOpen: Whether the chip is known not to be read protected.
  ///   - hasRead: Whether memory was read from it.
  ///   - spared: Sectors that hold the bootloader itself.
  package init(
    _ steps: FlashSteps, isOpen: Bool = false, hasRead: Bool = false,
    sparing spared: Range<UInt64>? = nil
  ) {
    self.steps = steps
    plan = steps.plan
    findings = Findings(spared: spared, isOpen: isOpen, hasRead: hasRead)
    result.sectorsKept = plan.count(of: .keep)
    result.bytesVerified = plan.bytesKept
    arrive(.step(0))
  }

  // MARK: - What comes next

  /// What to do now; nil at the end.
  package func next() -> Action? {
    switch place {
    case .step(let index): .step(plan.steps[index])
    case .clearing(let index, let left): left.first.map { .step(erase($0, at: index)) }
    case .repeating(_, let wrong, let part): wrong.first.map { .step(again($0)[part]) }
    case .looking(let after, _): look(after).map(action)
    case .pausing(let after, _): .pause(wait(after))
    case .entering: .enter
    case .asking(_, let from): .askProtection(address: address(of: from))
    case .disarming: vectorSector.map { .step($0) }
    case .ended: nil
    }
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

  /// How it ended; nil before.
  package var end: Result<FlashResult, FlashError>? {
    guard case .ended(let error) = place else { return nil }
    return error.map { .failure($0) } ?? .success(result)
  }

  /// The news since they were last taken.
  mutating func takeNews() -> [FlashEvent] {
    defer { news = [] }
    return news
  }

  // MARK: - What came of it

  /// Takes in what came of the action that ``next()`` names.
  package mutating func done(_ outcome: Outcome) {
    switch (place, outcome) {
    case (.ended, _): break
    case (.disarming(let error), _): end(error)
    case (.asking(let error, let from), .protection(let isProtected)):
      if isProtected == true { return end(.readProtected) }
      if isProtected == false { findings.isOpen = true }
      refused(error, at: from)
    case (.entering(let error?, _), .failed): fail(error)
    case (.entering(nil, _), .failed(let error)): fail(error)
    case (.entering(_, let then), _): arrive(then)
    case (_, .failed(let error)): failed(error, at: place)
    case (.pausing(let after, let pauses), _):
      if case .places = look(after) {
        place = .looking(after: after, pauses: pauses + 1)
      } else {
        succeeded(after)
      }
    case (.looking(let after, let pauses), .found(let difference)):
      findings.retries.worked()
      (findings.isOpen, findings.hasRead) = (true, true)
      looked(difference, after, pauses)
    case (let place, _): finished(place, outcome)
    }
  }

  /// Ends the work because that was asked for: between two actions the board is in dfuIDLE or
  /// brought there, and can be flashed again.
  package mutating func cancel() {
    switch place {
    case .ended, .disarming: break
    default: end(.cancelled(progress))
    }
  }

  private mutating func finished(_ place: Place, _ outcome: Outcome) {
    guard case .step(let step) = next() else { return }
    findings.retries.worked()
    if step.reads { findings.hasRead = true }
    if step.reads || step.erasedSector != nil || step.isWrite { findings.isOpen = true }
    switch (step.work, outcome) {
    case (.massErase, .notOffered): findings.massErased = false
    case (.massErase, _): findings.massErased = true
    case (.probe(let sector), .found(.some)): findings.left.append(sector)
    case (.erase(let sector), _):
      result.sectorsErased += 1
      let looks = steps.look(afterErasing: sector, in: step.alternateSetting)
      let then: Place? =
        switch looks {
        case nil: nil
        case .places: .looking(after: place, pauses: 0)
        case .wait: .pausing(after: place, pauses: 0)
        }
      if outcome == .freed {
        self.place = .entering(after: nil, then: then ?? successor(of: place))
        if then == nil { leave(place) }
        return
      }
      if let then { return self.place = then }
    case (.write(let range, _), _): result.bytesWritten += UInt64(range.count)
    case (.verifyBlank, .found(.some(var difference))):
      difference.looksProtected = true
      return different(difference)
    case (.verify(let range, _, _), .found(let difference)):
      result.bytesVerified += UInt64(range.count)
      if let difference { note(difference, step) }
      if let difference = wrongAgain(place) { return different(difference) }
    case (.writeDirectly(let index), _): wroteDirectly(index, outcome)
    case (.checkDirectly(let index), _):
      result.bytesVerified += UInt64(plan.directWrites[index].range.count)
      if let error = plan.directWrites[index].failure(outcome, firmware: firmware) {
        return end(error)
      }
    default: break
    }
    succeeded(place)
  }

  /// Takes in that a part of a sector is wrong.
  private mutating func note(_ found: FlashError.Difference, _ step: FlashStep) {
    if let known = findings.wrong.lastIndex(where: {
      $0.alternateSetting == step.alternateSetting && $0.sector.contains(found.address)
    }) {
      findings.wrong[known].difference.count += found.count
    } else if let sector = plan.sector(at: found.address, in: step.alternateSetting) {
      findings.wrong.append(
        WrongSector(
          alternateSetting: step.alternateSetting, sector: sector, difference: found))
    }
  }

  /// What is wrong with a sector that was done once more, when all of it has been read back.
  private func wrongAgain(_ place: Place) -> FlashError.Difference? {
    guard case .repeating(_, let wrong, let part) = place, let first = wrong.first,
      part + 1 == again(first).count, var found = findings.wrong.first?.difference
    else { return nil }
    // A bit that does not program is one difference; flash that keeps its contents is many.
    found.looksProtected =
      found.address == first.difference.address && found.found == first.difference.found
      && found.count > 8
    return found
  }

  private mutating func looked(
    _ difference: FlashError.Difference?, _ after: Place, _ pauses: Int
  ) {
    guard var difference else { return succeeded(after) }
    guard case .places(_, let most) = look(after), pauses < most else {
      difference.looksProtected = true
      return different(difference)
    }
    place = .pausing(after: after, pauses: pauses)
  }

  /// A sector does not become what it should.
  ///
  /// What is not sound must not start.
  private mutating func different(_ difference: FlashError.Difference) {
    var difference = difference
    difference.progress = progress(attempted: true)
    guard isFinishing, vectorSector != nil else { return end(.different(difference)) }
    difference.progress = .incomplete
    place = .disarming(.different(difference))
  }

  // MARK: - Memory that is no flash

  private mutating func wroteDirectly(_ index: Int, _ outcome: Outcome) {
    let write = plan.directWrites[index]
    result.bytesWritten += UInt64(write.range.count)
    guard outcome == .reset else { return }
    findings.hasLeft = true
    result.deviceReset = true
    result.toCheck.append(write)
    // Where there are two groups of option bytes, the device left before it got the second.
    result.toWrite += plan.directWrites[(index + 1)...].map(\.range)
    news.append(.note(.resetByOptionBytes))
  }

  // MARK: - From place to place

  mutating func succeeded(_ place: Place) {
    leave(place)
    arrive(successor(of: place))
  }

  func successor(of place: Place) -> Place {
    switch place {
    case .clearing(let index, let left) where left.count > 1:
      .clearing(index, Array(left.dropFirst()))
    case .repeating(let index, let wrong, let part):
      if let first = wrong.first, part + 1 < again(first).count {
        .repeating(index, wrong, part: part + 1)
      } else if wrong.count > 1 {
        .repeating(index, Array(wrong.dropFirst()), part: 0)
      } else {
        .step(index + 1)
      }
    case .step(let index), .clearing(let index, _): .step(index + 1)
    case .looking(let after, _), .pausing(let after, _): successor(of: after)
    case .entering, .asking, .disarming, .ended: place
    }
  }

  /// Goes on to a place, past steps that need no action.
  private mutating func arrive(_ place: Place) {
    let isAnew = if case .entering = self.place { true } else { false }
    self.place = place
    if case .repeating(_, let wrong, 0) = place, let sector = wrong.first?.sector, !isAnew {
      result.sectorsRepeated += 1
      news.append(.repeating(sector: sector))
    }
    while case .step(let index) = self.place {
      guard index < plan.steps.count else { return end(nil) }
      begin(index)
      switch plan.steps[index].work {
      case .settle:
        // The sector with the vector table is the last to become whole.
        let wrong = findings.wrong
        (findings.wrong, findings.isInDoubt) = ([], false)
        guard !wrong.isEmpty else { break }
        return arrive(
          .repeating(index, wrong.filter { !isVector($0) } + wrong.filter(isVector), part: 0))
      case .probe where findings.massErased != true: break
      case .verifyBlank(let range, _, _)
      where !range.isApart(from: findings.spared):
        break
      case .eraseLeft(let sectors):
        let left = findings.massErased == true ? findings.left : sectors
        guard left.isEmpty else { return self.place = .clearing(index, left) }
      case .writeDirectly where findings.hasLeft, .checkDirectly where findings.hasLeft: break
      case .tellSupply, .massErase, .probe, .erase, .write, .verify, .verifyBlank, .writeDirectly,
        .checkDirectly:
        return
      }
      leave(self.place)
      self.place = .step(index + 1)
    }
  }

  /// Begins the phase of a step, if it is the first one in it.
  private mutating func begin(_ index: Int) {
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

  mutating func end(_ error: FlashError?) {
    place = .ended(error)
    guard error == nil else { return }
    result.isReadable = plan.memories.allSatisfy(steps.canVerify)
    result.isVerified =
      plan.verifies && result.isReadable && !result.deviceReset && !result.isReadProtected
  }
}
