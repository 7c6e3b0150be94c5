import DfuseFormat

extension UnitPatch {
  /// What can be put behind `=`.
  private static let kinds =
    "bytes:DEADBEEF, u8: u16: u32: u64: (i for signed, u32be: big-endian), text:ACME, text16:ACME, "
    + "uid"
  /// Bytes of the longest text.
  static let longestText = 65536
  private static let sourceKinds = "counter:1000, csv:FILE:COLUMN, uid, date or time"

  /// Reads `PLACE=VALUE`.
  ///
  /// - Throws: A failure with status 64.
  init(parsing text: String) throws(Failure) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw Failure(
        .usage, "--patch '\(text.visible)' does not say what goes where",
        fix: "write --patch PLACE=VALUE, such as --patch serial=u32:1234")
    }
    place = try Self.place(String(text[..<equals]))
    content = try Self.content(String(text[text.index(after: equals)...]), of: text)
  }

  // MARK: - The place

  /// An address begins with a digit; names in C do not.
  private static func place(_ text: String) throws(Failure) -> Place {
    var base = text
    var offset: UInt32 = 0
    if let plus = text.lastIndex(of: "+") {
      base = String(text[..<plus])
      let words = String(text[text.index(after: plus)...])
      guard let number = integer(words).flatMap({ UInt32(exactly: $0) }) else {
        throw Failure(
          .usage, "--patch \(text.visible): '\(words.visible)' is no number of bytes",
          fix: "write it as 4 or 0x10")
      }
      offset = number
    }
    guard base.utf8.first.map({ (48...57).contains($0) }) == true else {
      guard !base.isEmpty else {
        throw Failure(.usage, "--patch \(text.visible) names no place")
      }
      return .symbol(base, offset: offset)
    }
    let address = try NumberText.address(base, option: "--patch")
    let (sum, overflow) = address.addingReportingOverflow(offset)
    guard !overflow else {
      throw Failure(.usage, "--patch \(text.visible) is beyond the last address, 0xffff_ffff")
    }
    return .address(sum)
  }

  // MARK: - The value

  private static func content(_ value: String, of patch: String) throws(Failure) -> Content {
    if value == "uid" { return .bytes(.uniqueID) }
    guard let colon = value.firstIndex(of: ":") else {
      throw Failure(
        .usage, "--patch \(patch.visible) does not say what kind of value that is",
        fix: "put the kind before it: \(kinds)")
    }
    let kind = value[..<colon].lowercased()
    let rest = String(value[value.index(after: colon)...])
    if kind == "bytes" { return try bytes(rest, of: patch) }
    if kind.hasPrefix("text") { return try text(kind.dropFirst(4), rest, of: patch) }
    guard let form = IntegerForm(named: kind) else {
      throw Failure(
        .usage, "--patch \(patch.visible): '\(kind.visible)' is no kind of value",
        fix: "write one of: \(kinds)")
    }
    if let source = try source(rest, of: patch) {
      guard source != .uniqueID else {
        throw Failure(
          .usage, "--patch \(patch.visible): the unique id is no \(form.name)",
          why: "it has 12 bytes", fix: "write =uid for its bytes, or =text:uid for its digits")
      }
      return .integer(form, source)
    }
    guard let number = integer(rest) else {
      throw Failure(
        .usage, "--patch \(patch.visible): '\(rest.visible)' is no number",
        fix: "write 1234 or 0x4D2, or \(sourceKinds)")
    }
    guard let bytes = form.bytes(of: number) else { throw misfit(patch, "\(number)", form) }
    return .fixed(bytes, text: rest)
  }

  private static func bytes(_ text: String, of patch: String) throws(Failure) -> Content {
    if let source = try source(text, of: patch) {
      switch source {
      case .column, .uniqueID: return .bytes(source)
      case .counter, .date, .time:
        throw Failure(
          .usage, "--patch \(patch.visible): that is a number, and no bytes",
          fix: "say how wide it is: u32:\(text.visible)")
      }
    }
    guard let bytes = hexBytes(text), !bytes.isEmpty else {
      throw Failure(
        .usage, "--patch \(patch.visible): '\(text.visible)' are no bytes",
        fix: "write two hexadecimal digits for each: bytes:DEADBEEF")
    }
    return .fixed(bytes, text: bytes.digits)
  }

  private static func text(
    _ size: some StringProtocol, _ text: String, of patch: String
  ) throws(Failure) -> Content {
    let count = Int(size)
    guard size.isEmpty || count.map({ (1...longestText).contains($0) }) == true else {
      throw Failure(
        .usage, "--patch \(patch.visible): text\(String(size).visible) is no kind of value",
        fix: "write text16: for text in 16 bytes, the rest zeros")
    }
    if let source = try source(text, of: patch) { return .text([.source(source)], size: count) }
    return .text(try parts(text, of: patch), size: count)
  }

  /// Text with sources in braces: `SN-{counter:0001}`; `{{` is a brace.
  private static func parts(_ text: String, of patch: String) throws(Failure) -> [TextPart] {
    var parts: [TextPart] = []
    var literal = ""
    var rest = text[...]
    while let first = rest.popFirst() {
      if first == "{" || first == "}", rest.first == first {
        literal.append(rest.removeFirst())
      } else if first == "{" {
        let word = String(rest.prefix { $0 != "}" })
        guard rest.contains("}"), let source = try source(word, of: patch) else {
          throw Failure(
            .usage, "--patch \(patch.visible): '{\(word.visible)' is no value of a board's own",
            fix: "write \(sourceKinds) in the braces, and {{ for a brace")
        }
        rest = rest.dropFirst(word.count + 1)
        if !literal.isEmpty { parts.append(.literal(literal)) }
        literal = ""
        parts.append(.source(source))
      } else {
        literal.append(first)
      }
    }
    if !literal.isEmpty { parts.append(.literal(literal)) }
    guard !parts.isEmpty else {
      throw Failure(
        .usage, "--patch \(patch.visible): there is no text", fix: "for zeros, write bytes:00")
    }
    return parts
  }

  /// A source by its name; nil where it is none.
  private static func source(_ text: String, of patch: String) throws(Failure) -> Source? {
    switch text {
    case "counter": return .counter(start: nil, digits: 0)
    case "uid": return .uniqueID
    case "date": return .date
    case "time": return .time
    default: break
    }
    if text.hasPrefix("counter:") {
      let digits = text.dropFirst("counter:".count)
      guard digits.utf8.allSatisfy({ (48...57).contains($0) }), digits.count < 20,
        let start = UInt64(digits)
      else {
        throw Failure(
          .usage,
          "--patch \(patch.visible): the counter cannot start at '\(String(digits).visible)'",
          fix: "write counter:1000; with zeros in front it keeps its width as text: counter:000001")
      }
      return .counter(start: start, digits: digits.hasPrefix("0") ? digits.count : 0)
    }
    if text.hasPrefix("csv:") {
      let words = text.dropFirst("csv:".count)
      guard let colon = words.lastIndex(of: ":"), colon != words.startIndex,
        words.index(after: colon) != words.endIndex
      else {
        throw Failure(
          .usage, "--patch \(patch.visible) does not say which column of which table",
          fix: "write csv:FILE:COLUMN, such as csv:units.csv:serial")
      }
      return .column(
        file: String(words[..<colon]), name: String(words[words.index(after: colon)...]))
    }
    let name = text.prefix { $0 != "(" }
    if text.contains("("), ["counter", "csv"].contains(name) {
      throw Failure(
        .usage, "--patch \(patch.visible): there are no brackets behind \(name)",
        fix: name == "csv" ? "write csv:FILE:COLUMN" : "write counter:1000")
    }
    return nil
  }

  // MARK: - Numbers

  /// A number: decimal, or hexadecimal behind `0x`.
  static func integer(_ text: String) -> Int128? {
    let isNegative = text.hasPrefix("-")
    let digits = isNegative ? text.dropFirst() : text[...]
    let isHex = digits.lowercased().hasPrefix("0x")
    let number = (isHex ? digits.dropFirst(2) : digits).replacing("_", with: "")
    // `Int128("+1")` is a number; what a person types has no second sign.
    guard let first = number.first, first.isHexDigit, number.count <= 20,
      let value = Int128(number, radix: isHex ? 16 : 10)
    else { return nil }
    return isNegative ? -value : value
  }

  /// Bytes of two digits each, which may be set apart as in `00:80:E1` or `DE AD`.
  static func hexBytes(_ text: String) -> [UInt8]? { [UInt8](hex: text, separators: ":-_ ") }

  /// A number that is too large for its place.
  static func misfit(_ patch: String, _ number: String, _ form: IntegerForm) -> Failure {
    Failure(
      .usage, "--patch \(patch.visible): \(number) does not fit into \(form.name)",
      fix: "take a wider one, if the program reads it so")
  }
}

extension IntegerForm {
  /// `u8`, `i32`, `u16le`, `u64be`.
  fileprivate init?(named name: String) {
    var rest = name[...]
    guard let sign = rest.popFirst(), sign == "u" || sign == "i" else { return nil }
    isBigEndian = rest.hasSuffix("be")
    if rest.hasSuffix("be") || rest.hasSuffix("le") { rest = rest.dropLast(2) }
    guard let bits = Int(rest), [8, 16, 32, 64].contains(bits), String(bits) == rest else {
      return nil
    }
    self.bits = bits
    isSigned = sign == "i"
  }
}

extension Sequence<UInt8> {
  /// Two digits a byte, without anything between them.
  var digits: String { map { $0.hexDigits(uppercase: true) }.joined() }
}
