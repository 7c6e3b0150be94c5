import DfuseFormat

/// One block of a run: what a single DFU_DNLOAD carries.
struct WriteBlock: Hashable {
  /// Offset of its first byte in the run.
  var offset: Int
  /// Number of its bytes.
  var count: Int

  /// The blocks of a run, in order; the last may be short.
  ///
  /// No device takes a block of one byte (AN3156): a word of the block before goes with it.
  static func blocks(of run: ImageElement, transferSize: Int) -> [WriteBlock] {
    var blocks = stride(from: 0, to: run.bytes.count, by: max(transferSize, 1)).map {
      WriteBlock(offset: $0, count: min(transferSize, run.bytes.count - $0))
    }
    if blocks.count > 1, let last = blocks.last, last.count == 1, transferSize > 4 {
      blocks[blocks.count - 2].count -= 4
      blocks[blocks.count - 1] = WriteBlock(offset: last.offset - 4, count: 5)
    }
    return blocks
  }

  /// The block's addresses.
  func range(in run: ImageElement) -> Range<UInt64> {
    let start = run.range.lowerBound + UInt64(offset)
    return start..<start + UInt64(count)
  }

  /// The block's bytes.
  func bytes(in run: ImageElement) -> ArraySlice<UInt8> { run.bytes[offset..<(offset + count)] }

  /// Whether writing the block would change nothing in erased flash.
  func isBlank(in run: ImageElement, erasedByte: UInt8) -> Bool {
    bytes(in: run).allSatisfy { $0 == erasedByte }
  }
}
