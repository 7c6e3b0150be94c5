import Synchronization

/// The journal of a station: which board got which number, and what became of it.
///
/// A number is written and synced before anything is changed on its board, and once more when the
/// board is done. So whatever ends the program, and whenever, no number is on two boards, and each one
/// that may be on a board is told of: the next start closes those that have no end.
///
/// The room that the ends of all units at work may take is kept in the file, behind its last line, as
/// blanks: a full disk refuses a new unit, and keeps none from its end.
///
/// Any thread may use it; one line is written at a time.
final class Ledger: Sendable {
  private struct State {
    /// Bytes that are whole lines, and bytes of the file.
    var length, size: Int
    var next: UInt64
    var returned: Set<UInt64>
    /// Rows that have no board, the next one last.
    var rows: [UnitTable.Row]
    /// Bytes that the ends of all units that are at work may take.
    var room = 0
    /// Whether what the file holds is not known.
    var isBroken = false
  }

  /// What room for lines is filled with: blanks, and no end of a line.
  static let filler = UInt8(ascii: " ")
  /// Disks have room in blocks of this many bytes.
  private static let block = 4096

  private let file: any LedgerFile
  private let state: Mutex<State>
  /// Units that an earlier run left without an end, and that are closed now.
  let abandoned: [LedgerLine]
  /// The line that was cut off and is taken away, if there was one.
  let cutOff: String?
  /// The number behind the highest one that was given before; nil for a new ledger.
  let following: UInt64?
  /// Rows of the table, with a board or without.
  let rowCount: Int

  /// Opens a ledger, closes what an earlier run left open, and takes away a line that was cut off.
  ///
  /// - Parameters:
  ///   - file: Where it is kept.
  ///   - start: The least number to give.
  ///   - rows: The rows of the table; nil for a station without one.
  ///   - time: When this is.
  /// - Throws: ``LedgerError``.
  init(
    _ file: any LedgerFile, start: UInt64? = nil, rows: [UnitTable.Row]? = nil, time: UTCTime
  ) throws(LedgerError) {
    self.file = file
    let bytes = try file.read()
    let contents = try LedgerContents(bytes)
    var closed: [LedgerLine] = []
    for (unit, range) in contents.open.sorted(by: { $0.key < $1.key }) {
      let taken = LedgerLine(String(decoding: bytes[range], as: UTF8.self))
      closed.append(taken ?? LedgerLine(unit: unit, event: .taken))
    }
    abandoned = closed
    cutOff = contents.cutOff
    following = contents.next > 1 ? contents.next : nil
    if let unit = contents.torn { closed.append(LedgerLine(unit: unit, event: .taken)) }
    var lines = contents.isNew ? [LedgerLine.header] : []
    for line in closed {
      var line = line
      line.event = .abandoned
      line.verdict =
        line.unit == contents.torn
        ? "its line was cut off: no board had it"
        : "taken at \(line.time), and never finished"
      line.time = time.text
      lines.append(line.text)
    }
    if contents.cutOff != nil { try file.cut(to: contents.end) }
    // Also what an earlier run had no time to sync.
    try file.sync()
    // One by one, so that the power can damage none but the last; over the room that an earlier run
    // has left for them.
    var length = contents.end
    for line in lines {
      try file.write(Array(line.utf8), at: length)
      try file.sync()
      length += line.utf8.count
    }
    if contents.cutOff == nil, length < bytes.count { try file.cut(to: length) }
    rowCount = rows?.count ?? 0
    state = Mutex(
      State(
        length: length, size: length, next: max(contents.next, start ?? 1),
        returned: contents.returned.filter { $0 >= start ?? 1 },
        rows: rows?.filter { !contents.usedRows.contains($0.key) }.reversed() ?? []))
  }

  /// How a line of a number is made, which may find that the number does not fit.
  typealias LineMaker = (UInt64, UnitTable.Row?) throws(Failure) -> LedgerLine

  /// Gives the next number, and the next row if there is a table, to a board.
  ///
  /// - Parameter make: Makes the line.
  /// - Returns: The line, which is on the disk.
  /// - Throws: ``TakingError``; no number was used then.
  func take(_ make: LineMaker) throws(TakingError) -> LedgerLine {
    try state.withLock { state throws(TakingError) in
      guard !state.isBroken else { throw .ledger(.broken) }
      let row = state.rows.last
      guard row != nil || rowCount == 0 else { throw .noRowLeft }
      let again = state.returned.min()
      let number = again ?? state.next
      let line: LedgerLine
      let next: UInt64
      do throws(Failure) { line = try make(number, row) } catch { throw .value(error) }
      do throws(LedgerError) {
        next = again == nil ? try LedgerContents.following(number) : state.next
        let text = Array(line.text.utf8)
        let room = Self.room(for: line)
        try file.check(length: state.size)
        try makeRoom(upTo: state.length + text.count + state.room + room, &state)
        try append(text, &state)
        state.room += room
      } catch {
        throw .ledger(error)
      }
      state.next = next
      if let again { state.returned.remove(again) }
      _ = state.rows.popLast()
      return line
    }
  }

  /// Writes what became of a unit.
  ///
  /// - Parameters:
  ///   - line: Its line from ``take(_:)``, with the event and the verdict.
  ///   - row: The row that is free again, for ``LedgerLine/Event/returned``.
  /// - Throws: ``LedgerError``; the next start closes the unit then.
  func end(_ line: LedgerLine, row: UnitTable.Row?) throws(LedgerError) {
    try state.withLock { state throws(LedgerError) in
      state.room -= Self.room(for: line)
      guard !state.isBroken else { throw .broken }
      try file.check(length: state.size)
      try append(Array(line.text.utf8), &state)
      // Where nobody is at work, the file is lines and nothing else.
      if state.room == 0, (try? file.cut(to: state.length)) != nil { state.size = state.length }
      guard line.event == .returned else { return }
      state.returned.insert(line.unit)
      if let row { state.rows.append(row) }
    }
  }

  /// Bytes that the end of a unit may take.
  private static func room(for line: LedgerLine) -> Int {
    var line = line
    (line.event, line.verdict, line.seconds) = (.unverified, "", "")
    // A quote in a verdict is written twice.
    return line.text.utf8.count + 2 * LedgerLine.longestVerdict + 64
  }

  /// Fills the file with blanks, whole blocks of them.
  private func makeRoom(upTo end: Int, _ state: inout State) throws(LedgerError) {
    guard end > state.size else { return }
    let size = (end + Self.block - 1) / Self.block * Self.block
    let blanks = [UInt8](repeating: Self.filler, count: size - state.size)
    do throws(LedgerError) {
      try file.write(blanks, at: state.size)
    } catch {
      do throws(LedgerError) { try file.cut(to: state.size) } catch { state.isBroken = true }
      throw error
    }
    state.size = size
  }

  /// Adds a line that lasts; one that was written in part is taken away.
  private func append(_ bytes: [UInt8], _ state: inout State) throws(LedgerError) {
    do throws(LedgerError) {
      try file.write(bytes, at: state.length)
    } catch {
      do throws(LedgerError) {
        try file.cut(to: state.length)
        state.size = state.length
      } catch { state.isBroken = true }
      throw error
    }
    do throws(LedgerError) {
      try file.sync()
    } catch {
      // The line may last or not: no number is given on that.
      state.isBroken = true
      throw error
    }
    state.length += bytes.count
    state.size = max(state.size, state.length)
  }
}

/// Why a board gets no number.
enum TakingError: Error, Equatable {
  /// The ledger cannot take it.
  case ledger(LedgerError)
  /// Every row of the table has its board.
  case noRowLeft
  /// A value does not fit.
  case value(Failure)
}
