/// The answer to DFU_GETSTATUS.
///
/// | offset | field | size |
/// |---|---|---|
/// | 0 | bStatus | 1 |
/// | 1 | bwPollTimeout, little endian, milliseconds | 3 |
/// | 4 | bState | 1 |
/// | 5 | iString | 1 |
///
/// - SeeAlso: DFU 1.1 section 6.1.2.
public struct DFUStatusReply: Hashable, Sendable {
  /// Outcome of the latest request.
  public var bStatus: DFUStatus
  /// Least time to wait before the next DFU_GETSTATUS, 0 to 16 777 215 milliseconds.
  public var pollTimeout: Duration
  /// State the device is in from now on, as sent; any number, see ``state``.
  public var bState: UInt8
  /// Index of a string that describes the status, 0 for none.
  public var iString: UInt8

  /// Makes a reply from its fields.
  public init(bStatus: DFUStatus, pollTimeout: Duration, bState: UInt8, iString: UInt8) {
    self.bStatus = bStatus
    self.pollTimeout = pollTimeout
    self.bState = bState
    self.iString = iString
  }

  /// Reads a reply.
  ///
  /// - Parameter bytes: What the device sent; nil comes back unless that is 6 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == 6 else { return nil }
    let milliseconds = Int64(bytes[1]) | Int64(bytes[2]) << 8 | Int64(bytes[3]) << 16
    self.init(
      bStatus: DFUStatus(rawValue: bytes[0]), pollTimeout: .milliseconds(milliseconds),
      bState: bytes[4], iString: bytes[5])
  }

  /// The state, or nil when the device sent a number above 10, as ST's USB device library does.
  public var state: DFUState? { DFUState(rawValue: bState) }
}
