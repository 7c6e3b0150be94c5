/// A linked program: ELF, 32 bits, little-endian.
///
/// What is loaded, and where, is what GNU `objcopy -O binary` lays out: the sections with data at
/// their load addresses (p_paddr), not whole segments, which may begin with the ELF header itself.
///
/// - SeeAlso: Tool Interface Standard, ELF Specification version 1.2.
public enum ELFImage {
  /// Gaps up to this many bytes are filled with zeros.
  ///
  /// They come from alignment, and an element of a container for each would help nobody. GNU
  /// objcopy fills every gap so.
  private static let longestFilledGap = 3

  /// Reads a file.
  ///
  /// A file without section headers loads its PT_LOAD segments whole. A section that lies in no
  /// PT_LOAD is left out with ``ImageWarning/sectionNotLoaded(index:address:size:)``.
  ///
  /// - Parameter bytes: The whole file.
  /// - Returns: The firmware.
  /// - Throws: ``FormatError/truncated(field:offset:needed:available:)`` and
  ///   ``FormatError/badSignature(field:offset:expected:found:)`` for the ELF header and the
  ///   tables; ``FormatError/badELF(offset:problem:)``; ``FormatError/noData(_:)`` if nothing is
  ///   loaded; ``FormatError/outsideAddressSpace(address:size:)``, and
  ///   ``FormatError/overlap(new:existing:firstDifference:)`` with the ranges of the two sections
  ///   or segments.
  public static func parse(_ bytes: [UInt8]) throws(FormatError) -> FirmwareImage {
    let tables = try ELFTables(bytes)
    var warnings: [ImageWarning] = []
    let isUsual = tables.machine == 40 || tables.machine == 243
    if !isUsual { warnings.append(.unusualMachine(tables.machine)) }

    var pieces = PieceTable()
    var loaded: [FirmwareImage.Section] = []
    if let sections = tables.sections {
      for section in sections {
        if let segment = home(of: section, in: tables.segments) {
          try append(
            section.file, of: segment, headerOffset: section.headerOffset, to: &pieces)
          if let piece = pieces.pieces.last {
            loaded.append(FirmwareImage.Section(name: section.name, range: piece.range))
          }
        } else {
          warnings.append(
            .sectionNotLoaded(
              index: section.index, address: section.address, size: UInt32(section.file.count)))
        }
      }
    } else {
      for segment in tables.segments {
        if segment.file.lowerBound < UInt64(ELFTables.headerSize) {
          warnings.append(.headersLoaded(address: segment.physicalAddress))
        }
        try append(segment.file, of: segment, headerOffset: segment.headerOffset, to: &pieces)
      }
    }
    try checkSize(of: pieces, fileSize: bytes.count)

    var image: MemoryImage
    do {
      image = try pieces.image(pool: bytes)
    } catch {
      throw .overlap(
        new: error.new.range, existing: error.existing.range,
        firstDifference: error.firstDifference)
    }
    guard !image.isEmpty else { throw .noData(.elf) }
    if image.duplicateByteCount > 0 {
      warnings.append(.duplicateData(bytes: image.duplicateByteCount))
    }
    image.fillGaps(upTo: longestFilledGap, with: 0)
    var firmware = FirmwareImage(
      kind: .elf, image: image, entryPoint: tables.entry == 0 ? nil : tables.entry,
      warnings: warnings)
    firmware.sections = loaded
    return firmware
  }

  /// The segment that loads a section.
  ///
  /// Segments may share bytes of the file. The virtual address then tells which one is meant; a
  /// file whose virtual addresses make no sense still has the offsets.
  private static func home(
    of section: ELFTables.Section, in segments: [ELFTables.Segment]
  ) -> ELFTables.Segment? {
    let address = UInt64(section.address)
    let virtual = address..<(address + UInt64(section.file.count))
    var byOffset: ELFTables.Segment?
    for segment in segments where section.file.clamped(to: segment.file) == section.file {
      if virtual.clamped(to: segment.virtual) == virtual { return segment }
      if byOffset == nil { byOffset = segment }
    }
    return byOffset
  }

  /// Notes bytes of the file at the address to which their segment loads them.
  private static func append(
    _ file: Range<UInt64>, of segment: ELFTables.Segment, headerOffset: Int,
    to pieces: inout PieceTable
  ) throws(FormatError) {
    let address = segment.physicalAddress + (file.lowerBound - segment.file.lowerBound)
    let size = UInt64(file.count)
    guard let start = UInt32(exactly: address), address + size <= 0x1_0000_0000 else {
      throw .outsideAddressSpace(address: address, size: size)
    }
    pieces.append(
      PieceTable.Piece(
        offset: Int(file.lowerBound), count: file.count, source: headerOffset, address: start))
  }

  /// Refuses tables that load the same bytes again and again: a small file must not make a large
  /// image.
  private static func checkSize(of pieces: PieceTable, fileSize: Int) throws(FormatError) {
    let total = pieces.pieces.reduce(UInt64(0)) { $0 + UInt64($1.count) }
    guard total <= UInt64(fileSize) else {
      throw .badELF(
        offset: 0, problem: .moreThanTheFile(bytes: total, fileSize: fileSize))
    }
  }
}
