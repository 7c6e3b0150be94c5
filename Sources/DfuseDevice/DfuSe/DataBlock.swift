/// The arithmetic of data blocks: which address a block number means.
///
/// The address of a block is (wBlockNum − 2) × wTransferSize + address pointer, with the
/// descriptor's transfer size whatever the length of the block. Numbers may come in any order.
///
/// - SeeAlso: ST AN3156, the chapters on reading and writing memory. AN3156 calls the factor the
///   length of the buffer; ST's USB device library and others use the descriptor's constant.
public enum DataBlock {
  /// The first block number that means data: 0 is a command, 1 is reserved.
  public static let first: UInt16 = 2
  /// Blocks that can be reached from one address pointer: numbers 2 to 0xFFFF.
  public static let perPointer = 65_534

  /// The address of a block's first byte.
  ///
  /// - Parameters:
  ///   - block: Block number, at least ``first``; lower ones count as that.
  ///   - pointer: The device's address pointer.
  ///   - transferSize: The descriptor's transfer size in bytes.
  /// - Returns: The address, in 64 bits since it may lie above 4 GiB.
  public static func address(
    of block: UInt16, pointer: UInt32, transferSize: Int
  ) -> UInt64 {
    UInt64(pointer) + UInt64(max(block, first) - first) * UInt64(max(transferSize, 0))
  }

  /// The number of the block that begins at an address.
  ///
  /// - Parameters:
  ///   - address: Absolute address of the block's first byte.
  ///   - pointer: The device's address pointer.
  ///   - transferSize: The descriptor's transfer size in bytes, above 0.
  /// - Returns: The number, or nil when no block that can be reached begins there.
  public static func number(
    at address: UInt64, pointer: UInt32, transferSize: Int
  ) -> UInt16? {
    guard transferSize > 0, address >= UInt64(pointer) else { return nil }
    let (index, rest) = (address - UInt64(pointer))
      .quotientAndRemainder(dividingBy: UInt64(transferSize))
    guard rest == 0, index < UInt64(perPointer) else { return nil }
    return first + UInt16(index)
  }
}
