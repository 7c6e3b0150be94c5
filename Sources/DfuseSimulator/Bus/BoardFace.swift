/// What is to be seen of a board on its port.
package enum BoardFace: Hashable, Sendable {
  /// Nothing.
  case empty
  /// The bootloader.
  case bootloader
  /// The firmware's own device.
  case application
}
