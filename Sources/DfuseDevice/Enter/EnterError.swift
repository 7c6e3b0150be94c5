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
