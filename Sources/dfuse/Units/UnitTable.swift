import DfuseFormat

/// A table of which each board gets a row.
struct UnitTable: Sendable {
  /// One row below the names of the columns.
  struct Row: Hashable, Sendable {
    /// Counted as spreadsheets do: the names are row 1.
    var number: Int
    /// What tells it from other rows, wherever it stands in the file.
    var key: String
    fileprivate var cells: [String: String]

    /// What it has in a column; nil without one.
    subscript(column: String) -> String? { cells[column] }
  }

  /// The file's name as messages show it.
  let shown: String
  /// In the order of the file.
  let rows: [Row]

  /// Reads a table, of which these columns are wanted.
  ///
  /// - Throws: A failure with status 64 for a column that is not there, 65 for a table that is damaged,
  ///   or has a row twice, 66 for one that cannot be read.
  init(_ file: String, columns: Set<String>) throws(Failure) {
    let input = InputFile(name: file)
    try self.init(reading: input.read(), shown: input.shown, columns: columns)
  }

  /// Reads the bytes of a table.
  init(reading bytes: [UInt8], shown: String, columns: Set<String>) throws(Failure) {
    let all: [[String]]
    do throws(CSVText.Problem) { all = try CSVText.rows(bytes) } catch {
      throw Failure(csv: error, shown)
    }
    guard let names = all.first, !names.isEmpty else {
      throw Failure(.badData, "\(shown) has no row with the names of its columns")
    }
    for column in columns.sorted() {
      switch names.count(where: { $0 == column }) {
      case 1: continue
      case 0:
        throw Failure(
          .usage, "\(shown) has no column '\(column.visible)'", fix: "it has:",
          choices: names.map(\.visible))
      default: throw Failure(.badData, "\(shown) has several columns '\(column.visible)'")
      }
    }
    var rows: [Row] = []
    var seen: [String: Int] = [:]
    for (index, fields) in all.enumerated().dropFirst()
    where fields.contains(where: { !$0.isEmpty }) {
      let number = index + 1
      guard fields.count == names.count else {
        throw Failure(
          .badData,
          "row \(number) of \(shown) has \(fields.count.counted("field")), and the first row "
            + "\(names.count)", fix: "put fields with a separator in quotes")
      }
      var cells: [String: String] = [:]
      for (name, field) in zip(names, fields) where columns.contains(name) {
        guard !field.isEmpty else {
          throw Failure(.badData, "row \(number) of \(shown) has nothing as '\(name.visible)'")
        }
        cells[name] = field
      }
      let key = Self.key(fields)
      if let other = seen.updateValue(number, forKey: key) {
        throw Failure(
          .badData, "rows \(other) and \(number) of \(shown) are the same",
          why: "each row is for one board")
      }
      rows.append(Row(number: number, key: key, cells: cells))
    }
    guard !rows.isEmpty else { throw Failure(.badData, "\(shown) has no row for a board") }
    (self.shown, self.rows) = (shown, rows)
  }

  /// FNV-1a, 64 bits, over the fields: it tells rows apart, and is no secret.
  ///
  /// The letter in front keeps spreadsheets from taking the digits for a number.
  private static func key(_ fields: [String]) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for field in fields {
      for byte in field.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = (hash ^ 0x1F) &* 0x100_0000_01B3
    }
    return "x" + hash.hexDigits()
  }
}

extension Failure {
  /// Why a file is no table.
  fileprivate init(csv error: CSVText.Problem, _ shown: String) {
    switch error {
    case .notUTF8:
      self.init(
        .badData, "\(shown) is no text in UTF-8",
        fix: "save it from the spreadsheet as 'CSV UTF-8'")
    case .openQuotes(let row):
      self.init(.badData, "row \(row) of \(shown) opens quotes that are never closed")
    case .textBehindQuotes(let row):
      self.init(
        .badData, "row \(row) of \(shown) has text behind closing quotes",
        fix: "write a quote inside quotes twice")
    }
  }
}
