import DfuseDevice

/// How a board is called in sentences: by its chip and its port.
struct BoardName: Hashable, Sendable, CustomStringConvertible {
  /// The port path.
  var path: String
  /// The chip or chips it may be; nil when that is not known.
  var chip: String?

  init(path: String, chip: String?) {
    self.path = path
    self.chip = chip
  }

  init(_ board: Board) {
    path = board.identity.path
    chip = board.chip.family == .unknown ? nil : board.chip.name
  }

  /// `STM32F405/407/415/417 at 1-1`, or `the board at 1-1`.
  var description: String { "\(chip ?? "the board") at \(path)" }
}

extension DeviceIdentity {
  /// The device on one line: path, ids, product and serial number.
  var line: String {
    var line = "\(path)  \(usbID)"
    if let product { line += "  \(product.visible)" }
    if let serialNumber { line += "  serial \(serialNumber.visible)" }
    return line
  }
}
