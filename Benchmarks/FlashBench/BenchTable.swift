/// Rows as a Markdown table that also reads well as text.
struct BenchTable {
  let rows: [BenchRow]

  private static let heading = [
    "chip", "polling", "KiB", "case", "requests", "least", "chip s", "fetch s", "asked s", "wire s",
    "total s", "ratio", "dfu-util s", "times",
  ]

  var text: String {
    let cells = [Self.heading] + rows.map { Self.cells($0) }
    let widths = Self.heading.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    var lines = cells.map { line($0, widths) }
    let rule = widths.enumerated().map { column, width in
      Self.isText(column)
        ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
    }
    lines.insert("| " + rule.joined(separator: " | ") + " |", at: 1)
    return lines.joined(separator: "\n")
  }

  private static func cells(_ row: BenchRow) -> [String] {
    [
      row.chip, row.isAdaptive ? "adaptive" : "spec", "\(row.bytes >> 10)", row.flashCase.name,
      "\(row.measured.requests)", "\(row.floor.requests)", seconds(row.measured.busy),
      seconds(row.measured.fetch), seconds(row.measured.told), seconds(row.floor.time),
      seconds(row.measured.total),
      decimals(row.ratio, 2) + (row.isFastEnough ? "" : " SLOW"),
      seconds(row.dfuUtil),
      decimals(row.dfuUtil / row.measured.total, 1),
    ]
  }

  private static func isText(_ column: Int) -> Bool { [0, 1, 3].contains(column) }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    let padded = cells.enumerated().map { column, text in
      let blanks = String(repeating: " ", count: widths[column] - text.count)
      return Self.isText(column) ? text + blanks : blanks + text
    }
    return "| " + padded.joined(separator: " | ") + " |"
  }

  private static func seconds(_ time: Duration) -> String { decimals(time / .seconds(1), 2) }

  /// A number with so many digits after the point.
  private static func decimals(_ number: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = Int((number * scale).rounded())
    let fraction = String(scaled % Int(scale))
    return "\(scaled / Int(scale))."
      + String(repeating: "0", count: max(digits - fraction.count, 0)) + fraction
  }
}
