import DfuseDevice

extension FlashError.Progress {
  /// What is on the chip now.
  var onChip: String {
    switch self {
    case .untouched: "nothing on the board was changed"
    case .erased: "the old program may be erased, in part or wholly"
    case .incomplete: "the firmware on the board is incomplete, and does not start"
    case .mixed: "the board holds a part of the old firmware and a part of the new: do not start it"
    case .unverified: "the firmware is written, but not all of it was read back"
    case .complete: "the firmware is written and verified"
    }
  }

  /// What is on the chip after some task.
  func onChip(after task: BoardTask) -> String? {
    switch task {
    case .flashing: onChip
    case .erasing:
      self == .untouched ? onChip : "some sectors are erased, others are as they were"
    case .unprotecting: task.changed
    case .verifying, .reading: Self.untouched.onChip
    case .leaving: "the memory is as it was"
    }
  }

  /// How to carry on.
  var carryOn: String {
    switch self {
    case .untouched, .complete: "run the same command again"
    case .erased, .incomplete, .mixed, .unverified:
      "run the same command again; the board stays in its bootloader"
    }
  }
}

extension DFUError {
  /// The exit status.
  var status: ExitStatus {
    switch self {
    case .usb(.accessDenied, _): .noPermission
    case .usb(.noBus, _): .noBoard
    case .usb: .inputOutput
    case .illegalRequest, .illegalBlock: .software
    case .device, .unexpectedState, .unknownState, .malformedReply, .stillBusy, .shortBlock,
      .notOffered, .cannotRecover:
      .protocolError
    }
  }

  /// What is most probably behind it.
  var likelyReason: String? {
    switch self {
    case .usb(.stall, _), .usb(.timedOut, _): nil
    case .usb(let error, _): error.reason
    case .device(.errVENDOR, _, _, _):
      "errVENDOR means read protection, and from many bootloaders any failure"
    case .device(.errWRITE, _, _, _), .device(.errPROG, _, _, _), .device(.errERASE, _, _, _):
      "that sector is probably write protected"
    case .device(.errTARGET, _, _, _), .device(.errADDRESS, _, _, _):
      "the bootloader does not accept that address"
    case .notOffered(.readUnprotect, listed: .some):
      "bootloaders that are programs in flash cannot do this"
    case .illegalRequest, .illegalBlock: "this is a mistake in dfuse: please report it"
    case .device, .unexpectedState, .unknownState, .malformedReply, .stillBusy, .shortBlock,
      .notOffered, .cannotRecover:
      nil
    }
  }

  /// Whether the device said no, and did nothing.
  var isRefusal: Bool {
    switch self {
    case .device, .usb(.stall, _), .notOffered: true
    case .usb, .unexpectedState, .unknownState, .malformedReply, .stillBusy, .illegalRequest,
      .illegalBlock, .shortBlock, .cannotRecover:
      false
    }
  }

  /// What may be behind errVENDOR of a chip that is known not to be read protected.
  var reasonOfRefusal: String {
    "the chip is not read protected: it has let itself be read or changed. "
      + (concernsReading
        ? "That part may be protected, or not be there"
        : "The sector may be write protected, or hold the bootloader")
  }

  /// What to do about it.
  var fixOfRefusal: String {
    concernsReading
      ? "leave that part out"
      : "clear the write protection in the option bytes, if there is one; other addresses may do"
  }

  private var concernsReading: Bool {
    if case .device(_, _, _, during: .reading) = self { true } else { false }
  }

  /// What to do.
  func fix(_ progress: FlashError.Progress) -> String {
    switch self {
    case .usb(.disconnected, _):
      "plug the board in again, in its bootloader, and run the same command again"
    case .usb(.accessDenied, _): "sudo dfuse udev install, then plug the board in again"
    case .device(.errVENDOR, _, _, _):
      "if it is read protected: dfuse unprotect --yes, which erases everything; then "
        + progress.carryOn
    case .device(.errWRITE, _, _, _), .device(.errPROG, _, _, _), .device(.errERASE, _, _, _):
      "clear the write protection in the option bytes, then \(progress.carryOn)"
    case .notOffered(.readUnprotect, _):
      "a debug probe can do it; --unlisted sends the command all the same"
    case .notOffered: "this bootloader cannot do it; a debug probe can"
    case .cannotRecover, .stillBusy:
      "plug the board in again, in its bootloader, and run the same command again"
    case .usb, .device, .unexpectedState, .unknownState, .malformedReply, .shortBlock,
      .illegalRequest, .illegalBlock:
      progress.carryOn
    }
  }
}
