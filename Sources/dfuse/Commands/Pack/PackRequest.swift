import DfuseDevice
import DfuseFormat

/// What the user wants packed, as the command line says it.
struct PackRequest: Equatable {
  /// One `-i`, with the `-m` before it.
  struct Image: Equatable {
    var path: String
    /// Nil when there was no `-m`.
    var address: UInt32?
    /// Nil to tell by the content.
    var format: ImageKind?
  }

  /// One `-a`, with the `-n` and the images before it.
  struct Target: Equatable {
    var alternateSetting: UInt8
    var name: String?
    var images: [Image]
  }

  /// Nil in the short form: beside the input.
  var output: String?
  var deviceVersion: UInt16 = 0xFFFF
  var productID: UInt16 = 0xDF11
  var vendorID: UInt16 = 0x0483
  var targets: [Target] = []
  /// The memories of the chip that it is for; nil when no chip was said.
  var memories: [AlternateMemory]?
  var isQuiet = false
  /// Whether one file was named without `-i`: it must bring its own addresses.
  var isShortForm = false
  /// Oddities that do not stop the work.
  var warnings: [String] = []
}
