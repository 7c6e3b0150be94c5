import DfuseFormat

extension Flasher {
  /// Does what a plan says: erases, writes and verifies.
  ///
  /// - Returns: What was done.
  /// - Throws: ``FlashError``; its ``FlashError/Progress`` says what is on the chip. The board stays
  ///   in its bootloader.
  public mutating func run(_ plan: FlashPlan) throws(FlashError) -> FlashResult {
    try drive(
      FlashMachine(
        FlashSteps(plan: plan, board: board), isOpen: isOpen, hasRead: hasRead,
        sparing: bootloaderSectors))
  }

  /// Turns the machine's actions into requests, and tells it what came of them; decides nothing.
  mutating func drive(_ machine: consuming FlashMachine) throws(FlashError) -> FlashResult {
    reader = BlockReader()
    let readBack = machine.readBack
    while true {
      let action = machine.next()
      // What fails here is done again with the action.
      if action?.reads != true { try? reader.end(&session) }
      for event in machine.takeNews() { report(event) }
      guard let action else { break }
      // What was sent before its turn is taken in first, so that it is known what is on the chip.
      let isStopped = isCancelled()
      guard !isStopped || !session.blocksAhead.isEmpty else {
        machine.cancel()
        break
      }
      let outcome: FlashMachine.Outcome
      do {
        let next = isStopped ? [] : machine.nextWrites(session.mostBlocksAhead)
        outcome = try perform(
          action, machine.plan,
          before: next.filter { readBack.contains($0.alternateSetting) }.compactMap {
            nextBlock($0, machine.plan)
          })
      } catch .usb(.cancelled, _) {
        machine.cancel()
        break
      } catch {
        let sent = session.takeBlocksInDoubt()
        outcome = sent > 0 ? .failedWithNext(error, count: sent) : .failed(error)
      }
      machine.done(outcome)
    }
    (isOpen, hasRead) = (machine.findings.isOpen, machine.findings.hasRead)
    bootloaderSectors = machine.findings.spared
    let end = machine.end ?? .success(machine.result)
    if case .failure(.cancelled) = end { settle() }
    return try end.get()
  }

  private mutating func perform(
    _ action: FlashMachine.Action, _ plan: FlashPlan, before next: [NextBlock]
  ) throws(DFUError) -> FlashMachine.Outcome {
    switch action {
    case .pause(let time):
      session.transport.wait(time)
      return .done
    case .enter:
      reader = BlockReader()
      try session.enter()
      return .done
    case .askProtection(let address):
      try reader.end(&session)
      guard let address = UInt32(exactly: address) else { return .protection(nil) }
      return .protection(try? session.isReadProtected(at: address))
    case .look(let places, let number):
      try choose(number)
      var found: FlashError.Difference?
      for place in places where found == nil { found = try notErased(in: place) }
      // The next look is to see what is there then.
      try reader.end(&session)
      return .found(found)
    case .step(let step):
      try choose(step.alternateSetting)
      if !step.reads { try reader.end(&session) }
      return try perform(step, plan, before: next)
    }
  }

  /// A block that is to be written, as the session sends it.
  private func nextBlock(_ step: FlashStep, _ plan: FlashPlan) -> NextBlock? {
    guard case .write(let range, let pointer) = step.work,
      let number = session.blocks.number(at: range.lowerBound, pointer: pointer)
    else { return nil }
    return NextBlock(number: number, data: plan.bytes(range, in: step.alternateSetting))
  }

  private mutating func perform(
    _ step: FlashStep, _ plan: FlashPlan, before next: [NextBlock]
  ) throws(DFUError) -> FlashMachine.Outcome {
    switch step.work {
    case .settle, .eraseLeft: return .done
    case .tellSupply(let supply):
      guard let start = board.memory(step.alternateSetting)?.map.segments.first?.start else {
        return .done
      }
      try session.setAddress(UInt32(truncatingIfNeeded: start))
      // The code, and three bytes of 0xFF (AN2606).
      try session.write(block: BlockNumbering.first, data: [supply.code, 0xFF, 0xFF, 0xFF])
      return .done
    case .massErase:
      if bootloader?.listsCommands ?? true {
        let listed = try session.commands() ?? []
        guard listed.contains(DfuSeCommand.massErase.code) else { return .notOffered }
      }
      try session.massErase()
      return .done
    case .erase(let sector):
      let size = UInt64(sector.count)
      let outcome = try session.erase(
        sectorAt: UInt32(truncatingIfNeeded: sector.lowerBound), size: size,
        datasheetMaximum: board.chip.eraseTime(forSectorOf: size).maximum)
      return outcome == .freedWhileBusy ? .freed : .done
    case .probe(let sector): return .found(try notErased(in: sector.prefix(64)))
    case .verifyBlank(let range, let pointer, let end):
      return .found(try notErased(in: range, from: pointer, end: end))
    case .write(let range, let pointer):
      if range.lowerBound == UInt64(pointer) || session.addressPointer != pointer {
        try session.setAddress(pointer)
      }
      let block = session.blocks.number(at: range.lowerBound, pointer: pointer)
      try session.write(
        block: block ?? BlockNumbering.first, data: plan.bytes(range, in: step.alternateSetting),
        before: next)
      hasWritten = true
      return .done
    case .verify(let range, let pointer, let end):
      let found = try read(range, from: pointer, end: end)
      return .found(
        .init(
          found[...], instead: plan.bytes(range, in: step.alternateSetting)[...],
          at: range.lowerBound))
    case .writeDirectly(let index): return try write(plan.directWrites[index])
    case .checkDirectly(let index):
      let write = plan.directWrites[index]
      return write.judge(
        try read(write.range, from: write.bytes.address, end: write.range.upperBound))
    }
  }

  /// Option bytes must come in one block of exactly their size (AN3156); the rest may be cut.
  private mutating func write(_ write: DirectWrite) throws(DFUError) -> FlashMachine.Outcome {
    for block in write.bytes.range.blocks(of: session.transferSize) {
      try session.setAddress(UInt32(truncatingIfNeeded: block.lowerBound))
      let outcome = try session.write(
        block: BlockNumbering.first, data: Array(write.bytes.slice(block)),
        mayReset: write.memory.map.kind == .optionBytes)
      if outcome == .deviceReset { return .reset }
    }
    return .done
  }

  private mutating func choose(_ number: UInt8) throws(DFUError) {
    guard alternateSetting != number else { return }
    try reader.end(&session)
    try session.selectAlternateSetting(number)
    alternateSetting = number
  }

  // MARK: - Reading

  private mutating func read(
    _ range: Range<UInt64>, from pointer: UInt32, end: UInt64
  ) throws(DFUError) -> [UInt8] {
    guard let map = alternateSetting.flatMap(board.memory)?.map else { return [] }
    return try reader.read(range, from: pointer, end: end, in: map, &session)
  }

  /// The first byte of a range that is not erased, and how many there are.
  private mutating func notErased(
    in range: Range<UInt64>, from pointer: UInt32? = nil, end: UInt64? = nil
  ) throws(DFUError) -> FlashError.Difference? {
    let found = try read(
      range, from: pointer ?? UInt32(truncatingIfNeeded: range.lowerBound),
      end: end ?? range.upperBound)
    let erased = [UInt8](repeating: board.chip.erasedByte, count: range.count)
    return .init(found[...], instead: erased[...], at: range.lowerBound)
  }
}

extension FlashMachine.Action {
  /// Whether it goes on with an upload.
  fileprivate var reads: Bool {
    switch self {
    case .step(let step): step.reads
    case .look: true
    case .pause, .enter, .askProtection: false
    }
  }
}
