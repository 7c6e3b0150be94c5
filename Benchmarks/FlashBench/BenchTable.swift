import DfuseDevice
import DfuseSimulator

/// Rows as a Markdown table that also reads well as text.
struct BenchTable {
  let rows: [BenchRow]

  private static let heading = [
    "chip", "polling", "KiB", "case", "requests", "least", "chip s", "fetch s", "asked s", "wire s",
    "total s", "ratio", "dfu-util s", "times",
  ]

  var text: String {
    let texts = [Self.heading] + rows.map { Self.texts($0) }
    let widths = Self.heading.indices.map { column in texts.map { $0[column].count }.max() ?? 0 }
    var lines = texts.map { line($0, widths) }
    let rule = widths.enumerated().map { column, width in
      Self.isText(column)
        ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
    }
    lines.insert("| " + rule.joined(separator: " | ") + " |", at: 1)
    return lines.joined(separator: "\n")
  }

  private static func texts(_ row: BenchRow) -> [String] {
    [
      row.chip, row.isAdaptive ? "adaptive" : "spec", "\(row.bytes >> 10)", row.flashCase.name,
      "\(row.measured.requests)", "\(row.floor.requests)", seconds(row.measured.busy),
      seconds(row.measured.fetch), seconds(row.measured.requested), seconds(row.floor.time),
      seconds(row.measured.total),
      decimals(row.ratio, 2) + (row.isFastEnough ? "" : " SLOW"),
      seconds(row.dfuUtil),
      decimals(row.dfuUtil / row.measured.total, 1),
    ]
  }

  private static func isText(_ column: Int) -> Bool { [0, 1, 3].contains(column) }

  private func line(_ texts: [String], _ widths: [Int]) -> String {
    let padded = texts.enumerated().map { column, text in
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

/// One chip and one case, measured.
struct BenchRow {
  /// Most that a flash may take, in terms of what cannot be saved.
  static let limit = 1.15

  var chip: String
  var isAdaptive: Bool
  var flashCase: FlashCase
  var bytes: Int
  var measured: Measurement
  var floor: WireFloor
  /// How long dfu-util's requests take to erase and write the image, without verifying it.
  var dfuUtil: Duration

  /// What cannot be saved: the chip's own time, or what it demands, and the wire.
  var least: Duration {
    (isAdaptive ? measured.busy : measured.requested) + measured.fetch + floor.time
  }

  /// The time in terms of what cannot be saved.
  var ratio: Double { measured.total / least }

  var isFastEnough: Bool { ratio <= Self.limit }

  /// All cases of one chip.
  static func measure(_ chip: SimulatedChip) throws(BenchError) -> [BenchRow] {
    let other = try BenchBoard(chip)
    let dfuUtil = try other.flashLikeDfuUtil().total
    let used = try BenchBoard(chip)
    let blank = try BenchBoard(chip, isBlank: true)
    let isAdaptive = try used.hostProfile().mayBePolledEarly
    var rows: [BenchRow] = []
    for flashCase in FlashCase.allCases {
      let board = flashCase == .blank ? blank : used
      if flashCase == .oneSector { board.changeOneByte() }
      let measured = try board.flash(flashCase.options)
      rows.append(
        BenchRow(
          chip: chip.name, isAdaptive: isAdaptive, flashCase: flashCase,
          bytes: board.image.count, measured: measured,
          floor: WireFloor(flashCase, board, usesMassErase: measured.massErases > 0),
          dfuUtil: dfuUtil))
    }
    return rows
  }
}

/// What is flashed onto which content.
enum FlashCase: CaseIterable {
  /// Everything is erased and written, whatever the board holds.
  case full
  /// The board is blank, as it comes from the factory.
  case blank
  /// The board holds the image already.
  case same
  /// The board holds the image but for one byte.
  case oneSector

  var name: String {
    switch self {
    case .full: "full"
    case .blank: "blank"
    case .same: "same"
    case .oneSector: "one sector"
    }
  }

  var options: FlashOptions {
    var options = FlashOptions()
    options.full = self == .full
    return options
  }
}
