/// The seven class requests of DFU, as the columns of its state table: DFU_DNLOAD has two.
///
/// - SeeAlso: DFU 1.1 section 3, table 3.2, and appendix A. ST AN3156 prints the direction of
///   DFU_GETSTATE the wrong way round; the specification's direction is the one used here.
public enum DFURequest: String, CaseIterable, Hashable, Sendable {
  /// DFU_DETACH: asks an application to enter DFU mode.
  case detach = "DFU_DETACH"
  /// DFU_DNLOAD with data (wLength > 0): sends a block.
  case dnloadData = "DFU_DNLOAD with data"
  /// DFU_DNLOAD without data (wLength = 0): the end of the download.
  case dnloadEmpty = "DFU_DNLOAD without data"
  /// DFU_UPLOAD: asks for a block.
  case upload = "DFU_UPLOAD"
  /// DFU_GETSTATUS: asks for status and state, and starts pending work.
  case getStatus = "DFU_GETSTATUS"
  /// DFU_CLRSTATUS: leaves dfuERROR.
  case clrStatus = "DFU_CLRSTATUS"
  /// DFU_GETSTATE: asks for the state without acting on it.
  case getState = "DFU_GETSTATE"
  /// DFU_ABORT: leaves a download or upload.
  case abort = "DFU_ABORT"

  /// The request's SETUP fields: class request to `interface`.
  ///
  /// - Parameters:
  ///   - wValue: Block number in DFU_DNLOAD and DFU_UPLOAD, milliseconds in DFU_DETACH,
  ///     0 in all others.
  ///   - interface: `bInterfaceNumber` of the DFU interface.
  /// - Returns: The request with 0x21 (host to device) or 0xA1 (device to host).
  func control(wValue: UInt16 = 0, interface: UInt8) -> ControlRequest {
    let (type, number): (UInt8, UInt8) =
      switch self {
      case .detach: (0x21, 0)
      case .dnloadData, .dnloadEmpty: (0x21, 1)
      case .upload: (0xA1, 2)
      case .getStatus: (0xA1, 3)
      case .clrStatus: (0x21, 4)
      case .getState: (0xA1, 5)
      case .abort: (0x21, 6)
      }
    return ControlRequest(
      bmRequestType: type, bRequest: number, wValue: wValue, wIndex: UInt16(interface))
  }
}

extension DFURequest: CustomStringConvertible {
  /// The request's name, and whether DFU_DNLOAD has data.
  public var description: String { rawValue }
}
