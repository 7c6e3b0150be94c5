/// The seven class requests of DFU, by their `bRequest`.
///
/// - SeeAlso: DFU 1.1 section 3, table 3.2. ST AN3156 prints the direction of DFU_GETSTATE the
///   wrong way round; the specification's direction is the one used here.
public enum DFURequest: UInt8, CaseIterable, Hashable, Sendable {
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
  public var isIn: Bool {
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
  public func control(wValue: UInt16 = 0, interface: UInt8) -> ControlRequest {
    ControlRequest(
      bmRequestType: isIn ? 0xA1 : 0x21, bRequest: rawValue, wValue: wValue,
      wIndex: UInt16(interface))
  }
}

extension DFURequest: CustomStringConvertible {
  /// The request's name as the specification prints it.
  public var description: String {
    switch self {
    case .detach: "DFU_DETACH"
    case .dnload: "DFU_DNLOAD"
    case .upload: "DFU_UPLOAD"
    case .getStatus: "DFU_GETSTATUS"
    case .clrStatus: "DFU_CLRSTATUS"
    case .getState: "DFU_GETSTATE"
    case .abort: "DFU_ABORT"
    }
  }
}
