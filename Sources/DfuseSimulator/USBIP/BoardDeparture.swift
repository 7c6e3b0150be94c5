/// How a board behind a USB/IP server went away from its client.
package enum BoardDeparture: Hashable, Sendable {
  /// Unplugged while its bootloader ran.
  case unplugged
  /// Unplugged while its firmware ran.
  case firmwareUnplugged
  /// The bootloader left the bus by itself.
  case left(Reaction.Afterlife)
}
