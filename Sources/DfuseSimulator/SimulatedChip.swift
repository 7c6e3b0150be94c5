/// A chip that can be simulated.
public struct SimulatedChip: Sendable {
  /// The name by which a person asks for it, for example `stm32f405`.
  public var name: String
}
