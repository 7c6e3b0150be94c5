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
