/// A linked program: ELF, 32 bits, little-endian.
///
/// What is loaded, and where, is what GNU `objcopy -O binary` lays out: the sections with data at
/// their load addresses (p_paddr), not whole segments, which may begin with the ELF header itself.
///
/// - SeeAlso: Tool Interface Standard, ELF Specification version 1.2.
enum ELFImage {
  /// Gaps up to this many bytes are filled with zeros.
  ///
  /// They come from alignment, and an element of a container for each would help nobody. GNU
  /// objcopy fills every gap so.
  private static let longestFilledGap = 3

  /// Reads a file.
  ///
  /// A file without section headers loads its PT_LOAD segments whole. A section that lies in no
  /// PT_LOAD is left out with ``Firmware/Warning/sectionNotLoaded(index:address:size:)``.
  ///
  /// - Parameter bytes: The whole file.
  /// - Returns: The firmware.
  /// - Throws: ``FormatError/truncated(field:offset:needed:available:)`` and
  ///   ``FormatError/badSignature(field:offset:expected:found:)`` for the ELF header and the
  ///   tables; ``FormatError/badELF(offset:problem:)``; ``FormatError/noData(_:)`` if nothing is
  ///   loaded; ``FormatError/outsideAddressSpace(address:size:)``, and
  ///   ``FormatError/overlap(new:existing:firstDifference:)`` with the ranges of the two sections
  ///   or segments.
  static func read(_ bytes: [UInt8]) throws(FormatError) -> Firmware {
    let tables = try ELFTables(bytes)
    var warnings: [Firmware.Warning] = []
    let isUsual = tables.machine == 40 || tables.machine == 243
    if !isUsual { warnings.append(.unusualMachine(tables.machine)) }

    var pieces: [(file: Range<UInt64>, address: UInt32)] = []
    var loaded: [Firmware.Section] = []
    for section in tables.sections ?? [] {
      if let segment = home(of: section, in: tables.segments) {
        let address = try address(of: section.file, in: segment)
        pieces.append((section.file, address))
        loaded.append(
          Firmware.Section(
            name: section.name,
            range: UInt64(address)..<(UInt64(address) + UInt64(section.file.count))))
      } else {
        warnings.append(
          .sectionNotLoaded(
            index: section.index, address: section.address, size: UInt32(section.file.count)))
      }
    }
    for segment in tables.segments where tables.sections == nil {
      if segment.file.lowerBound < UInt64(ELFTables.headerSize) {
        warnings.append(.headersLoaded(address: segment.physicalAddress))
      }
      pieces.append((segment.file, try address(of: segment.file, in: segment)))
    }
    // A small file must not make a large image by loading the same bytes again and again.
    let total = pieces.reduce(UInt64(0)) { $0 + UInt64($1.file.count) }
    guard total <= UInt64(bytes.count) else {
      throw .badELF(offset: 0, problem: .moreThanTheFile(bytes: total, fileSize: bytes.count))
    }

    var image = try MemoryImage(
      merging: pieces.map { file, address in
        ImageElement(
          address: address, bytes: Array(bytes[Int(file.lowerBound)..<Int(file.upperBound)]))
      })
    guard !image.isEmpty else { throw .noData(.elf) }
    let repeated = Int(total) - image.byteCount
    if repeated > 0 { warnings.append(.duplicateData(bytes: repeated)) }
    image.fillGaps(upTo: longestFilledGap, with: 0)
    var firmware = Firmware(.elf, image, warnings)
    firmware.entryPoint = tables.entry == 0 ? nil : tables.entry
    firmware.machine = tables.machine
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

  /// Where bytes of the file are stored, which a segment loads.
  private static func address(
    of file: Range<UInt64>, in segment: ELFTables.Segment
  ) throws(FormatError) -> UInt32 {
    let address = segment.physicalAddress + (file.lowerBound - segment.file.lowerBound)
    let size = UInt64(file.count)
    guard let start = UInt32(exactly: address), address + size <= 1 << 32 else {
      throw .outsideAddressSpace(address: address, size: size)
    }
    return start
  }
}
