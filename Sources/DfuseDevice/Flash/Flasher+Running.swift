import DfuseFormat

extension Flasher {
  /// Does what a plan says: erases, writes and verifies.
  ///
  /// The block with the vector table comes last, when all else has been read back. What does not
  /// verify is erased and written once more.
  /// - Throws: ``FlashError``; its ``FlashError/Progress`` says what is on the chip. The board stays
  ///   in its bootloader.
  public mutating func run(
    _ plan: FlashPlan, options: FlashOptions
  ) throws(FlashError) -> FlashResult {
    result = FlashResult()
    verifies = options.verify
    unfinished = plan.keepsVectorTable ? .mixed : .incomplete
    result.sectorsKept = plan.count(of: .keep)
    result.bytesVerified = plan.bytesKept
    progress = .untouched
    let flash = plan.memories.filter(\.kind.isFlash)
    let last = FinalBlock(of: plan)
    if let supply = options.supply, !plan.isEmpty { try tell(supply) }
    try erase(flash, plan, allowBootloader: options.allowBootloader)
    try write(flash, plan, except: last)
    if options.verify { try verify(flash, plan, except: last) }
    if let last { try finish(last, plan, verify: options.verify) }
    let firmware: FlashError.Progress =
      flash.isEmpty
      ? .untouched
      : options.verify && flash.allSatisfy { canVerify($0) } ? .complete : .unverified
    progress = firmware
    for memory in plan.memories where !memory.kind.isFlash {
      if result.deviceReset {
        result.toWrite += memory.runs.map(\.range)
      } else {
        try writeDirectly(memory, verify: options.verify, firmware: firmware)
      }
    }
    progress = .complete
    result.isReadable = plan.memories.allSatisfy { canVerify($0) }
    result.isVerified =
      options.verify && result.isReadable && !result.deviceReset && !result.isReadProtected
    return result
  }

  // MARK: - Erasing

  private mutating func erase(
    _ memories: [FlashPlan.Memory], _ plan: FlashPlan, allowBootloader: Bool
  ) throws(FlashError) {
    var oneByOne = memories
    if plan.usesMassErase {
      try massErase(allowBootloader: allowBootloader)
      oneByOne.removeAll { $0.kind == .internalFlash }
    }
    let total = oneByOne.flatMap(\.sectors).filter { $0.action == .eraseAndWrite }
      .reduce(0) { $0 + UInt64($1.range.count) }
    guard total > 0 else { return }
    report(.started(.erase, total: total))
    var done: UInt64 = 0
    for memory in oneByOne {
      try select(memory.alternateSetting)
      for sector in memory.eraseOrder(programStart: plan.programStart) {
        try checkCancelled()
        try eraseSector(sector.range, for: memory.runs)
        done += UInt64(sector.range.count)
        report(.advanced(.erase, done: done))
      }
    }
    report(.finished(.erase))
  }

  /// Erases one sector; `runs` are what will be written there, if anything.
  mutating func eraseSector(
    _ sector: Range<UInt64>, for runs: [ImageElement] = []
  ) throws(FlashError) {
    guard let address = UInt32(exactly: sector.lowerBound) else { throw .notErasable(sector) }
    let size = UInt64(sector.count)
    let time = profile.eraseTime(forSectorOf: size)
    let before = progress
    progress = .erased
    let outcome: EraseOutcome
    do {
      outcome = try attemptAgain { session throws(DFUError) in
        try session.erase(sectorAt: address, size: size, datasheetMaximum: time.maximum)
      }
    } catch .device(.device(let status, let state, let text, let activity), let progress) {
      try checkReadProtection(status, at: sector.lowerBound, before: before)
      self.progress = progress
      throw failure(.device(status, state: state, text: text, during: activity))
    }
    failuresInARow = 0
    isOpen = true
    result.sectorsErased += 1
    // A device that had to be freed may still be erasing.
    if outcome == .freedWhileBusy { try enter() }
    try checkBank2(sector, for: runs, longestErase: time.maximum)
  }

  // MARK: - Writing

  private mutating func write(
    _ memories: [FlashPlan.Memory], _ plan: FlashPlan, except last: FinalBlock?
  ) throws(FlashError) {
    let total = plan.bytesToWriteInFlash - UInt64(last?.count ?? 0)
    guard total > 0 else { return }
    progress = unfinished
    report(.started(.write, total: total))
    var done: UInt64 = 0
    for memory in memories {
      try select(memory.alternateSetting)
      for run in memory.runs {
        try write(run, of: memory, plan, except: last) { flasher, count in
          done += UInt64(count)
          flasher.report(.advanced(.write, done: done))
        }
      }
    }
    report(.finished(.write))
    if last == nil { progress = .unverified }
  }

  /// Writes a run's blocks, but for those that hold nothing but the erased value.
  ///
  /// One address for all full blocks; a short last one gets its own, which is right however a ROM
  /// counts short blocks (AN3156 leaves it open).
  ///
  /// A block whose transfer failed may have been programmed or not: verifying finds out, and does
  /// its sector again.
  private mutating func write(
    _ run: ImageElement, of memory: FlashPlan.Memory, _ plan: FlashPlan,
    except last: FinalBlock? = nil,
    done: (inout Flasher, Int) -> Void
  ) throws(FlashError) {
    var pointer: UInt32?
    for block in plan.blocks(of: run, of: memory) {
      let address = run.range.lowerBound + UInt64(block.offset)
      guard address != last?.address else { continue }
      try checkCancelled()
      let number = try number(of: block, at: address, plan, pointer: &pointer)
      let bytes = Array(block.bytes(in: run))
      do {
        try session.write(block: number, data: bytes)
        failuresInARow = 0
        isOpen = true
      } catch {
        guard verifies, canVerify(memory), recover(from: error) else {
          throw failure(error)
        }
        pointer = nil
      }
      result.bytesWritten += UInt64(bytes.count)
      done(&self, bytes.count)
    }
  }

  /// The block number of an address, after setting a new pointer where the present one will not do.
  private mutating func number(
    of block: WriteBlock, at address: UInt64, _ plan: FlashPlan, pointer: inout UInt32?
  ) throws(FlashError) -> UInt16 {
    if block.count == session.blocks.length, let pointer,
      let number = session.blocks.number(at: address, pointer: pointer)
    {
      return number
    }
    let next = UInt32(truncatingIfNeeded: address)
    try attemptAgain { session throws(DFUError) in try session.setAddress(next) }
    pointer = next
    return BlockNumbering.first
  }

  /// Writes and verifies the block with the vector table.
  private mutating func finish(
    _ last: FinalBlock, _ plan: FlashPlan, verify: Bool
  ) throws(FlashError) {
    report(.started(.finish, total: UInt64(last.count)))
    try select(last.memory.alternateSetting)
    progress = unfinished
    try write(last.run, of: last.memory, plan) { _, _ in }
    progress = .unverified
    if verify, canVerify(last.memory) {
      let difference = try differences([last.run], in: last.memory) { _, _ in }
      do {
        try repeatSectors(difference, except: last, andFinish: true)
      } catch .different(let difference) {
        // What is not sound must not start.
        if let sector = last.sector { try? eraseSector(sector) }
        throw .different(difference)
      }
      progress = .unverified
    }
    report(.advanced(.finish, done: UInt64(last.count)))
    report(.finished(.finish))
  }
}

extension FlashPlan {
  /// Whether the sector with the vector table holds its bytes already: then it stays, and what is
  /// on the board may start before the rest has been replaced.
  var keepsVectorTable: Bool {
    guard let start = programStart else { return false }
    return memories.filter { $0.kind == .internalFlash }.flatMap(\.sectors).contains {
      $0.action == .keep && $0.range.contains(UInt64(start))
    }
  }

  /// Bytes of the image in sectors that hold them already.
  var bytesKept: UInt64 {
    memories.flatMap(\.sectors).filter { $0.action == .keep }
      .reduce(0) { $0 + UInt64($1.range.count) }
  }

  /// The part of ``bytesToWrite`` that goes to flash.
  var bytesToWriteInFlash: UInt64 {
    var flash = self
    flash.memories = memories.filter(\.kind.isFlash)
    return flash.bytesToWrite
  }
}

extension FlashPlan.Memory {
  /// The sectors to erase, the one with the vector table first: from then on the old program does
  /// not start any more.
  func eraseOrder(programStart: UInt32?) -> [FlashPlan.Sector] {
    let erased = sectors.filter { $0.action == .eraseAndWrite }
    guard let programStart, kind == .internalFlash else { return erased }
    let first = erased.filter { $0.range.contains(UInt64(programStart)) }
    return first + erased.filter { !$0.range.contains(UInt64(programStart)) }
  }
}

/// The block with the vector table, which is written last.
struct FinalBlock {
  var memory: FlashPlan.Memory
  /// The block's bytes, as a run of its own.
  var run: ImageElement
  var address: UInt64 { run.range.lowerBound }
  var count: Int { run.bytes.count }
  /// The sector that holds it, if that can be erased.
  var sector: Range<UInt64>? {
    memory.sectors.first { $0.range.contains(address) && $0.action != .keep }?.range
  }

  /// The first block of the program; nil when it is not written, or holds nothing.
  init?(of plan: FlashPlan) {
    guard let start = plan.programStart,
      let memory = plan.memories.first(where: { $0.kind == .internalFlash }),
      let run = memory.runs.first(where: { $0.range.contains(UInt64(start)) })
    else { return nil }
    let blocks = WriteBlock.blocks(of: run, transferSize: plan.transferSize)
    guard
      let block = blocks.last(where: {
        run.range.lowerBound + UInt64($0.offset) <= UInt64(start)
      }), !block.isBlank(in: run, erasedByte: plan.erasedByte)
    else { return nil }
    self.memory = memory
    self.run = ImageElement(
      address: run.address + UInt32(block.offset), bytes: Array(block.bytes(in: run)))
  }
}
