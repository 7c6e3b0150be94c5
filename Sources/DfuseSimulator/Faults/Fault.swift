/// One misbehaviour, and the request that brings it about.
public struct Fault: Hashable, Sendable {
  /// Which request.
  public struct Trigger: Hashable, Sendable {
    /// Of which kind.
    public var kind: RequestKind
    /// Which of that kind; the first is 1.
    public var occurrence: Int
    /// Whether every later one counts as well.
    public var andLater: Bool

    /// Makes a trigger.
    public init(_ kind: RequestKind, _ occurrence: Int, andLater: Bool = false) {
      self.kind = kind
      self.occurrence = occurrence
      self.andLater = andLater
    }
  }

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

  /// Which request.
  public var trigger: Trigger
  /// What goes wrong.
  public var action: Action

  /// Makes a fault.
  public init(_ action: Action, at trigger: Trigger) {
    self.action = action
    self.trigger = trigger
  }
}
