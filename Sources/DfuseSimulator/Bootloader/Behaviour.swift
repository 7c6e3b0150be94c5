/// How a bootloader behaves on the wire where devices differ.
struct Behaviour: Hashable, Sendable {
  /// Whose state machine it is.
  enum Flavour: Hashable, Sendable {
    /// The table of DFU 1.1 appendix A with the DfuSe additions of AN3156.
    case specification
    /// ST's USB device library, which stalls a wrong request and changes nothing.
    case stMiddleware
    /// The table of DFU 1.1 without DfuSe: block n of a download is the n-th part of the firmware.
    case plainDFU
  }

  /// What happens to a request while the chip works.
  enum WhileBusy: Hashable, Sendable {
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
  enum Leave: Hashable, Sendable {
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
  enum ClearStatus: Hashable, Sendable {
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
  enum Oversize: Hashable, Sendable {
    /// Stalls with this `bStatus`.
    case stalls(UInt8)
    /// Is never answered; the first `wTransferSize` bytes are taken all the same.
    case hangs
  }

  /// Whose state machine.
  var flavour: Flavour = .specification
  /// Behaviour while busy.
  var whileBusy: WhileBusy = .waits
  /// Behaviour at leave.
  var leave: Leave = .afterStatus
  /// Behaviour on DFU_CLRSTATUS outside dfuERROR.
  var clearStatus: ClearStatus = .stallsIntoError
  /// Behaviour on too long a block.
  var oversize: Oversize = .stalls(StatusCode.errSTALLEDPKT)
}

/// Misbehaviours of single devices, as data.
struct Quirks: Hashable, Sendable {
  /// Erases at or above this address are done but never reported as done (H743 revision V, bank 2;
  /// betaflight-configurator#1861, dfu-util ticket 88).
  var staysBusyErasingFrom: UInt32?
  /// Erases at or above this address are reported as done but not done (F42x V9.0 and V9.1 in
  /// dual-bank mode, AN2606).
  var ignoresEraseFrom: UInt32?
  /// Erases at or above this address are reported as done at once and go on for so long (H74x V9.1,
  /// AN2606); until they are, what is written there is lost.
  struct EarlyReport: Hashable, Sendable {
    var start: UInt32
    var time: Duration
  }
  var reportsEraseEarly: EarlyReport?
  /// A write of more than 256 bytes that is no multiple of 8 is corrupted (L47x V10.1 to V10.3,
  /// L43x V9.1; AN2606).
  var corruptsLongOddWrites = false
  /// The functional descriptor is that of DFU 1.0, 7 bytes without a version (clones;
  /// flashfloppy#462).
  var hasShortFunctionalDescriptor = false
  /// A DFU_GETSTATUS before the reported time makes the chip drop the work and say it is done
  /// (F070/F072; dfu-util ticket 78).
  var skipsWorkWhenPolledEarly = false
  /// A mass erase is reported as done and nothing happens (ST's USB device library).
  var ignoresMassErase = false
  /// Set Address takes any address; the next read or write fails instead (ST's USB device library).
  var acceptsAnyAddress = false
  /// Under read protection already Set Address fails (seen by betaflight-configurator).
  var refusesAddressWhenProtected = false
  /// A write of option bytes is reported as done and nothing happens.
  var ignoresOptionBytes = false
  /// The request for the list of commands is never answered.
  var answersNoCommandList = false
  /// Every upload of memory is refused, whatever `bmAttributes` says.
  var refusesUploads = false
  /// GET_DESCRIPTOR for the DFU functional descriptor is never answered (STM32C5,
  /// betaflight-configurator#5300).
  var ignoresFunctionalDescriptorRequest = false
  /// Leaving without a Set Address before fails (C071, LibUsbDfu#13).
  var leaveNeedsAddress = false
  /// `bLength` of the alternate settings' strings, when it lies (F42x/F43x: 166 for 112 bytes).
  var statedStringLength: UInt8?
  /// The serial number is 8-bit text instead of UTF-16 (GD32).
  var eightBitSerial = false
  /// Every media failure is reported with this status, if set.
  var mediaFailure: UInt8?
  /// Texts of failures by `iString` (MicroPython's mboot: errADDRESS with string 0x11).
  var failureTexts: [UInt8: String] = [:]
  /// State and status right after power-on instead of dfuIDLE (F407 V2.1: dfuERROR, errFIRMWARE).
  var powerOnError: UInt8?

  /// What the firmware holds in its buffer and counts its blocks by, where its descriptor says
  /// something else: a descriptor of 0 or 0xFFFF says nothing.
  var countsBlocksBy: UInt16?
}
