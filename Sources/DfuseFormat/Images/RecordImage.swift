/// The data of a text of records, gathered while it is read.
///
/// Records usually come in order: then their bytes go where they stay. A text whose records are all
/// over the place, or differ about an address, is read once more as a table of pieces, which knows
/// the line of each.
struct RecordImage {
  private let isExact: Bool
  private let textSize: Int
  /// The data as runs, in the order of the file.
  private var runs: [ImageElement] = []
  /// Whether there are too many runs to keep each as one.
  private var isScattered = false
  /// All data bytes in the order of the file, for the table.
  private var pool: [UInt8] = []
  private var table = PieceTable()

  private static let mostRuns = 4096

  /// Makes an image of no data.
  ///
  /// - Parameters:
  ///   - textSize: Characters of the text; a byte takes at least two.
  ///   - isExact: Whether this is the second reading.
  init(textSize: Int, isExact: Bool) {
    self.textSize = textSize
    self.isExact = isExact
  }

  /// Adds the data of a record.
  ///
  /// - Parameters:
  ///   - data: The bytes.
  ///   - address: Where the first belongs.
  ///   - source: The offset in the text of the first byte's digits.
  ///   - field: The offset in the text of the record's address.
  /// - Throws: ``RecordProblem/outsideAddressSpace(address:size:)``.
  mutating func append(
    _ data: ArraySlice<UInt8>, at address: UInt64, source: Int, field: Int
  ) throws(RecordFault) {
    let size = UInt64(data.count)
    guard let start = UInt32(exactly: address), address + size <= 0x1_0000_0000 else {
      throw RecordFault(.outsideAddressSpace(address: address, size: size), at: field)
    }
    guard !data.isEmpty else { return }
    if isExact {
      table.append(
        PieceTable.Piece(offset: pool.count, count: data.count, source: source, address: start))
      pool += data
    } else if let last = runs.indices.last, runs[last].range.upperBound == address {
      runs[last].bytes += data
    } else if runs.count < Self.mostRuns {
      var bytes: [UInt8] = []
      // What is reserved and not used takes no memory; growing would take half as much again.
      if runs.isEmpty { bytes.reserveCapacity(textSize / 2) }
      bytes += data
      runs.append(ImageElement(address: start, bytes: bytes))
    } else {
      isScattered = true
    }
  }

  /// Unites the data.
  ///
  /// - Parameter text: The text, to count the lines of an error.
  /// - Returns: The image; nil if the text has to be read again as a table.
  /// - Throws: ``RecordProblem/overlap(new:existing:existingLine:firstDifference:)``.
  mutating func image(text: [UInt8]) throws(RecordFault) -> MemoryImage? {
    guard isExact else {
      guard !isScattered else { return nil }
      let found = runs
      runs = []
      return MemoryImage(disjoint: found) ?? (try? MemoryImage(merging: found))
    }
    do {
      return try table.image(pool: pool)
    } catch {
      let new = error.new
      let into = Int(error.firstDifference - UInt64(new.address))
      throw RecordFault(
        .overlap(
          new: new.range, existing: error.existing.range,
          existingLine: TextPosition(of: error.existing.source, in: text).line,
          firstDifference: error.firstDifference),
        at: new.source + 2 * into)
    }
  }
}
