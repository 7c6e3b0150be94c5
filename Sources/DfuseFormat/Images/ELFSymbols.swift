/// The symbols of an ELF file: where the program's variables have their bytes in flash.
///
/// Nothing of the table is copied: each question looks it up in the file.
///
/// - SeeAlso: Tool Interface Standard, ELF Specification version 1.2, figures 1-15 to 1-19.
public struct ELFSymbols: Sendable {
  /// A variable, or a mark that the linker script sets.
  public struct Symbol: Hashable, Sendable {
    /// Where its first byte is stored: in flash, also of what runs in RAM.
    public var address: UInt32
    /// Its bytes; nil where the file does not say, as of a linker script's marks.
    public var size: UInt32?
  }

  /// Why a name leads to no bytes in flash.
  public enum Problem: Error, Hashable, Sendable {
    /// The file has no symbol table: it was stripped.
    case noTable
    /// No symbol of data has the name.
    case notFound
    /// The name is a function's.
    case function
    /// Several symbols of the file have the name, at these addresses.
    case ambiguous([UInt32])
    /// It has no bytes in the file, and lies in RAM at this address: it is zeroed, or left as it is,
    /// when the program starts.
    case notStored(address: UInt32)
  }

  /// Where a table stands in the file.
  private struct Table: Hashable {
    var symbols: Range<Int>
    var names: Range<Int>
  }

  private let bytes: ELFBytes
  private let segments: [ELFTables.Segment]
  /// nil for a file that was stripped.
  private let table: Table?

  private static let entrySize = 16
  /// Where the address space of an ARMv7-M or later has RAM (Code is below, ARM DDI 0403, B3.1).
  private static let ramStart: UInt32 = 0x2000_0000

  /// Takes a file.
  ///
  /// - Parameter file: The whole file.
  /// - Throws: What ``Firmware/init(reading:name:as:at:)`` throws for a file that is no program; of
  ///   the tables of symbols and their names, ``FormatError/badELF(offset:problem:)`` if they go
  ///   beyond the file, or have entries of another size.
  public init(_ file: [UInt8]) throws(FormatError) {
    segments = try ELFTables(file).segments
    bytes = ELFBytes(file: file)
    table = try Self.table(in: bytes)
  }

  private static func table(in bytes: ELFBytes) throws(FormatError) -> Table? {
    let headers = try bytes.entries(
      of: .sections, tableOffset: bytes.word(at: 32), entrySizeField: 46,
      entrySize: ELFTables.sectionHeaderSize)
    // SHT_SYMTAB; a program has one at most.
    guard let index = headers.firstIndex(where: { bytes.word(at: $0 + 4) == 2 }) else {
      return nil
    }
    let header = headers[index]
    let size = Int(bytes.word(at: header + 36))
    guard size == entrySize else {
      throw .badELF(
        offset: header + 36,
        problem: .entrySize(table: .symbols, expected: entrySize, found: size))
    }
    let names = Int(bytes.word(at: header + 24))
    // SHT_STRTAB.
    guard headers.indices.contains(names), bytes.word(at: headers[names] + 4) == 3 else {
      return nil
    }
    return Table(
      symbols: try range(of: index, at: header, bytes),
      names: try range(of: names, at: headers[names], bytes))
  }

  /// Where a section has its bytes, all of which are there.
  private static func range(
    of index: Int, at header: Int, _ bytes: ELFBytes
  ) throws(FormatError) -> Range<Int> {
    let range = ELFBytes.range(at: bytes.word(at: header + 16), size: bytes.word(at: header + 20))
    try bytes.checkInside(range, .sections, index, field: header + 16)
    return Int(range.lowerBound)..<Int(range.upperBound)
  }

  // MARK: - Questions

  /// The symbol with a name, of data or of no type; of several, the one that other files see.
  ///
  /// - Parameter name: As the linker has it, which for C is the variable's own.
  /// - Returns: Where its bytes are stored.
  /// - Throws: ``Problem``.
  public func symbol(named name: String) throws(Problem) -> Symbol {
    guard let table else { throw .noTable }
    let wanted = Array(name.utf8)
    var found: [Entry] = []
    var isFunction = false
    for entry in entries(of: table) where entry.isDefined && has(wanted, entry, table) {
      if entry.isData { found.append(entry) } else if entry.isFunction { isFunction = true }
    }
    let seen = found.filter { !$0.isLocal }
    if !seen.isEmpty { found = seen }
    guard let first = found.first else { throw isFunction ? .function : .notFound }
    let places = Set(found.map(\.value)).sorted()
    guard places.count == 1 else { throw .ambiguous(places) }
    let size = found.map(\.size).filter { $0 > 0 }.min()
    return Symbol(address: try place(of: first, size: size ?? 1), size: size)
  }

  /// The names of all symbols of data, to look for one that was meant; long ones are cut.
  public var dataNames: [String] {
    guard let table else { return [] }
    return entries(of: table).filter { $0.isDefined && $0.isData }.map { entry in
      let start = min(table.names.lowerBound + Int(entry.name), table.names.upperBound)
      let text = bytes.file[start..<table.names.upperBound].prefix(128).prefix { $0 != 0 }
      return String(decoding: text, as: UTF8.self)
    }
  }

  /// Where a symbol's bytes are stored.
  ///
  /// What has none in the file may still have a place: a sector that the linker script sets aside,
  /// by a number or by a section that is not loaded.
  private func place(of entry: Entry, size: UInt32) throws(Problem) -> UInt32 {
    let address = UInt64(entry.value)
    for segment in segments where segment.virtual.contains(address) {
      let offset = address - segment.virtual.lowerBound
      guard offset + UInt64(size) <= UInt64(segment.file.count),
        let place = UInt32(exactly: segment.physicalAddress + offset)
      else { continue }
      return place
    }
    guard entry.isAbsolute || entry.value < Self.ramStart else {
      throw .notStored(address: entry.value)
    }
    return entry.value
  }

  // MARK: - Entries

  /// An Elf32_Sym.
  private struct Entry {
    var name, value, size: UInt32
    var info: UInt8
    var section: UInt16

    /// STT_NOTYPE or STT_OBJECT.
    var isData: Bool { info & 0xF < 2 }
    /// STT_FUNC.
    var isFunction: Bool { info & 0xF == 2 }
    /// STB_LOCAL.
    var isLocal: Bool { info >> 4 == 0 }
    /// Neither SHN_UNDEF nor SHN_COMMON.
    var isDefined: Bool { section != 0 && section != 0xFFF2 }
    /// SHN_ABS.
    var isAbsolute: Bool { section == 0xFFF1 }
  }

  private func entries(of table: Table) -> some Sequence<Entry> {
    let last = table.symbols.upperBound - Self.entrySize
    let offsets = stride(from: table.symbols.lowerBound, through: last, by: Self.entrySize)
    return offsets.lazy.map { offset in
      Entry(
        name: bytes.word(at: offset), value: bytes.word(at: offset + 4),
        size: bytes.word(at: offset + 8), info: bytes.file[offset + 12],
        section: bytes.half(at: offset + 14))
    }
  }

  private func has(_ name: [UInt8], _ entry: Entry, _ table: Table) -> Bool {
    let start = table.names.lowerBound + Int(entry.name)
    let end = start + name.count
    guard end < table.names.upperBound, bytes.file[end] == 0 else { return false }
    return bytes.file[start..<end].elementsEqual(name)
  }
}

extension ELFSymbols.Problem: CustomStringConvertible {
  /// Why there are none, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .noTable: "the file has no names: it was stripped"
    case .notFound: "no variable has that name"
    case .function: "the name is that of a function, and no variable's"
    case .ambiguous(let places):
      "\(places.count) variables have that name, at "
        + places.map { UInt64($0).addressText }.joined(separator: ", ")
    case .notStored(let place):
      "the variable has no bytes in the file: it is in RAM, at \(UInt64(place).addressText)"
    }
  }
}
