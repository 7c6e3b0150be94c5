/// What has happened to single boards with a chip, or to batches of them, while most work.
///
/// Nothing is refused or done otherwise because of it: it is told only after it has happened.
public struct KnownTrouble: Hashable, Sendable {
  /// What fails.
  enum Step: Hashable, Sendable {
    /// The first block that is written to the flash.
    case firstWrite
  }

  /// What fails.
  let step: Step
  /// What is known of it, a clause for people.
  public let reason: String
  /// What helped, another.
  public let remedy: String

  /// STM32F401 and F411, such as those on the boards called Black Pill, with crystals of 25 MHz.
  ///
  /// qmk_firmware#17890 and dfu-util ticket 141: three of three WeAct F411 boards stall every write,
  /// three F401 boards beside them take the same file; "a bug in the built-in bootloader", says
  /// dfu-util's author. qmk_firmware#17576: boards of a batch, F401 among them, fail alike, and take all of
  /// it from a debug probe. AN2606, system clock of both: the crystal is measured by an RC oscillator,
  /// for which 25 MHz is more often too close to its neighbours than 8 MHz; a wrong result makes a
  /// wrong USB clock. qmk_firmware PR 9964 and WeActStudio.MiniSTM32F4x1#13 had F401 boards that show
  /// up once in twenty times for that.
  static let f401FirstWrite = KnownTrouble(
    step: .firstWrite,
    reason: "some boards with an STM32F401 or F411 fail at the first write, and whole batches of "
      + "them: their ROM has a fault, or has measured the crystal wrongly, 25 MHz more often than 8 "
      + "(dfu-util ticket 141, qmk_firmware#17890, AN2606)",
    remedy: "if it fails there again, start the bootloader anew, which measures anew; what never "
      + "works takes the firmware from a debug probe, or is to be replaced by one of another batch")
}

extension ChipProfile {
  /// What is known to happen at a step to the chips that this may be, each once.
  func troubles(at step: KnownTrouble.Step) -> [KnownTrouble] {
    roms.flatMap(\.troubles).filter { $0.step == step }.reduce(into: []) { all, trouble in
      if !all.contains(trouble) { all.append(trouble) }
    }
  }
}

extension Flasher {
  /// What is known of boards that fail as this one has; nil where nothing is.
  ///
  /// - Parameter error: What ended the last work of this flasher.
  /// - Returns: What to tell beside the error.
  public func knownTrouble(after error: FlashError) -> KnownTrouble? {
    switch error {
    case .device(let error, _), .refused(let error, _):
      guard error.failsWriting, !hasWritten else { return nil }
      return board.chip.troubles(at: .firstWrite).first
    default: return nil
    }
  }
}

extension DFUError {
  /// Whether a block was not taken, and the device is still there.
  fileprivate var failsWriting: Bool {
    switch self {
    case .usb(.disconnected, _), .usb(.accessDenied, _): false
    case .usb(_, during: .writing), .device(_, _, _, during: .writing),
      .unexpectedState(_, _, during: .writing), .unknownState(_, during: .writing),
      .malformedReply(_, during: .writing), .stillBusy(_, during: .writing):
      true
    default: false
    }
  }
}
