/// How a device counts its data blocks, and how long one may be.
///
/// The address of a block is (wBlockNum - 2) × stride + address pointer, whatever the length of the
/// block. The stride is `wTransferSize` as the device sends it; a block is held to what libusb and
/// Linux carry in one control transfer. Where the two differ, each block gets its own address.
///
/// - SeeAlso: ST AN3156, the chapters on reading and writing memory. AN3156 calls the factor the
///   length of the buffer; ST's USB device library and others use the descriptor's constant.
public struct BlockNumbering: Hashable, Sendable {
  /// The first block number that means data: 0 is a command, 1 is reserved.
  public static let first: UInt16 = 2
  /// Blocks that can be reached from one address pointer: numbers 2 to 0xFFFF.
  public static let perPointer = 65_534
  /// Most bytes in the data stage of a control transfer, by libusb and by Linux.
  public static let longestBlock = 4096
  /// The least `wTransferSize` that can be worked with: a programming unit of 8 bytes.
  public static let leastTransferSize = 8

  /// Bytes from the address of one block number to that of the next; nil when nobody knows.
  public let stride: Int?
  /// Most bytes of a block; at least 1.
  public let length: Int

  /// Makes the numbering of a device.
  ///
  /// - Parameters:
  ///   - transferSize: `wTransferSize` as sent. 0 and 0xFFFF say nothing: then a block has 1024
  ///     bytes and an address of its own.
  ///   - unit: Bytes that the chip programs whole, a power of two: a full block is a multiple of
  ///     it, as far as one fits.
  public init(transferSize: UInt16, unit: Int = 4) {
    let isStated = transferSize != 0 && transferSize != 0xFFFF
    stride = isStated ? Int(transferSize) : nil
    let most = isStated ? min(Int(transferSize), Self.longestBlock) : 1024
    var unit = max(unit, 1)
    while unit > most { unit /= 2 }
    length = most / unit * unit
  }

  /// Whether one address serves for many blocks: full blocks follow one another without gaps.
  public var isContinuous: Bool { stride == length }

  /// The address of a block's first byte.
  ///
  /// - Parameters:
  ///   - block: Block number, at least ``first``.
  ///   - pointer: The device's address pointer.
  /// - Returns: The address, in 64 bits since it may lie above 4 GiB; nil for a number below
  ///   ``first``, and for any other number than that when the stride is not known.
  public func address(of block: UInt16, pointer: UInt32) -> UInt64? {
    guard block > Self.first else { return block == Self.first ? UInt64(pointer) : nil }
    return stride.map { UInt64(pointer) + UInt64(block - Self.first) * UInt64($0) }
  }

  /// The number of the block that begins at an address.
  ///
  /// - Parameters:
  ///   - address: Absolute address of the block's first byte.
  ///   - pointer: The device's address pointer.
  /// - Returns: The number, or nil when the address needs a pointer of its own.
  public func number(at address: UInt64, pointer: UInt32) -> UInt16? {
    guard address >= UInt64(pointer) else { return nil }
    guard address > UInt64(pointer) else { return Self.first }
    guard isContinuous else { return nil }
    let (index, rest) = (address - UInt64(pointer))
      .quotientAndRemainder(dividingBy: UInt64(length))
    guard rest == 0, index < UInt64(Self.perPointer) else { return nil }
    return Self.first + UInt16(index)
  }
}
