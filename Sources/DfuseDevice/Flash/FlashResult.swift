/// What a flash did.
public struct FlashResult: Hashable, Sendable {
  /// Sectors erased, repeats included.
  public var sectorsErased = 0
  /// Sectors that held their bytes already.
  public var sectorsKept = 0
  /// Bytes sent.
  public var bytesWritten: UInt64 = 0
  /// Bytes read back, or compared and found right.
  public var bytesVerified: UInt64 = 0
  /// Sectors that had to be done twice.
  public var sectorsRepeated = 0
  /// Transfers that failed for no lasting reason, after which the work went on.
  public var transfersRepeated = 0
  /// Whether all of the firmware is known to be on the board.
  public var isVerified = false
  /// Whether the device reset itself, as some do when their option bytes are written.
  public var deviceReset = false

  /// Makes the result of having done nothing.
  public init() {}
}
