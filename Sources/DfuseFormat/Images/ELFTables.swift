/// The headers of an ELF32 little-endian file.
///
/// - SeeAlso: Tool Interface Standard, ELF Specification version 1.2, figures 1-3, 1-9 and 2-1.
struct ELFTables {
  /// A PT_LOAD program header that has bytes in the file.
  struct Segment {
    /// p_offset and p_filesz.
    var file: Range<UInt64>
    /// p_vaddr and p_memsz.
    var virtual: Range<UInt64>
    /// p_paddr: where the first byte is stored in flash.
    var physicalAddress: UInt64
  }

  /// A section with SHF_ALLOC that has bytes in the file.
  struct Section {
    var index: Int
    /// Its name, empty if the file has none for it.
    var name: String
    /// sh_offset and sh_size.
    var file: Range<UInt64>
    /// sh_addr.
    var address: UInt32
  }

  /// e_machine.
  let machine: UInt16
  /// e_entry.
  let entry: UInt32
  /// The segments to load, in the order of the file.
  let segments: [Segment]
  /// The sections to load, in the order of the file; nil if the file has no section headers.
  let sections: [Section]?

  static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
  static let headerSize = 52
  private static let programHeaderSize = 32
  static let sectionHeaderSize = 40

  /// Reads the header and both tables, and checks all that the file must have for that.
  init(_ file: [UInt8]) throws(FormatError) {
    let bytes = ELFBytes(file: file)
    try ELFTables.checkIdentity(bytes)
    machine = bytes.half(at: 18)
    entry = bytes.word(at: 24)
    segments = try ELFTables.segments(of: bytes)
    sections = try ELFTables.sections(of: bytes)
  }

  /// Checks e_ident and e_type.
  private static func checkIdentity(_ bytes: ELFBytes) throws(FormatError) {
    let found = Array(bytes.file.prefix(4))
    guard magic.starts(with: found) else {
      throw .badSignature(field: "e_ident", offset: 0, expected: magic, found: found)
    }
    guard bytes.file.count >= headerSize else {
      throw .truncated(
        field: "ELF header", offset: 0, needed: headerSize, available: bytes.file.count)
    }
    guard bytes.file[4] == 1 else { throw .badELF(offset: 4, problem: .notThirtyTwoBit) }
    guard bytes.file[5] == 1 else { throw .badELF(offset: 5, problem: .notLittleEndian) }
    guard bytes.file[6] == 1 else {
      throw .badELF(offset: 6, problem: .unsupportedVersion(bytes.file[6]))
    }
    switch bytes.half(at: 16) {
    case 1: throw .badELF(offset: 16, problem: .relocatable)
    case 2, 3: break
    case let type: throw .badELF(offset: 16, problem: .notAProgram(type: type))
    }
  }

  /// Reads the program headers.
  private static func segments(of bytes: ELFBytes) throws(FormatError) -> [Segment] {
    let offsets = try bytes.entries(
      of: .segments, tableOffset: bytes.word(at: 28), entrySizeField: 42,
      entrySize: programHeaderSize)
    var segments: [Segment] = []
    for (index, offset) in offsets.enumerated() {
      let size = bytes.word(at: offset + 16)
      let isLoad = bytes.word(at: offset) == 1
      guard isLoad, size > 0 else { continue }
      let segment = Segment(
        file: ELFBytes.range(at: bytes.word(at: offset + 4), size: size),
        virtual: ELFBytes.range(
          at: bytes.word(at: offset + 8), size: bytes.word(at: offset + 20)),
        physicalAddress: UInt64(bytes.word(at: offset + 12)))
      try bytes.checkInside(segment.file, .segments, index, field: offset + 4)
      segments.append(segment)
    }
    return segments
  }

  /// Reads the section headers.
  private static func sections(of bytes: ELFBytes) throws(FormatError) -> [Section]? {
    let offsets = try bytes.entries(
      of: .sections, tableOffset: bytes.word(at: 32), entrySizeField: 46,
      entrySize: sectionHeaderSize)
    guard !offsets.isEmpty else { return nil }
    var sections: [Section] = []
    for (index, offset) in offsets.enumerated() {
      let type = bytes.word(at: offset + 4)
      let isAllocated = bytes.word(at: offset + 8) & 2 != 0
      let size = bytes.word(at: offset + 20)
      let hasBytes = type != 0 && type != 8
      guard hasBytes, isAllocated, size > 0 else { continue }
      let section = Section(
        index: index, name: name(at: bytes.word(at: offset), offsets, bytes),
        file: ELFBytes.range(at: bytes.word(at: offset + 16), size: size),
        address: bytes.word(at: offset + 12))
      try bytes.checkInside(section.file, .sections, index, field: offset + 16)
      sections.append(section)
    }
    return sections
  }

  /// The name at an offset in the table of section names, which e_shstrndx tells; what is wrong with
  /// that table is no reason to refuse a program.
  private static func name(at index: UInt32, _ offsets: [Int], _ bytes: ELFBytes) -> String {
    let table = Int(bytes.half(at: 50))
    // SHT_STRTAB; a file without names has SHN_UNDEF, the section header that is no section.
    guard table < offsets.count, bytes.word(at: offsets[table] + 4) == 3 else { return "" }
    let start = UInt64(bytes.word(at: offsets[table] + 16)) + UInt64(index)
    guard start < UInt64(bytes.file.count) else { return "" }
    let text = bytes.file[Int(start)...].prefix(64).prefix { $0 != 0 }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The bytes of an ELF32 little-endian file as the numbers of its headers.
struct ELFBytes {
  /// The file.
  let file: [UInt8]

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
        field: "table of \(table.rawValue)s", offset: start, needed: count * entrySize,
        available: available)
    }
    return (0..<count).map { start + $0 * entrySize }
  }

  /// Refuses bytes beyond the end of the file.
  func checkInside(
    _ range: Range<UInt64>, _ table: ELFTable, _ index: Int, field: Int
  ) throws(FormatError) {
    guard range.upperBound <= UInt64(file.count) else {
      throw .badELF(
        offset: field,
        problem: .outsideFile(
          table, index: index, offset: range.lowerBound, size: range.upperBound - range.lowerBound,
          fileSize: file.count))
    }
  }

  /// A range of 32-bit numbers, which may end above what 32 bits hold.
  static func range(at start: UInt32, size: UInt32) -> Range<UInt64> {
    UInt64(start)..<(UInt64(start) + UInt64(size))
  }
}
