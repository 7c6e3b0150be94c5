import DfuseFormat

/// A status code of a DFU device, `bStatus`.
///
/// Unknown codes survive.
///
/// - SeeAlso: DFU 1.1 section 6.1.2; ST AN3156 for what DfuSe devices mean by some of them.
public struct DFUStatus: RawRepresentable, Hashable, Sendable {
  /// The code as sent.
  public var rawValue: UInt8

  /// Makes a status from its code.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// No error.
  public static let ok = DFUStatus(rawValue: 0x00)
  /// The file is not for this device; in DfuSe: address not accepted.
  public static let errTARGET = DFUStatus(rawValue: 0x01)
  /// The file fails a vendor check.
  public static let errFILE = DFUStatus(rawValue: 0x02)
  /// The device cannot write memory.
  public static let errWRITE = DFUStatus(rawValue: 0x03)
  /// Erasing failed.
  public static let errERASE = DFUStatus(rawValue: 0x04)
  /// The erase check failed.
  public static let errCHECKERASED = DFUStatus(rawValue: 0x05)
  /// Programming failed.
  public static let errPROG = DFUStatus(rawValue: 0x06)
  /// Written data differ.
  public static let errVERIFY = DFUStatus(rawValue: 0x07)
  /// The address is out of range.
  public static let errADDRESS = DFUStatus(rawValue: 0x08)
  /// A DNLOAD of length 0 came before all data.
  public static let errNOTDONE = DFUStatus(rawValue: 0x09)
  /// The firmware is corrupt; the device cannot return to run time.
  public static let errFIRMWARE = DFUStatus(rawValue: 0x0A)
  /// A vendor error; in DfuSe: read protection is active, or any failure of ST's own device code.
  public static let errVENDOR = DFUStatus(rawValue: 0x0B)
  /// Unexpected USB reset.
  public static let errUSBR = DFUStatus(rawValue: 0x0C)
  /// Unexpected power-on reset.
  public static let errPOR = DFUStatus(rawValue: 0x0D)
  /// Something else; in DfuSe: read unprotect failed, or CLRSTATUS in a wrong state.
  public static let errUNKNOWN = DFUStatus(rawValue: 0x0E)
  /// An unexpected request was stalled.
  public static let errSTALLEDPKT = DFUStatus(rawValue: 0x0F)

  private static let names = [
    "OK", "errTARGET", "errFILE", "errWRITE", "errERASE", "errCHECK_ERASED", "errPROG",
    "errVERIFY", "errADDRESS", "errNOTDONE", "errFIRMWARE", "errVENDOR", "errUSBR", "errPOR",
    "errUNKNOWN", "errSTALLEDPKT",
  ]
}

extension DFUStatus: CustomStringConvertible {
  /// The status's name as the specification prints it, or its number.
  public var description: String {
    Int(rawValue) < Self.names.count
      ? Self.names[Int(rawValue)] : "status \(rawValue.hex)"
  }
}

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
    [
      "appIDLE", "appDETACH", "dfuIDLE", "dfuDNLOAD-SYNC", "dfuDNBUSY", "dfuDNLOAD-IDLE",
      "dfuMANIFEST-SYNC", "dfuMANIFEST", "dfuMANIFEST-WAIT-RESET", "dfuUPLOAD-IDLE", "dfuERROR",
    ][Int(rawValue)]
  }
}

/// The answer to DFU_GETSTATUS.
///
/// | offset | field | size |
/// |---|---|---|
/// | 0 | bStatus | 1 |
/// | 1 | bwPollTimeout, little endian, milliseconds | 3 |
/// | 4 | bState | 1 |
/// | 5 | iString | 1 |
///
/// - SeeAlso: DFU 1.1 section 6.1.2.
struct DFUStatusReply: Hashable, Sendable {
  /// Outcome of the latest request.
  var bStatus: DFUStatus
  /// Least time to wait before the next DFU_GETSTATUS, 0 to 16 777 215 milliseconds.
  var pollTimeout: Duration
  /// State the device is in from now on, as sent; any number, see ``state``.
  var bState: UInt8
  /// Index of a string that describes the status, 0 for none.
  var iString: UInt8
}

extension DFUStatusReply {
  /// Reads a reply.
  ///
  /// - Parameter bytes: What the device sent; nil comes back unless that is 6 bytes.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == 6 else { return nil }
    self.init(
      bStatus: DFUStatus(rawValue: bytes[0]),
      pollTimeout: .milliseconds(littleEndian(bytes[1...3])),
      bState: bytes[4], iString: bytes[5])
  }

  /// The state, or nil when the device sent a number above 10, as ST's USB device library does.
  var state: DFUState? { DFUState(rawValue: bState) }
}
