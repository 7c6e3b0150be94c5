/// Everything that is wrong with a simulated board.
public struct FaultPlan: Hashable, Sendable {
  /// The state in which a host finds the board instead of dfuIDLE.
  public enum StartState: String, CaseIterable, Hashable, Sendable {
    /// An earlier session failed: dfuERROR with errUNKNOWN.
    case dfuERROR
    /// An earlier session was interrupted while reading.
    case dfuUPLOADIDLE = "dfuUPLOAD-IDLE"
    /// An earlier session was interrupted while writing.
    case dfuDNLOADIDLE = "dfuDNLOAD-IDLE"
    /// An earlier session was interrupted during an erase that takes another second.
    case dfuDNBUSY
  }

  /// What a running firmware does that is told to enter its bootloader, instead of that.
  public enum Enter: Hashable, Sendable {
    /// It acknowledges, and goes on.
    case nothing
    /// It comes back as it was, so many times.
    case again(Int)
    /// It comes back as a bootloader that does not speak DfuSe.
    case other
    /// It leaves the bus, and nothing comes.
    case gone
    /// The bootloader is there only after ten seconds.
    case slow
    /// It does as it is told, but another program has its serial port for the first eight seconds.
    case held
    /// It does as it is told, but what comes on its serial port while DTR is low is lost.
    ///
    /// Without this, a firmware hears that as well, and only its answers are lost.
    case needsDTR
  }

  /// What goes wrong with option bytes.
  public enum Options: String, CaseIterable, Hashable, Sendable {
    /// A block for them stalls and changes nothing (a G0C1's SEC_SIZE, ST community 839156).
    case stall
    /// Read Unprotect leaves one bank and both boot addresses 0xFFFF (F7, rusefi#3597).
    case tornBootAddresses = "torn-boot-addresses"
    /// Until new ones are in force, the old ones are read.
    case late
  }

  /// Faults of single requests; the first that fits is taken.
  public var faults: [Fault] = []
  /// The state the board is found in, or nil for what its profile says.
  public var start: StartState?
  /// What goes wrong with option bytes.
  public var options: Options?
  /// What goes wrong on the way into the bootloader.
  public var enter: Enter?
  /// A `bwPollTimeout` to report for all work instead of the profile's.
  public var reportedPoll: Duration?
  /// How long a transfer is under way to the board, and its answer back again.
  public var linkDelay = Duration.zero
  /// What becomes of a read outside the memory maps, where the chip tells something there.
  var systemMemory = SystemMemory.Access.served
  /// Bits that keep their erased value whatever is programmed: masks by address.
  public var stuckBits: [UInt32: UInt8] = [:]
  /// Whether read protection level 1 is active.
  public var isReadProtected = false
  /// Addresses in sectors that are write protected.
  public var writeProtected: [UInt32] = []

  /// Makes a plan of single faults; without any, nothing is wrong.
  public init(_ faults: [Fault] = []) { self.faults = faults }

  /// The action for a request, given how often each of its kinds has been seen, itself included.
  func action(for kinds: [RequestKind], counts: [RequestKind: Int]) -> Fault.Action? {
    for fault in faults where kinds.contains(fault.kind) {
      let count = counts[fault.kind] ?? 0
      let wanted = fault.occurrence
      if count == wanted || fault.andLater && count > wanted { return fault.action }
    }
    return nil
  }
}

/// One misbehaviour, and the request that brings it about.
public struct Fault: Hashable, Sendable {
  /// What goes wrong.
  public enum Action: Hashable, Sendable {
    /// The request stalls and changes nothing.
    case stall
    /// The request is lost: no answer, no effect.
    case timeOut
    /// The request is carried out but at most this many bytes are answered.
    case short(Int)
    /// The device goes to dfuERROR with this `bStatus`.
    case status(UInt8)
    /// The work this request causes takes so much longer, and dfuDNBUSY is shown meanwhile; nil
    /// means for ever.
    case stayBusy(Duration?)
    /// The device is unplugged and does not come back.
    case disconnect
    /// The device drops off and comes back as a bootloader after a while.
    case disconnectAndReturn(after: Duration)
  }

  /// What goes wrong.
  public var action: Action
  /// At which kind of request.
  public var kind: RequestKind
  /// At which of that kind; the first is 1.
  public var occurrence: Int
  /// Whether at every later one as well.
  public var andLater: Bool

  /// Makes a fault.
  ///
  /// - Parameters:
  ///   - action: What goes wrong.
  ///   - kind: At which kind of request.
  ///   - occurrence: At which of that kind, from 1.
  ///   - andLater: Whether at every later one as well.
  public init(_ action: Action, at kind: RequestKind, _ occurrence: Int = 1, andLater: Bool = false)
  {
    self.action = action
    self.kind = kind
    self.occurrence = occurrence
    self.andLater = andLater
  }
}
