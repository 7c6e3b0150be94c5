/// A number as people type it on the command line.
enum NumberText {
  /// Hexadecimal with or without `0x`, no longer than `type`.
  ///
  /// - Returns: The value, or why it is none; never a part of what was typed.
  static func hexadecimal<T: FixedWidthInteger & UnsignedInteger>(
    _ text: String, as type: T.Type
  ) -> Result<T, NumberProblem> {
    let digits = text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : Substring(text)
    guard !digits.isEmpty, digits.utf8.allSatisfy(isHexDigit) else {
      return .failure(.notHexadecimal)
    }
    guard let value = T(digits, radix: 16) else {
      return .failure(.tooLarge(bits: T.bitWidth, digits: String(digits)))
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

extension FixedWidthInteger where Self: UnsignedInteger {
  /// The number in hexadecimal, all digits of its width: `0x0483`.
  var hex: String {
    let digits = String(self, radix: 16, uppercase: true)
    let width = Self.bitWidth / 4
    return "0x" + String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
  }
}
