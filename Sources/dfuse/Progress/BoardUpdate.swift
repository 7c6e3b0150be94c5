import DfuseDevice
import DfuseFormat

/// News of the work on one board, from whatever thread does it.
enum BoardUpdate: Sendable {
  /// Something happened, at this moment of the board's clock.
  case event(FlashEvent, at: Duration)
  /// An operation, for `--verbose`.
  case operation(String)
  /// A control transfer, for `--trace`.
  case transfer(String)
  /// A line for people.
  case note(String)
  /// Something odd.
  case warning(String)
}

extension FlashNote {
  /// The note in words; nil for what is said only with `--verbose`.
  var text: String? {
    switch self {
    case .entered, .bytesLost: nil
    case .notReadable(let name):
      "\(name.visible) cannot be read: it is neither compared nor verified, "
        + "as with --full --no-verify"
    case .notChecked(let name):
      "\(name.visible) cannot be read: whether it is blank was not checked"
    case .massEraseIncomplete(let sectors):
      "the mass erase left data behind; \(sectors.counted("sector")) erased one by one"
    case .massEraseRefused(let sectors):
      "the board refused the mass erase; \(sectors.counted("sector")) erased one by one"
    case .bootloaderKept(let range):
      "\(range.addressText) holds the bootloader itself, which does not erase it"
    case .resetByOptionBytes: "the board restarted when its option bytes were written"
    }
  }

  /// The note in words, whatever it is.
  var fullText: String {
    switch self {
    case .entered(let report): report.steps.map(\.description).joined(separator: "; ")
    case .bytesLost(let count):
      "\(count.sizeText) beside the firmware, in sectors that are erased, will be lost; "
        + "--preserve keeps them"
    case .notReadable, .notChecked, .massEraseIncomplete, .massEraseRefused, .bootloaderKept,
      .resetByOptionBytes:
      text ?? ""
    }
  }
}

extension FlashEvent.Phase {
  /// The phase while it lasts.
  var present: String {
    switch self {
    case .compare: "comparing"
    case .erase: "erasing"
    case .write: "writing"
    case .verify: "verifying"
    case .finish: "finishing"
    case .read: "reading"
    }
  }

  /// The phase when it is over.
  var past: String {
    switch self {
    case .compare: "compared"
    case .erase: "erased"
    case .write: "wrote"
    case .verify: "verified"
    case .finish: "wrote the first block last:"
    case .read: "read"
    }
  }
}
