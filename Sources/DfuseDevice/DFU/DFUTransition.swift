/// One row of the state table: in this state, on this event, that may happen.
///
/// A state and an event with several rows have several allowed outcomes.
public struct DFUTransition: Hashable, Sendable {
  /// What a device does with an event.
  public enum Outcome: Hashable, Sendable {
    /// Accepts it and is then in this state.
    case goes(DFUState)
    /// Stalls the request and is then in this state.
    case stalls(DFUState)
    /// Takes no notice.
    case ignores
  }

  /// Who says so.
  public enum Source: Hashable, Sendable {
    /// DFU 1.1 appendix A.2.
    case specification
    /// ST AN3156: what DfuSe adds.
    case dfuSe
    /// No document: devices were seen to do it.
    case seen(DFUDeviation)
  }

  /// The state before.
  public var from: DFUState
  /// What happened.
  public var event: DFUEvent
  /// What the device does.
  public var outcome: Outcome
  /// Who says so.
  public var source: Source

  /// Makes a row.
  public init(from: DFUState, event: DFUEvent, outcome: Outcome, source: Source) {
    self.from = from
    self.event = event
    self.outcome = outcome
    self.source = source
  }
}

/// What real devices do differently from the specification, each by a name.
public enum DFUDeviation: CaseIterable, Hashable, Sendable {
  /// DFU_GETSTATUS in dfuDNBUSY is answered, when the work is done or with dfuDNBUSY again.
  ///
  /// STM32 ROMs and ST's USB device library.
  case statusWhileBusy
  /// DFU_GETSTATUS in dfuDNBUSY stalls and changes nothing: STM32L4 during an erase.
  case stallsWhileBusy
  /// From dfuDNBUSY straight to dfuDNLOAD-IDLE, without the second dfuDNLOAD-SYNC: libopencm3.
  case skipsSecondSync
  /// DFU_ABORT is accepted before DFU_GETSTATUS has started the work: ST's USB device library.
  case abortBeforeStatus
  /// DFU_ABORT is acknowledged without effect in other states: ST's USB device library.
  case abortWithoutEffect
  /// DFU_CLRSTATUS outside dfuERROR leads into it, with errUNKNOWN.
  ///
  /// ST's USB device library. On an STM32H743 whose erase never ends it is the way out.
  case clearStatusOutsideError
  /// A request that is wrong for the state stalls, and the state stays as it was.
  ///
  /// ST's USB device library; DFU_CLRSTATUS on the STM32C5 ROM.
  case stallKeepsState
  /// DFU_UPLOAD of block 0, the command list, does not start an upload: ST's USB device library.
  case commandListStaysIdle
  /// A device that cannot leave says so with dfuERROR: STM32C071 without an address set.
  case refusesToLeave
  /// A ROM bootloader has no application to return to: after a USB reset it is in dfuIDLE.
  case resetStaysInDFU
}
