import DfuseDevice
import DfuseFormat
import SystemPackage

// Why a running board is not in its bootloader, in a person's words.

extension Failure {
  /// What went wrong on the way.
  init(entering error: EnterError, _ device: DeviceIdentity, by way: Way?) {
    let name = device.runningName
    let sent = way.map { " (\($0.title))" } ?? ""
    let byHand = "start the bootloader by hand (often: hold BOOT0, press reset)"
    switch error {
    case .doesNotFit(let about, let answer):
      self.init(
        .noBoard, "\(name) is not what --enter=\(way?.id ?? "") is for",
        why: "asked \(about), it said \(answer.asAnswer)", now: Self.asItWas,
        fix: "name another way with --enter=HOW, or \(byHand)")
    case .noAnswer(let about):
      self.init(
        .noBoard, "\(name) gave no answer", why: Self.silence(about, way), now: Self.asItWas,
        fix: "end what else talks to it; else plug it in again, or \(byHand)")
    case .refused(let about, let reason):
      self.init(
        .noBoard, "\(name) is not restarted now",
        why: reason ?? "asked \(about), it did not say",
        now: Self.asItWas, fix: "disarm it, or \(byHand)")
    case .serial(let error, let moment): self.init(serial: error, of: name, moment)
    case .usb(let error, _):
      self.init(device: error, at: name)
      if error == .accessDenied { fix = Self.rules(for: device) }
      now = Self.asItWas
    case .stayed(let time, let error):
      self.init(
        .noBoard, "\(name) has not left the bus within \(time.timeText)\(sent)",
        why: [error.map { "the request gave: \($0.reason)" }, way?.cause(of: .stays)]
          .compactMap { $0 }.joined(separator: "; ").nonEmpty,
        now: "its firmware is on the chip as it was", fix: byHand)
    case .cameBackAsItWas(let identity, let tries):
      self.init(
        .noBoard,
        "\(name) came back as it was\(tries > 1 ? ", \(tries) times" : "")\(sent)",
        why: way?.cause(of: .returns),
        now: "\(identity.runningName) runs its firmware", fix: byHand)
    case .cameBackAs(let identity):
      let known =
        (way?.otherBootloaders[identity.usbID] ?? KnownDevice.of(identity)?.name)
        .map { " (\($0))" } ?? ""
      self.init(
        .noBoard, "\(name) came back as \(identity.usbID)\(known), which is no DfuSe bootloader",
        now: "\(identity.runningName) is at its port; its firmware was not changed",
        fix: "flash it with the tool for that bootloader, or \(byHand)")
    case .lost(let time, let candidates):
      self.init(
        .noBoard,
        "\(name) left the bus, and nothing came back at its port in \(time.timeText)\(sent)",
        why: way?.cause(of: .lost),
        now: "its firmware was not changed",
        fix: candidates.isEmpty
          ? "reset it or plug it in again; to flash it, \(byHand)"
          : "if it is one of these, which came elsewhere, choose it:",
        choices: candidates.map { "--path \($0.line)" })
    case .notOpenable(let identity, let error):
      self.init(device: error, at: "the board at \(identity.path) (\(identity.usbID))")
      now = "it is in its bootloader; its firmware was not changed"
    case .cancelled(let isAway):
      self.init(
        .interrupted, "stopped while \(name) was taken into its bootloader",
        now: isAway ? "it has been told to go there; its firmware was not changed" : Self.asItWas)
    }
  }

  /// The failure of work on a board that was taken into its bootloader for it, and stays there.
  func inBootloader(_ board: BoardName) -> Failure {
    var failure = self
    failure.now = [now, "the board is in its bootloader"].compactMap { $0 }.joined(separator: "; ")
    failure.fix = fix ?? "start its firmware: \(Suggestion(.leave, on: board))"
    return failure
  }

  private static let asItWas = "the board is as it was, and runs its firmware"

  private static func silence(_ about: String, _ way: Way?) -> String {
    ["it was asked \(about)", way?.cause(of: .silence)].compactMap { $0 }.joined(separator: "; ")
  }

  /// The rules for a bootloader do not hold for what runs.
  private static func rules(for device: DeviceIdentity) -> String {
    "let udev give it to you, and plug it in again: "
      + "\(Suggestion(.installRules, ["--running", device.usbID.description]))"
  }

  /// Why a serial port cannot be used.
  private init(serial error: SerialError, of name: String, _ moment: EnterError.Moment) {
    switch error {
    case .gone:
      self.init(
        .noBoard, "\(name) left the bus while it was \(moment)",
        fix: "plug it in again, and run the same command again")
    case .timedOut:
      self.init(
        .inputOutput, "\(name) takes nothing on its serial port",
        fix: "plug it in again, and run the same command again")
    case .inUse(let port, let holder):
      self.init(
        .inputOutput, "\(port) of \(name) is in use",
        why: holder.map { "\($0) has it open" }
          ?? "another program has it open",
        fix: "end that program, and run the same command again")
    case .accessDenied(let port, let group):
      self.init(
        .noPermission, "\(port) of \(name) cannot be opened: no permission",
        why: group.map { "only members of the group \($0) may" }
          ?? "the system lets this user not open it",
        fix: group.map { "sudo usermod -aG \($0) \"$USER\", and log in again" }
          ?? "ask whoever runs this machine for access to \(port)")
    case .noPort(let error):
      self.init(
        .inputOutput, "\(name) has no serial port that can be used",
        why: error?.reason ?? "the kernel has made none of its interface (cdc_acm)",
        fix: "load the driver (sudo modprobe cdc_acm), or pass /dev/ttyACM* to the container")
    case .system(let call, let port, let number):
      self.init(
        .inputOutput, "\(port) of \(name) cannot be used",
        why: "\(call): \(Errno(rawValue: number).description)",
        fix: "plug it in again, and run the same command again")
    case .usb(let error):
      self.init(device: error, at: name)
    }
    now = error == .gone ? nil : Self.asItWas
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
