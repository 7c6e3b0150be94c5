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
  /// Whether all memories of the plan can be read back.
  public var isReadable = true
  /// Whether all of the firmware is known to be on the board.
  public var isVerified = false
  /// Whether the device reset itself, as some do when their option bytes are written.
  public var deviceReset = false
  /// Whether the chip is read protected now, by the option bytes that were written.
  public var isReadProtected = false
  /// What was written when the device reset itself: to be read back once it is there again.
  public var toCheck: [DirectWrite] = []
  /// What the device did not get because it reset itself: the same plan made anew writes it.
  public var toWrite: [Range<UInt64>] = []

  /// Makes the result of having done nothing.
  public init() {}
}
