import DfuseFormat

extension NumberText {
  /// An address of an option: hexadecimal with or without `0x`, 32 bits, also as `0x0800_4000`.
  ///
  /// - Throws: A failure with status 64; for one digit too many, with the two addresses that may
  ///   have been meant.
  static func address(_ text: String, option: String) throws(Failure) -> UInt32 {
    switch hexadecimal(text, as: UInt32.self) {
    case .success(let value): return value
    case .failure(.notHexadecimal):
      throw Failure(
        .usage, "\(option) '\(text.visible)' is not an address such as 0x08000000 (hexadecimal)",
        fix: "'dfuse list' shows the addresses that a board has")
    case .failure(.tooLarge(_, let digits)):
      let decimal = text.first != "0" && text.allSatisfy(\.isNumber) ? UInt32(text) : nil
      let fix =
        if let decimal, decimal.isMultiple(of: 1024) {
          "addresses are hexadecimal; in decimal that would be \(decimal.hex)"
        } else if digits.count == 9 {
          "did you mean 0x\(digits.dropLast()) or 0x\(digits.dropFirst())?"
        } else { nil as String? }
      throw Failure(
        .usage, "\(option) \(text.visible) does not fit into 32 bits", fix: fix)
    }
  }

  /// Tells of an address between two words, where there can be data, but no program.
  static func warnUnlessAligned(_ text: String?, _ console: Console) {
    guard let text, case .success(let address) = hexadecimal(text, as: UInt32.self),
      !address.isMultiple(of: 4)
    else { return }
    console.warn("--address \(text.visible) is no multiple of 4, and no program begins there")
  }

  /// A number of bytes: `16384`, `0x4000`, `16K` or `1M`, with `KiB` and `MiB` as well.
  ///
  /// - Returns: 1 to 2^32.
  /// - Throws: A failure with status 64.
  static func length(_ text: String, option: String) throws(Failure) -> UInt64 {
    let lower = text.lowercased()
    var digits = lower[...]
    var factor: UInt64 = 1
    var radix = 10
    if digits.hasPrefix("0x") {
      digits = digits.dropFirst(2)
      radix = 16
    } else {
      for (unit, size) in units where digits.hasSuffix(unit) {
        digits = digits.dropLast(unit.count)
        factor = size
        break
      }
    }
    let groups = digits.split(separator: "_", omittingEmptySubsequences: false)
    guard groups.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isHexDigit) }),
      let number = UInt64(groups.joined(), radix: radix)
    else {
      throw Failure(
        .usage, "\(option) '\(text.visible)' is not a number of bytes",
        fix: "write 16384, 0x4000, 16K or 1M")
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow, (1...(1 << 32)).contains(bytes) else {
      throw Failure(.usage, "\(option) \(text.visible) is not between 1 byte and 4 GiB")
    }
    return bytes
  }

  private static let units: [(String, UInt64)] = [
    ("kib", 1 << 10), ("mib", 1 << 20), ("kb", 1 << 10), ("mb", 1 << 20), ("k", 1 << 10),
    ("m", 1 << 20),
  ]
}

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
    // A digit too many is a mistake, whatever it is: 008000000 was meant to be 0x08000000.
    guard digits.count <= T.bitWidth / 4, let value = T(digits, radix: 16) else {
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
