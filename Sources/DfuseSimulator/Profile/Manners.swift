/// How a bootloader behaves on the wire where devices differ.
package struct Manners: Hashable, Sendable {
  /// Whose state machine it is.
  package enum Flavour: Hashable, Sendable {
    /// The table of DFU 1.1 appendix A with the DfuSe additions of AN3156.
    case specification
    /// ST's USB device library, which stalls a wrong request and changes nothing.
    case stMiddleware
    /// The table of DFU 1.1 without DfuSe: block n of a download is the n-th part of the firmware.
    case plainDFU
  }

  /// What happens to a request while the chip works.
  package enum WhileBusy: Hashable, Sendable {
    /// DFU_GETSTATUS is answered with dfuDNBUSY.
    case answersBusy
    /// The first DFU_GETSTATUS is answered at once, any later request only when the work is done.
    case waits
    /// The first DFU_GETSTATUS is answered only when the work is done.
    case worksBeforeAnswering
    /// DFU_GETSTATUS stalls.
    case stalls
  }

  /// How the device leaves after a DNLOAD of length 0.
  package enum Leave: Hashable, Sendable {
    /// DFU_GETSTATUS is answered with dfuMANIFEST, then the device goes.
    case afterStatus
    /// The device goes during DFU_GETSTATUS, without an answer.
    case duringStatus
    /// DFU_GETSTATUS stalls, and the device goes.
    case stallsStatus
    /// The device goes right after the DNLOAD.
    case atDownload
  }

  /// What DFU_CLRSTATUS does outside dfuERROR.
  package enum ClearStatus: Hashable, Sendable {
    /// Stalls, and leads to dfuERROR with errSTALLEDPKT.
    case stallsIntoError
    /// Is acknowledged, and leads to dfuERROR with errUNKNOWN.
    case errUnknown
    /// Stalls and changes nothing.
    case stalls
    /// Leads to dfuIDLE from everywhere.
    case clears
  }

  /// What a DNLOAD of more than `wTransferSize` bytes does.
  package enum Oversize: Hashable, Sendable {
    /// Stalls with this `bStatus`.
    case stalls(UInt8)
    /// Is never answered; the first `wTransferSize` bytes are taken all the same.
    case hangs
  }

  /// Whose state machine.
  package var flavour: Flavour = .specification
  /// Behaviour while busy.
  package var whileBusy: WhileBusy = .waits
  /// Behaviour at leave.
  package var leave: Leave = .afterStatus
  /// Behaviour on DFU_CLRSTATUS outside dfuERROR.
  package var clearStatus: ClearStatus = .stallsIntoError
  /// Behaviour on too long a block.
  package var oversize: Oversize = .stalls(StatusCode.errSTALLEDPKT)

  /// The usual manners of a ROM.
  package init(
    flavour: Flavour = .specification, whileBusy: WhileBusy = .waits, leave: Leave = .afterStatus,
    clearStatus: ClearStatus = .stallsIntoError,
    oversize: Oversize = .stalls(StatusCode.errSTALLEDPKT)
  ) {
    self.flavour = flavour
    self.whileBusy = whileBusy
    self.leave = leave
    self.clearStatus = clearStatus
    self.oversize = oversize
  }
}
