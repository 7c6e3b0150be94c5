/// The states of a DFU device, `bState`.
///
/// - SeeAlso: DFU 1.1 section 6.1.2.
public enum DFUState: UInt8, CaseIterable, Hashable, Sendable {
  /// The application runs.
  case appIDLE = 0
  /// The application got DFU_DETACH and waits for a USB reset.
  case appDETACH = 1
  /// DFU mode, waiting for a request.
  case dfuIDLE = 2
  /// A block was received; the next DFU_GETSTATUS starts the work.
  case dfuDNLOADSYNC = 3
  /// Working on the block.
  case dfuDNBUSY = 4
  /// In a download, expecting the next block.
  case dfuDNLOADIDLE = 5
  /// All received; the next DFU_GETSTATUS starts manifestation.
  case dfuMANIFESTSYNC = 6
  /// Manifesting: in DfuSe, about to leave.
  case dfuMANIFEST = 7
  /// Done; waiting for a USB reset or a power cycle.
  case dfuMANIFESTWAITRESET = 8
  /// In an upload.
  case dfuUPLOADIDLE = 9
  /// An error happened; waiting for DFU_CLRSTATUS.
  case dfuERROR = 10
}

extension DFUState: CustomStringConvertible {
  /// The state's name as the specification prints it.
  public var description: String {
    switch self {
    case .appIDLE: "appIDLE"
    case .appDETACH: "appDETACH"
    case .dfuIDLE: "dfuIDLE"
    case .dfuDNLOADSYNC: "dfuDNLOAD-SYNC"
    case .dfuDNBUSY: "dfuDNBUSY"
    case .dfuDNLOADIDLE: "dfuDNLOAD-IDLE"
    case .dfuMANIFESTSYNC: "dfuMANIFEST-SYNC"
    case .dfuMANIFEST: "dfuMANIFEST"
    case .dfuMANIFESTWAITRESET: "dfuMANIFEST-WAIT-RESET"
    case .dfuUPLOADIDLE: "dfuUPLOAD-IDLE"
    case .dfuERROR: "dfuERROR"
    }
  }
}
