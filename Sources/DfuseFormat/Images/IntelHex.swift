/// Intel HEX: records of text, `:LLAAAATT…CC`.
///
/// - SeeAlso: Intel, Hexadecimal Object File Format Specification, Revision A, 1988.
extension RecordReader {
  /// Reads a line.
  ///
  /// - Returns: Whether it is the end record.
  mutating func readHex(_ line: Range<Int>) throws(RecordFault) -> Bool {
    try decodeHex(line)
    let type = scanner.record[3]
    let counts: [Int?] = [nil, 0, 2, 4, 2, 4]
    guard counts.indices.contains(Int(type)) else {
      throw RecordFault(.unknownType(type), at: line.lowerBound + 7)
    }
    if let count = counts[Int(type)], Int(scanner.record[0]) != count {
      throw RecordFault(
        .wrongLength(type: type, expected: count, found: Int(scanner.record[0])),
        at: line.lowerBound + 1)
    }
    switch type {
    case 0: try appendHex(line)
    case 2: base = .segment(scanner.number(at: 4, count: 2) << 4)
    case 3: entryPoint = scanner.number(at: 4, count: 2) << 4 + scanner.number(at: 6, count: 2)
    case 4: base = .linear(scanner.number(at: 4, count: 2) << 16)
    case 5: entryPoint = scanner.number(at: 4, count: 4)
    default: return true
    }
    return false
  }

  /// Decodes a line and checks what all records have: mark, count and checksum.
  private mutating func decodeHex(_ line: Range<Int>) throws(RecordFault) {
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

  /// Adds the data of a type 00.
  private mutating func appendHex(_ line: Range<Int>) throws(RecordFault) {
    let offset = scanner.number(at: 1, count: 2)
    let bytes = scanner.record[4..<(scanner.record.count - 1)]
    let (field, source) = (line.lowerBound + 3, line.lowerBound + 9)
    switch base {
    case .linear(let start):
      try append(bytes, at: UInt64(start) + UInt64(offset), source: source, field: field)
    case .segment(let start):
      let beforeWrap = bytes.prefix(Int(0x1_0000 - offset))
      try append(beforeWrap, at: UInt64(start + offset), source: source, field: field)
      try append(
        bytes.dropFirst(beforeWrap.count), at: UInt64(start),
        source: source + 2 * beforeWrap.count, field: field)
    }
  }
}
