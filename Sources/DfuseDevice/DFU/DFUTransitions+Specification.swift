// DFU 1.1 appendix A.2: state n is section A.2.(n+1).

extension DFUTransitions {
  /// The rows of DFU 1.1 appendix A.2, and the events of its diagram that are not requests.
  static let specification: [DFUTransition] =
    runTime + idle + download + manifestation + upload + error

  private static let runTime: [DFUTransition] =
    // A.2.1  State 0  appIDLE
    rows(
      .appIDLE,
      .on(.detach, goto: .appDETACH),
      .on(.getStatus, goto: .appIDLE),  // optional in run time
      .on(.getState, goto: .appIDLE),  // optional in run time
      .otherwise(.stalls(.appIDLE)))
    // A.2.2  State 1  appDETACH
    + rows(
      .appDETACH,
      .on(.getStatus, goto: .appDETACH),
      .on(.getState, goto: .appDETACH),
      .on(.usbReset, goto: .dfuIDLE),
      .on(.detachTimeoutPassed, goto: .appIDLE),
      .on(.powerOnReset, goto: .appIDLE),
      .otherwise(.stalls(.appIDLE)))

  private static let idle: [DFUTransition] =
    // A.2.3  State 2  dfuIDLE
    rows(
      .dfuIDLE,
      .on(.dnloadData, goto: .dfuDNLOADSYNC),
      .on(.dnloadData, stall: .dfuERROR),  // without bitCanDnload
      .on(.upload, goto: .dfuUPLOADIDLE),
      .on(.upload, stall: .dfuERROR),  // without bitCanUpload
      .on(.getStatus, goto: .dfuIDLE),
      .on(.getState, goto: .dfuIDLE),
      .on(.abort, goto: .dfuIDLE),
      .on(.usbReset, goto: .appIDLE),
      .on(.usbReset, goto: .dfuERROR),  // errFIRMWARE: nothing sound to run
      .otherwise(.stalls(.dfuERROR)))

  private static let download: [DFUTransition] =
    // A.2.4  State 3  dfuDNLOAD-SYNC
    rows(
      .dfuDNLOADSYNC,
      .on(.getStatus, goto: .dfuDNBUSY),  // the block is not yet finished
      .on(.getStatus, goto: .dfuDNLOADIDLE),  // it is
      .on(.getState, goto: .dfuDNLOADSYNC),
      .on(.usbReset, goto: .appIDLE),
      .on(.usbReset, goto: .dfuERROR),
      .otherwise(.stalls(.dfuERROR)))
    // A.2.5  State 4  dfuDNBUSY
    + rows(
      .dfuDNBUSY,
      .on(.pollTimeoutPassed, goto: .dfuDNLOADSYNC),
      .on(.usbReset, goto: .appIDLE),
      .on(.usbReset, goto: .dfuERROR),
      .otherwise(.stalls(.dfuERROR)))
    // A.2.6  State 5  dfuDNLOAD-IDLE
    + rows(
      .dfuDNLOADIDLE,
      .on(.dnloadData, goto: .dfuDNLOADSYNC),
      .on(.dnloadEmpty, goto: .dfuMANIFESTSYNC),
      .on(.dnloadEmpty, stall: .dfuERROR),  // errNOTDONE: the device expects more data
      .on(.getStatus, goto: .dfuDNLOADIDLE),
      .on(.getState, goto: .dfuDNLOADIDLE),
      .on(.abort, goto: .dfuIDLE),
      .on(.usbReset, goto: .appIDLE),
      .on(.usbReset, goto: .dfuERROR),
      .otherwise(.stalls(.dfuERROR)))

  private static let manifestation: [DFUTransition] =
    // A.2.7  State 6  dfuMANIFEST-SYNC
    rows(
      .dfuMANIFESTSYNC,
      .on(.getStatus, goto: .dfuMANIFEST),  // manifestation has not finished
      .on(.getStatus, goto: .dfuIDLE),  // it has, and bitManifestationTolerant is set
      .on(.getState, goto: .dfuMANIFESTSYNC),
      .on(.usbReset, goto: .appIDLE),
      .on(.usbReset, goto: .dfuERROR),
      .otherwise(.stalls(.dfuERROR)))
    // A.2.8  State 7  dfuMANIFEST
    + rows(
      .dfuMANIFEST,
      .on(.pollTimeoutPassed, goto: .dfuMANIFESTSYNC),  // bitManifestationTolerant
      .on(.pollTimeoutPassed, goto: .dfuMANIFESTWAITRESET),  // not tolerant
      .on(.usbReset, goto: .appIDLE),
      .on(.usbReset, goto: .dfuERROR),
      .otherwise(.stalls(.dfuERROR)))
    // A.2.9  State 8  dfuMANIFEST-WAIT-RESET
    + rows(
      .dfuMANIFESTWAITRESET,
      .on(.usbReset, goto: .appIDLE),
      .on(.powerOnReset, goto: .appIDLE),
      .otherwise(.ignores))

  private static let upload: [DFUTransition] =
    // A.2.10  State 9  dfuUPLOAD-IDLE
    rows(
      .dfuUPLOADIDLE,
      .on(.upload, goto: .dfuUPLOADIDLE),
      .on(.upload, goto: .dfuIDLE),  // after a short block
      .on(.getStatus, goto: .dfuUPLOADIDLE),
      .on(.getState, goto: .dfuUPLOADIDLE),
      .on(.abort, goto: .dfuIDLE),
      .on(.usbReset, goto: .appIDLE),
      .on(.usbReset, goto: .dfuERROR),
      .otherwise(.stalls(.dfuERROR)))

  private static let error: [DFUTransition] =
    // A.2.11  State 10  dfuERROR
    rows(
      .dfuERROR,
      .on(.getStatus, goto: .dfuERROR),
      .on(.clrStatus, goto: .dfuIDLE),
      .on(.getState, goto: .dfuERROR),
      .on(.usbReset, goto: .appIDLE),
      .on(.usbReset, goto: .dfuERROR),
      .otherwise(.stalls(.dfuERROR)))

  /// A row without its state, as the sections of the appendix are written.
  private enum Rule {
    case on(DFUEvent, DFUTransition.Outcome)
    case otherwise(DFUTransition.Outcome)

    static func on(_ event: DFUEvent, goto state: DFUState) -> Rule { .on(event, .goes(state)) }
    static func on(_ event: DFUEvent, stall state: DFUState) -> Rule { .on(event, .stalls(state)) }
  }

  /// One section: its rules in order, the last for every request not named before.
  private static func rows(_ state: DFUState, _ rules: Rule...) -> [DFUTransition] {
    var rows: [DFUTransition] = []
    for rule in rules {
      switch rule {
      case .on(let event, let outcome):
        rows.append(
          DFUTransition(from: state, event: event, outcome: outcome, source: .specification))
      case .otherwise(let outcome):
        let named = Set(rows.map(\.event))
        for event in DFUEvent.requests where !named.contains(event) {
          rows.append(
            DFUTransition(from: state, event: event, outcome: outcome, source: .specification))
        }
      }
    }
    return rows
  }
}
