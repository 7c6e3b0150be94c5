public import DfuseFormat

/// A piece of memory that is no flash, written in one go, and what is to be found there afterwards.
public struct DirectWrite: Hashable, Sendable {
  /// The memory's alternate setting.
  public var alternateSetting: UInt8
  /// The memory's name.
  public var name: String
  /// What the memory is for.
  public var kind: MemoryKind
  /// All that is written: whole option bytes, else words.
  public var range: Range<UInt64>
  /// The firmware's own bytes; what stands beside them is written back as it was.
  public var wanted: [ImageElement]
  /// What was there before; nil when it could not be read.
  public var before: ImageElement?
}

extension Flasher {
  /// Writes option bytes, one-time programmable memory and EEPROM: each piece in one go.
  ///
  /// Some chips reset when their option bytes are written. What is left then is in
  /// ``FlashResult/toCheck`` and ``FlashResult/toWrite``.
  /// - Throws: ``FlashError/notTaken(_:)``; ``FlashError/cancelled(_:)``.
  mutating func writeDirectly(
    _ memory: FlashPlan.Memory, verify: Bool, firmware: FlashError.Progress
  ) throws(FlashError) {
    guard !memory.runs.isEmpty else { return }
    for (index, run) in memory.runs.enumerated() {
      let write =
        directWrites.first { $0.range == run.range }
        ?? DirectWrite(
          alternateSetting: memory.alternateSetting, name: memory.name, kind: memory.kind,
          range: run.range, wanted: [run])
      try checkCancelled()
      let outcome: WriteOutcome
      do {
        try select(memory.alternateSetting)
        outcome = try writeDirectly(run, mayReset: memory.kind == .optionBytes)
      } catch {
        throw write.failure(error, firmware: firmware)
      }
      if case .deviceReset = outcome {
        result.deviceReset = true
        report(.note(.resetByOptionBytes))
        result.toCheck.append(write)
        // Where there are two groups of option bytes, the device left before it got the second.
        result.toWrite += memory.runs.dropFirst(index + 1).map(\.range)
        return
      }
      guard verify, canVerify(memory) else { continue }
      do {
        try check(write, firmware: firmware)
      } catch .readProtected {
        result.isReadProtected = true
      }
    }
  }

  /// Reads back what was written directly, as after the board has come back from a reset.
  ///
  /// The firmware's own bytes count; the chip may have put right what stands beside them.
  ///
  /// - Parameters:
  ///   - write: From ``FlashResult/toCheck``.
  ///   - firmware: What is in the flash, for the error.
  /// - Throws: ``FlashError/notTaken(_:)`` when they are not there; ``FlashError/readProtected``;
  ///   other ``FlashError``.
  public mutating func check(
    _ write: DirectWrite, firmware: FlashError.Progress = .complete
  ) throws(FlashError) {
    guard let map = memories.first(where: { $0.alternateSetting == write.alternateSetting })?.map
    else { return }
    if session.state == nil { try enter() }
    let bytes: [UInt8]
    do {
      bytes = try read(write.range, alternateSetting: write.alternateSetting, map: map)
    } catch .refused(.device(.errVENDOR, _, _, during: .reading), _) {
      // It was open before: the level that was written is in force.
      throw .readProtected
    }
    let found = ImageElement(
      address: UInt32(truncatingIfNeeded: write.range.lowerBound), bytes: bytes)
    result.bytesVerified += UInt64(write.range.count)
    guard let difference = found.difference(from: write.wanted) else { return }
    let isUnchanged = write.before.map { before in
      write.wanted.allSatisfy { found.part($0.range) == before.part($0.range) }
    }
    guard write.kind == .optionBytes else { throw .different(difference) }
    throw .notTaken(
      .init(
        name: write.name, range: write.range,
        reason: isUnchanged == true ? .unchanged : .different(difference), firmware: firmware))
  }

  /// Option bytes must come in one block of exactly their size (AN3156); the rest may be cut.
  private mutating func writeDirectly(
    _ run: ImageElement, mayReset: Bool
  ) throws(FlashError) -> WriteOutcome {
    var outcome = WriteOutcome.done
    for block in WriteBlock.blocks(of: run, transferSize: session.transferSize) {
      let address = UInt32(truncatingIfNeeded: run.range.lowerBound + UInt64(block.offset))
      let bytes = Array(block.bytes(in: run))
      outcome = try attempt { session throws(DFUError) in
        try session.setAddress(address)
        return try session.write(block: BlockNumbering.first, data: bytes, mayReset: mayReset)
      }
      result.bytesWritten += UInt64(bytes.count)
      if case .deviceReset = outcome { return outcome }
    }
    return outcome
  }

  /// The memory that takes the supply voltage.
  func deviceFeature() throws(FlashError) -> AlternateMemory {
    guard let memory = memories.first(where: { $0.map.kind == .deviceFeature }),
      memory.map.segments.contains(where: { $0.access.contains(.writable) })
    else { throw .noSupplySetting }
    return memory
  }

  /// Tells the ROM the supply voltage: the code, and three bytes of 0xFF (AN2606).
  mutating func tell(_ supply: SupplyRange) throws(FlashError) {
    let memory = try deviceFeature()
    guard let start = memory.map.segments.first?.start, let address = UInt32(exactly: start) else {
      throw .noSupplySetting
    }
    try select(memory.alternateSetting)
    try attempt { session throws(DFUError) in
      try session.setAddress(address)
      try session.write(block: BlockNumbering.first, data: [supply.code, 0xFF, 0xFF, 0xFF])
    }
  }
}

extension DirectWrite {
  /// What the failure of a write means for what is on the board.
  fileprivate func failure(_ error: FlashError, firmware: FlashError.Progress) -> FlashError {
    switch (kind, error) {
    case (.optionBytes, .device(let error, _)), (.optionBytes, .refused(let error, _)):
      .notTaken(.init(name: name, range: range, reason: .failed(error), firmware: firmware))
    default: error
    }
  }
}

extension ImageElement {
  /// The first place where this differs from pieces of it, and how many bytes differ.
  fileprivate func difference(from wanted: [ImageElement]) -> FlashError.Difference? {
    var difference: FlashError.Difference?
    for piece in wanted {
      guard let found = part(piece.range), found.range == piece.range else { continue }
      for (index, pair) in zip(found.bytes, piece.bytes).enumerated() where pair.0 != pair.1 {
        guard difference == nil else {
          difference?.count += 1
          continue
        }
        difference = .init(
          address: piece.range.lowerBound + UInt64(index), expected: pair.1, found: pair.0, count: 1
        )
      }
    }
    return difference
  }
}
