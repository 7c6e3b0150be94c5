/// The blocks through which a memory is read: one address pointer, and numbers that may jump.
///
/// A block begins at a multiple of the transfer size from the pointer, and is cut short at the end
/// of the readable memory.
struct BlockGrid: Equatable {
  /// The address pointer.
  var pointer: UInt32
  /// Bytes between blocks.
  var transferSize: Int
  /// Behind the last address that may be read.
  var end: UInt64

  /// The number of the first block that holds an address, or nil when it is out of reach.
  func block(holding address: UInt64) -> UInt16? {
    guard address >= UInt64(pointer), address < end else { return nil }
    let index = (address - UInt64(pointer)) / UInt64(transferSize)
    return index < UInt64(DataBlock.perPointer) ? DataBlock.first + UInt16(index) : nil
  }

  /// The addresses of a block.
  func range(of block: UInt16) -> Range<UInt64> {
    let start = DataBlock.address(of: block, pointer: pointer, transferSize: transferSize)
    return min(start, end)..<min(start + UInt64(transferSize), end)
  }
}
