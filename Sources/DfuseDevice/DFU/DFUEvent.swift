/// What can move a device from state to state: a request, or something that just happens.
///
/// The state table has one column for each request, and two for DFU_DNLOAD.
///
/// - SeeAlso: DFU 1.1 appendix A.
public enum DFUEvent: CaseIterable, Hashable, Sendable {
  /// DFU_DETACH arrived.
  case detach
  /// DFU_DNLOAD with data arrived (wLength > 0).
  case dnloadData
  /// DFU_DNLOAD without data arrived (wLength = 0).
  case dnloadEmpty
  /// DFU_UPLOAD arrived.
  case upload
  /// DFU_GETSTATUS arrived.
  case getStatus
  /// DFU_CLRSTATUS arrived.
  case clrStatus
  /// DFU_GETSTATE arrived.
  case getState
  /// DFU_ABORT arrived.
  case abort
  /// The time of the last `bwPollTimeout` has passed.
  case pollTimeoutPassed
  /// The time of DFU_DETACH has passed without a USB reset.
  case detachTimeoutPassed
  /// The bus was reset.
  case usbReset
  /// The device was switched off and on.
  case powerOnReset

  /// The events that are requests, in the order of the table's columns.
  public static let requests: [DFUEvent] = [
    .detach, .dnloadData, .dnloadEmpty, .upload, .getStatus, .clrStatus, .getState, .abort,
  ]

  /// Makes the event of a request.
  ///
  /// - Parameters:
  ///   - request: The request that arrived.
  ///   - length: Bytes in the data stage; only DFU_DNLOAD looks at it.
  public init(_ request: DFURequest, length: Int = 0) {
    switch request {
    case .detach: self = .detach
    case .dnload: self = length > 0 ? .dnloadData : .dnloadEmpty
    case .upload: self = .upload
    case .getStatus: self = .getStatus
    case .clrStatus: self = .clrStatus
    case .getState: self = .getState
    case .abort: self = .abort
    }
  }
}

extension DFUEvent: CustomStringConvertible {
  /// The request's name, or what happened.
  public var description: String {
    switch self {
    case .detach: "DFU_DETACH"
    case .dnloadData: "DFU_DNLOAD with data"
    case .dnloadEmpty: "DFU_DNLOAD without data"
    case .upload: "DFU_UPLOAD"
    case .getStatus: "DFU_GETSTATUS"
    case .clrStatus: "DFU_CLRSTATUS"
    case .getState: "DFU_GETSTATE"
    case .abort: "DFU_ABORT"
    case .pollTimeoutPassed: "the end of bwPollTimeout"
    case .detachTimeoutPassed: "the end of the detach time"
    case .usbReset: "a USB reset"
    case .powerOnReset: "a power-on reset"
    }
  }
}
