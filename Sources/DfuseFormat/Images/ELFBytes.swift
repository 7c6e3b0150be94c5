/// The bytes of an ELF32 little-endian file as the numbers of its headers.
struct ELFBytes {
  /// The file.
  let file: [UInt8]

  /// Looks at a file.
  init(_ file: [UInt8]) {
    self.file = file
  }

  /// An Elf32_Half; the caller knows that it is there.
  func half(at offset: Int) -> UInt16 {
    UInt16(file[offset]) | UInt16(file[offset + 1]) << 8
  }

  /// An Elf32_Word, Elf32_Off or Elf32_Addr; the caller knows that it is there.
  func word(at offset: Int) -> UInt32 {
    UInt32(half(at: offset)) | UInt32(half(at: offset + 2)) << 16
  }

  /// The offsets of the entries of a table, none if there is no table.
  ///
  /// - Parameters:
  ///   - table: Which it is, for errors.
  ///   - tableOffset: e_phoff or e_shoff.
  ///   - entrySizeField: The offset of e_phentsize or e_shentsize; the number of entries follows.
  ///   - entrySize: What the specification says.
  /// - Returns: An offset in the file for each entry; all its bytes are there.
  /// - Throws: ``ELFProblem/entrySize(table:expected:found:)``;
  ///   ``FormatError/truncated(field:offset:needed:available:)`` if the file ends in the table.
  func entries(
    of table: ELFTable, tableOffset: UInt32, entrySizeField: Int, entrySize: Int
  ) throws(FormatError) -> [Int] {
    let count = Int(half(at: entrySizeField + 2))
    guard tableOffset > 0, count > 0 else { return [] }
    let found = Int(half(at: entrySizeField))
    guard found == entrySize else {
      throw .badELF(
        offset: entrySizeField,
        problem: .entrySize(table: table, expected: entrySize, found: found))
    }
    let start = Int(tableOffset)
    let available = max(0, file.count - start)
    guard count * entrySize <= available else {
      throw .truncated(
        field: "table of \(table.rawValue)", offset: start, needed: count * entrySize,
        available: available)
    }
    return (0..<count).map { start + $0 * entrySize }
  }

  /// Refuses bytes beyond the end of the file.
  func checkInside(
    _ range: Range<UInt64>, entry: ELFEntry, field: Int
  ) throws(FormatError) {
    guard range.upperBound <= UInt64(file.count) else {
      throw .badELF(
        offset: field,
        problem: .outsideFile(
          entry: entry, offset: range.lowerBound, size: range.upperBound - range.lowerBound,
          fileSize: file.count))
    }
  }

  /// A range of 32-bit numbers, which may end above what 32 bits hold.
  static func range(at start: UInt32, size: UInt32) -> Range<UInt64> {
    UInt64(start)..<(UInt64(start) + UInt64(size))
  }
}
