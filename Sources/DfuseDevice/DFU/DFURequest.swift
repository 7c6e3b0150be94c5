/// The seven class requests of DFU, by their `bRequest`.
///
/// - SeeAlso: DFU 1.1 section 3, table 3.2. ST AN3156 prints the direction of DFU_GETSTATE the
///   wrong way round; the specification's direction is the one used here.
enum DFURequest: UInt8, CaseIterable, Hashable, Sendable {
  /// DFU_DETACH: asks an application to enter DFU mode.
  case detach = 0
  /// DFU_DNLOAD: sends a block, or without data the end of the download.
  case dnload = 1
  /// DFU_UPLOAD: asks for a block.
  case upload = 2
  /// DFU_GETSTATUS: asks for status and state, and starts pending work.
  case getStatus = 3
  /// DFU_CLRSTATUS: leaves dfuERROR.
  case clrStatus = 4
  /// DFU_GETSTATE: asks for the state without acting on it.
  case getState = 5
  /// DFU_ABORT: leaves a download or upload.
  case abort = 6

  /// Whether the data stage goes from the device to the host.
  var isIn: Bool {
    switch self {
    case .upload, .getStatus, .getState: true
    case .detach, .dnload, .clrStatus, .abort: false
    }
  }

  /// The request's SETUP fields: class request to `interface`.
  ///
  /// - Parameters:
  ///   - wValue: Block number in DFU_DNLOAD and DFU_UPLOAD, milliseconds in DFU_DETACH,
  ///     0 in all others.
  ///   - interface: `bInterfaceNumber` of the DFU interface.
  /// - Returns: The request with 0x21 (host to device) or 0xA1 (device to host).
  func control(wValue: UInt16 = 0, interface: UInt8) -> ControlRequest {
    ControlRequest(
      bmRequestType: isIn ? 0xA1 : 0x21, bRequest: rawValue, wValue: wValue,
      wIndex: UInt16(interface))
  }
}

extension DFURequest: CustomStringConvertible {
  /// The request's name as the specification prints it.
  var description: String {
    [
      "DFU_DETACH", "DFU_DNLOAD", "DFU_UPLOAD", "DFU_GETSTATUS", "DFU_CLRSTATUS", "DFU_GETSTATE",
      "DFU_ABORT",
    ][Int(rawValue)]
  }
}

/// What can move a device from state to state: a request, or something that just happens.
///
/// The state table has one column for each request, and two for DFU_DNLOAD.
///
/// - SeeAlso: DFU 1.1 appendix A.
public enum DFUEvent: String, CaseIterable, Hashable, Sendable {
  /// DFU_DETACH arrived.
  case detach = "DFU_DETACH"
  /// DFU_DNLOAD with data arrived (wLength > 0).
  case dnloadData = "DFU_DNLOAD with data"
  /// DFU_DNLOAD without data arrived (wLength = 0).
  case dnloadEmpty = "DFU_DNLOAD without data"
  /// DFU_UPLOAD arrived.
  case upload = "DFU_UPLOAD"
  /// DFU_GETSTATUS arrived.
  case getStatus = "DFU_GETSTATUS"
  /// DFU_CLRSTATUS arrived.
  case clrStatus = "DFU_CLRSTATUS"
  /// DFU_GETSTATE arrived.
  case getState = "DFU_GETSTATE"
  /// DFU_ABORT arrived.
  case abort = "DFU_ABORT"
  /// The time of the last `bwPollTimeout` has passed.
  case pollTimeoutPassed = "the end of bwPollTimeout"
  /// The time of DFU_DETACH has passed without a USB reset.
  case detachTimeoutPassed = "the end of the detach time"
  /// The bus was reset.
  case usbReset = "a USB reset"
  /// The device was switched off and on.
  case powerOnReset = "a power-on reset"

  /// The events that are requests, in the order of the table's columns.
  static let requests: [DFUEvent] = [
    .detach, .dnloadData, .dnloadEmpty, .upload, .getStatus, .clrStatus, .getState, .abort,
  ]

  /// Makes the event of a request.
  ///
  /// - Parameters:
  ///   - request: The request that arrived.
  ///   - length: Bytes in the data stage; only DFU_DNLOAD looks at it.
  init(_ request: DFURequest, length: Int = 0) {
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
  public var description: String { rawValue }
}
