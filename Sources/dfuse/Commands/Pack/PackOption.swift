/// The options of `dfuse pack`: the letters of the original `dfuse_pack`, and their long forms.
enum PackOption: Character, CaseIterable {
  case output = "o"
  case deviceVersion = "f"
  case product = "p"
  case vendor = "v"
  case name = "n"
  case address = "m"
  case image = "i"
  case alternateSetting = "a"
  case quiet = "q"
  case help = "h"
  /// Has no letter that a person could type.
  case format = "\u{1}"
  /// Has none either.
  case chip = "\u{2}"

  var longName: String {
    switch self {
    case .output: "output"
    case .deviceVersion: "version-id"
    case .product: "product"
    case .vendor: "vendor"
    case .name: "name"
    case .address: "address"
    case .image: "image"
    case .alternateSetting: "alt"
    case .quiet: "quiet"
    case .help: "help"
    case .format: "format"
    case .chip: "for"
    }
  }

  var takesValue: Bool {
    switch self {
    case .quiet, .help: false
    case .output, .deviceVersion, .product, .vendor, .name, .address, .image, .alternateSetting,
      .format, .chip:
      true
    }
  }

  /// The option as messages name it.
  var shown: String { self == .format || self == .chip ? "--\(longName)" : "-\(rawValue)" }
}
