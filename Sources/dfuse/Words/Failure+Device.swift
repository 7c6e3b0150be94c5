import DfuseDevice

// What the layers below USB's protocol say, in a person's words, with what to do about it.

extension Failure {
  /// Why the bus, or a device on it, cannot be used.
  init(device error: USBError, at board: String = "the board") {
    let again = "plug it in again, in its bootloader"
    let closed = "\(board) cannot be opened"
    let (status, what, fix): (ExitStatus, String, String) =
      switch error {
      case .noBus:
        (
          .noBoard, "there is no USB on this machine",
          "in a container, pass /dev/bus/usb through; without a board, try --simulate stm32f405"
            + Self.seeDoctor
        )
      case .accessDenied: (.noPermission, "\(closed): no permission", USBError.letUdevGiveIt)
      case .busy:
        (
          .inputOutput, "\(closed): it is in use",
          "end the program that uses it, or unplug the board and plug it in again" + Self.seeDoctor
        )
      case .noDriver:
        (
          .inputOutput, "\(closed): it has no usable driver",
          "bind WinUSB to it (on Windows), or end the driver that holds it" + Self.seeDoctor
        )
      case .noNode:
        (
          .noPermission, "\(closed): its node in /dev/bus/usb is missing",
          "pass the whole of /dev/bus/usb to the container, or run outside of it" + Self.seeDoctor
        )
      case .timedOut:
        (
          .inputOutput, "\(board) does not answer",
          "\(again); try another cable or port if that does not help"
        )
      case .disconnected: (.inputOutput, "\(board) has left the bus", again)
      case .stall, .cancelled, .overflow, .badDescriptor, .other:
        (.inputOutput, "\(closed): \(error.reason)", again)
      }
    self.init(status, what, why: what.hasSuffix(error.reason) ? nil : error.reason, fix: fix)
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

  /// What to do where no more is known; ends its line.
  static let seeDoctor = "; or see what is in the way: \(Suggestion(.doctor))"

  static let noDFUDevice = "no DFU device is plugged in"
  static let otherDFUDevices = "the DFU devices seen are others"

  private init(noDevice ignored: [IgnoredDevice], filter: DeviceFilter) {
    let wanted = filter.words.isEmpty ? "" : " with \(filter.words.joined(separator: " and "))"
    let isFiltered = ignored.contains { $0.reason == .notMatching }
    // What is in DFU mode and was meant, and does not speak DfuSe.
    let plain = ignored.filter { $0.reason == .notDfuSe }
    if let first = plain.first, plain.count == 1 || plain.count == ignored.count {
      let command = PartsWithoutUSB.command(for: first.identity.usbID)
      self.init(
        .noBoard, "no board in its DfuSe bootloader\(wanted)",
        why:
          "\(first.identity.called) speaks plain DFU: it would take DfuSe commands for firmware, "
          + "and write them over its own",
        fix: "use a tool for plain DFU, such as \(command ?? "dfu-util -D"); if it is known to "
          + "speak DfuSe: --assume-dfuse --device \(first.identity.usbID)",
        choices: ignored.map(\.line))
      return
    }
    self.init(
      .noBoard, "no board in its bootloader\(wanted)",
      why: ignored.isEmpty ? Self.noDFUDevice : Self.otherDFUDevices,
      fix: isFiltered
        ? "leave the choice out or take one of these:"
        : "start the board's bootloader (often: hold BOOT0, press reset); --wait waits for it"
          + Self.seeDoctor,
      choices: ignored.map(\.line))
  }
}

extension USBError {
  static let letUdevGiveIt =
    "let udev give it to you, and plug it in again: \(Suggestion(.installRules))"

  /// Why it happened.
  var reason: String {
    switch self {
    case .noBus: "the system has no USB bus, as in a container or on a build server"
    case .accessDenied: "the system lets this user not open its USB node"
    case .busy: "another program or a driver holds its interface"
    case .noDriver: "libusb cannot use the driver that is bound to it"
    case .noNode: "the kernel has it; a container sees only the nodes that are passed in"
    case .timedOut: "it did not answer in time"
    case .cancelled: "dfuse was stopped"
    case .disconnected: "it was unplugged, or its bootloader has ended"
    case .stall: "it refused a standard request"
    case .overflow: "it sent more than it was asked for"
    case .badDescriptor(let reason): reason
    case .other: description
    }
  }
}

extension DeviceFilter {
  /// What was asked for, in words.
  fileprivate var words: [String] {
    [
      usbIDs.isEmpty ? nil : "the ids " + usbIDs.map(\.description).joined(separator: " or "),
      serial.map { "the serial number \($0.visible)" },
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
    "\(identity.line)  (\(reason))"
  }
}

extension DFUError {
  /// What the error means for the person who sees it.
  struct Meaning {
    var status = ExitStatus.protocolError
    /// What is most probably behind it.
    var reason: String?
    /// Whether the device said no, and did nothing.
    var isRefusal = false
    /// What to do.
    var fix: String
  }

  static let plugInAgain =
    "plug the board in again, in its bootloader, and run the same command again"

  /// What the error means; `carryOn` is how to go on after a passing failure.
  func meaning(
    carryOn: String = "", task: BoardTask? = nil, board: BoardName? = nil
  ) -> Meaning {
    switch self {
    case .usb(.accessDenied, _):
      Meaning(
        status: .noPermission, reason: USBError.accessDenied.reason,
        fix: USBError.letUdevGiveIt)
    case .usb(.disconnected, _):
      Meaning(
        status: .inputOutput, reason: USBError.disconnected.reason, fix: Self.plugInAgain)
    case .usb(.stall, _): Meaning(status: .inputOutput, isRefusal: true, fix: carryOn)
    case .usb(.timedOut, _): Meaning(status: .inputOutput, fix: carryOn)
    case .usb(let error, _):
      Meaning(
        status: error == .noBus ? .noBoard : .inputOutput, reason: error.reason, fix: carryOn)
    case .device(.errVENDOR, _, _, _):
      Meaning(
        reason: "errVENDOR means read protection, and from many bootloaders any failure",
        isRefusal: true,
        fix: task == .unprotecting
          ? carryOn
          : "\(carryOn); if it is read protected, remove that, and all in its flash, first: "
            + "\(Suggestion(.unprotect, on: board))")
    case .device(.errWRITE, _, _, _), .device(.errPROG, _, _, _), .device(.errERASE, _, _, _):
      Meaning(
        reason: "that sector is probably write protected", isRefusal: true,
        fix: "clear the write protection in the option bytes, then \(carryOn)")
    case .device(.errTARGET, _, _, _), .device(.errADDRESS, _, _, _):
      Meaning(
        reason: "the bootloader does not accept that address", isRefusal: true, fix: carryOn)
    case .device: Meaning(isRefusal: true, fix: carryOn)
    case .notOffered(let listed, during: .unprotecting):
      Meaning(
        reason: listed.map { _ in "bootloaders that are programs in flash cannot do this" },
        isRefusal: true,
        fix: "a debug probe can do it; --unlisted sends the command all the same")
    case .notOffered:
      Meaning(isRefusal: true, fix: "this bootloader cannot do it; a debug probe can")
    case .cannotRecover, .stillBusy: Meaning(fix: Self.plugInAgain)
    case .illegalRequest, .illegalBlock:
      Meaning(
        status: .software, reason: "this is a mistake in dfuse: please report it", fix: carryOn)
    case .unexpectedState, .unknownState, .malformedReply, .shortBlock: Meaning(fix: carryOn)
    }
  }

  /// Whether the device was never asked.
  var sentNothing: Bool {
    if case .notOffered(_, during: .unprotecting) = self { true } else { false }
  }
}
