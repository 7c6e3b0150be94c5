/// How addresses, sizes and times are written in the sentences of this layer.
enum FactText {
  /// Eight hexadecimal digits in two groups: `0x0801_0000`.
  static func address(_ address: UInt32) -> String {
    "0x" + hex(address >> 16, digits: 4) + "_" + hex(address & 0xFFFF, digits: 4)
  }

  /// Two hexadecimal digits and a prefix: `0x0A`.
  static func byte(_ byte: UInt8) -> String { "0x" + hex(UInt32(byte), digits: 2) }

  /// Bytes, two digits each.
  static func bytes(_ bytes: [UInt8]) -> String {
    bytes.isEmpty
      ? "no bytes" : bytes.map { hex(UInt32($0), digits: 2) }.joined(separator: " ")
  }

  /// Whole KiB where that is exact, else bytes.
  static func size(_ bytes: UInt64) -> String {
    bytes >= 1024 && bytes.isMultiple(of: 1024) ? "\(bytes / 1024) KiB" : "\(bytes) bytes"
  }

  /// Milliseconds below a second, else seconds with at most one decimal place.
  static func time(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    if seconds == 0 { return "\(attoseconds / 1_000_000_000_000_000) ms" }
    let tenths = attoseconds / 100_000_000_000_000_000
    return tenths == 0 ? "\(seconds) s" : "\(seconds).\(tenths) s"
  }

  private static func hex(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
