/// Motorola S-record: records of text, `S`, type, count, address, data, checksum.
///
/// Records of two, three and four address bytes may be mixed. Data run on where an address has more
/// bits than its field.
///
/// - SeeAlso: Motorola M68000 Family Programmer's Reference Manual, appendix C.
extension RecordReader {
  /// What a record says, by the digit after the `S`.
  private enum Role {
    case header, data, count, end
  }

  /// Reads a line.
  ///
  /// - Returns: Whether it is the end record.
  mutating func readSRecord(_ line: Range<Int>) throws(RecordFault) -> Bool {
    let (role, addressSize) = try decodeSRecord(line)
    let address = scanner.number(at: 1, count: addressSize)
    let payload = scanner.record[(1 + addressSize)..<(scanner.record.count - 1)]
    switch role {
    case .header:
      if header == nil { header = Self.headerText(payload) }
    case .data:
      dataCount += 1
      try append(
        payload, at: UInt64(address), source: line.lowerBound + 4 + 2 * addressSize,
        field: line.lowerBound + 4)
    case .count:
      // A count has as many bits as its field, however many records there are.
      guard Int(address) == dataCount & ((1 << (8 * addressSize)) - 1) else {
        throw RecordFault(
          .wrongRecordCount(stored: Int(address), actual: dataCount), at: line.lowerBound + 4)
      }
    case .end:
      // Writers that know no start address put 0.
      if address != 0 { entryPoint = address }
      return true
    }
    return false
  }

  /// Decodes a line and checks what all records have: mark, type, count and checksum.
  private mutating func decodeSRecord(
    _ line: Range<Int>
  ) throws(RecordFault) -> (role: Role, addressSize: Int) {
    let start = line.lowerBound
    let mark = scanner.text[start]
    guard mark | 0x20 == UInt8(ascii: "s") else {
      throw RecordFault(.startMark(expected: UInt8(ascii: "S"), found: mark), at: start)
    }
    guard line.count >= 2 else {
      throw RecordFault(.tooShort(needed: 4, available: 0), at: line.upperBound)
    }
    let (role, addressSize) = try Self.meaning(ofType: scanner.text[start + 1], at: start + 1)

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
    if role == .count || role == .end, found != addressSize + 1 {
      throw RecordFault(
        .wrongLength(
          type: scanner.text[start + 1] - UInt8(ascii: "0"), expected: addressSize + 1,
          found: found),
        at: start + 2)
    }
    return (role, addressSize)
  }

  /// What the digit after the `S` says, and how many bytes its address has.
  private static func meaning(
    ofType type: UInt8, at offset: Int
  ) throws(RecordFault) -> (role: Role, addressSize: Int) {
    let roles: [(Role, Int)?] = [
      (.header, 2), (.data, 2), (.data, 3), (.data, 4), nil, (.count, 2), (.count, 3), (.end, 4),
      (.end, 3), (.end, 2),
    ]
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(type) else {
      throw RecordFault(.unknownTypeCharacter(type), at: offset)
    }
    guard let role = roles[Int(type - UInt8(ascii: "0"))] else {
      throw RecordFault(.reservedType, at: offset)
    }
    return role
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
