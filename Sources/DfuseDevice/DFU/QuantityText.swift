import DfuseFormat

// Sizes, times and bytes in the sentences of this layer.

extension UInt64 {
  /// A number of bytes: whole KiB where that is exact.
  var quantityText: String {
    self >= 1024 && isMultiple(of: 1024) ? "\(self / 1024) KiB" : "\(self) bytes"
  }
}

extension Duration {
  /// Milliseconds below a second, else seconds with at most one decimal place.
  var quantityText: String {
    let (seconds, attoseconds) = components
    if seconds == 0 { return "\(attoseconds / 1_000_000_000_000_000) ms" }
    let tenths = attoseconds / 100_000_000_000_000_000
    return tenths == 0 ? "\(seconds) s" : "\(seconds).\(tenths) s"
  }
}

extension [UInt8] {
  /// The bytes, two digits each, or that there are none.
  var bytesText: String { isEmpty ? "no bytes" : hexBytes(uppercase: true) }
}
