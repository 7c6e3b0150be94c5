/// One line of a ledger: what happened to a unit.
///
/// The three fields that a start needs stand in front, and never in quotes.
struct LedgerLine: Hashable, Sendable {
  enum Event: String, CaseIterable, Sendable {
    /// The number is given to a board; written before anything is changed there.
    case taken
    /// Nothing was changed on the board: the number, and the row, are free again.
    case returned
    /// All of the firmware was read back from the board.
    case verified
    /// The firmware was written, and not read back.
    case unverified
    /// The board holds no whole firmware, or did not start it as was asked for.
    case failed
    /// The program ended before the board was done, and left nothing but ``taken``.
    case abandoned
  }

  var unit: UInt64
  var event: Event
  /// The row of the table, `2-x0123…`: its number and its key; empty without a table.
  var row = ""
  var time = ""
  var port = ""
  var serial = ""
  /// 24 digits; empty where it was not read.
  var uniqueID = ""
  /// CRC-32 of the firmware without the unit's own data.
  var firmwareCRC = ""
  /// `serial=1017; mac=0080E1…`.
  var values = ""
  var verdict = ""
  /// How long the board took.
  var seconds = ""

  /// The names of the columns, as they stand in the first line.
  static let columns = [
    "unit", "event", "row", "time", "port", "serial", "unique_id", "firmware_crc", "values",
    "verdict", "seconds",
  ]
  /// The first line.
  static let header = CSVText.row(columns)

  /// The longest verdict, in bytes: room for it is kept on the disk.
  static let longestVerdict = 300

  /// The line, whole.
  ///
  /// What comes from a device or a person has no line breaks here, so that a line that was cut off is
  /// known by the missing end.
  var text: String {
    CSVText.row([
      "\(unit)", event.rawValue, row, time, port.visible, serial.visible, uniqueID, firmwareCRC,
      values.visible, Self.shortened(verdict.visible), seconds,
    ])
  }

  private static func shortened(_ text: String) -> String {
    guard text.utf8.count > longestVerdict else { return text }
    var short = text
    while short.utf8.count > longestVerdict - 3 { short.removeLast() }
    return short + "…"
  }

  /// The key in a `row` field; nil for none.
  static func key(ofRow row: some StringProtocol) -> String? {
    row.firstIndex(of: "-").map { String(row[row.index(after: $0)...]) }
  }
}

extension LedgerLine {
  /// Reads a whole line; nil for one that is none.
  init?(_ text: String) {
    guard let fields = try? CSVText.rows(Array(text.utf8)).first,
      fields.count == Self.columns.count, let unit = UInt64(fields[0]),
      let event = Event(rawValue: fields[1])
    else { return nil }
    self.init(
      unit: unit, event: event, row: fields[2], time: fields[3], port: fields[4],
      serial: fields[5], uniqueID: fields[6], firmwareCRC: fields[7], values: fields[8],
      verdict: fields[9], seconds: fields[10])
  }
}
