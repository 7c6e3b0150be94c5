import DfuseFormat

/// In which order a flash does its work, and how a sector is done once more.
///
/// Erase, the sector with the vector table first. Write all but the block with the vector table.
/// Read back all of that. Write that block, and read it back. Memory that is no flash comes last.
package struct FlashSteps: Sendable {
  let plan: FlashPlan
  let board: Board

  /// The steps of a plan on a board.
  package init(plan: FlashPlan, board: Board) {
    self.plan = plan
    self.board = board
  }

  // MARK: - The plan's steps

  /// The steps of a plan, in order.
  package func list(
    options: FlashOptions, sparing spared: Range<UInt64>?, byOneCommand: Bool
  ) -> [FlashStep] {
    let flash = plan.memories.filter(\.kind.isFlash)
    let last = FinalBlock(of: plan)
    var steps: [FlashStep] = []
    if let supply = options.supply, !plan.isEmpty,
      let memory = board.memories.first(where: { $0.map.kind == .deviceFeature })
    {
      steps.append(step(memory.alternateSetting, .tellSupply(supply), .supply))
    }
    if plan.usesMassErase {
      steps += eraseAll(byOneCommand: byOneCommand, sparing: spared)
    }
    for memory in flash where !plan.usesMassErase || !board.flash.contains(memory.memory) {
      steps += erases(in: memory, isUnread: options.full)
    }
    for memory in flash { steps += writes(in: memory, except: last) }
    if options.verify {
      steps += flash.filter(canVerify).flatMap { memory in
        memory.ranges.flatMap { $0.parts(without: last?.range) }
          .flatMap { verifies($0, in: memory.alternateSetting, phase: .verify) }
      }
      steps.append(step(0, .settle, .written))
    }
    if let last { steps += finish(last, verify: options.verify) }
    for (index, write) in plan.directWrites.enumerated() {
      steps.append(step(write.memory.alternateSetting, .writeDirectly(index), .afterFlash))
      if options.verify, canRead(write.range, in: write.memory.alternateSetting) {
        steps.append(step(write.memory.alternateSetting, .checkDirectly(index), .written))
      }
    }
    return steps
  }

  /// The steps that erase sectors, and look whether they are blank.
  func erasing(_ sectors: [Range<UInt64>], in alternateSetting: UInt8) -> [FlashStep] {
    sectors.map { step(alternateSetting, .erase($0), .wholeFlash, .erase) }
      + blankChecks(of: sectors, in: alternateSetting)
  }

  /// The steps that erase all of the flash, and look whether it is blank.
  func erasingAll(byOneCommand: Bool, sparing spared: Range<UInt64>?) -> [FlashStep] {
    eraseAll(byOneCommand: byOneCommand, sparing: spared)
      + board.flash.flatMap { memory in
        blankChecks(
          of: memory.map.erasableSectors.filter { $0.isApart(from: spared) },
          in: memory.alternateSetting)
      }
  }

  private func blankChecks(
    of sectors: [Range<UInt64>], in alternateSetting: UInt8
  ) -> [FlashStep] {
    guard sectors.allSatisfy({ canRead($0, in: alternateSetting) }) else { return [] }
    return sectors.joined.flatMap { range in
      verifies(
        range, pointer: range.lowerBound, in: alternateSetting, .verify, isBlank: true)
    }
  }

  /// The steps that erase all of a flash, behind whatever alternate settings.
  private func eraseAll(
    byOneCommand: Bool, sparing spared: Range<UInt64>?
  ) -> [FlashStep] {
    guard let first = board.flash.first else { return [] }
    var steps: [FlashStep] = []
    if byOneCommand {
      steps.append(step(first.alternateSetting, .massErase, .wholeFlash, .erase))
    }
    for memory in board.flash {
      let sectors = memory.map.erasableSectors.filter { $0.isApart(from: spared) }
      guard byOneCommand else {
        steps += sectors.map { step(memory.alternateSetting, .erase($0), .wholeFlash, .erase) }
        continue
      }
      steps += sectors.filter { canRead($0.prefix(64), in: memory.alternateSetting) }
        .map { step(memory.alternateSetting, .probe($0), .notTrusted, .erase) }
      steps.append(step(memory.alternateSetting, .eraseLeft(sectors), .notTrusted, .erase))
    }
    return steps
  }

  private func erases(in memory: FlashPlan.Memory, isUnread: Bool) -> [FlashStep] {
    memory.eraseOrder(programStart: plan.programStart).map { sector in
      let isFirst =
        memory.kind == .internalFlash
        && plan.programStart.map { sector.range.contains(UInt64($0)) } ?? false
      return step(
        memory.alternateSetting, .erase(sector.range),
        isFirst ? .vectorTableFirst : isUnread ? .unread : .different, .erase)
    }
  }

  /// One address for all full blocks of a run; a short last one gets its own, which is right however
  /// a ROM counts short blocks (AN3156 leaves it open).
  private func writes(in memory: FlashPlan.Memory, except last: FinalBlock?) -> [FlashStep] {
    memory.ranges.flatMap { run -> [FlashStep] in
      var pointer: UInt32?
      return plan.blocks(of: run, of: memory).compactMap { block in
        let address = UInt32(truncatingIfNeeded: block.lowerBound)
        guard block.lowerBound != last?.address else { return nil }
        let isReached =
          block.count == board.blocks.length
          && pointer.map { board.blocks.number(at: block.lowerBound, pointer: $0) != nil } ?? false
        let start = isReached ? pointer ?? address : address
        pointer = start
        return step(memory.alternateSetting, .write(block, pointer: start), .missing, .write)
      }
    }
  }

  private func finish(_ last: FinalBlock, verify: Bool) -> [FlashStep] {
    let alternateSetting = last.memory.alternateSetting
    var steps = [
      step(
        alternateSetting,
        .write(last.range, pointer: UInt32(truncatingIfNeeded: last.address)), .vectorTableLast,
        .finish)
    ]
    guard verify, canVerify(last.memory) else { return steps }
    steps += verifies(last.range, in: alternateSetting, phase: .finish)
    return steps + [step(alternateSetting, .settle, .written, .finish)]
  }

  /// Reads a run back, a part of a sector at a time.
  ///
  /// No block is read over the pointer it was written over: a device that counts in a way of its
  /// own would answer its own mistake. So the pointer is a block lower; where there is no room for
  /// that, the second block becomes the pointer, and the first comes last. A block by itself is
  /// right however the device counts.
  private func verifies(
    _ run: Range<UInt64>, in alternateSetting: UInt8, phase: FlashEvent.Phase
  ) -> [FlashStep] {
    let (start, end) = (run.lowerBound, run.upperBound)
    let length = UInt64(board.blocks.length)
    guard board.blocks.isContinuous, run.count > length,
      let segment = segment(at: start, in: alternateSetting)
    else { return verifies(run, pointer: nil, in: alternateSetting, phase) }
    guard start - segment.start < length else {
      return verifies(run, pointer: start - length, in: alternateSetting, phase)
    }
    return verifies(start + length..<end, pointer: start + length, in: alternateSetting, phase)
      + verifies(start..<start + length, pointer: start, in: alternateSetting, phase)
  }

  private func verifies(
    _ range: Range<UInt64>, pointer: UInt64?, in alternateSetting: UInt8,
    _ phase: FlashEvent.Phase?, isBlank: Bool = false
  ) -> [FlashStep] {
    var steps: [FlashStep] = []
    var address = range.lowerBound
    let length = UInt64(board.blocks.length)
    while address < range.upperBound {
      let block = address - (address - range.lowerBound) % length
      let sector = segment(at: address, in: alternateSetting)?.sector(at: address)
      let end = min(range.upperBound, block + length, sector?.upperBound ?? range.upperBound)
      let start = UInt32(truncatingIfNeeded: pointer ?? address)
      let last = pointer == nil ? end : range.upperBound
      steps.append(
        step(
          alternateSetting,
          isBlank
            ? .verifyBlank(address..<end, pointer: start, end: last)
            : .verify(address..<end, pointer: start, end: last), .written, phase))
      address = end
    }
    return steps
  }

  // MARK: - Once more

  /// The steps that do a sector once more.
  ///
  /// Every block, blank or not, is written at an address of its own, and read back so: slow, and
  /// right on devices that count blocks in a way of their own. `withVectorTable` writes the block
  /// with the vector table too, as the last one.
  func again(_ wrong: WrongSector, withVectorTable: Bool) -> [FlashStep] {
    guard let memory = plan.memory(wrong.alternateSetting) else { return [] }
    let last = FinalBlock(of: plan)
    var parts = memory.content.ranges(in: wrong.sector)
      .flatMap { $0.parts(without: last?.range) }
    if withVectorTable, let last, last.range.overlaps(wrong.sector) {
      parts.append(last.range.clamped(to: wrong.sector))
    }
    let isErased = memory.sectors.contains {
      $0.range == wrong.sector && $0.action != .overwrite
    }
    let erase =
      isErased ? [step(wrong.alternateSetting, .erase(wrong.sector), .different)] : []
    let writes = parts.flatMap { $0.blocks(of: board.blocks.length) }.map { block in
      step(
        wrong.alternateSetting,
        .write(block, pointer: UInt32(truncatingIfNeeded: block.lowerBound)), .missing)
    }
    return erase + writes
      + parts.flatMap { verifies($0, pointer: nil, in: wrong.alternateSetting, nil) }
  }

  /// How a sector is looked at when it has been erased, on chips that report an erase as done when
  /// it is not: its two ends, and where the image has its first pieces in it.
  ///
  /// An earlier program was likely to have something there. The F42x does nothing, the H74x is not
  /// finished (``ChipQuirk/secondBankEraseBroken``, ``ChipQuirk/waitWorstCaseErase``).
  func look(afterErasing sector: Range<UInt64>, in alternateSetting: UInt8) -> LookAfterErase? {
    let mayGoOn = board.chip.has(.waitWorstCaseErase, erasingAt: sector.lowerBound)
    guard mayGoOn || board.chip.has(.secondBankEraseBroken, erasingAt: sector.lowerBound) else {
      return nil
    }
    let longest = board.chip.eraseTime(forSectorOf: UInt64(sector.count)).maximum
    guard canRead(sector, in: alternateSetting), !plan.blankBefore.contains(sector.lowerBound)
    else {
      return mayGoOn ? .wait(longest) : nil
    }
    let places = places(in: sector, of: alternateSetting)
    return .places(places, pauses: mayGoOn ? Int((longest / LookAfterErase.pause).rounded(.up)) : 0)
  }

  /// Where a sector is looked at: its ends, and where the image has its first pieces in it.
  func places(in sector: Range<UInt64>, of alternateSetting: UInt8) -> [Range<UInt64>] {
    let sample: UInt64 = 64
    let ranges = plan.memory(alternateSetting)?.content.ranges(in: sector) ?? []
    let starts =
      [sector.lowerBound, sector.upperBound - min(sample, UInt64(sector.count))]
      + ranges.map(\.lowerBound).prefix(4)
    return Set(starts).sorted().map { $0..<min($0 + sample, sector.upperBound) }
  }

  // MARK: - Questions

  /// Whether a memory's sectors can be read back.
  func canVerify(_ memory: FlashPlan.Memory) -> Bool {
    memory.sectors.allSatisfy { canRead($0.range, in: memory.alternateSetting) }
  }

  /// Whether a range can be read in one go.
  func canRead(_ range: Range<UInt64>, in alternateSetting: UInt8) -> Bool {
    guard board.canUpload, let map = board.memory(alternateSetting)?.map else { return false }
    return map.allows(.readable, throughout: range)
  }

  private func segment(at address: UInt64, in alternateSetting: UInt8) -> MemorySegment? {
    board.memory(alternateSetting)?.map.segment(at: address)
  }

  private func step(
    _ alternateSetting: UInt8, _ work: FlashStep.Work, _ reason: FlashStep.Reason,
    _ phase: FlashEvent.Phase? = nil
  ) -> FlashStep {
    FlashStep(alternateSetting: alternateSetting, work: work, reason: reason, phase: phase)
  }
}

/// A look at a sector that was reported to be erased.
enum LookAfterErase: Hashable, Sendable {
  /// Wait between two looks at a sector that is not yet blank.
  static let pause: Duration = .milliseconds(100)

  /// These places are read until they are blank, at most after so many pauses.
  case places([Range<UInt64>], pauses: Int)
  /// It cannot be read, or was blank before: the longest time that the erase takes is waited.
  case wait(Duration)
}

/// A sector that does not hold what it should, or of which that is not certain.
package struct WrongSector: Hashable, Sendable {
  var alternateSetting: UInt8
  var sector: Range<UInt64>
  /// What was found wrong; nil for a sector that is done once more whatever it holds.
  var difference: FlashError.Difference?
}

extension FlashPlan.Memory {
  /// The sectors to erase, the one with the vector table first: from then on the old program does
  /// not start any more.
  func eraseOrder(programStart: UInt32?) -> [FlashPlan.Sector] {
    let erased = sectors.filter { $0.action == .eraseAndWrite }
    guard let programStart, kind == .internalFlash else { return erased }
    return erased.filter { $0.range.contains(UInt64(programStart)) }
      + erased.filter { !$0.range.contains(UInt64(programStart)) }
  }
}

extension Range<UInt64> {
  /// Whether it shares no address with another range, if there is one.
  func isApart(from other: Range<UInt64>?) -> Bool { other.map { !$0.overlaps(self) } ?? true }

  /// The range widened to whole units.
  func rounded(to unit: UInt64) -> Range<UInt64> {
    let unit = Swift.max(unit, 1)
    return lowerBound / unit * unit..<(upperBound + unit - 1) / unit * unit
  }

  /// The first so many addresses.
  func prefix(_ count: UInt64) -> Range<UInt64> {
    lowerBound..<Swift.min(lowerBound + count, upperBound)
  }
}
