import DfuseFormat

extension String {
  /// The text with everything that could steer a terminal made visible; of a file name that is no
  /// UTF-8, the bytes themselves.
  var visible: String { visible(byte: FileName.byte) }

  /// The text as one word of a POSIX shell's command line.
  var shellWord: String {
    let plain =
      !isEmpty
      && unicodeScalars.allSatisfy { scalar in
        scalar.isASCII
          && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
            || "-_./=+,:@%".unicodeScalars.contains(scalar))
      }
    if plain { return self }
    if unicodeScalars.allSatisfy({ $0.isVisible }) {
      return "'" + replacing("'", with: "'\\''") + "'"
    }
    // $'…' is the one form in which a control character survives being shown and copied.
    let body = FileName.bytes(self).map { byte in
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\\"): "\\" + String(UnicodeScalar(byte))
      case 0x20...0x7E: String(UnicodeScalar(byte))
      default:
        "\\" + String(repeating: "0", count: 3 - String(byte, radix: 8).count)
          + String(byte, radix: 8)
      }
    }
    return "$'" + body.joined() + "'"
  }
}

extension Sequence<String> {
  /// The words as a POSIX shell's command line.
  var shellLine: String { map(\.shellWord).joined(separator: " ") }
}

extension UInt64 {
  /// A number of bytes, short: `313 bytes`, `128 KiB`, `20.0 KiB`, `1.5 MiB`.
  var sizeText: String {
    for (size, unit) in [(UInt64(1) << 20, "MiB"), (1 << 10, "KiB")] where self >= size {
      if isMultiple(of: size) { return "\(self / size) \(unit)" }
      // A MiB is said in KiB as long as that is exact and short.
      if size == 1 << 20, isMultiple(of: 1024), self < 10 << 20 { return "\(self / 1024) KiB" }
      let tenths = (self / (size / 64) * 10 + 32) / 64
      return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(self) byte\(self == 1 ? "" : "s")"
  }
}

extension Duration {
  /// Seconds, with their fraction.
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }

  /// Seconds to the millisecond, as JSON has them.
  var roundedSeconds: Double { (seconds * 1000).rounded() / 1000 }

  /// A time for people: `44 ms`, `4.2 s`, `1 min 5 s`.
  var timeText: String {
    let milliseconds = Int((seconds * 1000).rounded())
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    let tenths = Int((seconds * 10).rounded())
    if tenths < 600 { return "\(tenths / 10).\(tenths % 10) s" }
    let whole = (tenths + 5) / 10
    return whole % 60 == 0 ? "\(whole / 60) min" : "\(whole / 60) min \(whole % 60) s"
  }
}

extension Int {
  /// The number with its noun: `1 sector`, `3 sectors`.
  func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
