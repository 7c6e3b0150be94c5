extension UInt64 {
  /// The address as people see it: `0x0800_0000`.
  public var addressText: String {
    let digits = String(self, radix: 16)
    let padded = String(repeating: "0", count: Swift.max(0, 8 - digits.count)) + digits
    var text = ""
    for (index, digit) in padded.enumerated() {
      if index > 0, (padded.count - index) % 4 == 0 { text += "_" }
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
