/// A number as people type it on the command line.
enum NumberText {
  /// Hexadecimal with or without `0x`, no longer than `type`; digits may be in groups, as messages
  /// have them: `0x0800_4000`.
  ///
  /// - Returns: The value, or why it is none; never a part of what was typed.
  static func hexadecimal<T: FixedWidthInteger & UnsignedInteger>(
    _ text: String, as type: T.Type
  ) -> Result<T, NumberProblem> {
    let number = text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : Substring(text)
    let groups = number.split(separator: "_", omittingEmptySubsequences: false)
    guard groups.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isHexDigit) }) else {
      return .failure(.notHexadecimal)
    }
    let digits = groups.joined()
    guard let value = T(digits, radix: 16) else {
      return .failure(.tooLarge(bits: T.bitWidth, digits: digits))
    }
    return .success(value)
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}

/// Why a text is no number.
enum NumberProblem: Error, Equatable {
  case notHexadecimal
  case tooLarge(bits: Int, digits: String)
}
