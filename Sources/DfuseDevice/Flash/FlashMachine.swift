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
  /// Bytes done in the phase that has begun.
  var phaseDone: UInt64 = 0

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
    case .step, .clearing, .repeating: step(at: place).map { .step($0) }
    case .looking(let after, _): lookAction(after)
    case .pausing(let after, _): .pause(wait(after))
    case .entering: .enter
    case .asking(_, let from): .askProtection(address: address(of: from))
    case .disarming: vectorSector.map { .step($0) }
    case .ended: nil
    }
  }

  /// How it ended; nil before.
  package var end: Result<FlashResult, FlashError>? {
    guard case .ended(let error) = place else { return nil }
    return error.map { .failure($0) } ?? .success(result)
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
    case (_, .failedWithNext(let error, let count)): failed(error, at: place, sent: count)
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
      findings.wrong[known].difference?.count += found.count
      findings.wrong[known].difference = findings.wrong[known].difference ?? found
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
      found.address == first.difference?.address && found.found == first.difference?.found
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

  mutating func end(_ error: FlashError?) {
    place = .ended(error)
    guard error == nil else { return }
    result.isReadable = plan.memories.allSatisfy(steps.canVerify)
    result.isVerified =
      plan.verifies && result.isReadable && !result.deviceReset && !result.isReadProtected
  }

  // MARK: - What is tried again

  /// The one rule for failures.
  ///
  /// A device that says no has said its last word. Any other failure may pass: the device is
  /// brought back to dfuIDLE, and the action is done again. A write is not: it may have been done,
  /// and reading back will tell; without that, nobody would look. A sector that is done once more
  /// is begun anew. Memory that is no flash is written once.
  mutating func failed(_ error: DFUError, at place: Place, sent: Int = 0) {
    let step: FlashStep? = if case .step(let step) = next() { step } else { nil }
    if case .device(.errVENDOR, _, _, _) = error, erases(step), !findings.isOpen,
      progress == .untouched, steps.board.canUpload
    {
      return self.place = .asking(error, at: place)
    }
    switch step?.work {
    case .tellSupply, .writeDirectly: return fail(error)
    case .checkDirectly:
      if case .device(.errVENDOR, _, _, _) = error, findings.isOpen {
        // It was open before: the protection level that was written is in force.
        result.isReadProtected = true
        return succeeded(place)
      }
    case .write where !isReadBack(place): return fail(error)
    default: break
    }
    guard findings.retries.allow(error) else { return refused(error, at: place) }
    result.transfersRepeated = findings.retries.total
    let then: Place
    switch (place, step?.work) {
    case (.repeating(let index, let wrong, _), _) where step?.reads == false:
      findings.wrong = []
      then = .repeating(index, wrong, part: 0)
    case (_, .massErase):
      // One whose transfer failed may have been done all the same.
      if case .usb(.stall, _) = error { refusedMassErase() } else { findings.massErased = true }
      then = successor(of: place)
    case (_, .write): then = doubt(place, sent: sent)
    default: then = place
    }
    self.place = .entering(after: error, then: then)
  }

  /// A failure that is not tried again; some of them the work survives.
  mutating func refused(_ error: DFUError, at place: Place) {
    let step: FlashStep? = if case .repeating = place { nil } else { step(at: place) }
    let refusesReading = error.refusesReading && !findings.hasRead
    switch step?.work {
    case .massErase where error.isRefusal:
      refusedMassErase()
      succeeded(place)
    case .probe where refusesReading:
      self.place = .entering(after: error, then: successor(of: place))
    case .verifyBlank where refusesReading:
      // The memory does not let itself be read: nobody knows what was left.
      news.append(.note(.notChecked(name: step.map(name) ?? "")))
      end(nil)
    case .erase(let sector) where holdsBootloader(sector, error):
      findings.spared = (findings.spared?.lowerBound ?? sector.lowerBound)..<sector.upperBound
      // All of it was refused: that is another reason, but if a mass erase has done the rest.
      if isLastErase(place), findings.massErased != true { return fail(error) }
      succeeded(place)
    default: fail(error)
    }
  }

  private mutating func refusedMassErase() {
    findings.massErased = false
    let count = plan.steps.reduce(0) {
      if case .eraseLeft(let sectors) = $1.work { $0 + sectors.count } else { $0 }
    }
    news.append(.note(.massEraseRefused(sectors: count)))
  }

  /// Whether the bootloader refuses a sector because it holds itself.
  ///
  /// It is a program in this flash, whose map may show its sectors like all others. They come first.
  private func holdsBootloader(_ sector: Range<UInt64>, _ error: DFUError) -> Bool {
    let start =
      findings.spared?.upperBound
      ?? steps.board.flash.first?.map.erasableSectors.first?.lowerBound
    return plan.usesMassErase && !steps.board.chip.isROM && error.isRefusal
      && sector.lowerBound == start
      && !plan.memories.flatMap(\.sectors).contains { $0.range == sector }
  }

  private func isLastErase(_ place: Place) -> Bool {
    switch place {
    case .clearing(_, let left): left.count == 1
    case .step(let index):
      index + 1 >= plan.steps.count || plan.steps[index + 1].erasedSector == nil
    default: false
    }
  }

  /// Whether what is written here is read back later.
  private func isReadBack(_ place: Place) -> Bool {
    guard case .step(let index) = place, case .write(let range, _) = plan.steps[index].work else {
      return true
    }
    let alternateSetting = plan.steps[index].alternateSetting
    return plan.steps[index...].contains {
      guard case .verify(let part, _, _) = $0.work else { return false }
      return $0.alternateSetting == alternateSetting && part.overlaps(range)
    }
  }

  mutating func fail(_ error: DFUError) {
    let progress = progress(attempted: true)
    if case .writeDirectly(let index) = step(at: place)?.work,
      plan.directWrites[index].memory.map.kind == .optionBytes
    {
      return end(plan.directWrites[index].notTaken(.failed(error), firmware: firmware))
    }
    // errVENDOR is read protection or, from bootloaders made of ST's device code, any failure: once
    // the chip has let itself be read or changed it is the latter.
    if case .step(let step) = next(), step.reads, !findings.hasRead, error.refusesReading {
      return end(.notReadable(name: name(of: step), progress))
    }
    if findings.isOpen, case .device(.errVENDOR, _, _, _) = error {
      return end(.refused(error, progress))
    }
    end(.device(error, progress))
  }
}
