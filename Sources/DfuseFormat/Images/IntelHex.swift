/// Intel HEX: records of text, `:LLAAAATT…CC`.
///
/// - SeeAlso: Intel, Hexadecimal Object File Format Specification, Revision A, 1988.
public enum IntelHex {
  /// Where an address field counts from.
  private enum Base {
    /// Type 04, or none yet: the data run on into the next 64 KiB.
    case linear(UInt32)
    /// Type 02: the address within the segment wraps at 64 KiB.
    case segment(UInt32)
  }

  /// Reads a file.
  ///
  /// Lines end in CR, LF or CR LF; blank lines, and blanks at the end of a line, are ignored.
  /// Digits may be of either case. Gaps stay gaps.
  ///
  /// - Parameter bytes: The whole file.
  /// - Returns: The firmware; its entry point is that of the last type 03 or 05.
  /// - Throws: ``FormatError/badRecord(_:line:column:problem:)`` for the first line that is wrong,
  ///   also when data overlap or end above 0x1_0000_0000; ``FormatError/noData(_:)``.
  public static func parse(_ bytes: [UInt8]) throws(FormatError) -> FirmwareImage {
    let record = RecordText(bytes)
    let firmware: FirmwareImage?
    do {
      firmware = try read(record.text)
    } catch {
      throw error.error(in: record.text, kind: .hex)
    }
    guard var firmware else { throw .noData(.hex) }
    firmware.warnings += record.oddities.warnings
    return firmware
  }

  /// Reads all records; nil if there are no data.
  private static func read(
    _ text: [UInt8], isExact: Bool = false
  ) throws(RecordFault) -> FirmwareImage? {
    var scanner = RecordScanner(text)
    var data = RecordImage(textSize: text.count, isExact: isExact)
    var base = Base.linear(0)
    var entryPoint: UInt32?
    var ended = false
    var end = 0..<0
    var isPadded = false
    var recordCount = 0

    var next = scanner.firstRecord() ?? scanner.nextLine()
    while let line = next {
      defer { next = scanner.nextLine() }
      guard !ended else {
        try scanner.checkPadding(line, after: end)
        isPadded = true
        continue
      }
      recordCount += 1
      try decode(line, with: &scanner)
      switch scanner.record[3] {
      case 0:
        try append(scanner, base: base, line: line.lowerBound, to: &data)
      case 1:
        try check(scanner, line: line.lowerBound, count: 0)
        ended = true
        end = line
      case 2:
        try check(scanner, line: line.lowerBound, count: 2)
        base = .segment(scanner.number(at: 4, count: 2) << 4)
      case 3:
        try check(scanner, line: line.lowerBound, count: 4)
        let segment = scanner.number(at: 4, count: 2)
        entryPoint = segment << 4 + scanner.number(at: 6, count: 2)
      case 4:
        try check(scanner, line: line.lowerBound, count: 2)
        base = .linear(scanner.number(at: 4, count: 2) << 16)
      case 5:
        try check(scanner, line: line.lowerBound, count: 4)
        entryPoint = scanner.number(at: 4, count: 4)
      case let type:
        throw RecordFault(.unknownType(type), at: line.lowerBound + 7)
      }
    }

    guard recordCount > 0 else { return nil }
    guard ended else { throw RecordFault(.missingEndRecord, at: text.count) }
    guard let image = try data.image(text: text) else { return try read(text, isExact: true) }
    guard !image.isEmpty else { return nil }
    let duplicates = image.duplicateByteCount
    return FirmwareImage(
      kind: .hex, image: image, entryPoint: entryPoint,
      warnings: (duplicates > 0 ? [.duplicateData(bytes: duplicates)] : [])
        + (isPadded ? [.paddingAfterEnd] : []) + scanner.oddities.warnings)
  }

  /// Decodes a line and checks what all records have: mark, count and checksum.
  private static func decode(
    _ line: Range<Int>, with scanner: inout RecordScanner
  ) throws(RecordFault) {
    let mark = scanner.text[line.lowerBound]
    guard mark == UInt8(ascii: ":") else {
      throw RecordFault(
        .startMark(expected: UInt8(ascii: ":"), found: mark), at: line.lowerBound)
    }
    try scanner.decode((line.lowerBound + 1)..<line.upperBound)
    guard scanner.record.count >= 5, let stored = scanner.record.last else {
      throw RecordFault(.tooShort(needed: 5, available: scanner.record.count), at: line.upperBound)
    }
    let declared = Int(scanner.record[0])
    let found = scanner.record.count - 5
    guard declared == found else {
      throw RecordFault(
        .lengthMismatch(declared: declared, found: found), at: line.lowerBound + 1)
    }
    guard scanner.sum == 0 else {
      throw RecordFault(
        .checksum(stored: stored, computed: stored &- scanner.sum), at: line.upperBound - 2)
    }
  }

  /// Refuses a record whose count is not the one that its type demands.
  private static func check(
    _ scanner: RecordScanner, line: Int, count: Int
  ) throws(RecordFault) {
    let found = Int(scanner.record[0])
    guard found == count else {
      throw RecordFault(
        .wrongLength(type: scanner.record[3], expected: count, found: found), at: line + 1)
    }
  }

  /// Adds the data of a type 00.
  private static func append(
    _ scanner: RecordScanner, base: Base, line: Int, to data: inout RecordImage
  ) throws(RecordFault) {
    let offset = scanner.number(at: 1, count: 2)
    let bytes = scanner.record[4..<(scanner.record.count - 1)]
    let (field, source) = (line + 3, line + 9)
    switch base {
    case .linear(let start):
      try data.append(bytes, at: UInt64(start) + UInt64(offset), source: source, field: field)
    case .segment(let start):
      let beforeWrap = bytes.prefix(Int(0x1_0000 - offset))
      let afterWrap = bytes.dropFirst(beforeWrap.count)
      try data.append(beforeWrap, at: UInt64(start + offset), source: source, field: field)
      try data.append(
        afterWrap, at: UInt64(start), source: source + 2 * beforeWrap.count, field: field)
    }
  }
}
