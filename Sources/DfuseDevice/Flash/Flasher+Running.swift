import DfuseFormat

extension Flasher {
  /// Does what a plan says: erases, writes and verifies.
  ///
  /// - Returns: What was done.
  /// - Throws: ``FlashError``; its ``FlashError/Progress`` says what is on the chip. The board stays
  ///   in its bootloader.
  public mutating func run(_ plan: FlashPlan) throws(FlashError) -> FlashResult {
    try drive(
      FlashMachine(steps(of: plan), isOpen: isOpen, hasRead: hasRead, sparing: bootloaderSectors))
  }

  /// What is known of the board, for the steps of a plan.
  func steps(of plan: FlashPlan) -> FlashSteps {
    FlashSteps(
      plan: plan, memories: memories, profile: profile, blocks: session.blocks,
      canUpload: canUpload)
  }

  /// Turns the machine's actions into requests, and tells it what came of them; decides nothing.
  mutating func drive(_ machine: consuming FlashMachine) throws(FlashError) -> FlashResult {
    var reader = BlockReader()
    while true {
      let action = machine.next()
      // What fails here is done again with the action.
      if action?.reads != true { try? reader.end(&session) }
      for event in machine.takeNews() { report(event) }
      guard let action else { break }
      guard !isCancelled() else {
        machine.cancel()
        break
      }
      let outcome: FlashMachine.Outcome
      do {
        outcome = try perform(action, machine.plan, &reader)
      } catch {
        outcome = .failed(error)
      }
      machine.done(outcome)
    }
    (isOpen, hasRead) = (machine.findings.isOpen, machine.findings.hasRead)
    bootloaderSectors = machine.findings.spared
    let end = machine.end ?? .success(machine.result)
    if case .failure(.cancelled) = end { try? session.abort() }
    return try end.get()
  }

  private mutating func perform(
    _ action: FlashMachine.Action, _ plan: FlashPlan, _ reader: inout BlockReader
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
      try select(number, &reader)
      var found: FlashError.Difference?
      for place in places where found == nil { found = try notErased(in: place, &reader) }
      // The next look is to see what is there then.
      try reader.end(&session)
      return .found(found)
    case .step(let step):
      try select(step.alternateSetting, &reader)
      if !step.reads { try reader.end(&session) }
      return try perform(step, plan, &reader)
    }
  }

  private mutating func perform(
    _ step: FlashStep, _ plan: FlashPlan, _ reader: inout BlockReader
  ) throws(DFUError) -> FlashMachine.Outcome {
    switch step.work {
    case .settle, .eraseLeft: return .done
    case .tellSupply(let supply):
      guard let start = map(of: step.alternateSetting)?.segments.first?.start else { return .done }
      try session.setAddress(UInt32(truncatingIfNeeded: start))
      // The code, and three bytes of 0xFF (AN2606).
      try session.write(block: BlockNumbering.first, data: [supply.code, 0xFF, 0xFF, 0xFF])
      return .done
    case .massErase:
      guard try session.commands().offers(.massErase) else { return .notOffered }
      try session.massErase()
      return .done
    case .erase(let sector):
      let size = UInt64(sector.count)
      let outcome = try session.erase(
        sectorAt: UInt32(truncatingIfNeeded: sector.lowerBound), size: size,
        datasheetMaximum: profile.eraseTime(forSectorOf: size).maximum)
      return outcome == .freedWhileBusy ? .freed : .done
    case .probe(let sector): return .found(try notErased(in: sector.prefix(64), &reader))
    case .verifyBlank(let range, let pointer, let end):
      return .found(try notErased(in: range, from: pointer, end: end, &reader))
    case .write(let range, let pointer):
      if range.lowerBound == UInt64(pointer) || session.addressPointer != pointer {
        try session.setAddress(pointer)
      }
      let block = session.blocks.number(at: range.lowerBound, pointer: pointer)
      try session.write(
        block: block ?? BlockNumbering.first, data: plan.bytes(range, in: step.alternateSetting))
      return .done
    case .verify(let range, let pointer, let end):
      let expected = plan.bytes(range, in: step.alternateSetting)
      let found = try read(range, from: pointer, end: end, &reader)
      return .found(.init(found, instead: expected, at: range.lowerBound))
    case .writeDirectly(let index): return try write(plan.directWrites[index])
    case .checkDirectly(let index):
      let write = plan.directWrites[index]
      let bytes = try read(
        write.range, from: UInt32(truncatingIfNeeded: write.range.lowerBound),
        end: write.range.upperBound, &reader)
      return write.judge(bytes)
    }
  }

  /// Option bytes must come in one block of exactly their size (AN3156); the rest may be cut.
  private mutating func write(_ write: DirectWrite) throws(DFUError) -> FlashMachine.Outcome {
    for block in WriteBlock.blocks(of: write.bytes, transferSize: session.transferSize) {
      try session.setAddress(write.bytes.address &+ UInt32(block.offset))
      let outcome = try session.write(
        block: BlockNumbering.first, data: Array(block.bytes(in: write.bytes)),
        mayReset: write.kind == .optionBytes)
      if case .deviceReset = outcome { return .reset }
    }
    return .done
  }

  private mutating func select(_ number: UInt8, _ reader: inout BlockReader) throws(DFUError) {
    guard alternateSetting != number else { return }
    try reader.end(&session)
    try session.selectAlternateSetting(number)
    alternateSetting = number
  }

  // MARK: - Reading

  private mutating func read(
    _ range: Range<UInt64>, from pointer: UInt32, end: UInt64, _ reader: inout BlockReader
  ) throws(DFUError) -> [UInt8] {
    guard let number = alternateSetting, let map = map(of: number) else { return [] }
    return try reader.read(range, from: pointer, end: end, in: map, &session)
  }

  /// The first byte of a range that is not erased, and how many there are.
  private mutating func notErased(
    in range: Range<UInt64>, from pointer: UInt32? = nil, end: UInt64? = nil,
    _ reader: inout BlockReader
  ) throws(DFUError) -> FlashError.Difference? {
    let found = try read(
      range, from: pointer ?? UInt32(truncatingIfNeeded: range.lowerBound),
      end: end ?? range.upperBound, &reader)
    return .init(
      found, instead: [UInt8](repeating: profile.erasedByte, count: range.count),
      at: range.lowerBound)
  }

  func map(of alternateSetting: UInt8) -> MemoryMap? {
    memories.first { $0.alternateSetting == alternateSetting }?.map
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

extension FlashError.Difference {
  /// Where bytes that were read differ from those that should be there; nil where they do not.
  init?(_ found: [UInt8], instead expected: [UInt8], at address: UInt64) {
    guard found != expected else { return nil }
    let wrong = zip(found, expected).enumerated().filter { $0.element.0 != $0.element.1 }
    guard let first = wrong.first else { return nil }
    self.init(
      address: address + UInt64(first.offset), expected: first.element.1, found: first.element.0,
      count: UInt64(wrong.count))
  }
}
