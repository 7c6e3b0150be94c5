import DfuseTestSupport
import Dispatch
import Synchronization
import SystemPackage
import Testing

@testable import dfuse

/// A place for a ledger that is cut off after so many bytes, as by SIGKILL, or that is full.
final class CutFile: LedgerFile {
  struct State {
    /// What a process sees, and what is on the disk for certain.
    var bytes: [UInt8] = []
    var synced: [UInt8] = []
    /// Bytes and operations that still are done; the process is gone then.
    var budget = Int.max
    /// How long the file may be: the disk is full beyond.
    var room = Int.max
    var isCut = false
  }

  let state: Mutex<State>

  init(_ bytes: [UInt8] = [], budget: Int = .max, room: Int = .max) {
    state = Mutex(State(bytes: bytes, synced: bytes, budget: budget, room: room))
  }

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var text: String { String(decoding: bytes, as: UTF8.self) }
  var isCut: Bool { state.withLock { $0.isCut } }

  /// Spends some of the budget; how much of it there was.
  private static func spend(_ cost: Int, _ state: inout State) -> Int {
    if state.isCut { return 0 }
    let part = min(cost, state.budget)
    state.budget -= part
    if part < cost { state.isCut = true }
    return part
  }

  func read() -> [UInt8] { bytes }

  func check(length: Int) throws(LedgerError) {
    let isSame = state.withLock { $0.isCut || $0.bytes.count == length }
    if !isSame { throw .changed }
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(LedgerError) {
    let isDone = state.withLock { state in
      var count = Self.spend(bytes.count, &state)
      count = min(count, max(0, state.room - offset))
      let end = offset + count
      if state.bytes.count < end {
        state.bytes += [UInt8](repeating: 0, count: end - state.bytes.count)
      }
      state.bytes.replaceSubrange(offset..<end, with: bytes.prefix(count))
      return count == bytes.count
    }
    if !isDone { throw .unwritable(.noSpace) }
  }

  func cut(to length: Int) throws(LedgerError) {
    let isDone = state.withLock { state in
      guard Self.spend(1, &state) == 1 else { return false }
      state.bytes.removeLast(max(0, state.bytes.count - length))
      return true
    }
    if !isDone { throw .unwritable(.ioError) }
  }

  func sync() throws(LedgerError) {
    let isDone = state.withLock { state in
      guard Self.spend(1, &state) == 1 else { return false }
      state.synced = state.bytes
      return true
    }
    if !isDone { throw .unwritable(.ioError) }
  }
}

@Suite struct LedgerTests {
  private static let time = UTCTime(seconds: 1_800_000_000)

  private func open(
    _ file: CutFile, start: UInt64? = nil, rows: [UnitTable.Row]? = nil
  ) throws(LedgerError) -> Ledger {
    try Ledger(file, start: start, rows: rows, time: Self.time)
  }

  private func line(_ number: UInt64, _ row: UnitTable.Row?) -> LedgerLine {
    LedgerLine(
      unit: number, event: .taken, row: row.map { "\($0.number)-\($0.key)" } ?? "",
      time: Self.time.text, port: "1-1", values: "serial=\(number)")
  }

  private func end(
    _ line: LedgerLine, _ event: LedgerLine.Event, row: UnitTable.Row? = nil
  ) -> LedgerLine {
    var line = line
    (line.event, line.verdict, line.seconds) = (event, event.rawValue, "0.5")
    return line
  }

  /// What a ledger says of each unit: its events in order.
  private func events(_ file: CutFile) throws -> [UInt64: [LedgerLine.Event]] {
    var events: [UInt64: [LedgerLine.Event]] = [:]
    let lines = file.text.split(separator: "\n").filter { $0.contains { $0 != " " } }
    try #require(lines.first.map(String.init) == String(LedgerLine.header.dropLast()))
    for text in lines.dropFirst() {
      let line = try #require(LedgerLine(String(text)), "\(text)")
      events[line.unit, default: []].append(line.event)
    }
    return events
  }

  // MARK: - The file

  @Test func `each unit has a line when it is taken, and one when it is done`() throws {
    let file = CutFile()
    let ledger = try open(file, start: 1000)
    let one = try ledger.take(line)
    let two = try ledger.take(line)
    try ledger.end(end(two, .verified), row: nil)
    try ledger.end(end(one, .failed), row: nil)
    #expect(
      file.text == """
        unit,event,row,time,port,serial,unique_id,firmware_crc,values,verdict,seconds
        1000,taken,,2027-01-15T08:00:00Z,1-1,,,,serial=1000,,
        1001,taken,,2027-01-15T08:00:00Z,1-1,,,,serial=1001,,
        1001,verified,,2027-01-15T08:00:00Z,1-1,,,,serial=1001,verified,0.5
        1000,failed,,2027-01-15T08:00:00Z,1-1,,,,serial=1000,failed,0.5

        """)
  }

  @Test func `the next run goes on behind the last number, and never below its start`() throws {
    let file = CutFile()
    let first = try open(file, start: 1000)
    try first.end(end(try first.take(line), .verified), row: nil)
    #expect(try open(file, start: 1000).take(line).unit == 1001)
    #expect(try open(file).take(line).unit == 1002)
    #expect(try open(file, start: 2000).take(line).unit == 2000)
    #expect(try open(file, start: 1000).take(line).unit == 2001)
  }

  @Test func `a number that came back is given again, and one that failed is not`() throws {
    let file = CutFile()
    let ledger = try open(file)
    let (one, two) = (try ledger.take(line), try ledger.take(line))
    try ledger.end(end(one, .returned), row: nil)
    try ledger.end(end(two, .failed), row: nil)
    #expect(try ledger.take(line).unit == 1)
    #expect(try ledger.take(line).unit == 3)
    try ledger.end(end(one, .returned), row: nil)
    let next = try open(file)
    #expect(next.abandoned.map(\.unit) == [3])
    #expect(try next.take(line).unit == 1)
    #expect(try next.take(line).unit == 4)
  }

  @Test func `each row has one board, in their order, also in a table that was sorted`() throws {
    func rows(_ text: String) throws -> [UnitTable.Row] {
      try UnitTable(reading: Array(text.utf8), shown: "t", columns: ["id"]).rows
    }
    let file = CutFile()
    let ledger = try open(file, rows: try rows("id\na\nb\nc\n"))
    var given: [UnitTable.Row] = []
    func take(_ ledger: Ledger) throws -> LedgerLine {
      try ledger.take { number, row in
        if let row { given.append(row) }
        return self.line(number, row)
      }
    }
    let (first, second) = (try take(ledger), try take(ledger))
    try ledger.end(end(second, .verified), row: nil)
    try ledger.end(end(first, .returned), row: given[0])
    let third = try take(ledger)
    #expect(given.map { $0["id"] } == ["a", "b", "a"])
    try ledger.end(end(third, .failed), row: nil)
    let next = try open(file, rows: try rows("id\nd\nc\nb\na\n"))
    given = []
    _ = try take(next)
    _ = try take(next)
    #expect(given.map { $0["id"] } == ["d", "c"])
    #expect(throws: TakingError.noRowLeft) { try take(next) }
  }

  @Test func `a value that does not fit uses no number`() throws {
    let file = CutFile()
    let ledger = try open(file)
    let failure = Failure(.badData, "too large")
    #expect(throws: TakingError.value(failure)) {
      try ledger.take { _, _ throws(Failure) in throw failure }
    }
    #expect(file.text == LedgerLine.header)
    #expect(try ledger.take(line).unit == 1)
  }

  @Test func `names from devices and people stay on one line`() throws {
    let line = LedgerLine(
      unit: 7, event: .failed, port: "1-1", serial: "a\nb,\"c\"", values: "x=\r1; y=\"",
      verdict: String(repeating: "é\n", count: 400))
    #expect(line.text.utf8.count { $0 == 10 } == 1)
    let read = try #require(LedgerLine(String(line.text.dropLast())))
    #expect(read.serial == "a\\nb,\"c\"")
    #expect(read.values == "x=\\r1; y=\"")
    #expect(read.verdict.utf8.count <= LedgerLine.longestVerdict && read.verdict.hasSuffix("…"))
  }

  @Test(
    arguments: [
      "serial,mac\n1,2\n", "x", "\n", "unit;event;row\n", "unit,event\n",
    ])
  func `another file is no ledger`(text: String) {
    #expect(throws: LedgerError.notALedger) { try open(CutFile(Array(text.utf8))) }
  }

  @Test(
    arguments: [
      ("x,taken,,,,,,,,,\n", "it has no unit and event"),
      ("1,sold,,,,,,,,,\n", "it has no unit and event"),
      ("1,taken,,,,,,,,,\n1,taken,,,,,,,,,\n", "unit 1 is taken a second time, or out of order"),
      ("1,verified,,,,,,,,,\n", "unit 1 is verified without having been taken"),
    ])
  func `a ledger that somebody changed is refused`(lines: String, problem: String) {
    let number = lines.split(separator: "\n").count + 1
    let more = "9,taken,,,,,,,,,\n"
    #expect(throws: LedgerError.badLine(number, problem)) {
      try open(CutFile(Array((LedgerLine.header + lines + more).utf8)))
    }
  }

  @Test(
    arguments: [
      "hello\n", "hello", "remark: sold\n", "2026,my note\n", "2,sold,,,,,,,,,\n", "3;taken\n",
    ])
  func `what somebody put at the end is no line that was cut off`(tail: String) {
    let text = LedgerLine.header + "1,taken,,,,,,,,,\n" + tail
    #expect(throws: LedgerError.badLine(3, "it has no unit and event")) {
      try open(CutFile(Array(text.utf8)))
    }
  }

  @Test(
    arguments: [
      "2", "2,", "2,ta", "2,taken", "2,taken,", "2,taken,,2027-01", "2,taken,,,,\n", "2  ",
      "2,ver     ",
      "    ,,,,0.5\n", "\0\0\0\0,,,0.5\n", "2,ta   \0\0\0,,\n",
    ])
  func `a line that was cut off is told of and taken away`(tail: String) throws {
    let file = CutFile(Array((LedgerLine.header + "1,taken,,,,,,,,,\n" + tail).utf8))
    let ledger = try open(file)
    #expect(ledger.cutOff == tail)
    #expect(ledger.abandoned.map(\.unit) == [1])
    #expect(try ledger.take(line).unit >= 2)
    _ = try events(file)
  }

  @Test func `the highest number is the last`() throws {
    let file = CutFile(Array((LedgerLine.header + "\(UInt64.max - 1),taken,,,,,,,,,\n").utf8))
    let ledger = try open(file)
    #expect(throws: TakingError.ledger(.noNumberLeft)) { try ledger.take(line) }
    let beyond = CutFile(Array((LedgerLine.header + "\(UInt64.max),taken,,,,,,,,,\n7,").utf8))
    #expect(throws: LedgerError.noNumberLeft) { try open(beyond) }
  }

  @Test func `a file that another program changed takes nothing more`() throws {
    let file = CutFile()
    let ledger = try open(file)
    file.state.withLock { $0.bytes += Array("1,verified\n".utf8) }
    #expect(throws: TakingError.ledger(.changed)) { try ledger.take(line) }
  }

  // MARK: - A full disk

  @Test func `a full disk refuses a unit, and keeps none that was begun from its end`() throws {
    for room in stride(from: 0, through: 3 * 4096, by: 97) {
      let file = CutFile(Array(LedgerLine.header.utf8), room: max(room, 78))
      let ledger = try open(file)
      var taken: [LedgerLine] = []
      do throws(TakingError) {
        while taken.count < 40 { taken.append(try ledger.take(line)) }
      } catch {
        #expect(error == .ledger(.unwritable(.noSpace)))
      }
      for unit in taken.reversed() {
        var unit = end(unit, .failed)
        unit.verdict = String(repeating: "\"", count: 400)
        try ledger.end(unit, row: nil)
      }
      #expect(
        try events(file)
          == Dictionary(uniqueKeysWithValues: taken.map { ($0.unit, [.taken, .failed]) }))
      #expect(!file.text.hasSuffix(" "))
      // Somebody makes room.
      file.state.withLock { $0.room = .max }
      #expect(try ledger.take(line).unit == UInt64(taken.count) + 1)
    }
  }

  // MARK: - Cut off at any moment

  /// Runs three units to their ends, each step after the other.
  private func course(_ file: CutFile, touched: inout Set<UInt64>) {
    guard let ledger = try? open(file) else { return }
    var open: [LedgerLine] = []
    func take(_ touched: inout Set<UInt64>) {
      guard !file.isCut, let unit = try? ledger.take(line) else { return }
      // From here on the number may be on a board.
      if !file.isCut { #expect(touched.insert(unit.unit).inserted, "unit \(unit.unit) twice") }
      open.append(unit)
    }
    take(&touched)
    take(&touched)
    for event in [LedgerLine.Event.verified, .failed] where !open.isEmpty {
      try? ledger.end(end(open.removeFirst(), event), row: nil)
      if event == .verified { take(&touched) }
    }
    if let last = open.last { try? ledger.end(end(last, .unverified), row: nil) }
  }

  @Test func `cut off after each byte, no number is used twice and none is lost`() throws {
    let whole = CutFile()
    var touched: Set<UInt64> = []
    course(whole, touched: &touched)
    #expect(touched == [1, 2, 3])
    let total = 3 * 4096
    for budget in 0..<total {
      let file = CutFile(budget: budget)
      var touched: Set<UInt64> = []
      course(file, touched: &touched)
      guard file.isCut else { break }
      // The next start is cut off as well, at some moment.
      for second in [budget % 7, budget % 131, .max] {
        file.state.withLock { ($0.isCut, $0.budget) = (false, second) }
        course(file, touched: &touched)
      }
      try expectSound(file, touched: touched)
    }
  }

  /// Each number that a board may have has one line when it was taken and one end.
  private func expectSound(_ file: CutFile, touched: Set<UInt64>) throws {
    let events = try events(file)
    for unit in touched {
      let told = events[unit] ?? []
      #expect(
        told.first == .taken && told.count == 2 && told.last?.isFinal == true, "\(unit): \(told)")
    }
    for (unit, told) in events where !touched.contains(unit) {
      #expect(told == [.taken, .abandoned] || told == [.abandoned], "\(unit): \(told)")
    }
  }

  @Test func `what was not synced when the power failed is on no board`() throws {
    var generator = SplitMix64(seed: 3)
    for _ in 0..<300 {
      let file = CutFile(budget: Int.random(in: 0..<9000, using: &generator))
      var touched: Set<UInt64> = []
      course(file, touched: &touched)
      file.state.withLock { state in
        // Of what was written last, the disk has some blocks, in any order.
        var bytes = state.synced
        let old = state.synced.count
        bytes += [UInt8](repeating: 0, count: max(0, state.bytes.count - old))
        if bytes.count > state.bytes.count { bytes.removeLast(bytes.count - state.bytes.count) }
        for index in bytes.indices where Bool.random(using: &generator) {
          if (index / 16).isMultiple(of: 2) { bytes[index] = state.bytes[index] }
        }
        state = CutFile.State(bytes: bytes, synced: bytes)
      }
      guard file.text.hasPrefix(LedgerLine.header) else { continue }
      course(file, touched: &touched)
      let events = try events(file)
      for unit in touched { #expect(events[unit]?.last?.isFinal == true, "\(unit)") }
    }
  }

  @Test func `10,000 units, 64 at once, cut off 200 times`() throws {
    var generator = SplitMix64(seed: 11)
    let file = CutFile()
    var touched: Set<UInt64> = []
    var done = 0
    var cuts = 0
    while done < 10_000 {
      file.state.withLock { state in
        state.isCut = false
        state.budget = cuts < 200 ? Int.random(in: 1...20_000, using: &generator) : .max
      }
      let ledger: Ledger
      do throws(LedgerError) {
        ledger = try open(file, start: 1000)
      } catch {
        try #require(file.isCut, "\(error)")
        cuts += 1
        continue
      }
      var working: [LedgerLine] = []
      while !file.isCut, done < 10_000 {
        if working.count < 64, Bool.random(using: &generator) || working.isEmpty {
          let unit: LedgerLine
          do throws(TakingError) { unit = try ledger.take(line) } catch {
            try #require(file.isCut, "\(error)")
            continue
          }
          #expect(touched.insert(unit.unit).inserted, "unit \(unit.unit) is on two boards")
          working.append(unit)
        } else {
          let unit = working.remove(at: Int.random(in: working.indices, using: &generator))
          let event: LedgerLine.Event =
            Int.random(in: 0..<50, using: &generator) == 0 ? .failed : .verified
          if (try? ledger.end(end(unit, event), row: nil)) != nil { done += 1 }
        }
      }
      if file.isCut { cuts += 1 }
    }
    file.state.withLock { $0.budget = .max }
    _ = try open(file)
    #expect(cuts >= 200)
    try expectSound(file, touched: touched)
    #expect(try events(file).values.count { $0.last == .verified || $0.last == .failed } >= 10_000)
  }

  @Test func `64 threads get 64 numbers`() throws {
    let file = CutFile()
    let ledger = try open(file)
    let numbers = Mutex<[UInt64]>([])
    DispatchQueue.concurrentPerform(iterations: 64) { _ in
      for _ in 0..<4 {
        guard let unit = try? ledger.take(line) else { continue }
        numbers.withLock { $0.append(unit.unit) }
        try? ledger.end(end(unit, .verified), row: nil)
      }
    }
    #expect(numbers.withLock { $0.sorted() } == Array(1...256))
    #expect(try events(file).values.allSatisfy { $0 == [.taken, .verified] })
  }
}

extension LedgerLine.Event {
  /// Whether the unit's number is never given again.
  fileprivate var isFinal: Bool { self != .taken && self != .returned }
}
