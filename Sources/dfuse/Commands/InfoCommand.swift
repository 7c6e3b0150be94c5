import ArgumentParser
import DfuseFormat

/// `dfuse info`.
struct InfoCommand: DfuseCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Show what is in a container or firmware file, and everything odd about it.",
    discussion: """
      Takes .dfu containers, plain DFU files, Intel HEX, S-record, ELF and raw binaries. Ends with \
      status 65 when the file is damaged; warnings leave it at 0.
      """
  )

  @Flag(help: "Print one JSON object (docs/json.md).")
  var json = false
  @OptionGroup var input: InputFormatOptions
  @Argument(help: "The file; '-' is standard input.", completion: .file())
  var file: String

  func run(console: Console) throws(Failure) {
    let input = InputFile(name: file)
    let bytes = try input.read()
    let firmware = Firmware.inspect(bytes, name: input.telling, as: try self.input.kind)
    var report = FileReport(file: file, size: bytes.count, firmware)
    if !input.isStandardInput { report.addSnapshot(beside: file, bytes) }
    if json {
      try console.output(JSONText.pretty(report))
    } else {
      for line in report.lines { try console.output(line) }
    }
    let count = report.errorCount
    if count > 0 {
      throw Failure(
        .badData,
        firmware.isDamaged
          ? "\(input.shown) is damaged (\(count.counted("error")), see above)"
          : "\(input.shown) is no firmware, see above",
        fix: firmware.isDamaged
          ? "build or download it again"
          : firmware.firstError.flatMap { Failure(reading: input, $0).fix })
    }
  }
}

/// Everything that `dfuse info` tells about a file, for people and for programs.
///
/// The JSON form is documented in `docs/json.md`; its keys are stable.
struct FileReport: Encodable {
  struct Suffix: Encodable {
    var vendorID: UInt16
    var productID: UInt16
    var deviceVersion: UInt16
    var formatVersion: UInt16
    var checksum: UInt32
    var computedChecksum: UInt32
  }

  struct Target: Encodable {
    var alternateSetting: UInt8
    var name: String?
    var elements: [Element]
  }

  struct Element: Encodable {
    var address: UInt32
    var size: Int
    var crc32: UInt32
  }

  struct Finding: Encodable {
    var severity: String
    /// Offset in the file; nil where there is none, as in text.
    var offset: Int?
    var message: String
  }

  /// Version of this schema.
  var schema = 1
  var file: String
  var kind: String
  /// Bytes in the file.
  var size: Int
  var suffix: Suffix?
  /// What is, or would be, in the container; none for plain DFU files, and where nothing can be read.
  var targets: [Target]?
  var entryPoint: UInt32?
  var header: String?
  /// Of a snapshot: which board it is of, as it stands in the file beside it.
  var snapshot: SnapshotFacts?
  var findings: [Finding]

  /// How many findings make the data untrustworthy.
  var errorCount: Int { findings.count { $0.severity == "error" } }

  /// What was understood of a file of any kind.
  init(file: String, size: Int, _ firmware: Firmware) {
    self.file = file
    kind = firmware.format?.rawValue ?? "unknown"
    self.size = size
    suffix = firmware.suffix.map { Suffix($0, firmware.findings) }
    if firmware.format == .container || !firmware.targets.isEmpty, firmware.format != .plainDFU {
      targets = firmware.targets.map { target in
        Target(
          alternateSetting: target.alternateSetting ?? 0, name: target.name,
          elements: target.elements.map(Element.init))
      }
    }
    entryPoint = firmware.entryPoint
    header = firmware.header
    // What a raw file lacks, an address, is no oddity here.
    findings = firmware.findings.filter { firmware.format != .raw || $0.error != nil }.map {
      Finding(
        severity: $0.error == nil ? "warning" : "error", offset: $0.offset,
        message: $0.description)
    }
  }

  /// Adds what stands beside a snapshot.
  mutating func addSnapshot(beside name: String, _ bytes: [UInt8]) {
    guard kind == Firmware.Format.container.rawValue else { return }
    let (facts, isOther) = SnapshotFiles.facts(beside: name, bytes)
    snapshot = facts
    guard isOther else { return }
    findings.append(
      Finding(
        severity: "warning", offset: nil,
        message: "\(name).json is of another container than this one"))
  }

  // MARK: - For people

  /// The report for people, a line each.
  var lines: [String] {
    let shown = file == "-" ? "standard input" : file.visible
    var lines = ["\(shown): \(title), \(size.byteText)"]
    if let header { lines.append("  header \"\(header.visible)\"") }
    if let suffix { lines += suffix.lines }
    if let entryPoint { lines.append("  starts at \(UInt64(entryPoint).addressText)") }
    lines += contentLines
    lines += (snapshot?.lines ?? []).enumerated().map { index, line in
      (index == 0 ? "  " : "    ") + line
    }
    return lines
      + findings.map { finding in
        let place = finding.offset.map { " at offset \($0)" } ?? ""
        return "  \(finding.severity)\(place): \(finding.message.visible)"
      }
  }

  /// The kind in words.
  private var title: String {
    switch Firmware.Format(rawValue: kind) {
    case .container: "DfuSe container"
    case .plainDFU: "DFU file (plain DFU 1.1: one image, without an address)"
    case .raw: "raw binary"
    case .hex: "Intel HEX"
    case .srec: "S-record"
    case .elf: "ELF"
    case nil: "neither a DfuSe container nor a DFU file"
    }
  }

  private var contentLines: [String] {
    switch Firmware.Format(rawValue: kind) {
    case .plainDFU:
      return ["  payload of \((size - 16).byteText), for a device that knows where it belongs"]
    case .raw:
      guard let element = targets?.first?.elements.first else { return [] }
      return ["  CRC-32 \(element.crc32.hex); a raw binary says no address"]
    case let format:
      return (targets ?? []).enumerated().flatMap { index, target in
        let name = target.name.map { "\"\($0.visible)\"" } ?? "no name"
        let title =
          format == .container
          ? "  target \(index): alternate setting \(target.alternateSetting), \(name)"
          : "  would become one target for alternate setting 0:"
        return [title] + target.elements.map(\.line)
      }
    }
  }
}

extension FileReport.Suffix {
  fileprivate init(_ suffix: DFUSuffix, _ findings: [Firmware.Finding]) {
    vendorID = suffix.vendorID
    productID = suffix.productID
    deviceVersion = suffix.deviceVersion
    formatVersion = suffix.formatVersion
    checksum = suffix.checksum
    computedChecksum = suffix.checksum
    for case .crcMismatch(_, _, let computed) in findings.compactMap(\.error) {
      computedChecksum = computed
    }
  }

  fileprivate var lines: [String] {
    func idText(_ id: UInt16) -> String { id == 0xFFFF ? "any (0xFFFF)" : id.hex }
    let verdict =
      checksum == computedChecksum ? "right" : "WRONG, should be \(computedChecksum.hex)"
    return [
      "  for vendor \(idText(vendorID)), product \(idText(productID)); "
        + "firmware version \(idText(deviceVersion))",
      "  format \(formatVersion.hex), CRC \(checksum.hex) (\(verdict))",
    ]
  }
}

extension FileReport.Element {
  fileprivate init(_ element: ImageElement) {
    address = element.address
    size = element.bytes.count
    // As zlib, gzip and the command crc32 print it: the complement of the suffix's kind.
    crc32 = ~CRC32.checksum(of: element.bytes)
  }

  fileprivate var line: String {
    let range = UInt64(address)..<(UInt64(address) + UInt64(size))
    return "    \(range.addressText)  \(size.byteText)  CRC-32 \(crc32.hex)"
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

extension Firmware {
  /// Whether it was firmware for such a board before something happened to it.
  fileprivate var isDamaged: Bool {
    switch firstError {
    case .notFirmware, .otherThanNamed, .badELF(_, problem: .notThirtyTwoBit),
      .badELF(_, problem: .notLittleEndian), .badELF(_, problem: .relocatable),
      .badELF(_, problem: .notAProgram), nil:
      false
    default: true
    }
  }
}
