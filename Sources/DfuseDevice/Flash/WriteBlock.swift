import DfuseFormat

/// One block of a run: what a single DFU_DNLOAD carries.
struct WriteBlock: Hashable {
  /// Offset of its first byte in the run.
  var offset: Int
  /// Number of its bytes.
  var count: Int

  /// The blocks of a run, in order; the last may be short.
  static func blocks(of run: ImageElement, transferSize: Int) -> [WriteBlock] {
    stride(from: 0, to: run.bytes.count, by: max(transferSize, 1)).map {
      WriteBlock(offset: $0, count: min(transferSize, run.bytes.count - $0))
    }
  }

  /// The block's bytes.
  func bytes(in run: ImageElement) -> ArraySlice<UInt8> { run.bytes[offset..<(offset + count)] }

  /// Whether writing the block would change nothing in erased flash.
  func isBlank(in run: ImageElement, erasedByte: UInt8) -> Bool {
    bytes(in: run).allSatisfy { $0 == erasedByte }
  }
}
