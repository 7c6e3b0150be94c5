/// How long something takes, by a datasheet or by measurement.
public struct ExpectedTime: Hashable, Sendable {
  /// What is usual; good for estimates of progress.
  public var typical: Duration
  /// What no sound chip exceeds; good for time limits.
  public var maximum: Duration

  /// Makes a time.
  public init(typical: Duration, maximum: Duration) {
    self.typical = typical
    self.maximum = maximum
  }

  static func milliseconds(_ typical: Double, _ maximum: Double) -> ExpectedTime {
    ExpectedTime(typical: .milliseconds(typical), maximum: .milliseconds(maximum))
  }

  static func microseconds(_ typical: Double, _ maximum: Double) -> ExpectedTime {
    ExpectedTime(typical: .microseconds(typical), maximum: .microseconds(maximum))
  }
}

/// How long it takes to erase a sector of some size.
public struct SectorEraseTime: Hashable, Sendable {
  /// Bytes in the sector.
  public var sectorSize: UInt64
  /// The time.
  public var time: ExpectedTime

  /// Makes an entry.
  public init(sectorSize: UInt64, time: ExpectedTime) {
    self.sectorSize = sectorSize
    self.time = time
  }

  /// An entry in KiB and milliseconds.
  static func kibibytes(_ size: UInt64, _ typical: Double, _ maximum: Double) -> SectorEraseTime {
    SectorEraseTime(sectorSize: size * 1024, time: .milliseconds(typical, maximum))
  }
}
