/// What happened on a board since it was made.
public struct BoardCounters: Hashable, Sendable {
  /// A DFU_GETSTATUS that came before the reported `bwPollTimeout` had passed.
  public struct EarlyPoll: Hashable, Sendable {
    /// The time the device asked for.
    public var reported: Duration
    /// The time the host waited.
    public var waited: Duration
  }

  /// Requests by kind; the kinds overlap.
  public internal(set) var transfers: [RequestKind: Int] = [:]
  /// Erases by the first address of the sector; a mass erase is not counted here.
  public internal(set) var erases: [UInt32: Int] = [:]
  /// Mass erases that were carried out.
  public internal(set) var massErases = 0
  /// Bytes programmed, whatever the memory.
  public internal(set) var bytesProgrammed = 0
  /// Bytes uploaded.
  public internal(set) var bytesRead = 0
  /// Time the chip worked.
  public internal(set) var busyTime = Duration.zero
  /// Time the bootloader took to fetch what was uploaded.
  public internal(set) var fetchTime = Duration.zero
  /// Time the work takes a host that waits each `bwPollTimeout` to the letter.
  ///
  /// For each piece of work the longer of the reported and the real time; both, one after the
  /// other, where the device answers only when it is done.
  public internal(set) var toldTime = Duration.zero
  /// Every poll that came too early.
  public internal(set) var earlyPolls: [EarlyPoll] = []
  /// Addresses at which flash refused to be programmed: not blank, or not on a unit's boundary.
  public internal(set) var refusedPrograms: [UInt32] = []
  /// Sectors that were left alone because they are write protected, by the address of the request.
  public internal(set) var protectedAccesses: [UInt32] = []

  /// Nothing has happened.
  public init() {}

  /// How often a kind of request was made.
  public func count(_ kind: RequestKind) -> Int { transfers[kind] ?? 0 }
}
