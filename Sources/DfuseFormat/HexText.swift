// Numbers and addresses in hexadecimal: how all modules of the package write them.

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
