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
