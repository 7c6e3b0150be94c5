/// The data of a text of records, gathered while it is read.
struct RecordImage {
  /// All data bytes in the order of the file.
  private var pool: [UInt8] = []
  private var table = PieceTable()

  /// Makes room for the data of a text; two characters are at least needed for a byte.
  init(textSize: Int) {
    pool.reserveCapacity(textSize / 2)
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
    table.append(
      PieceTable.Piece(offset: pool.count, count: data.count, source: source, address: start))
    pool += data
  }

  /// Unites the data.
  ///
  /// - Parameter text: The text, to count the lines of an error.
  /// - Returns: The image.
  /// - Throws: ``RecordProblem/overlap(new:existing:existingLine:firstDifference:)``.
  func image(text: [UInt8]) throws(RecordFault) -> MemoryImage {
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
