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

/// What a command does with a board, as far as its failures need to know.
enum BoardTask: Hashable, Sendable {
  /// Puts a file of firmware on it.
  case flashing(file: String)
  /// Compares it with a file of firmware.
  case verifying(file: String)
  /// Reads its memory.
  case reading
  /// Erases its memory.
  case erasing
  /// Starts its firmware.
  case leaving
  /// Removes its read protection.
  case unprotecting

  /// What has addresses: `fw.hex`, or the range that was asked for.
  var subject: String {
    switch self {
    case .flashing(let file), .verifying(let file): file
    case .reading, .erasing, .leaving, .unprotecting: "the range"
    }
  }

  /// What may have happened to the memory when the task did not end well.
  var changed: String? {
    switch self {
    case .unprotecting: "the flash may be erased"
    case .flashing, .erasing, .verifying, .reading, .leaving: nil
    }
  }

  /// Whether a file is put on the board.
  var isFlashing: Bool { if case .flashing = self { true } else { false } }

  /// Whether the addresses come from a file.
  var hasFile: Bool {
    switch self {
    case .flashing, .verifying: true
    case .reading, .erasing, .leaving, .unprotecting: false
    }
  }

  /// Whether the task changes memory.
  var changesMemory: Bool {
    switch self {
    case .flashing, .erasing, .unprotecting: true
    case .verifying, .reading, .leaving: false
    }
  }
}
