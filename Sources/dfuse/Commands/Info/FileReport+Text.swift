import DfuseFormat

extension FileReport {
  /// The report for people, a line each.
  var lines: [String] {
    var lines = ["\(shownFile): \(kind.title), \(size.byteText)"]
    if let header { lines.append("  header \"\(header.visible)\"") }
    if let suffix { lines += suffix.lines }
    if let entryPoint { lines.append("  starts at \(UInt64(entryPoint).addressText)") }
    lines += contentLines
    lines += findings.map(\.line)
    return lines
  }

  private var shownFile: String { file == "-" ? "standard input" : file.visible }

  private var contentLines: [String] {
    switch kind {
    case .dfu:
      return ["  payload of \((size - 16).byteText), for a device that knows where it belongs"]
    case .raw:
      guard let element = targets?.first?.elements.first else { return [] }
      return ["  CRC-32 \(element.crc32.hex); a raw binary says no address"]
    case .dfuse, .hex, .srec, .elf, .unknown:
      return (targets ?? []).enumerated().flatMap { index, target in
        [target.title(index, isPacked: kind == .dfuse)] + target.elements.map(\.line)
      }
    }
  }
}

extension FileReport.Suffix {
  fileprivate var lines: [String] {
    let verdict =
      checksum == computedChecksum ? "right" : "WRONG, should be \(computedChecksum.hex)"
    return [
      "  for vendor \(vendorID.hexOrAny), product \(productID.hexOrAny); "
        + "firmware version \(deviceVersion.hexOrAny)",
      "  format \(formatVersion.hex), CRC \(checksum.hex) (\(verdict))",
    ]
  }
}

extension FileReport.Target {
  fileprivate func title(_ index: Int, isPacked: Bool) -> String {
    guard isPacked else { return "  would become one target for alternate setting 0:" }
    let name = name.map { "\"\($0.visible)\"" } ?? "no name"
    return "  target \(index): alternate setting \(alternateSetting), \(name)"
  }
}

extension FileReport.Element {
  fileprivate var line: String {
    "    \(range.addressText)  \(size.byteText)  CRC-32 \(crc32.hex)"
  }
}

extension FileReport.Finding {
  fileprivate var line: String {
    "  \(severity.rawValue)\(offset.map { " at offset \($0)" } ?? ""): \(message.visible)"
  }
}

extension UInt16 {
  /// The id, or `any` for 0xFFFF.
  fileprivate var hexOrAny: String { self == 0xFFFF ? "any (0xFFFF)" : hex }
}
