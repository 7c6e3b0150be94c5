/// Motorola S-record: records of text, `S`, type, count, address, data, checksum.
///
/// - SeeAlso: Motorola M68000 Family Programmer's Reference Manual, appendix C.
public enum SRecord {
  /// What a record says, by the digit after the `S`.
  private enum Role {
    case header
    case data
    case count
    case end
  }

  /// Reads a file.
  ///
  /// Lines end in CR, LF or CR LF; blank lines, and blanks at the end of a line, are ignored.
  /// Digits may be of either case. Records of two, three and four address bytes may be mixed.
  /// Data run on where an address has more bits than its field. Gaps stay gaps.
  ///
  /// - Parameter bytes: The whole file.
  /// - Returns: The firmware, with ``ImageWarning/missingEndRecord`` if there is no S7, S8 or S9.
  /// - Throws: ``FormatError/badRecord(_:line:column:problem:)`` for the first line that is wrong,
  ///   also when data overlap or end above 0x1_0000_0000; ``FormatError/noData(_:)``.
  public static func parse(_ bytes: [UInt8]) throws(FormatError) -> FirmwareImage {
    let record = RecordText(bytes)
    let firmware: FirmwareImage?
    do {
      firmware = try read(record.text)
    } catch {
      throw error.error(in: record.text, kind: .srec)
    }
    guard var firmware else { throw .noData(.srec) }
    firmware.warnings += record.oddities.warnings
    return firmware
  }

  /// Reads all records; nil if there are no data.
  private static func read(
    _ text: [UInt8], isExact: Bool = false
  ) throws(RecordFault) -> FirmwareImage? {
    var scanner = RecordScanner(text)
    var data = RecordImage(textSize: text.count, isExact: isExact)
    var header: String?
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
      let (role, addressSize) = try decode(line, with: &scanner)
      let address = scanner.number(at: 1, count: addressSize)
      let payload = scanner.record[(1 + addressSize)..<(scanner.record.count - 1)]
      switch role {
      case .header:
        if header == nil { header = headerText(payload) }
      case .data:
        recordCount += 1
        try data.append(
          payload, at: UInt64(address), source: line.lowerBound + 4 + 2 * addressSize,
          field: line.lowerBound + 4)
      case .count:
        // A count has as many bits as its field, however many records there are.
        guard Int(address) == recordCount & ((1 << (8 * addressSize)) - 1) else {
          throw RecordFault(
            .wrongRecordCount(stored: Int(address), actual: recordCount), at: line.lowerBound + 4)
        }
      case .end:
        // Writers that know no start address put 0.
        if address != 0 { entryPoint = address }
        ended = true
        end = line
      }
    }

    guard let image = try data.image(text: text) else { return try read(text, isExact: true) }
    guard !image.isEmpty else { return nil }
    var warnings: [ImageWarning] = []
    if !ended { warnings.append(.missingEndRecord) }
    if image.duplicateByteCount > 0 {
      warnings.append(.duplicateData(bytes: image.duplicateByteCount))
    }
    if isPadded { warnings.append(.paddingAfterEnd) }
    warnings += scanner.oddities.warnings
    return FirmwareImage(
      kind: .srec, image: image, entryPoint: entryPoint, header: header, warnings: warnings)
  }

  /// Decodes a line and checks what all records have: mark, type, count and checksum.
  private static func decode(
    _ line: Range<Int>, with scanner: inout RecordScanner
  ) throws(RecordFault) -> (role: Role, addressSize: Int) {
    let start = line.lowerBound
    let mark = scanner.text[start]
    guard mark | 0x20 == UInt8(ascii: "s") else {
      throw RecordFault(.startMark(expected: UInt8(ascii: "S"), found: mark), at: start)
    }
    guard line.count >= 2 else {
      throw RecordFault(.tooShort(needed: 4, available: 0), at: line.upperBound)
    }
    let (role, addressSize) = try meaning(ofType: scanner.text[start + 1], at: start + 1)

    try scanner.decode((start + 2)..<line.upperBound)
    guard let declared = scanner.record.first, let stored = scanner.record.last else {
      throw RecordFault(.tooShort(needed: 2 + addressSize, available: 0), at: line.upperBound)
    }
    let found = scanner.record.count - 1
    guard declared == found else {
      throw RecordFault(.lengthMismatch(declared: Int(declared), found: found), at: start + 2)
    }
    guard found >= addressSize + 1 else {
      throw RecordFault(
        .tooShort(needed: 2 + addressSize, available: scanner.record.count), at: line.upperBound)
    }
    guard scanner.sum == 0xFF else {
      throw RecordFault(
        .checksum(stored: stored, computed: ~(scanner.sum &- stored)), at: line.upperBound - 2)
    }
    switch role {
    case .header, .data: break
    case .count, .end:
      guard found == addressSize + 1 else {
        throw RecordFault(
          .wrongLength(
            type: scanner.text[start + 1] - UInt8(ascii: "0"), expected: addressSize + 1,
            found: found),
          at: start + 2)
      }
    }
    return (role, addressSize)
  }

  /// What the digit after the `S` says, and how many bytes its address has.
  private static func meaning(
    ofType type: UInt8, at offset: Int
  ) throws(RecordFault) -> (role: Role, addressSize: Int) {
    switch type {
    case UInt8(ascii: "0"): (.header, 2)
    case UInt8(ascii: "1"): (.data, 2)
    case UInt8(ascii: "2"): (.data, 3)
    case UInt8(ascii: "3"): (.data, 4)
    case UInt8(ascii: "4"): throw RecordFault(.reservedType, at: offset)
    case UInt8(ascii: "5"): (.count, 2)
    case UInt8(ascii: "6"): (.count, 3)
    case UInt8(ascii: "7"): (.end, 4)
    case UInt8(ascii: "8"): (.end, 3)
    case UInt8(ascii: "9"): (.end, 2)
    default: throw RecordFault(.unknownTypeCharacter(type), at: offset)
    }
  }

  /// The text of a header, fit to be shown: a file must not steer a terminal.
  private static func headerText(_ bytes: ArraySlice<UInt8>) -> String? {
    var text = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: break
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text.isEmpty ? nil : text
  }
}
