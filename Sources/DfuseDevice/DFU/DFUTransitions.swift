/// The state table of a DFU device, as far as a host asks it: which requests are legal in a state,
/// and where they lead.
///
/// Three parts, kept apart: what DFU 1.1 appendix A.2 says, state by state; what ST AN3156 adds;
/// and what devices were seen to do besides. The host asks the table before it sends a request,
/// and again when a device has said in which state it is. What has no row is stalled, or ignored,
/// and so is never sent.
enum DFUTransitions {
  /// All rows: the specification's first, then DfuSe's, then the deviations.
  static let all: [DFUTransition] = specification + dfuSe + deviations

  /// The state that a legal request leads to when all goes well.
  ///
  /// - Parameters:
  ///   - state: The state before.
  ///   - request: What is sent.
  ///   - deviations: What the caller counts on beyond DFU 1.1 and AN3156.
  /// - Returns: The first allowed state, or nil when a device would stall or ignore the request.
  static func successor(
    of state: DFUState, on request: DFURequest, relyingOn deviations: Set<DFUDeviation> = []
  ) -> DFUState? {
    rows(from: state, on: request).first { $0.deviation.map(deviations.contains) ?? true }?.to.first
  }

  /// All states in which a device may be after it has accepted a request, by any row.
  static func reachable(from state: DFUState, on request: DFURequest) -> [DFUState] {
    rows(from: state, on: request).flatMap(\.to)
  }

  private static func rows(from state: DFUState, on request: DFURequest) -> [DFUTransition] {
    table[Place(state: state, request: request)] ?? []
  }

  private struct Place: Hashable {
    var state: DFUState
    var request: DFURequest
  }

  /// The rows by what they are looked up by, each time in the order of all.
  private static let table = Dictionary(grouping: all) {
    Place(state: $0.from, request: $0.request)
  }
}

/// One row of the state table: in this state, this request is accepted.
struct DFUTransition: Hashable, Sendable {
  /// The state before.
  var from: DFUState
  /// What is sent.
  var request: DFURequest
  /// Where the device may be then; the first is where it is when all goes well.
  var to: [DFUState]
  /// Which deviation it is; nil for what a document says.
  var deviation: DFUDeviation?
}

/// What real devices do differently from the specification, and a host has to count on or live with;
/// each by a name.
enum DFUDeviation: CaseIterable, Hashable, Sendable {
  /// DFU_GETSTATUS in dfuDNBUSY is answered, when the work is done or with dfuDNBUSY again.
  ///
  /// STM32 ROMs and ST's USB device library.
  case statusWhileBusy
  /// From dfuDNBUSY straight to dfuDNLOAD-IDLE, without the second dfuDNLOAD-SYNC: libopencm3.
  case skipsSecondSync
  /// DFU_CLRSTATUS outside dfuERROR leads into it, with errUNKNOWN.
  ///
  /// ST's USB device library. On an STM32H743 whose erase never ends it is the way out.
  case clearStatusOutsideError
  /// A device that cannot leave says so with dfuERROR: STM32C071 without an address set.
  case refusesToLeave
}

extension DFUTransitions {
  /// The rows of DFU 1.1 appendix A.2: state n is section A.2.(n+1).
  ///
  /// In dfuDNBUSY (4) and dfuMANIFEST (7) every request stalls, and in dfuMANIFEST-WAIT-RESET (8) all
  /// are ignored.
  static let specification: [DFUTransition] = [
    // State 0; the last two are optional in run time.
    DFUTransition(from: .appIDLE, request: .detach, to: [.appDETACH]),
    DFUTransition(from: .appIDLE, request: .getStatus, to: [.appIDLE]),
    DFUTransition(from: .appIDLE, request: .getState, to: [.appIDLE]),
    // State 1.
    DFUTransition(from: .appDETACH, request: .getStatus, to: [.appDETACH]),
    DFUTransition(from: .appDETACH, request: .getState, to: [.appDETACH]),
    // State 2; with bitCanDnload and bitCanUpload.
    DFUTransition(from: .dfuIDLE, request: .dnloadData, to: [.dfuDNLOADSYNC]),
    DFUTransition(from: .dfuIDLE, request: .upload, to: [.dfuUPLOADIDLE]),
    DFUTransition(from: .dfuIDLE, request: .getStatus, to: [.dfuIDLE]),
    DFUTransition(from: .dfuIDLE, request: .getState, to: [.dfuIDLE]),
    DFUTransition(from: .dfuIDLE, request: .abort, to: [.dfuIDLE]),
    // State 3; the block is not yet finished, or it is.
    DFUTransition(from: .dfuDNLOADSYNC, request: .getStatus, to: [.dfuDNBUSY, .dfuDNLOADIDLE]),
    DFUTransition(from: .dfuDNLOADSYNC, request: .getState, to: [.dfuDNLOADSYNC]),
    // State 5.
    DFUTransition(from: .dfuDNLOADIDLE, request: .dnloadData, to: [.dfuDNLOADSYNC]),
    DFUTransition(from: .dfuDNLOADIDLE, request: .dnloadEmpty, to: [.dfuMANIFESTSYNC]),
    DFUTransition(from: .dfuDNLOADIDLE, request: .getStatus, to: [.dfuDNLOADIDLE]),
    DFUTransition(from: .dfuDNLOADIDLE, request: .getState, to: [.dfuDNLOADIDLE]),
    DFUTransition(from: .dfuDNLOADIDLE, request: .abort, to: [.dfuIDLE]),
    // State 6; manifestation has not finished, or it has and bitManifestationTolerant is set.
    DFUTransition(from: .dfuMANIFESTSYNC, request: .getStatus, to: [.dfuMANIFEST, .dfuIDLE]),
    DFUTransition(from: .dfuMANIFESTSYNC, request: .getState, to: [.dfuMANIFESTSYNC]),
    // State 9; dfuIDLE after a short block.
    DFUTransition(from: .dfuUPLOADIDLE, request: .upload, to: [.dfuUPLOADIDLE, .dfuIDLE]),
    DFUTransition(from: .dfuUPLOADIDLE, request: .getStatus, to: [.dfuUPLOADIDLE]),
    DFUTransition(from: .dfuUPLOADIDLE, request: .getState, to: [.dfuUPLOADIDLE]),
    DFUTransition(from: .dfuUPLOADIDLE, request: .abort, to: [.dfuIDLE]),
    // State 10.
    DFUTransition(from: .dfuERROR, request: .getStatus, to: [.dfuERROR]),
    DFUTransition(from: .dfuERROR, request: .clrStatus, to: [.dfuIDLE]),
    DFUTransition(from: .dfuERROR, request: .getState, to: [.dfuERROR]),
  ]

  /// What DfuSe adds.
  ///
  /// - SeeAlso: ST AN3156, the chapters on leaving DFU mode and on the download requests.
  static let dfuSe: [DFUTransition] = [
    // An empty DNLOAD means "leave", and no download needs to have come before it.
    DFUTransition(from: .dfuIDLE, request: .dnloadEmpty, to: [.dfuMANIFESTSYNC]),
    // A command or block that fails says so in the GETSTATUS that follows: the first or the second.
    DFUTransition(from: .dfuDNLOADSYNC, request: .getStatus, to: [.dfuERROR]),
  ]

  /// What devices were seen to do besides, each under its name.
  static let deviations: [DFUTransition] = [
    DFUTransition(
      from: .dfuDNBUSY, request: .getStatus, to: [.dfuDNBUSY, .dfuERROR],
      deviation: .statusWhileBusy),
    DFUTransition(
      from: .dfuDNBUSY, request: .getStatus, to: [.dfuDNLOADIDLE], deviation: .skipsSecondSync),
    DFUTransition(
      from: .dfuDNBUSY, request: .clrStatus, to: [.dfuERROR], deviation: .clearStatusOutsideError),
    DFUTransition(
      from: .dfuMANIFESTSYNC, request: .getStatus, to: [.dfuERROR], deviation: .refusesToLeave),
  ]
}
