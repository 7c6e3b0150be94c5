/// The state table of a DFU device, as the host knows it.
///
/// Three parts, kept apart: what DFU 1.1 appendix A.2 says, state by state; what ST AN3156 adds;
/// and what devices were seen to do besides. The host asks the table before it sends a request,
/// and again when a device has said in which state it is.
public enum DFUTransitions {
  /// All rows: the specification's first, then DfuSe's, then the deviations.
  public static let all: [DFUTransition] = specification + dfuSe + deviations

  /// Everything a device may do in `state` on `event`, what the specification says first.
  public static func next(
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
  public static func successor(
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
  public static func reachable(from state: DFUState, on event: DFUEvent) -> [DFUState] {
    var states: [DFUState] = []
    for case .goes(let next) in Self.next(from: state, on: event) where !states.contains(next) {
      states.append(next)
    }
    return states
  }
}
