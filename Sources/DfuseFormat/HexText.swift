// Numbers, addresses and text from outside: how all modules of the package write them.

extension FixedWidthInteger where Self: UnsignedInteger {
  /// The number in all digits of its width, as commands, traces and files have it: `0x08004000`.
  package var hex: String { "0x" + hexDigits(uppercase: true) }

  /// The number without leading zeros, as ids are written: `0x91`.
  package var shortHex: String { "0x" + String(self, radix: 16, uppercase: true) }

  /// All digits of the number's width: `df11`.
  package func hexDigits(uppercase: Bool = false) -> String {
    let digits = String(self, radix: 16, uppercase: uppercase)
    return String(repeating: "0", count: Swift.max(0, Self.bitWidth / 4 - digits.count)) + digits
  }
}

extension Sequence<UInt8> {
  /// Bytes, two digits each: `21 00 40 00 08`.
  package func hexBytes(uppercase: Bool = false) -> String {
    map { $0.hexDigits(uppercase: uppercase) }.joined(separator: " ")
  }
}

extension [UInt8] {
  /// Reads bytes of two digits each, between which some characters may stand; nil for anything else.
  package init?(hex text: some StringProtocol, separators: String = " ") {
    let digits = text.utf8.filter { byte in !separators.utf8.contains(byte) }
    guard digits.count.isMultiple(of: 2) else { return nil }
    self.init()
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Character(UnicodeScalar(digits[index])).hexDigitValue,
        let low = Character(UnicodeScalar(digits[index + 1])).hexDigitValue
      else { return nil }
      append(UInt8(high << 4 | low))
    }
  }
}

extension UInt64 {
  /// The address as sentences have it: `0x0800_4000`.
  public var addressText: String {
    // Beyond 32 bits there is no address of a chip, but there may be one in a damaged file.
    let digits =
      self <= UInt32.max
      ? UInt32(self).hexDigits() : String(self, radix: 16)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 4 == 0 { text += "_" }
      text.append(digit)
    }
    return "0x" + text
  }
}

extension Range<UInt64> {
  /// The first and the last address, both included.
  public var addressText: String {
    isEmpty ? lowerBound.addressText : "\(lowerBound.addressText)-\((upperBound - 1).addressText)"
  }
}

extension String {
  /// The text with everything that could steer a terminal made visible.
  ///
  /// Names come from files and devices: control characters, and the marks that turn the direction
  /// of writing, are shown as `\n`, `\x1B` or `\u{202E}` and a backslash as `\\`.
  ///
  /// - Parameter byte: The byte that a character stands for, where text can hold bytes.
  /// - Returns: Text without control characters.
  package func visible(byte: (Unicode.Scalar) -> UInt8? = { _ in nil }) -> String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default: result += scalar.isVisible ? String(scalar) : scalar.escape(byte(scalar))
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  /// Whether a terminal shows the character and does nothing else.
  package var isVisible: Bool {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    default: true
    }
  }

  fileprivate func escape(_ byte: UInt8?) -> String {
    let value = byte.map { UInt32($0) } ?? value
    let digits = String(value, radix: 16, uppercase: true)
    return value < 0x100
      ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
  }
}
