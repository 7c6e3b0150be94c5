import DfuseFormat

/// What was packed, as `dfuse pack` tells it.
struct PackSummary {
  var output: String
  /// For each target, the file that each element came from.
  var sources: [[String]] = []
  var checksum: UInt32 = 0

  init(output: String) {
    self.output = output
  }

  func lines(for container: ContainerOutline, console: Console) -> [String] {
    let size = Int(clamping: container.encodedSize)
    var lines = [
      console.styled("packed \(output)", .bold) + "  \(size.byteText), CRC \(checksum.hex)",
      "  vendor \(container.vendorID.hex)  product \(container.productID.hex)  "
        + "version \(container.deviceVersion.hex)",
    ]
    for (target, sources) in zip(container.targets, sources) {
      let name = target.name.map { " \"\($0.visible)\"" } ?? ", no name"
      lines.append("  alternate setting \(target.alternateSetting)\(name)")
      for (element, source) in zip(target.elements, sources) {
        lines.append("    \(element.range.addressText)  \(element.size.byteText)  \(source)")
      }
    }
    return lines
  }
}

extension Int {
  /// A number of bytes: `1 byte`, `16384 bytes (16 KiB)`, `20500 bytes (20.0 KiB)`.
  var byteText: String {
    let exact = "\(self) byte\(self == 1 ? "" : "s")"
    for (size, unit) in [(1 << 20, "MiB"), (1 << 10, "KiB")] where self >= size {
      if isMultiple(of: size) { return "\(exact) (\(self / size) \(unit))" }
      let tenths = (self * 10 + size / 2) / size
      return "\(exact) (\(tenths / 10).\(tenths % 10) \(unit))"
    }
    return exact
  }
}
