import DfuseDevice
import DfuseFormat

/// How a board is called in sentences, by its chip and its port, and how it is chosen again.
struct BoardName: Hashable, Sendable, CustomStringConvertible {
  /// The port path.
  var path: String
  /// The chip or chips it may be; nil when that is not known.
  var chip: String?
  /// The serial number; nil when it has none, or it could not be read.
  var serial: String?
  /// The options that choose it, for another command.
  var choice: [String] = []

  /// `STM32F2/F4 (1 MiB) at 1-1`, or `the board at 1-1`.
  var description: String { "\(chip ?? "the board") at \(path)" }
}

extension BoardName {
  init(_ board: Board, choice: [String] = []) {
    self.init(
      path: board.identity.path, chip: board.chip.isKnown ? board.chip.name : nil,
      serial: board.identity.serialNumber, choice: choice)
  }
}

/// Boards with one serial number, and where they are.
struct SerialTwins: Equatable {
  var serial: String
  var paths: [String]

  /// Those among some boards, in the order of the serial numbers.
  static func among(_ boards: [(serial: String?, path: String)]) -> [SerialTwins] {
    var paths: [String: [String]] = [:]
    for board in boards {
      guard let serial = board.serial, !serial.isEmpty else { continue }
      paths[serial, default: []].append(board.path)
    }
    return paths.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }
      .map { SerialTwins(serial: $0.key, paths: $0.value) }
  }
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
  /// Compares it with a file of firmware, which `flash` would put on it.
  case verifying(file: String, flash: Suggestion)
  /// Reads its memory.
  case reading
  /// Asks which chip it has.
  case identifying
  /// Erases its memory.
  case erasing
  /// Starts its firmware.
  case leaving
  /// Removes its read protection.
  case unprotecting
  /// Reads its option bytes.
  case readingOptions
  /// Writes its option bytes.
  case settingOptions

  /// What has addresses: `fw.hex`, or the range that was asked for.
  var subject: String {
    switch self {
    case .flashing(let file), .verifying(let file, _): file
    case .reading, .identifying, .erasing, .leaving, .unprotecting, .readingOptions,
      .settingOptions:
      "the range"
    }
  }

  /// Whether a file is put on the board.
  var isFlashing: Bool { if case .flashing = self { true } else { false } }

  /// Whether the addresses come from a file.
  var hasFile: Bool { if case .verifying = self { true } else { isFlashing } }
}

extension MemorySegment {
  /// The segment on one line: `0x0800_0000-0x0800_ffff  4 sectors of 16 KiB  read, erase, write`.
  var line: String {
    let sectors = Int(clamping: sectorCount).counted("sector")
    return "\(range.addressText)  \(sectors) of \(sectorSize.sizeText)  \(access)"
  }
}

extension [AlternateMemory] {
  /// The flash that programs run from: of alternate setting 0 if that is one, else the first.
  var programFlash: AlternateMemory? {
    first { $0.map.kind == .internalFlash } ?? first
  }
}
