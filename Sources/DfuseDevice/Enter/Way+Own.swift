import DfuseFormat

extension Way {
  /// Reads a way that a person wrote.
  ///
  /// - `serial:TEXT` or `serial:BAUD:TEXT` sends a text on the serial port; `\r`, `\n`, `\t`, `\e`,
  ///   `\\` and `\xHH` stand for what they do in C.
  /// - `control:TYPE:REQUEST:VALUE:INDEX[:DATA]` makes a control transfer, all in hexadecimal.
  ///
  /// - Returns: The way; nil when the text has neither form.
  /// - Throws: ``OwnWayError``.
  public static func own(_ text: String) throws(OwnWayError) -> Way? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    switch parts.first {
    case "serial" where parts.count > 1:
      var rest = parts.dropFirst()
      var baud: UInt32?
      // A text of digits alone is a text.
      if rest.count > 1, let first = rest.first, let number = UInt32(first), number > 0 {
        baud = number
        rest = rest.dropFirst()
      }
      let bytes = try unescaped(rest.joined(separator: ":"))
      guard !bytes.isEmpty else { throw .nothingToSend }
      return own(
        text, (baud.map { [.speed($0)] } ?? []) + [.write(bytes), .pause(.milliseconds(200))])
    case "control" where parts.count > 1:
      return own(text, [try control(Array(parts.dropFirst()))])
    default: return nil
    }
  }

  /// What is known of it: nothing.
  private static func own(_ text: String, _ steps: [Step]) -> Way {
    Way(
      id: text, title: "one's own", matches: [], stages: [Stage(trigger: steps)],
      causes: [.stays: "the firmware may not know what was sent"], source: "the user")
  }

  private static func control(_ fields: [String]) throws(OwnWayError) -> Step {
    guard (4...5).contains(fields.count) else { throw .wrongCount(fields.count) }
    func number<Value: FixedWidthInteger>(_ place: Int, _ type: Value.Type) throws(OwnWayError)
      -> Value
    {
      let text =
        fields[place].lowercased().hasPrefix("0x")
        ? String(fields[place].dropFirst(2)) : fields[place]
      guard !text.hasPrefix("+"), !text.hasPrefix("-"), let value = Value(text, radix: 16) else {
        throw .notHexadecimal(fields[place])
      }
      return value
    }
    let request = ControlRequest(
      bmRequestType: try number(0, UInt8.self), bRequest: try number(1, UInt8.self),
      wValue: try number(2, UInt16.self), wIndex: try number(3, UInt16.self))
    guard fields.count == 5 else { return .control(request, []) }
    let digits = Array(fields[4])
    guard digits.count.isMultiple(of: 2), !request.isIn else { throw .notHexadecimal(fields[4]) }
    var data: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[place].hexDigitValue, let low = digits[place + 1].hexDigitValue else {
        throw .notHexadecimal(fields[4])
      }
      data.append(UInt8(high << 4 | low))
    }
    return .control(request, data)
  }

  private static func unescaped(_ text: String) throws(OwnWayError) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "e"): bytes.append(0x1B)
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "x"):
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else {
          throw .unknownEscape("\\x\(digits)")
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
      case let other:
        throw .unknownEscape("\\" + String(decoding: other.map { [$0] } ?? [], as: UTF8.self))
      }
    }
    return bytes
  }

  /// Whether a person wrote it.
  public var isOwn: Bool { matches.isEmpty }
}

/// Why a way that a person wrote cannot be understood.
public enum OwnWayError: Error, Hashable, Sendable {
  /// There is no text to send.
  case nothingToSend
  /// So many fields are behind `control:`, which takes four or five.
  case wrongCount(Int)
  /// This is no hexadecimal number that fits there.
  case notHexadecimal(String)
  /// There is no such escape.
  case unknownEscape(String)
}

extension OwnWayError: CustomStringConvertible {
  /// What is wrong with the way, in one sentence without a full stop.
  public var description: String { "the way \(fault)" }

  /// What is wrong with it, behind its name: `has no text to send`.
  package var fault: String {
    switch self {
    case .nothingToSend: "has no text to send"
    case .wrongCount(let count):
      "has \(count) field\(count == 1 ? "" : "s") behind 'control', which takes four or five"
    case .notHexadecimal(let field):
      "has '\(field.visible())' where a hexadecimal number belongs that fits there"
    case .unknownEscape(let escape): "has '\(escape.visible())', and there is no such escape"
    }
  }
}
