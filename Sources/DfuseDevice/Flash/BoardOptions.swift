/// How to treat one board, where the chip's own data are not to decide.
public struct BoardOptions: Hashable, Sendable {
  /// How to wait for the device while it works.
  public enum Polling: String, CaseIterable, Hashable, Sendable {
    /// As the device reports, to the letter.
    case spec
    /// Shorter where the device answers sooner.
    case adaptive
  }

  /// The polling to use; nil for what is safe on the chip.
  public var polling: Polling?

  /// Makes options that leave everything to the chip's data.
  public init(polling: Polling? = nil) {
    self.polling = polling
  }
}
