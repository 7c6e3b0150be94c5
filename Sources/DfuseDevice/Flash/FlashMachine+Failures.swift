import DfuseFormat

extension FlashMachine {
  // MARK: - What is tried again

  /// The one rule for failures.
  ///
  /// A device that says no has said its last word. Any other failure may pass: the device is
  /// brought back to dfuIDLE, and the action is done again. A write is not: it may have been done,
  /// and reading back will tell; without that, nobody would look. A sector that is done once more
  /// is begun anew. Memory that is no flash is written once.
  mutating func failed(_ error: DFUError, at place: Place) {
    let step: FlashStep? = if case .step(let step) = next() { step } else { nil }
    if case .device(.errVENDOR, _, _, _) = error, erases(step), !findings.isOpen,
      progress == .untouched, steps.canUpload
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
    case (_, .write(let range, _)):
      result.bytesWritten += UInt64(range.count)
      findings.isInDoubt = true
      leave(place)
      then = successor(of: place)
    default: then = place
    }
    self.place = .entering(after: error, then: then)
  }

  /// A failure that is not tried again; some of them the work survives.
  mutating func refused(_ error: DFUError, at place: Place) {
    let step: FlashStep? = {
      switch place {
      case .step(let index): plan.steps[index]
      case .clearing(let index, let left): left.first.map { erase($0, at: index) }
      default: nil
      }
    }()
    switch step?.work {
    case .massErase where error.isRefusal:
      refusedMassErase()
      succeeded(place)
    case .probe where error.refusesReading && !findings.hasRead,
      .verifyBlank where error.refusesReading && !findings.hasRead:
      // The memory does not let itself be read: nobody knows what was left.
      guard let step else { break }
      if case .verifyBlank = step.work {
        let name = steps.map(of: step.alternateSetting)?.name ?? ""
        news.append(.note(.notChecked(name: name)))
        return end(nil)
      }
      self.place = .entering(after: error, then: successor(of: place))
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
      ?? steps.memories.internalFlash.first?
      .map.erasableSectors.first?.lowerBound
    return plan.usesMassErase && !steps.profile.isROM && error.isRefusal
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
    if case .step(let index) = place, index < plan.steps.count,
      case .writeDirectly(let number) = plan.steps[index].work,
      plan.directWrites[number].kind == .optionBytes
    {
      return end(plan.directWrites[number].notTaken(.failed(error), firmware: firmware))
    }
    // errVENDOR is read protection or, from bootloaders made of ST's device code, any failure: once
    // the chip has let itself be read or changed it is the latter.
    if case .step(let step) = next(), step.reads, !findings.hasRead, error.refusesReading {
      return end(
        .notReadable(name: steps.map(of: step.alternateSetting)?.name ?? "", progress))
    }
    if findings.isOpen, case .device(.errVENDOR, _, _, _) = error {
      return end(.refused(error, progress))
    }
    end(.device(error, progress))
  }
}
