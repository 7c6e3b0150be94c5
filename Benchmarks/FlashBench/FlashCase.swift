import DfuseDevice

/// What is flashed onto which content.
enum FlashCase: CaseIterable {
  /// Everything is erased and written, whatever the board holds.
  case full
  /// The board is blank, as it comes from the factory.
  case blank
  /// The board holds the image already.
  case same
  /// The board holds the image but for one byte.
  case oneSector

  var name: String {
    switch self {
    case .full: "full"
    case .blank: "blank"
    case .same: "same"
    case .oneSector: "one sector"
    }
  }

  var options: FlashOptions {
    var options = FlashOptions()
    options.full = self == .full
    return options
  }
}
