import DfuseFormat

/// Reads memory in blocks: an upload that goes on as far as its numbers reach, and the block that
/// was read last, which may hold what is asked for next.
struct BlockReader {
  private var upload: UploadRun?
  private var last: (start: UInt64, bytes: [UInt8]) = (0, [])

  /// Reads a range.
  ///
  /// `pointer` is where a new upload starts, if the one that is going on does not reach the range;
  /// nothing is asked for from `end` on.
  mutating func read(
    _ range: Range<UInt64>, from pointer: UInt32, end: UInt64, in map: MemoryMap,
    _ session: inout DFUSession
  ) throws(DFUError) -> [UInt8] {
    var bytes: [UInt8] = []
    var address = range.lowerBound
    while address < range.upperBound {
      let block = try block(at: address, from: pointer, limit: end, in: map, &session)
      bytes += block.bytes[Int(address - block.start)...].prefix(Int(range.upperBound - address))
      address = range.lowerBound + UInt64(bytes.count)
    }
    return bytes
  }

  /// Reads the block that holds an address, in the upload that is going on or in a new one.
  ///
  /// At least one byte from `address` on, and none from `limit` on.
  mutating func block(
    at address: UInt64, from pointer: UInt32, limit: UInt64, in map: MemoryMap,
    _ session: inout DFUSession
  ) throws(DFUError) -> (start: UInt64, bytes: [UInt8]) {
    if last.start <= address, address < last.start + UInt64(last.bytes.count) { return last }
    if upload?.block(holding: address) == nil {
      try end(&session)
      var next = UploadRun(
        pointer: pointer, blocks: session.blocks, end: map.readableEnd(from: address))
      if next.block(holding: address) == nil { next.pointer = UInt32(truncatingIfNeeded: address) }
      upload = next
      try session.beginUpload(at: next.pointer)
    }
    guard let upload, let block = upload.block(holding: address) else {
      throw .shortBlock(found: 0, expected: 1, address: address)
    }
    let range = upload.range(of: block).clamped(to: 0..<max(limit, address + 1))
    // A block has at least two bytes: for a last one alone, one more is asked for and dropped.
    let bytes = try session.read(block: block, length: max(range.count, 2))
    guard bytes.count >= range.count else {
      throw .shortBlock(found: bytes.count, expected: range.count, address: range.lowerBound)
    }
    last = (range.lowerBound, Array(bytes.prefix(range.count)))
    return last
  }

  /// Ends the upload that is going on, if there is one; what was read last may be old from here on.
  mutating func end(_ session: inout DFUSession) throws(DFUError) {
    last = (0, [])
    guard upload != nil else { return }
    try session.endUpload()
    upload = nil
  }
}
