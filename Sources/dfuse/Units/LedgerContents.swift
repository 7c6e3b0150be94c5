#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the lines of a ledger come to.
struct LedgerContents: Equatable {
  /// Whether there is not even the line with the names of the columns.
  var isNew = false
  /// The end of the last whole line, in bytes.
  var end = 0
  /// What follows, if it is a line that was cut off, and not only room for more.
  var cutOff: String?
  /// The number behind the highest one that was ever given; 1 for a new ledger.
  var next: UInt64 = 1
  /// Numbers that are free again.
  var returned: Set<UInt64> = []
  /// Rows of tables that have their board.
  var usedRows: Set<String> = []
  /// Units that were begun and are not done, and where their lines stand.
  var open: [UInt64: Range<Int>] = [:]
  /// The number in a line that was cut off, if it is told there, and no whole line has it.
  var torn: UInt64?

  /// Reads a ledger.
  ///
  /// - Throws: ``LedgerError/notALedger`` and ``LedgerError/badLine(_:_:)``.
  init(_ bytes: [UInt8]) throws(LedgerError) {
    let header = Array(LedgerLine.header.utf8)
    // What is cut off of the first line was never more than that.
    if bytes.count < header.count, header.starts(with: bytes) {
      isNew = true
      if !bytes.isEmpty { cutOff = String(decoding: bytes, as: UTF8.self) }
      return
    }
    guard bytes.starts(with: header) else { throw .notALedger }
    end = header.count
    // Of the line that is looked at; the first has the names of the columns.
    var number = 2
    var nextEnd = Self.endOfLine(in: bytes, from: end)
    while let lineEnd = nextEnd {
      nextEnd = Self.endOfLine(in: bytes, from: lineEnd + 1)
      // Each line is synced before the next one is written: only the last can be damaged when the
      // power fails.
      if nextEnd == nil, LedgerLine(String(decoding: bytes[end..<lineEnd], as: UTF8.self)) == nil {
        break
      }
      try take(bytes, end..<lineEnd, number)
      end = lineEnd + 1
      number += 1
    }
    let tail = bytes[end...]
    guard tail.contains(where: { $0 != Ledger.filler }) else { return }
    guard Self.mayBeCut(tail) else { throw .badLine(number, "it has no unit and event") }
    cutOff = String(decoding: tail, as: UTF8.self)
    if let (unit, digits) = Self.number(in: tail),
      tail.dropFirst(digits).first == UInt8(ascii: ","), unit >= next
    {
      torn = unit
      next = try Self.following(unit)
    }
  }

  /// The number behind another one.
  static func following(_ unit: UInt64) throws(LedgerError) -> UInt64 {
    let (next, overflow) = unit.addingReportingOverflow(1)
    guard !overflow else { throw .noNumberLeft }
    return next
  }

  /// Takes in one line, without its end.
  private mutating func take(
    _ bytes: [UInt8], _ range: Range<Int>, _ line: Int
  ) throws(LedgerError) {
    // A station has thousands of them at its start: only what is needed is made into text.
    let head = bytes[range].prefix(96).split(
      separator: UInt8(ascii: ","), maxSplits: 3, omittingEmptySubsequences: false)
    guard head.count == 4, let (unit, count) = Self.number(in: head[0]), count == head[0].count,
      let event = LedgerLine.Event(rawValue: String(decoding: head[1], as: UTF8.self))
    else { throw .badLine(line, "it has no unit and event") }
    let row = LedgerLine.key(ofRow: String(decoding: head[2], as: UTF8.self))
    switch event {
    case .taken:
      // Numbers rise, but for those that came back.
      guard unit >= next || returned.remove(unit) != nil else {
        throw .badLine(line, "unit \(unit) is taken a second time, or out of order")
      }
      next = max(next, try Self.following(unit))
      open[unit] = range
      if let row { usedRows.insert(row) }
    case .abandoned where unit >= next:
      // Its own line was cut off.
      next = try Self.following(unit)
    case .returned, .verified, .unverified, .failed, .abandoned:
      guard open.removeValue(forKey: unit) != nil else {
        throw .badLine(line, "unit \(unit) is \(event.rawValue) without having been taken")
      }
      guard event == .returned else { break }
      returned.insert(unit)
      if let row { usedRows.remove(row) }
    }
  }

  /// Whether the end of a ledger can be a line of which a part was written.
  ///
  /// Such a line begins as one, or with what was there before. Anything else was put there by somebody.
  private static func mayBeCut(_ tail: ArraySlice<UInt8>) -> Bool {
    func isUnwritten(_ byte: UInt8) -> Bool { byte == 0 || byte == Ledger.filler }
    if tail.contains(0) || tail.first.map(isUnwritten) == true { return true }
    guard let (_, digits) = number(in: tail) else { return false }
    let rest = tail.dropFirst(digits)
    guard let comma = rest.first, !isUnwritten(comma) else { return true }
    guard comma == UInt8(ascii: ",") else { return false }
    let event = rest.dropFirst().prefix { $0 != UInt8(ascii: ",") }
    let written = String(decoding: event.prefix { !isUnwritten($0) }, as: UTF8.self)
    let isWhole = event.count == written.utf8.count && event.endIndex < tail.endIndex
    return LedgerLine.Event.allCases.contains {
      isWhole ? $0.rawValue == written : $0.rawValue.hasPrefix(written)
    }
  }

  /// A decimal number at the start of some bytes, and how many digits it has.
  private static func number(in bytes: ArraySlice<UInt8>) -> (UInt64, digits: Int)? {
    var value: UInt64 = 0
    var digits = 0
    for byte in bytes {
      guard (48...57).contains(byte) else { break }
      let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeToo) = tens.addingReportingOverflow(UInt64(byte - 48))
      guard !isTooLarge, !isTooLargeToo else { return nil }
      value = sum
      digits += 1
    }
    return digits == 0 ? nil : (value, digits)
  }

  private static func endOfLine(in bytes: [UInt8], from start: Int) -> Int? {
    unsafe bytes.withUnsafeBytes { buffer in
      guard start < buffer.count, let base = buffer.baseAddress,
        let found = unsafe memchr(base + start, 10, buffer.count - start)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }
}
