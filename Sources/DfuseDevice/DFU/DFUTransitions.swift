/// The state table of a DFU device, as the host knows it.
///
/// Three parts, kept apart: what DFU 1.1 appendix A.2 says, state by state; what ST AN3156 adds;
/// and what devices were seen to do besides. The host asks the table before it sends a request,
/// and again when a device has said in which state it is.
enum DFUTransitions {
  /// All rows: the specification's first, then DfuSe's, then the deviations.
  static let all: [DFUTransition] = specification + dfuSe + deviations

  /// Everything a device may do in `state` on `event`, what the specification says first.
  static func next(
    from state: DFUState, on event: DFUEvent
  ) -> [DFUTransition.Outcome] {
    all.filter { $0.from == state && $0.event == event }.map(\.outcome)
  }

  /// The state that a legal request leads to when all goes well.
  ///
  /// - Parameters:
  ///   - state: The state before.
  ///   - event: What happens.
  ///   - deviations: What the caller counts on beyond DFU 1.1 and AN3156.
  /// - Returns: The first allowed state, or nil when a device would stall or ignore the request.
  static func successor(
    of state: DFUState, on event: DFUEvent, relyingOn deviations: Set<DFUDeviation> = []
  ) -> DFUState? {
    for row in all where row.from == state && row.event == event {
      guard case .goes(let next) = row.outcome else { continue }
      switch row.source {
      case .specification, .dfuSe: return next
      case .seen(let deviation): if deviations.contains(deviation) { return next }
      }
    }
    return nil
  }

  /// All states in which a device may be after it has accepted `event`, by any row.
  static func reachable(from state: DFUState, on event: DFUEvent) -> [DFUState] {
    var states: [DFUState] = []
    for case .goes(let next) in Self.next(from: state, on: event) where !states.contains(next) {
      states.append(next)
    }
    return states
  }
}

/// One row of the state table: in this state, on this event, that may happen.
///
/// A state and an event with several rows have several allowed outcomes.
struct DFUTransition: Hashable, Sendable {
  /// What a device does with an event.
  enum Outcome: Hashable, Sendable {
    /// Accepts it and is then in this state.
    case goes(DFUState)
    /// Stalls the request and is then in this state.
    case stalls(DFUState)
    /// Takes no notice.
    case ignores
  }

  /// Who says so.
  enum Source: Hashable, Sendable {
    /// DFU 1.1 appendix A.2.
    case specification
    /// ST AN3156: what DfuSe adds.
    case dfuSe
    /// No document: devices were seen to do it.
    case seen(DFUDeviation)
  }

  /// The state before.
  var from: DFUState
  /// What happened.
  var event: DFUEvent
  /// What the device does.
  var outcome: Outcome
  /// Who says so.
  var source: Source
}

/// What real devices do differently from the specification, each by a name.
enum DFUDeviation: CaseIterable, Hashable, Sendable {
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

extension DFUTransitions {
  /// What DfuSe adds.
  ///
  /// - SeeAlso: ST AN3156, the chapters on leaving DFU mode and on the download requests.
  static let dfuSe: [DFUTransition] = [
    // An empty DNLOAD means "leave", and no download needs to have come before it.
    DFUTransition(
      from: .dfuIDLE, event: .dnloadEmpty, outcome: .goes(.dfuMANIFESTSYNC), source: .dfuSe),
    // A command or block that fails says so in the GETSTATUS that follows: the first or the second.
    DFUTransition(
      from: .dfuDNLOADSYNC, event: .getStatus, outcome: .goes(.dfuERROR), source: .dfuSe),
  ]

  /// What devices were seen to do besides, each under its name.
  static let deviations: [DFUTransition] =
    seen(.statusWhileBusy, .getStatus, in: [.dfuDNBUSY], .goes(.dfuDNBUSY))
    + seen(.statusWhileBusy, .getStatus, in: [.dfuDNBUSY], .goes(.dfuERROR))
    + seen(.stallsWhileBusy, .getStatus, in: [.dfuDNBUSY], .stalls(.dfuDNBUSY))
    + seen(.skipsSecondSync, .getStatus, in: [.dfuDNBUSY], .goes(.dfuDNLOADIDLE))
    + seen(.abortBeforeStatus, .abort, in: [.dfuDNLOADSYNC, .dfuMANIFESTSYNC], .goes(.dfuIDLE))
    + [.dfuDNBUSY, .dfuMANIFEST, .dfuMANIFESTWAITRESET, .dfuERROR].flatMap {
      seen(.abortWithoutEffect, .abort, in: [$0], .goes($0))
    }
    + seen(
      .clearStatusOutsideError, .clrStatus,
      in: dfuMode.filter { $0 != .dfuERROR }, .goes(.dfuERROR))
    + dfuMode.flatMap { state in
      DFUEvent.requests
        .filter { $0 != .getStatus && state != .dfuERROR }
        .filter { specifies(.stalls(.dfuERROR), on: $0, in: state) }
        .flatMap { seen(.stallKeepsState, $0, in: [state], .stalls(state)) }
    }
    + seen(.commandListStaysIdle, .upload, in: [.dfuIDLE], .goes(.dfuIDLE))
    + seen(.refusesToLeave, .getStatus, in: [.dfuMANIFESTSYNC], .goes(.dfuERROR))
    + seen(.resetStaysInDFU, .usbReset, in: dfuMode, .goes(.dfuIDLE))

  private static let dfuMode = DFUState.allCases.filter { $0 != .appIDLE && $0 != .appDETACH }

  private static func seen(
    _ deviation: DFUDeviation, _ event: DFUEvent, in states: [DFUState],
    _ outcome: DFUTransition.Outcome
  ) -> [DFUTransition] {
    states.map {
      DFUTransition(from: $0, event: event, outcome: outcome, source: .seen(deviation))
    }
  }

  private static func specifies(
    _ outcome: DFUTransition.Outcome, on event: DFUEvent, in state: DFUState
  ) -> Bool {
    specification.contains { $0.from == state && $0.event == event && $0.outcome == outcome }
  }
}
