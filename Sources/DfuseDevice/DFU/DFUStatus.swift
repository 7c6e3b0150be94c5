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
