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
    return part == 0 && first.difference.address != plan.programStart.map(UInt64.init)
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
