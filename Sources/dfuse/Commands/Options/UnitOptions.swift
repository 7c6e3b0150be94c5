import ArgumentParser

/// `--patch` and `--ledger`: what makes each board a unit of its own.
struct UnitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Bytes that each board gets of its own; repeatable.",
      discussion: """
        The place is an address, or a variable of an ELF file: 0x0800FC00, serial, config+8. The \
        value is bytes:DEADBEEF, a number (u8: u16: u32: u64:, i for signed, u32be: big-endian), \
        text:ACME, text16:ACME (in 16 bytes, the rest zeros), or uid, the chip's unique id. Behind \
        a kind, instead of a value: counter:1000, csv:FILE:COLUMN, uid, date, time; within text in \
        braces: text:SN-{counter:0001}.
        """, valueName: "place=value"))
  var patch: [String] = []
  @Option(
    help: ArgumentHelp(
      "Number the boards, and keep a line for each in this file, which a spreadsheet reads.",
      discussion: """
        A number is in the file before it is on a board, and never given twice. One command at a \
        time may use it.
        """, valueName: "file.csv"),
    completion: .file(extensions: ["csv"]))
  var ledger: String?

  /// Makes of the options what each board gets.
  ///
  /// - Parameters:
  ///   - files: The firmware, in which variables are looked up.
  ///   - identifies: Whether the chip may be asked for what it is.
  ///   - isDryRun: Whether nothing is to be written.
  ///   - clock: The time of day.
  ///   - console: Where units are told of that an earlier run left open.
  /// - Returns: It; nil when all get the same.
  /// - Throws: A failure with status 64, 65, 66, 73 or 74.
  func units(
    for files: FirmwareSet, identifies: Bool, isDryRun: Bool,
    clock: @escaping @Sendable () -> UTCTime, console: Console
  ) throws(Failure) -> Units? {
    guard !patch.isEmpty || ledger != nil else { return nil }
    var patches: [PlacedPatch] = []
    for text in patch { patches.append(try PlacedPatch(UnitPatch(parsing: text), in: files)) }
    let sources = patches.flatMap(\.patch.sources)
    let table = try table(of: sources)
    let start = try counterStart(of: sources)
    let usesCounter = sources.contains { if case .counter = $0 { true } else { false } }
    if ledger == nil, usesCounter || table != nil {
      throw Failure(
        .usage, "a \(usesCounter ? "counter" : "table") needs --ledger",
        why: "from there the next run knows which \(usesCounter ? "numbers" : "rows") are used",
        fix: "name a file, which need not be there yet: --ledger units.csv")
    }
    let needsID = sources.contains(.uniqueID)
    if needsID, !identifies {
      throw Failure(
        .usage, "--no-identify and uid do not go together",
        why: "the unique id is read from the chip")
    }
    try check(patches, table, number: start ?? 1, clock())
    return Units(
      patches: patches,
      ledger: try open(
        start: start, table: table, isDryRun: isDryRun, time: clock(), console: console),
      tableName: table?.shown,
      uniqueID: needsID ? .needed : ledger != nil && identifies ? .wanted : .notAsked,
      isDryRun: isDryRun, clock: clock)
  }

  /// Refuses values that do not fit before a board is looked for.
  private func check(
    _ patches: [PlacedPatch], _ table: UnitTable?, number: UInt64, _ time: UTCTime
  ) throws(Failure) {
    let id = [UInt8](repeating: 0, count: 12)
    guard let table else {
      _ = try patches.values(for: UnitFacts(number: number, uniqueID: id, time: time))
      return
    }
    for row in table.rows {
      _ = try patches.values(for: UnitFacts(number: number, row: row, uniqueID: id, time: time))
    }
  }

  /// The one table that is asked for.
  private func table(of sources: [UnitPatch.Source]) throws(Failure) -> UnitTable? {
    var columns: [String: Set<String>] = [:]
    for case .column(let file, let name) in sources { columns[file, default: []].insert(name) }
    guard columns.count < 2 else {
      throw Failure(
        .usage, "\(columns.count) tables are named, and a board has its row in one",
        fix: "put their columns into one file")
    }
    guard let (file, names) = columns.first else { return nil }
    return try UnitTable(file, columns: names)
  }

  /// Where the one counter starts.
  private func counterStart(of sources: [UnitPatch.Source]) throws(Failure) -> UInt64? {
    var starts: Set<UInt64> = []
    for case .counter(let start?, _) in sources { starts.insert(start) }
    guard starts.count < 2 else {
      throw Failure(
        .usage,
        "the counter would start at \(starts.sorted().map(String.init).joined(separator: " and "))",
        why: "there is one: the unit's number in the ledger", fix: "say one start")
    }
    return starts.first
  }

  private func open(
    start: UInt64?, table: UnitTable?, isDryRun: Bool, time: UTCTime, console: Console
  ) throws(Failure) -> (journal: Ledger, shown: String)? {
    guard let ledger else { return nil }
    let shown = ledger.visible
    guard ledger != "-", !ledger.isEmpty else {
      throw Failure(
        .usage, "the ledger has to be a file", why: "the next run reads it",
        fix: "name one: --ledger units.csv")
    }
    do throws(LedgerError) {
      let file: any LedgerFile =
        isDryRun ? try LedgerInMemory(path: ledger) : try LedgerOnDisk(path: ledger)
      let journal = try Ledger(file, start: start, rows: table?.rows, time: time)
      for unit in isDryRun ? [] : journal.abandoned {
        console.warn(
          "\(shown): unit \(unit.unit) was taken at \(unit.time) for port \(unit.port.visible) and "
            + "never finished; it is closed as abandoned, and its number is not given again")
      }
      if let line = journal.cutOff {
        let text = line.prefix { $0 != "\0" }.split(separator: "\n").first ?? ""
        console.warn(
          "\(shown): its last line was cut off, as when the power fails, and is taken away: "
            + "'\(String(text.prefix(60)).visible)'")
      }
      if let start, let following = journal.following {
        if start > following {
          console.note(
            "\(shown) is at \(following), and goes on with \(start) as was said: those between are "
              + "no unit's")
        } else if start < following {
          console.note("\(shown) goes on with \(following); counter:\(start) is for a new ledger")
        }
      }
      return (journal, shown)
    } catch {
      throw Failure(error, ledger: shown)
    }
  }
}
