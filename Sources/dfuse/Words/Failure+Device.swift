import DfuseDevice

// What the layers below USB's protocol say, in a person's words, with what to do about it.

extension Failure {
  /// Why the bus, or a device on it, cannot be used.
  init(device error: USBError, at board: String = "the board") {
    let reason = error.reason
    switch error {
    case .noBus:
      self.init(
        .noBoard, "there is no USB on this machine", why: reason,
        fix: "in a container, pass /dev/bus/usb through; without a board, try --simulate stm32f405")
    case .accessDenied:
      self.init(
        .noPermission, "\(board) cannot be opened: no permission", why: reason,
        fix: "sudo dfuse udev install, then plug the board in again")
    case .busy:
      self.init(
        .inputOutput, "\(board) cannot be opened: it is in use", why: reason,
        fix: "end the program that uses it, or unplug the board and plug it in again")
    case .noDriver:
      self.init(
        .inputOutput, "\(board) cannot be opened: it has no usable driver", why: reason,
        fix: "bind WinUSB to it (on Windows), or end the driver that holds it")
    case .timedOut:
      self.init(
        .inputOutput, "\(board) does not answer", why: reason,
        fix: "plug it in again, in its bootloader; try another cable or port if that does not help")
    case .disconnected:
      self.init(
        .inputOutput, "\(board) has left the bus", why: reason,
        fix: "plug it in again, in its bootloader")
    case .stall, .overflow, .badDescriptor, .other:
      self.init(
        .inputOutput, "\(board) cannot be opened: \(reason ?? "")",
        fix: "plug it in again, in its bootloader")
    }
  }

  /// Why there is no one board to work with.
  init(selection error: SelectionError, filter: DeviceFilter) {
    switch error {
    case .noDevice(let ignored): self.init(noDevice: ignored, filter: filter)
    case .several(let devices):
      self.init(
        .noBoard, "\(devices.count) boards fit, and one was meant", fix: "choose one:",
        choices: devices.map { "--path \($0.path)\(String($0.line.dropFirst($0.path.count)))" })
    case .notOpenable(let identity, let error):
      self.init(device: error, at: "the board at \(identity.path) (\(identity.usbID))")
    }
  }

  private init(noDevice ignored: [IgnoredDevice], filter: DeviceFilter) {
    let wanted = filter.words.isEmpty ? "" : " with \(filter.words.joined(separator: " and "))"
    let isFiltered = ignored.contains { $0.reason == .notMatching }
    // What is in DFU mode and was meant, and does not speak DfuSe.
    let plain = ignored.filter { $0.reason == .notDfuSe }
    if let first = plain.first, plain.count == 1 || plain.count == ignored.count {
      self.init(
        .noBoard, "no board in its DfuSe bootloader\(wanted)",
        why:
          "\(first.identity.called) speaks plain DFU: it would take DfuSe commands for firmware, "
          + "and write them over its own",
        fix: "use a tool for plain DFU, such as dfu-util -D; if it is known to speak DfuSe: "
          + "--assume-dfuse --device \(first.identity.usbID)",
        choices: ignored.map(\.line))
      return
    }
    self.init(
      .noBoard, "no board in its bootloader\(wanted)",
      why: ignored.isEmpty ? "no DFU device is plugged in" : "the DFU devices seen are others",
      fix: isFiltered
        ? "leave the choice out or take one of these:"
        : "start the board's bootloader (often: hold BOOT0, press reset); --wait waits for it",
      choices: ignored.map(\.line))
  }
}

extension USBError {
  /// Why it happened, as far as that is known.
  var reason: String? {
    switch self {
    case .noBus: "the system has no USB bus, as in a container or on a build server"
    case .accessDenied: "the system lets this user not open its USB node"
    case .busy: "another program or a driver holds its interface"
    case .noDriver: "libusb cannot use the driver that is bound to it"
    case .timedOut: "it did not answer in time"
    case .disconnected: "it was unplugged, or its bootloader has ended"
    case .stall: "it refused a standard request"
    case .overflow: "it sent more than it was asked for"
    case .badDescriptor(let reason): reason
    case .other(let call, let code, let name): "\(call) returned \(name) (\(code))"
    }
  }
}

extension DeviceFilter {
  /// What was asked for, in words.
  fileprivate var words: [String] {
    [
      usbID.map { "the ids \($0)" }, serial.map { "the serial number \($0.visible)" },
      path.map { "the port \($0.visible)" },
    ].compactMap { $0 }
  }
}

extension DeviceIdentity {
  /// What the device is, by its ids, and where.
  fileprivate var called: String {
    let name = KnownDevice.of(self).map { " (\($0.name))" } ?? ""
    return "the device \(usbID) at \(path)\(usbID == .stBootloader ? "" : name)"
  }
}

extension IgnoredDevice {
  /// The device on one line, and why it is not meant.
  fileprivate var line: String {
    let reason =
      switch reason {
      case .notMatching: "another one"
      case .runTime: "runs its application"
      case .notDfuSe: "speaks plain DFU, not DfuSe"
      }
    return "\(identity.line)  (\(reason))"
  }
}

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
