/// What a board's firmware has on USB, once the bootloader has started it.
public enum AfterLeave: String, CaseIterable, Hashable, Sendable {
  /// A device of its own: the board comes back as that.
  case application
  /// Nothing: the board stays off the bus.
  case nothing
}
