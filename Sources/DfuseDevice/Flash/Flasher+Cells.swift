import DfuseFormat

extension Flasher {
  /// Writes option bytes, one-time programmable memory and EEPROM: each piece in one go.
  mutating func writeCells(
    _ memory: FlashPlan.Memory, verify: Bool
  ) throws(FlashError) {
    guard !memory.runs.isEmpty else { return }
    try select(memory.alternateSetting)
    for run in memory.runs {
      try checkCancelled()
      let outcome = try writeCell(run, mayReset: memory.kind == .optionBytes)
      if case .deviceReset = outcome {
        result.deviceReset = true
        report(.note(.resetByOptionBytes))
        return
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
        return try session.write(block: DataBlock.first, data: bytes, mayReset: mayReset)
      }
      result.bytesWritten += UInt64(bytes.count)
      if case .deviceReset = outcome { return outcome }
    }
    return outcome
  }
}
