import DfuseDevice

/// Many boards at work: what each of them does, and how it ended.
///
/// No terminal, no clock.
struct Bench {
  /// How it stands with a board.
  enum State: Equatable {
    /// It is not its turn yet, or nothing has been heard of it.
    case waiting
    case working(FlashEvent.Phase, done: UInt64, total: UInt64)
    case succeeded(String)
    case failed(String)
    /// Ctrl-C ended it; how the board stands.
    case stopped(String)

    /// Whether the work on it is over.
    var isOver: Bool {
      switch self {
      case .waiting, .working: false
      case .succeeded, .failed, .stopped: true
      }
    }
  }

  /// A board.
  struct Row: Equatable {
    var port: String
    var serial: String
    var chip: String
    var state = State.waiting
    /// How long the work took, on the board's clock.
    var time: Duration?

    init(_ board: BoardName) {
      port = board.path
      serial = board.serial?.visible ?? "-"
      chip = board.chip ?? "-"
    }
  }

  /// The boards, in the order in which they came; one that comes again at its port takes the place of
  /// the one before.
  private(set) var rows: [Row] = []
  /// How many have ended well at each port, and how many not.
  private(set) var counts: [String: (flashed: Int, failed: Int)] = [:]

  /// How many have ended well.
  var flashedCount: Int { counts.values.reduce(0) { $0 + $1.flashed } }

  /// A board comes.
  mutating func add(_ board: BoardName) {
    if let index = index(board.path) { rows[index] = Row(board) } else { rows.append(Row(board)) }
  }

  /// Something happened in the work on a board.
  mutating func update(_ event: FlashEvent, at port: String) {
    guard let index = index(port), !rows[index].state.isOver else { return }
    switch (event, rows[index].state) {
    case (.started(let phase, let total), _):
      rows[index].state = .working(phase, done: 0, total: total)
    case (.advanced(_, let done), .working(let phase, _, let total)):
      rows[index].state = .working(phase, done: done, total: total)
    case (.finished, .working(let phase, _, let total)):
      rows[index].state = .working(phase, done: total, total: total)
    case (.advanced, _), (.finished, _), (.planned, _), (.repeating, _), (.note, _): break
    }
  }

  /// The work on a board is over, of which more may be known by now.
  mutating func end(_ state: State, after time: Duration?, at port: String, as board: BoardName?) {
    guard let index = index(port) else { return }
    if let board { rows[index] = Row(board) }
    (rows[index].state, rows[index].time) = (state, time)
    if case .succeeded = state {
      counts[port, default: (0, 0)].flashed += 1
    } else {
      counts[port, default: (0, 0)].failed += 1
    }
  }

  private func index(_ port: String) -> Int? { rows.firstIndex { $0.port == port } }

  // MARK: - As lines

  /// All boards with a head line, for a terminal of so many columns and lines.
  ///
  /// Where there are more boards than lines, those at work come first, and the rest is counted.
  func lines(width: Int, height: Int) -> [String] {
    let room = max(height - 3, 1)
    var shown = rows
    var rest: String?
    if rows.count > room {
      let working = rows.filter { if case .working = $0.state { true } else { false } }
      shown = Array(
        (working + rows.filter { row in !working.contains { $0.port == row.port } }).prefix(room))
      let over = rows.count { if case .succeeded = $0.state { true } else { false } }
      let failed = rows.count(where: \.state.isOver) - over
      rest =
        "and \(rows.count - shown.count) more; of all, \(over) done, \(failed) failed, "
        + "\(rows.count - over - failed) to do"
    }
    let states = shown.map { state($0.state, barWidth: 20) }
    let table = table(
      shown, [("now", states)])
    return (table + [rest].compactMap(\.self)).map { String($0.prefix(max(width - 1, 1))) }
  }

  /// How it ended with each board, and with each port where several came there.
  var report: [String] {
    let isStation = counts.values.contains { $0.flashed + $0.failed > 1 }
    var columns = [
      ("result", rows.map { state($0.state, barWidth: 0) }),
      ("time", rows.map { $0.time?.timeText ?? "-" }),
    ]
    if isStation {
      func count(_ path: KeyPath<(flashed: Int, failed: Int), Int>) -> [String] {
        rows.map { "\(counts[$0.port]?[keyPath: path] ?? 0)" }
      }
      columns = [
        ("flashed", count(\.flashed)), ("failed", count(\.failed)), ("last result", columns[0].1),
      ]
    }
    return table(rows, columns)
  }

  private func state(_ state: State, barWidth: Int) -> String {
    switch state {
    case .waiting: return "waiting"
    case .succeeded(let words): return words
    case .failed(let words): return "FAILED: \(words)"
    case .stopped(let words): return "stopped; \(words)"
    case .working(let phase, let done, let total):
      let bar = ProgressBar(phase, done: done, of: total)
      return bar.name + (barWidth > 0 ? bar.bar(barWidth) + " " : "") + bar.percent
    }
  }

  /// A table with what the boards are, and more columns.
  private func table(_ rows: [Row], _ more: [(String, [String])]) -> [String] {
    let columns =
      [
        ("port", rows.map(\.port)), ("serial", rows.map(\.serial)), ("chip", rows.map(\.chip)),
      ] + more
    return TextColumns.lines(
      [columns.map(\.0)] + rows.indices.map { index in columns.map { $0.1[index] } })
  }
}
