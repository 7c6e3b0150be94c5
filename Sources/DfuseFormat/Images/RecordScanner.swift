/// Why a text of records cannot be read on, and where.
struct RecordFault: Error {
  /// The offset in the text of the character to point at.
  var offset: Int
  /// What is wrong there.
  var problem: RecordProblem

  init(_ problem: RecordProblem, at offset: Int) {
    self.offset = offset
    self.problem = problem
  }

  /// Says the fault in lines and columns.
  func error(in text: [UInt8], _ format: Firmware.Format) -> FormatError {
    let position = TextPosition(of: offset, in: text)
    return .badRecord(format, line: position.line, column: position.column, problem: problem)
  }
}

/// The lines of a text of records, one after the other, and their digits as bytes.
struct RecordScanner {
  /// The text.
  let text: [UInt8]
  /// The bytes of the line decoded last; reused, so that a line costs no allocation.
  private(set) var record: [UInt8] = []
  /// The sum of those bytes, modulo 256.
  private(set) var sum: UInt8 = 0
  /// The offset of what has not been read.
  private var position = 0
  /// The value of each character as a hexadecimal digit; 0xFF if it is none.
  private let digitValues = Self.hexDigitValues

  private static let hexDigitValues: [UInt8] = (0...255).map { (character: UInt8) in
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: 0xFF
    }
  }

  /// What was left out so far.
  private(set) var oddities: Set<TextOddity>
  private var isInSymbols = false

  /// Starts at a file's beginning.
  init(_ bytes: [UInt8]) {
    let plain = RecordText(bytes)
    (text, oddities) = (plain.text, plain.oddities)
  }

  /// The form of records that a file begins with, or nil.
  static func format(beginning: [UInt8]) -> Firmware.Format? {
    var scanner = RecordScanner(beginning)
    return scanner.firstRecord().flatMap { format(ofLine: scanner.text[$0]) }
  }

  /// The form of record that a line begins as, or nil.
  static func format(ofLine line: ArraySlice<UInt8>) -> Firmware.Format? {
    let text = Array(line.drop(while: isBlank).prefix(4))
    if text.count >= 3, text[0] == UInt8(ascii: ":"), text[1...2].allSatisfy(isHexDigit) {
      return .hex
    }
    guard text.count == 4, text[0] | 0x20 == UInt8(ascii: "s"),
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[1]), text[2...].allSatisfy(isHexDigit)
    else { return nil }
    return .srec
  }

  /// The first line that is a record by its beginning; nil if there is none where one may be.
  ///
  /// Before it may stand comments, the symbols of `objcopy -O symbolsrec`, and one line of a name.
  mutating func firstRecord() -> Range<Int>? {
    let start = self
    while let line = nextLine() {
      if Self.format(ofLine: text[line]) != nil { return line }
      guard isName(line), oddities.insert(.name).inserted else { break }
    }
    self = start
    return nil
  }

  /// The next line that is neither blank nor a comment, without the blanks at its end; nil at the
  /// end of the text.
  mutating func nextLine() -> Range<Int>? {
    while let line = anyLine() {
      if let oddity = leftOut(line) { oddities.insert(oddity) } else { return line }
    }
    return nil
  }

  /// Why a line says nothing about data, if it does not.
  private mutating func leftOut(_ line: Range<Int>) -> TextOddity? {
    let first = text[line.lowerBound]
    if first == UInt8(ascii: ":") || first | 0x20 == UInt8(ascii: "s") { return nil }
    let words = text[line].drop(while: Self.isBlank)
    if words.starts(with: "$$".utf8) {
      isInSymbols.toggle()
      return .symbols
    }
    if isInSymbols, words.startIndex > line.lowerBound, words.contains(UInt8(ascii: "$")) {
      return .symbols
    }
    guard
      words.starts(with: ";".utf8) || words.starts(with: "#".utf8)
        || words.starts(with: "//".utf8)
    else { return nil }
    // A record whose mark was damaged, or one that somebody took out, is no comment.
    return hidesRecord(words) ? nil : .comments
  }

  /// Whether a line can be a name that a tool put before the records.
  private func isName(_ line: Range<Int>) -> Bool {
    text[line].allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 } && !hidesRecord(text[line])
      && text[line.lowerBound] != UInt8(ascii: ":")
  }

  /// Whether a line ends in so many hexadecimal digits that they may be a record.
  private func hidesRecord(_ line: ArraySlice<UInt8>) -> Bool {
    line.reversed().prefix(while: Self.isHexDigit).count >= 8
  }

  /// Refuses a line behind the end record, unless it is padding or that record again.
  func checkPadding(_ line: Range<Int>, after end: Range<Int>) throws(RecordFault) {
    // ^Z ended texts under CP/M and DOS; NUL and 0xFF fill sectors.
    let padding: Set<UInt8> = [0x1A, 0x00, 0xFF]
    if text[line].allSatisfy({ padding.contains($0) || Self.isBlank($0) }) { return }
    if text[line].elementsEqual(text[end]) { return }
    let isRecord = Self.format(ofLine: text[line]) != nil
    throw RecordFault(isRecord ? .secondFile : .dataAfterEnd, at: line.lowerBound)
  }

  private mutating func anyLine() -> Range<Int>? {
    while position < text.count {
      let start = position
      while position < text.count, !Self.isLineEnd(text[position]) { position += 1 }
      var end = position
      while end > start, Self.isBlank(text[end - 1]) { end -= 1 }
      // A CR LF counts as two line ends with a blank line between; only TextPosition minds.
      position += 1
      if end > start { return start..<end }
    }
    return nil
  }

  /// Turns pairs of digits into ``record``.
  mutating func decode(_ digits: Range<Int>) throws(RecordFault) {
    record.removeAll(keepingCapacity: true)
    sum = 0
    var index = digits.lowerBound
    while index + 1 < digits.upperBound {
      let high = digitValues[Int(text[index])]
      let low = digitValues[Int(text[index + 1])]
      guard high | low < 16 else {
        let wrong = high < 16 ? index + 1 : index
        throw RecordFault(.notHexDigit(found: text[wrong]), at: wrong)
      }
      let byte = high << 4 | low
      record.append(byte)
      sum &+= byte
      index += 2
    }
    guard index < digits.upperBound else { return }
    guard digitValues[Int(text[index])] < 16 else {
      throw RecordFault(.notHexDigit(found: text[index]), at: index)
    }
    throw RecordFault(.oddDigitCount(digits.count), at: index)
  }

  /// The number in `count` bytes of ``record``, the most significant first.
  func number(at index: Int, count: Int) -> UInt32 {
    record[index..<(index + count)].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Whether a character is a hexadecimal digit of either case.
  static func isHexDigit(_ character: UInt8) -> Bool { hexDigitValues[Int(character)] < 16 }

  /// Whether a character ends a line.
  static func isLineEnd(_ character: UInt8) -> Bool {
    character == UInt8(ascii: "\n") || character == UInt8(ascii: "\r")
  }

  /// Whether a character may stand at the end of a line without a meaning.
  static func isBlank(_ character: UInt8) -> Bool {
    character == UInt8(ascii: " ") || character == UInt8(ascii: "\t")
  }
}
