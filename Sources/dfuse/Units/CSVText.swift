/// Comma-separated values (RFC 4180), as spreadsheets read and write them.
enum CSVText {
  /// What is wrong with a table.
  enum Problem: Error, Equatable {
    case notUTF8
    /// Quotes that are opened in this row, from 1, and never closed.
    case openQuotes(row: Int)
    /// Text behind closing quotes.
    case textBehindQuotes(row: Int)
  }

  /// A field as it is written: in quotes only where it needs them.
  static func field(_ text: String) -> String {
    let needsQuotes =
      text.utf8.contains { [44, 34, 59, 10, 13].contains($0) } || text.hasPrefix(" ")
      || text.hasSuffix(" ")
    return needsQuotes ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }

  /// A row as it is written, with the end of its line.
  static func row(_ fields: [String]) -> String {
    fields.map(field).joined(separator: ",") + "\n"
  }

  /// All rows; those without anything in them are empty.
  ///
  /// The separator is what the first row has: a comma, a semicolon, as where the comma is the decimal
  /// point, or a tab.
  static func rows(_ bytes: [UInt8]) throws(Problem) -> [[String]] {
    let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .notUTF8 }
    let text = hasMark ? bytes.dropFirst(3) : bytes[...]
    var reader = Reader(separator: separator(of: text))
    for byte in text { try reader.take(byte) }
    return try reader.end()
  }

  private static func separator(of text: ArraySlice<UInt8>) -> UInt8 {
    var isQuoted = false
    for byte in text {
      switch byte {
      case 34: isQuoted.toggle()
      case 10, 13: if !isQuoted { return 44 }
      case 44, 59, 9: if !isQuoted { return byte }
      default: break
      }
    }
    return 44
  }

  private struct Reader {
    enum Place {
      case start, plain, quoted
      /// Behind quotes that close the field, or are the first of two.
      case behindQuotes
    }

    let separator: UInt8
    var rows: [[String]] = []
    var fields: [String] = []
    var field: [UInt8] = []
    var place = Place.start

    init(separator: UInt8) { self.separator = separator }

    mutating func take(_ byte: UInt8) throws(Problem) {
      switch (place, byte) {
      case (.start, 34): place = .quoted
      case (.quoted, 34): place = .behindQuotes
      case (.quoted, _): field.append(byte)
      case (.behindQuotes, 34):
        field.append(34)
        place = .quoted
      case (_, separator): endField()
      case (_, 10): endRow()
      case (_, 13): break
      case (.behindQuotes, _): throw .textBehindQuotes(row: rows.count + 1)
      default:
        field.append(byte)
        place = .plain
      }
    }

    mutating func end() throws(Problem) -> [[String]] {
      if place == .quoted { throw .openQuotes(row: rows.count + 1) }
      if place != .start || !fields.isEmpty { endRow() }
      return rows
    }

    private mutating func endField() {
      fields.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
      place = .start
    }

    private mutating func endRow() {
      let isEmpty = place == .start && fields.isEmpty
      if !isEmpty { endField() }
      rows.append(fields)
      fields = []
      place = .start
    }
  }
}
