/// Everything that is wrong with a simulated board.
package struct FaultPlan: Hashable, Sendable {
  /// The state in which a host finds the board instead of dfuIDLE.
  package enum StartState: String, CaseIterable, Hashable, Sendable {
    /// An earlier session failed: dfuERROR with errUNKNOWN.
    case dfuERROR
    /// An earlier session was interrupted while reading.
    case dfuUPLOADIDLE = "dfuUPLOAD-IDLE"
    /// An earlier session was interrupted while writing.
    case dfuDNLOADIDLE = "dfuDNLOAD-IDLE"
    /// An earlier session was interrupted during an erase that takes another second.
    case dfuDNBUSY
  }

  /// A bit that keeps its erased value whatever is programmed.
  package struct StuckBit: Hashable, Sendable {
    /// Where.
    package var address: UInt32
    /// Which, 0 to 7.
    package var bit: UInt8

    /// Makes a stuck bit; only the low three bits of `bit` count.
    package init(address: UInt32, bit: UInt8) {
      self.address = address
      self.bit = bit & 7
    }
  }

  /// Faults of single requests; the first that fits is taken.
  package var faults: [Fault] = []
  /// The state the board is found in, or nil for what its profile says.
  package var start: StartState?
  /// A `bwPollTimeout` to report for all work instead of the profile's.
  package var reportedPoll: Duration?
  /// Broken bits.
  package var stuckBits: [StuckBit] = []
  /// Whether read protection level 1 is active.
  package var isReadProtected = false
  /// Addresses in sectors that are write protected.
  package var writeProtected: [UInt32] = []

  /// Makes a plan of single faults; without any, nothing is wrong.
  package init(_ faults: [Fault] = []) { self.faults = faults }

  /// The action for a request, given how often each of its kinds has been seen, itself included.
  func action(for kinds: [RequestKind], counts: [RequestKind: Int]) -> Fault.Action? {
    for fault in faults where kinds.contains(fault.trigger.kind) {
      let count = counts[fault.trigger.kind] ?? 0
      let wanted = fault.trigger.occurrence
      if count == wanted || fault.trigger.andLater && count > wanted { return fault.action }
    }
    return nil
  }
}

/// One misbehaviour, and the request that brings it about.
package struct Fault: Hashable, Sendable {
  /// Which request.
  package struct Trigger: Hashable, Sendable {
    /// Of which kind.
    package var kind: RequestKind
    /// Which of that kind; the first is 1.
    package var occurrence: Int
    /// Whether every later one counts as well.
    package var andLater: Bool

    /// Makes a trigger.
    package init(_ kind: RequestKind, _ occurrence: Int, andLater: Bool = false) {
      self.kind = kind
      self.occurrence = occurrence
      self.andLater = andLater
    }
  }

  /// What goes wrong.
  package enum Action: Hashable, Sendable {
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

  /// Which request.
  package var trigger: Trigger
  /// What goes wrong.
  package var action: Action

  /// Makes a fault.
  package init(_ action: Action, at trigger: Trigger) {
    self.action = action
    self.trigger = trigger
  }
}
