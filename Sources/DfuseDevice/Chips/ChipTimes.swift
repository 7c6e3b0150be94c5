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

/// Erase and program times for one way of programming.
public struct FlashTimes: Hashable, Sendable {
  /// Erase times by sector size, ascending.
  public var sectorErase: [SectorEraseTime]
  /// Time to program one programming unit.
  public var programPerUnit: ExpectedTime
  /// Time of a mass erase.
  public var massErase: ExpectedTime

  /// Makes a set of times.
  public init(
    sectorErase: [SectorEraseTime], programPerUnit: ExpectedTime, massErase: ExpectedTime
  ) {
    self.sectorErase = sectorErase
    self.programPerUnit = programPerUnit
    self.massErase = massErase
  }
}

/// Whether a host may ask a busy device for its status earlier than bwPollTimeout says.
public enum PollingSafety: Hashable, Sendable {
  /// Asking early does no harm; `reason` says how that is known.
  case adaptive(reason: String)
  /// bwPollTimeout has to be waited for, or nothing else is known; `reason` says which.
  case spec(reason: String)

  /// Nobody has measured what early polling does.
  static let unmeasured = PollingSafety.spec(reason: "early polling has not been measured")
}
