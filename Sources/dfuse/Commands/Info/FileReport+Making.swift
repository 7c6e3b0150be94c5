import DfuseFormat

extension FileReport {
  /// Looks at a file of any kind.
  init(file: String, bytes: [UInt8], format: ImageKind?) {
    if let format {
      self.init(file: file, bytes: bytes, image: format)
      return
    }
    do throws(FormatError) {
      let name = file == "-" ? nil : file
      switch try FileContent.recognise(bytes, name: name, isPlaced: false) {
      case .image(let kind): self.init(file: file, bytes: bytes, image: kind)
      case .container, .plainDFU, .foreign:
        self.init(file: file, bytes: bytes, DfuseContainer.inspect(bytes))
      }
    } catch  where error.isNoDFU {
      // The name promises a container: say what keeps it from being one.
      self.init(file: file, bytes: bytes, DfuseContainer.inspect(bytes))
    } catch {
      self.init(
        file: file, kind: .unknown, size: bytes.count,
        findings: [Finding(severity: .error, message: "\(error)")])
    }
  }

  private init(file: String, bytes: [UInt8], _ inspection: DFUFileInspection) {
    self.init(file: file, kind: .unknown, size: bytes.count, findings: [])
    if let suffix = inspection.suffix, let computed = inspection.computedChecksum {
      self.suffix = Suffix(
        vendorID: suffix.vendorID, productID: suffix.productID,
        deviceVersion: suffix.deviceVersion, formatVersion: suffix.formatVersion,
        checksum: suffix.checksum, computedChecksum: computed)
    }
    switch inspection.contents {
    case .unknown: break
    case .plain: kind = .dfu
    case .dfuse(let container):
      kind = .dfuse
      targets = container.targets.map {
        Target(
          alternateSetting: $0.alternateSetting, name: $0.name,
          elements: $0.elements.map(Element.init))
      }
    }
    findings = inspection.findings.map {
      Finding(
        severity: $0.error == nil ? .warning : .error, offset: $0.offset, message: $0.description)
    }
  }

  private init(file: String, bytes: [UInt8], image format: ImageKind) {
    self.init(file: file, kind: Kind(format), size: bytes.count, findings: [])
    do throws(FormatError) {
      let firmware = try FirmwareImage.read(bytes, kind: format, rawAddress: 0)
      let elements = firmware.image.runs.map(Element.init)
      targets = [Target(alternateSetting: 0, name: nil, elements: elements)]
      entryPoint = firmware.entryPoint
      header = firmware.header
      // What a raw file lacks, an address, is no oddity here.
      if format != .raw {
        findings = firmware.warnings.map { Finding(severity: .warning, message: "\($0)") }
      }
    } catch {
      findings = [Finding(severity: .error, message: "\(error)")]
    }
  }
}

extension FormatError {
  /// Whether a name promises a DFU file, and nothing else is recognised in it.
  fileprivate var isNoDFU: Bool {
    self == .otherThanNamed(.dfu, holds: .image(.raw))
      || self == .otherThanNamed(.dfu, holds: .foreign(.text))
  }
}

extension FileReport.Kind {
  fileprivate init(_ format: ImageKind) {
    switch format {
    case .raw: self = .raw
    case .hex: self = .hex
    case .srec: self = .srec
    case .elf: self = .elf
    }
  }

  /// The kind in words.
  var title: String {
    switch self {
    case .dfuse: "DfuSe container"
    case .dfu: "DFU file (plain DFU 1.1: one image, without an address)"
    case .raw: "raw binary"
    case .hex: "Intel HEX"
    case .srec: "S-record"
    case .elf: "ELF"
    case .unknown: "neither a DfuSe container nor a DFU file"
    }
  }
}
