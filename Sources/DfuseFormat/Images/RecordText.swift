/// A text of records without what editors and shells put around it: a byte-order mark, UTF-16,
/// colour codes.
struct RecordText {
  /// The text; its lines are those of the file.
  private(set) var text: [UInt8]
  /// What was taken away.
  private(set) var oddities: Set<TextOddity> = []

  /// Looks at a file; the bytes are the same array if there is nothing to take away.
  init(_ bytes: [UInt8]) {
    text = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      text.removeFirst(3)
      oddities.insert(.byteOrderMark)
    } else if let narrow = Self.narrowed(bytes) {
      text = narrow
      oddities.insert(.utf16)
    }
    // Colours begin in the first line, if there are any: so no large file is searched.
    if text.prefix(4096).contains(0x1B) {
      let plain = Self.withoutColours(text)
      if plain.count < text.count { oddities.insert(.colourCodes) }
      text = plain
    }
  }

  /// UTF-16 as bytes; nil if it is none, or not all of it can be a character of one byte.
  private static func narrowed(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count >= 4 else { return nil }
    let isLittle: Bool
    let start: Int
    switch (bytes[0], bytes[1]) {
    case (0xFF, 0xFE): (isLittle, start) = (true, 2)
    case (0xFE, 0xFF): (isLittle, start) = (false, 2)
    case (1..., 0) where bytes[3] == 0: (isLittle, start) = (true, 0)
    case (0, 1...) where bytes[2] == 0: (isLittle, start) = (false, 0)
    default: return nil
    }
    var narrow: [UInt8] = []
    narrow.reserveCapacity(bytes.count / 2)
    var index = start
    while index + 1 < bytes.count {
      let (low, high) = (bytes[index + (isLittle ? 0 : 1)], bytes[index + (isLittle ? 1 : 0)])
      guard high == 0, low != 0, low < 0x80 else { return nil }
      narrow.append(low)
      index += 2
    }
    return narrow
  }

  /// The text without `ESC [ … m`.
  private static func withoutColours(_ text: [UInt8]) -> [UInt8] {
    var plain: [UInt8] = []
    var index = 0
    while index < text.count {
      if text[index] == 0x1B, index + 1 < text.count, text[index + 1] == UInt8(ascii: "["),
        let end = text[(index + 2)...].firstIndex(where: { !"0123456789;".utf8.contains($0) }),
        text[end] == UInt8(ascii: "m")
      {
        index = end + 1
      } else {
        plain.append(text[index])
        index += 1
      }
    }
    return plain
  }

  // MARK: - Recognising

  /// The kind of records that a file begins with, or nil.
  static func kind(beginning: [UInt8]) -> ImageKind? {
    var scanner = RecordScanner(RecordText(beginning).text)
    guard let line = scanner.firstRecord() else { return nil }
    return kind(ofLine: scanner.text[line])
  }

  /// The kind of record that a line begins as, or nil.
  static func kind(ofLine line: ArraySlice<UInt8>) -> ImageKind? {
    let text = line.drop { RecordScanner.isBlank($0) }.prefix(4)
    guard let mark = text.first else { return nil }
    if mark == UInt8(ascii: ":") { return startsWithByte(text.dropFirst()) ? .hex : nil }
    guard mark | 0x20 == UInt8(ascii: "s"), let type = text.dropFirst().first,
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(type), startsWithByte(text.dropFirst(2))
    else { return nil }
    return .srec
  }

  private static func startsWithByte(_ text: ArraySlice<UInt8>) -> Bool {
    text.count >= 2 && text.prefix(2).allSatisfy(RecordScanner.isHexDigit)
  }
}

/// What stood around the records of a text, and was left out.
public enum TextOddity: String, CaseIterable, Hashable, Sendable {
  /// A mark or encoding at the start, colour codes, and lines that are no records.
  case byteOrderMark, utf16, colourCodes, comments, name, symbols
}

extension TextOddity: CustomStringConvertible {
  /// What was done, in a sentence.
  public var description: String {
    switch self {
    case .byteOrderMark: "the file begins with a byte-order mark, which was left out"
    case .utf16: "the file is UTF-16 and was read as ASCII"
    case .colourCodes: "the file has colour codes of a terminal, which were left out"
    case .comments: "the file has comment lines, which were left out"
    case .name: "a line before the first record was left out"
    case .symbols: "the file has a table of symbols, which was left out"
    }
  }
}

extension Set<TextOddity> {
  /// A warning for each, in one order.
  var warnings: [ImageWarning] {
    TextOddity.allCases.filter(contains).map(ImageWarning.leftOut)
  }
}
