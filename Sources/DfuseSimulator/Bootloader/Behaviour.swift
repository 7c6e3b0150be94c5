/// How a bootloader behaves on the wire where devices differ.
struct Behaviour: Hashable, Sendable {
  /// Whose state machine it is.
  enum Flavour: Hashable, Sendable {
    /// The table of DFU 1.1 appendix A with the DfuSe additions of AN3156.
    case specification
    /// ST's USB device library, which stalls a wrong request and changes nothing.
    case stMiddleware
    /// An older state of it, in Arduino's bootloader for the H7 (arduino/mcuboot-arduino-stm32h7,
    /// usbd_dfu.cpp, 2025-03).
    case arduino
    /// A still older one, in Particle's bootloader for the STM32F2 (particle-iot/device-os,
    /// usbd_dfu_core.c, 2021-12).
    case photon
    /// MicroPython's mboot, which looks at no state (ports/stm32/mboot/main.c, 2026-08).
    case mboot
    /// libopencm3's example, which looks at no state and knows no failure (libopencm3-examples,
    /// stm32/f1/other/usb_dfu/usbdfu.c, 2023-01).
    case libopencm3
    /// What the Black Magic Probe made of that (blackmagic, platforms/common/stm32/dfucore.c, 2026-03).
    case blackMagic
    /// NumWorks' Epsilon (numworks/epsilon, ion/src/device/shared/usb/dfu_interface.cpp, 2026-03).
    case epsilon
    /// Particle's bootloader for the nRF52840 (particle-iot/device-os, usbd_dfu.cpp, 2024-10).
    case deviceOS
    /// The table of DFU 1.1 without DfuSe: block n of a download is the n-th part of the firmware.
    case plainDFU
    /// dapboot, plain DFU (devanlai/dapboot, src/dfu.c, 2025-02).
    case dapboot
    /// TinyUSB's DFU class, plain DFU (hathach/tinyusb, class/dfu/dfu_device.c, 2026-08).
    case tinyUSB

    /// Whether it is ST's device library, of whatever age.
    var isDeviceLibrary: Bool { self == .stMiddleware || self == .arduino || self == .photon }

    /// Whether it reads wherever it is told to: where nothing is, its core faults.
    var readsAnywhere: Bool {
      self == .mboot || self == .blackMagic || self == .epsilon || self == .arduino
    }
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
    /// The device stays, and is in dfuIDLE again after another DFU_GETSTATUS: it tolerates
    /// manifestation.
    case returnsToIdle
  }

  /// What DFU_CLRSTATUS does outside dfuERROR.
  enum ClearStatus: Hashable, Sendable {
    /// Stalls, and leads to dfuERROR with errSTALLEDPKT.
    case stallsIntoError
    /// Is acknowledged, and leads to dfuERROR with errUNKNOWN.
    case errUnknown
    /// Stalls and changes nothing.
    case stalls
    /// Is acknowledged and changes nothing.
    case ignored
    /// Leads to dfuIDLE from everywhere.
    case clears
  }

  /// What a DNLOAD of more than `wTransferSize` bytes does.
  enum Oversize: Hashable, Sendable {
    /// Stalls with this `bStatus`.
    case stalls(UInt8)
    /// Stalls and changes nothing: the USB stack below refuses it.
    case stallsUnchanged
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
  /// Whether it leaves by a reset, whatever its address pointer: what is behind the bootloader starts.
  var resetsToLeave = false
  /// How long after its last answer it is gone; nil for the time that it reports.
  var leaveDelay: Duration?

  /// Which requests its states take.
  var machine: StateMachine { .of(flavour) }
}

/// Which requests a state machine takes in which states, where implementations differ.
struct StateMachine: Hashable, Sendable {
  /// What becomes of a request that the state does not take.
  enum Refusal: Hashable, Sendable {
    /// It stalls, and leads to dfuERROR with this status.
    case fails(UInt8)
    /// It stalls and changes nothing.
    case stalls
    /// It is acknowledged and changes nothing.
    case ignored
  }

  /// What DFU_DETACH does.
  enum Detach: Hashable, Sendable {
    /// It is a request that no state takes.
    case refused
    /// It is acknowledged and changes nothing.
    case ignored
    /// A soft disconnect in the middle of the request, and back as a new device.
    case reconnects
    /// The same after the request, in states in which DFU_ABORT is taken.
    case answersAndReconnects
    /// A reset after the request.
    case resets
    /// Back to the application.
    case leaves
  }

  /// When the end of work shows.
  enum Ending: Hashable, Sendable {
    /// At the next DFU_GETSTATUS.
    case synced
    /// A failure at once, success at the next DFU_GETSTATUS.
    case failsAtOnce
    /// At once.
    case atOnce
  }

  private static let download: [MachineState] = [.dfuIDLE, .dfuDNLOADIDLE]
  private static let quiet: [MachineState] = [
    .dfuIDLE, .dfuDNLOADSYNC, .dfuDNLOADIDLE, .dfuMANIFESTSYNC, .dfuUPLOADIDLE,
  ]

  /// The states that take DNLOAD with data.
  var downloads = StateMachine.download
  /// The states that take DNLOAD without data.
  var leaves = StateMachine.download
  /// The states that take UPLOAD.
  var uploads: [MachineState] = [.dfuIDLE, .dfuUPLOADIDLE]
  /// The states that DFU_ABORT leads to dfuIDLE.
  var aborts: [MachineState] = [.dfuIDLE, .dfuDNLOADIDLE, .dfuUPLOADIDLE]
  /// What becomes of others.
  var refusal = Refusal.fails(StatusCode.errSTALLEDPKT)
  /// What becomes of a wrong DNLOAD without data, if something else.
  var leaveRefusal: Refusal?
  /// What becomes of a wrong DFU_ABORT, if something else.
  var abortRefusal: Refusal?
  /// Whether the first status of dfuERROR stays when more goes wrong.
  var keepsFirstError = true
  /// What DFU_DETACH does.
  var detach = Detach.refused
  /// When the end of work shows.
  var ending = Ending.synced
  /// Whether DFU_GETSTATE is answered in every state.
  var alwaysTellsState = true
  /// Whether an upload that is shorter than asked for ends in dfuIDLE.
  var shortUploadsEnd = false
  /// Whether choosing the configuration, and a bus reset, leave the state as it is.
  var outlastsBusReset = false

  /// DFU 1.1 appendix A, with AN3156.
  private static let specification = StateMachine(alwaysTellsState: false, shortUploadsEnd: true)

  /// v2.11.3, measured; its older states differ in what becomes of work.
  private static let deviceLibrary = StateMachine(
    aborts: quiet, refusal: .stalls, abortRefusal: .ignored, detach: .reconnects,
    ending: .failsAtOnce)

  /// `usbdfu_control_request`: UPLOAD and DFU_DETACH are not there.
  private static let libopencm3 = StateMachine(
    downloads: MachineState.allCases, leaves: MachineState.allCases, uploads: [],
    aborts: MachineState.allCases, refusal: .stalls, ending: .atOnce, outlastsBusReset: true)

  /// As the example, but that it has UPLOAD, in a download as well.
  private static let blackMagic = StateMachine(
    downloads: MachineState.allCases, leaves: MachineState.allCases,
    uploads: [.dfuIDLE, .dfuDNLOADIDLE, .dfuUPLOADIDLE], aborts: MachineState.allCases,
    refusal: .stalls, detach: .resets, ending: .atOnce, outlastsBusReset: true)

  /// `processDownloadRequest` looks at the state for a DNLOAD without data only.
  private static let epsilon = StateMachine(
    downloads: MachineState.allCases, aborts: MachineState.allCases, refusal: .stalls,
    leaveRefusal: .fails(StatusCode.errNOTDONE), keepsFirstError: false, detach: .leaves,
    ending: .atOnce, outlastsBusReset: true)

  /// Each handler's `default` is `setError(errUNKNOWN)`, which stalls.
  private static let deviceOS = StateMachine(
    aborts: quiet, refusal: .fails(StatusCode.errUNKNOWN), keepsFirstError: false,
    detach: .answersAndReconnects, ending: .atOnce, alwaysTellsState: false)

  /// What a state does not take is acknowledged.
  private static let dapboot = StateMachine(
    leaves: [.dfuDNLOADIDLE], aborts: quiet, refusal: .ignored, detach: .resets,
    ending: .atOnce, outlastsBusReset: true)

  /// `dfu_moded_control_xfer_cb`: UPLOAD, DFU_CLRSTATUS and DFU_ABORT look at no state.
  private static let tinyUSB = StateMachine(
    uploads: MachineState.allCases, aborts: MachineState.allCases, refusal: .stalls,
    detach: .ignored, ending: .failsAtOnce)

  /// That of a bootloader.
  static func of(_ flavour: Behaviour.Flavour) -> StateMachine {
    switch flavour {
    case .specification, .plainDFU: specification
    case .stMiddleware, .arduino, .photon: deviceLibrary
    // mboot looks at no state; the answers to its requests are elsewhere.
    case .mboot, .libopencm3: libopencm3
    case .blackMagic: blackMagic
    case .epsilon: epsilon
    case .deviceOS: deviceOS
    case .dapboot: dapboot
    case .tinyUSB: tinyUSB
    }
  }
}
