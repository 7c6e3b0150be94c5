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
