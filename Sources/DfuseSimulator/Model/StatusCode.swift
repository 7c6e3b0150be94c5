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
