import DfuseFormat

extension Flasher {
  /// Reads all that a snapshot takes, and goes on where an earlier one ended.
  ///
  /// Changes nothing. A memory beside the flash that does not let itself be read is left out.
  ///
  /// - Parameters:
  ///   - layout: What to read; what cannot be read is taken out of it.
  ///   - bytes: What has been read of it; what is read is added, also before an error.
  /// - Throws: ``FlashError``.
  public mutating func snapshot(
    _ layout: inout SnapshotLayout, into bytes: inout [UInt8]
  ) throws(FlashError) {
    let first = memories.first?.map.name ?? ""
    guard board.canUpload, !layout.parts.isEmpty else {
      throw .notReadable(name: first, .untouched)
    }
    try enter()
    let total = layout.byteCount
    report(.started(.read, total: total))
    var read: [SnapshotLayout.Part] = []
    var start = 0
    // Bytes of the total that belong to what was left out.
    var leftOut: UInt64 = 0
    for part in layout.parts {
      do throws(FlashError) {
        try self.read(part, from: start, into: &bytes, done: leftOut)
        read.append(part)
        start += Int(part.byteCount)
      } catch {
        guard !part.memory.map.kind.isFlash, error.refusesReading else { throw error }
        bytes.removeLast(max(0, bytes.count - start))
        leftOut += part.byteCount
        reader = BlockReader()
        try enter()
        report(.note(.leftOut(name: part.memory.map.name)))
        report(.advanced(.read, done: UInt64(bytes.count) + leftOut))
      }
    }
    layout.parts = read
    report(.finished(.read))
  }

  /// Reads what is missing of a memory whose bytes begin at `start` in the row.
  private mutating func read(
    _ part: SnapshotLayout.Part, from start: Int, into bytes: inout [UInt8], done: UInt64
  ) throws(FlashError) {
    try select(part.memory.alternateSetting)
    var place = start
    for range in part.ranges {
      let there = max(0, min(bytes.count - place, range.count))
      place += range.count
      guard there < range.count else { continue }
      reader = BlockReader()
      let rest = (range.lowerBound + UInt64(there))..<range.upperBound
      try readBlocks(rest, in: part.memory.map) { flasher, block, _ in
        bytes += block
        flasher.report(.advanced(.read, done: UInt64(bytes.count) + done))
        return true
      }
      try endReading()
    }
  }

  /// Whether the board still holds what an earlier snapshot read before it was cut: its first bytes
  /// and its last ones are read again.
  ///
  /// - Parameters:
  ///   - bytes: What was read.
  ///   - layout: Of what.
  /// - Returns: Whether the same stands there now.
  /// - Throws: ``FlashError``.
  public mutating func holds(
    _ bytes: [UInt8], of layout: SnapshotLayout
  ) throws(FlashError) -> Bool {
    try enter()
    let sample = ImageElement.pieceSize
    var place = 0
    for part in layout.parts {
      for range in part.ranges {
        let there = max(0, min(bytes.count - place, range.count))
        let read = range.prefix(UInt64(there))
        let isLast = place + range.count >= bytes.count
        let start = max(read.lowerBound, read.upperBound - min(sample, UInt64(there)))
        for piece in [read.prefix(sample), start..<read.upperBound] where !piece.isEmpty {
          guard piece.lowerBound == range.lowerBound && place == 0 || isLast else { continue }
          let offset = place + Int(piece.lowerBound - range.lowerBound)
          let found = try self.read(piece, of: part.memory)
          guard found == Array(bytes[offset..<offset + piece.count]) else { return false }
        }
        place += range.count
        if isLast { return true }
      }
    }
    return true
  }

  /// Reads all of a snapshot once more.
  ///
  /// - Parameters:
  ///   - layout: What was read.
  ///   - bytes: What was found.
  /// - Returns: Where something else stands now; nil if nowhere.
  /// - Throws: ``FlashError``.
  public mutating func compare(
    _ layout: SnapshotLayout, with bytes: [UInt8]
  ) throws(FlashError) -> FlashError.Difference? {
    try enter()
    report(.started(.verify, total: layout.byteCount))
    var difference: FlashError.Difference?
    var place = 0
    for part in layout.parts {
      try select(part.memory.alternateSetting)
      for range in part.ranges {
        reader = BlockReader()
        try readBlocks(range, in: part.memory.map) { flasher, block, address in
          let expected = bytes[place..<min(place + block.count, bytes.count)]
          difference.add(.init(block[...], instead: expected, at: address))
          place += block.count
          flasher.report(.advanced(.verify, done: UInt64(place)))
          return true
        }
        try endReading()
      }
    }
    report(.finished(.verify))
    return difference
  }
}

extension FlashError {
  /// Whether a board that can be read does not let this memory be read.
  fileprivate var refusesReading: Bool {
    switch self {
    case .refused(let error, _), .device(let error, _): error.refusesReading || error.isRefused
    case .notReadable: true
    default: false
    }
  }
}

extension DFUError {
  /// Whether the device reported an error over an upload, whatever it was.
  fileprivate var isRefused: Bool {
    if case .device(_, _, _, during: .reading) = self { true } else { false }
  }
}
