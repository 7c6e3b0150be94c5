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
