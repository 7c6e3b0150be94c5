import DfuseFormat

/// Why a running board is not in its bootloader.
public enum EnterError: Error, Hashable, Sendable {
  /// What was done when it failed.
  public enum Moment: Hashable, Sendable {
    /// The device was to be opened.
    case opening
    /// It was asked for something; in words.
    case asking(about: String)
    /// It was being prepared.
    case preparing
  }

  /// The device is not what the way is for: it gave another answer to what it was asked.
  case doesNotFit(about: String, answer: [UInt8])
  /// It gave no answer that can be understood.
  case noAnswer(about: String)
  /// It must not be restarted now: this is what it was asked about, and what its answer means; nil
  /// when it did not say.
  case refused(about: String, because: String?)
  /// Its serial port failed before anything was sent that could make it leave.
  case serial(SerialError, Moment)
  /// A control transfer, or opening it, failed before that.
  case usb(USBError, Moment)
  /// It has not left its port within this time; `error` is what the request gave.
  case stayed(for: Duration, error: USBError?)
  /// It left, and came back as the firmware that it was, so often.
  case cameBackAsItWas(DeviceIdentity, tries: Int)
  /// What came up at its port is no bootloader that speaks DfuSe.
  case cameBackAs(DeviceIdentity)
  /// It left, and nothing came up at its port within this time; `candidates` are boards that came
  /// elsewhere.
  case lost(after: Duration, candidates: [DeviceIdentity])
  /// It is in its bootloader, and cannot be opened.
  case notOpenable(DeviceIdentity, USBError)
  /// Stopped before anything was sent that makes it leave, or while it was away.
  case cancelled(isAway: Bool)
}

extension EnterError: CustomStringConvertible {
  /// What happened, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .doesNotFit(let about, let answer): "asked \(about), the device said \(answer.asAnswer)"
    case .noAnswer(let about): "asked \(about), the device gave no answer"
    case .refused(let about, let reason):
      "the device must not be restarted now: "
        + (reason ?? "asked \(about), it did not say")
    case .serial(let error, let moment): "\(error), while it was \(moment)"
    case .usb(let error, let moment): "\(error), while it was \(moment)"
    case .stayed(let time, let error):
      "the device has not left the bus within \(time.quantityText)"
        + (error.map { "; the request gave: \($0)" } ?? "")
    case .cameBackAsItWas(let identity, let tries):
      "the device came back as it was, \(identity.idAndPath)"
        + (tries > 1 ? ", \(tries) times" : "")
    case .cameBackAs(let identity):
      "the device came back as \(identity.idAndPath), which is no DfuSe bootloader"
    case .lost(let time, let candidates):
      "the device left the bus, and nothing came back at its port in \(time.quantityText)"
        + (candidates.isEmpty
          ? "" : "; elsewhere came " + candidates.map(\.idAndPath).joined(separator: ", "))
    case .notOpenable(let identity, let error):
      "the bootloader \(identity.idAndPath) cannot be opened: \(error)"
    case .cancelled(let isAway):
      "stopped on request, "
        + (isAway ? "while the device was on its way" : "before the device was told to leave")
    }
  }
}

extension EnterError.Moment: CustomStringConvertible {
  /// What was done with the device: `opened`, `asked …` or `prepared`.
  public var description: String {
    switch self {
    case .opening: "opened"
    case .asking(let about): "asked \(about)"
    case .preparing: "prepared"
    }
  }
}

extension [UInt8] {
  /// What a device said, for people.
  package var asAnswer: String {
    if isEmpty { return "that it does not know the question" }
    if allSatisfy({ (0x20..<0x7F).contains($0) }) {
      return "'\(String(decoding: self, as: UTF8.self).visible())'"
    }
    return prefix(16).hexBytes() + (count > 16 ? " …" : "")
  }
}

/// What happens while a board is taken into its bootloader.
public enum EnterEvent: Hashable, Sendable {
  /// Its serial port is in use, and is waited for.
  case waiting(port: String, holder: SerialError.ProcessName?)
  /// It was told to go there, for the first time or again.
  case sent(Way, attempt: Int)
  /// It is between two stages, as this.
  case onTheWay(DeviceIdentity)
  /// It came back as it was, and is told again.
  case sameAgain(DeviceIdentity, attempt: Int)
}
