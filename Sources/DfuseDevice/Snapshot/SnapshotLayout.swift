public import DfuseFormat

/// What a snapshot takes of a board: all memories that keep what they hold, in the order of their
/// alternate settings.
///
/// Taken as one row of bytes, so that one that was cut can go on.
public struct SnapshotLayout: Hashable, Sendable {
  /// One memory.
  public struct Part: Hashable, Sendable {
    /// The memory.
    public var memory: AlternateMemory
    /// What can be read of it, in rising order.
    public var ranges: [Range<UInt64>]

    /// Bytes in all.
    public var byteCount: UInt64 { ranges.byteCount }
  }

  /// The memories; those that turn out not to be readable are taken out.
  public internal(set) var parts: [Part]

  /// What there is on a board.
  ///
  /// Memories with one map are one memory; option bytes that a chip serves under its flash's name are
  /// one of their own. What the bootloader makes up, such as Device Feature, and
  /// what the maker put there is left out.
  public init(of board: Board) {
    var seen: Set<String> = []
    parts = []
    for memory in board.allMemories where memory.map.kind.isKept {
      let ranges =
        memory.map.kind == .optionBytes
        ? OptionBytesExtent.readable(map: memory.map)
        : memory.map.ranges(.readable)
      guard !ranges.isEmpty, seen.insert(memory.map.text).inserted else { continue }
      parts.append(Part(memory: memory, ranges: ranges))
    }
  }

  /// Bytes in all.
  public var byteCount: UInt64 { parts.reduce(0) { $0 + $1.byteCount } }

  /// The firmware that a container of the snapshot holds: a target for each memory, with its memory
  /// map as its name.
  ///
  /// Of flash, blank parts are left out; but for the first, so that each memory is there that was
  /// read. Nothing in it tells which board it was, or when.
  ///
  /// - Parameters:
  ///   - bytes: What was read, in the order of the layout.
  ///   - chip: The chip, for what is blank on it.
  ///   - suffix: Which devices it is for.
  /// - Returns: The firmware.
  public func firmware(
    _ bytes: [UInt8], chip: ChipProfile, suffix: DFUSuffix
  ) -> Firmware {
    var targets: [Firmware.Target] = []
    for (part, runs) in zip(parts, elements(bytes)) {
      var stored = runs
      if part.memory.map.kind.isFlash {
        stored = []
        for (index, run) in runs.enumerated() {
          stored += run.pieces(leavingOut: chip.erasedByte, butFirst: index == 0)
        }
      }
      targets.append(
        Firmware.Target(
          alternateSetting: part.memory.alternateSetting, name: part.targetName,
          elements: stored))
    }
    return Firmware(suffix: suffix, targets: targets)
  }

  /// What was read, for each memory.
  func elements(_ bytes: [UInt8]) -> [[ImageElement]] {
    var all: [[ImageElement]] = []
    var done = 0
    for part in parts {
      var elements: [ImageElement] = []
      for range in part.ranges {
        let slice = Array(bytes.dropFirst(done).prefix(range.count))
        done += slice.count
        guard !slice.isEmpty else { continue }
        elements.append(
          ImageElement(address: UInt32(truncatingIfNeeded: range.lowerBound), bytes: slice))
      }
      all.append(elements)
    }
    return all
  }

  /// The part of it that lies in some addresses, which rise and are apart.
  public func clamped(to ranges: [Range<UInt64>]) -> SnapshotLayout {
    var layout = self
    layout.parts = parts.compactMap { part in
      var part = part
      part.ranges = part.ranges.intersection(ranges)
      return part.ranges.isEmpty ? nil : part
    }
    return layout
  }
}

extension SnapshotLayout.Part {
  /// The memory's map, as the device has it in the name of the alternate setting; where that is known
  /// to be wrong, as it should be.
  var targetName: String {
    let map = memory.map
    if let said = MemoryMap.parse(map.text),
      said.segments.map(\.sectors) == map.segments.map(\.sectors),
      Self.fits(map.text)
    {
      return map.text
    }
    let text = "@\(map.name) " + map.groups.joined()
    return Self.fits(text) ? text : map.name
  }

  private static func fits(_ text: String) -> Bool {
    text.utf8.count <= 255 && !text.utf8.contains(0)
  }
}

extension MemorySegment {
  /// All but the access: where its sectors are.
  fileprivate var sectors: [UInt64] { [start, sectorSize, sectorCount] }

  /// `04*016Kg`.
  fileprivate var run: String {
    let units: [(UInt64, String)] = [(1 << 20, "M"), (1 << 10, "K")]
    let unit = units.first { sectorSize.isMultiple(of: $0.0) } ?? (1, " ")
    func digits(_ number: UInt64, _ count: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let letter = Character(UnicodeScalar(0x60 | access.rawValue & 7))
    return "\(digits(sectorCount, 2))*\(digits(sectorSize / unit.0, 3))\(unit.1)\(letter)"
  }
}

extension MemoryMap {
  /// The groups of segments that follow one another, as a memory map has them.
  fileprivate var groups: [String] {
    var groups: [String] = []
    var end: UInt64?
    for segment in segments where segment.access.rawValue != 0 {
      if end == segment.start {
        groups[groups.count - 1] += "," + segment.run
      } else {
        groups.append("/\(UInt32(truncatingIfNeeded: segment.start).hex)/\(segment.run)")
      }
      end = segment.end
    }
    return groups
  }
}

extension MemoryKind {
  /// Whether it keeps what its owner put there, without power.
  fileprivate var isKept: Bool {
    switch self {
    case .internalFlash, .externalFlash, .dataEEPROM, .optionBytes, .otp, .other: true
    case .deviceFeature, .engineeringBytes: false
    }
  }
}

extension ImageElement {
  /// How much is looked at together when blank parts are left out: the smallest sectors are smaller,
  /// but each piece costs eight bytes and a line in `info`.
  static let pieceSize: UInt64 = 1024

  /// What is not blank of it, in whole KiB of the address space, and the first of them if wanted.
  fileprivate func pieces(leavingOut erased: UInt8, butFirst: Bool) -> [ImageElement] {
    var pieces: [ImageElement] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min((start / Self.pieceSize + 1) * Self.pieceSize, range.upperBound)
      let bytes = slice(start..<end)
      if butFirst && start == range.lowerBound || !bytes.holdOnly(erased) {
        let piece = ImageElement(
          address: UInt32(truncatingIfNeeded: start), bytes: Array(bytes))
        pieces.append(joining: piece)
      }
      start = end
    }
    return pieces
  }
}

extension [ImageElement] {
  /// Adds a run that lies behind all others, as a part of the last one where the two touch.
  fileprivate mutating func append(joining run: ImageElement) {
    if let last, last.range.upperBound == run.range.lowerBound {
      self[count - 1].bytes += run.bytes
    } else {
      append(run)
    }
  }
}
