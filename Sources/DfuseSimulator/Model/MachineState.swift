/// The `bState` values the bootloader model can show.
///
/// The simulator keeps its own numbers, so that a slip in the host's cannot cancel out.
///
/// - SeeAlso: DFU 1.1 section 6.1.2.
package enum MachineState: UInt8, Hashable, Sendable {
  /// Waiting for a request.
  case dfuIDLE = 2
  /// A block was received and waits for DFU_GETSTATUS; or the work on it has ended.
  case dfuDNLOADSYNC = 3
  /// Working.
  case dfuDNBUSY = 4
  /// In a download.
  case dfuDNLOADIDLE = 5
  /// Told to leave, waiting for DFU_GETSTATUS.
  case dfuMANIFESTSYNC = 6
  /// Leaving.
  case dfuMANIFEST = 7
  /// In an upload.
  case dfuUPLOADIDLE = 9
  /// Failed.
  case dfuERROR = 10
  /// Not a state: ST's device library puts the status code 0x0F here when an upload fails.
  case strayStatus = 15
}

/// The `bStatus` values the bootloader model uses.
///
/// - SeeAlso: DFU 1.1 section 6.1.2, AN3156 for the meaning in DfuSe.
package enum StatusCode {
  package static let ok: UInt8 = 0x00
  package static let errTARGET: UInt8 = 0x01
  package static let errFILE: UInt8 = 0x02
  package static let errADDRESS: UInt8 = 0x08
  package static let errFIRMWARE: UInt8 = 0x0A
  package static let errVENDOR: UInt8 = 0x0B
  package static let errUNKNOWN: UInt8 = 0x0E
  package static let errSTALLEDPKT: UInt8 = 0x0F

  /// The names of the codes 0 to 15 in order, as DFU 1.1 prints them.
  package static let names = [
    "OK", "errTARGET", "errFILE", "errWRITE", "errERASE", "errCHECK_ERASED", "errPROG",
    "errVERIFY", "errADDRESS", "errNOTDONE", "errFIRMWARE", "errVENDOR", "errUSBR", "errPOR",
    "errUNKNOWN", "errSTALLEDPKT",
  ]
}
