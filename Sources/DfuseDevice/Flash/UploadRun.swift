/// A run of reads: one address pointer, and block numbers that may jump.
///
/// A block begins at a multiple of the stride from the pointer, and is cut short at the end of the
/// readable memory. Where numbers do not count, only the block at the pointer can be read.
struct UploadRun: Equatable {
  /// The address pointer.
  var pointer: UInt32
  /// How the device counts.
  var blocks: BlockNumbering
  /// Behind the last address that may be read.
  var end: UInt64

  /// The number of the block that holds an address, or nil when it is out of reach.
  func block(holding address: UInt64) -> UInt16? {
    guard address >= UInt64(pointer), address < end else { return nil }
    let index = (address - UInt64(pointer)) / UInt64(blocks.length)
    let start = UInt64(pointer) + index * UInt64(blocks.length)
    return blocks.number(at: start, pointer: pointer)
  }

  /// The addresses of a block that ``block(holding:)`` has named.
  func range(of block: UInt16) -> Range<UInt64> {
    let start = blocks.address(of: block, pointer: pointer) ?? end
    return min(start, end)..<min(start + UInt64(blocks.length), end)
  }
}
