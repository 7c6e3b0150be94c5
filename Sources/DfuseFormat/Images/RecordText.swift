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
}

/// What stood around the records of a text, and was left out; each with what was done, in a sentence.
public enum TextOddity: String, CaseIterable, Hashable, Sendable {
  /// A mark of UTF-8 at the start.
  case byteOrderMark = "the file begins with a byte-order mark, which was left out"
  /// Another encoding.
  case utf16 = "the file is UTF-16 and was read as ASCII"
  /// What a terminal makes colours of.
  case colourCodes = "the file has colour codes of a terminal, which were left out"
  /// Lines that begin with `;`, `#` or `//`.
  case comments = "the file has comment lines, which were left out"
  /// One line of text before the first record.
  case name = "a line before the first record was left out"
  /// The symbols of `objcopy -O symbolsrec`.
  case symbols = "the file has a table of symbols, which was left out"
}

/// A place in a text as an editor names it.
///
/// Found by counting from the start when an error must be told, so that reading a file without
/// errors counts nothing.
struct TextPosition: Hashable {
  /// The line, from 1; CR, LF and CR LF each end one.
  var line = 1
  /// The column, from 1, in bytes.
  var column = 1

  /// Finds the place of an offset; that of the end if `offset` is the text's size or more.
  init(of offset: Int, in text: [UInt8]) {
    var previous: UInt8?
    for character in text.prefix(offset) {
      switch character {
      case UInt8(ascii: "\n") where previous == UInt8(ascii: "\r"): break
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        line += 1
        column = 1
      default:
        column += 1
      }
      previous = character
    }
  }
}
