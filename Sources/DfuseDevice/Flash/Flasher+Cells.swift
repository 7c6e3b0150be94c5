import DfuseFormat

extension Flasher {
  /// Writes option bytes, one-time programmable memory and EEPROM: each piece in one go.
  mutating func writeCells(
    _ memory: FlashPlan.Memory, verify: Bool
  ) throws(FlashError) {
    guard !memory.runs.isEmpty else { return }
    try select(memory.alternateSetting)
    for (index, run) in memory.runs.enumerated() {
      try checkCancelled()
      progress = unfinished
      let outcome = try writeCell(run, mayReset: memory.kind == .optionBytes)
      if case .deviceReset = outcome {
        result.deviceReset = true
        report(.note(.resetByOptionBytes))
        // Where there are two blocks of option bytes, the device left before it got the second.
        guard let next = memory.runs.dropFirst(index + 1).first else { return }
        throw .device(
          .usb(.disconnected, during: .writing(address: next.address, count: next.bytes.count)),
          progress)
      }
      guard verify, canVerify(memory) else { continue }
      let difference = try differences([run], in: memory) { _, _ in }
      if let first = difference.first { throw .different(first.difference) }
    }
  }

  /// Option bytes must come in one block of exactly their size (AN3156); the rest may be cut.
  private mutating func writeCell(
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
