import DfuseDevice
import DfuseFormat

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

extension MemoryAccess {
  /// What may be done: `read, erase, write`; a single thing as `read only`; or `nothing`.
  var words: String {
    let all: [(MemoryAccess, String)] = [
      (.readable, "read"), (.erasable, "erase"), (.writable, "write"),
    ]
    let names = all.filter { contains($0.0) }.map(\.1)
    switch names.count {
    case 0: return "nothing"
    case 1: return names[0] + " only"
    default: return names.joined(separator: ", ")
    }
  }
}

extension MemorySegment {
  /// The segment on one line: `0x0800_0000-0x0800_ffff  4 sectors of 16 KiB  read, erase, write`.
  var line: String {
    let sectors = Int(clamping: sectorCount).counted("sector")
    return "\(range.addressText)  \(sectors) of \(sectorSize.sizeText)  \(access.words)"
  }
}

extension MemoryMap {
  /// First and last address, not all between them need be there; `empty` without sectors.
  var extent: String {
    guard let start = segments.map(\.start).min(), let end = segments.map(\.end).max() else {
      return "empty"
    }
    return (start..<max(start, end)).addressText
  }

  /// The range widened to whole sectors, as far as it lies in the memory.
  func wholeSectors(_ range: Range<UInt64>) -> Range<UInt64> {
    let first = segment(at: range.lowerBound)?.sector(at: range.lowerBound)
    let last =
      range.isEmpty
      ? nil
      : segment(at: range.upperBound - 1)?
        .sector(at: range.upperBound - 1)
    return (first?.lowerBound ?? range.lowerBound)..<(last?.upperBound ?? range.upperBound)
  }
}

extension [AlternateMemory] {
  /// The flash that programs run from: of alternate setting 0 if that is one, else the first.
  var programFlash: AlternateMemory? {
    first { $0.map.kind == .internalFlash } ?? first
  }
}

extension Failure {
  /// The failure with a list of what there is to read or to erase, if addresses were asked for that
  /// are not there.
  func listing(_ memories: [AlternateMemory], if error: FlashError, task: BoardTask) -> Failure {
    guard case .outsideMemory(_, _, _, found: nil) = error else { return self }
    var failure = self
    let access: MemoryAccess = task == .erasing ? .erasable : .readable
    failure.fix = "what can be \(task == .erasing ? "erased" : "read"):"
    failure.choices = memories.flatMap { memory in
      memory.map.segments.filter { $0.access.isSuperset(of: access) }.map {
        "\($0.range.addressText)  \(memory.map.name.visible) (-a \(memory.alternateSetting))"
      }
    }
    return failure
  }
}
