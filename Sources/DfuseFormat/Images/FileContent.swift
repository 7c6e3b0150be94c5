/// What a file holds, told by its bytes alone.
public enum FileContent: Hashable, Sendable {
  /// Firmware; raw if nothing else is recognised.
  case firmware(Firmware.Format)
  /// Something that is no firmware.
  case foreign(ForeignFile)

  /// Bytes of a file's beginning that are looked at.
  private static let beginningSize = 4096

  /// Recognises a file.
  ///
  /// `DfuSe` at its beginning is a container, `7F 45 4C 46` ELF. Text whose first line that counts is
  /// a record is Intel HEX (`:` and two hexadecimal digits) or S-record (`S`, a digit and two
  /// hexadecimal digits). A damaged file of records so stays one: its parser names the line.
  ///
  /// - Parameter bytes: The whole file.
  package init(_ bytes: [UInt8]) {
    self.init(beginning: bytes)
    if self != .firmware(.container), DFUSuffix.isPresent(in: bytes) { self = .firmware(.plainDFU) }
  }

  /// Recognises a file by its beginning; a plain DFU file is not told from its payload.
  private init(beginning bytes: [UInt8]) {
    let isBlank = { RecordScanner.isBlank($0) || RecordScanner.isLineEnd($0) }
    let beginning = Array(bytes.drop(while: isBlank).prefix(Self.beginningSize))
    if bytes.starts(with: DfuseLayout.signature) {
      self = .firmware(.container)
    } else if bytes.starts(with: ELFTables.magic) {
      self = .firmware(.elf)
    } else if let format = RecordScanner.format(beginning: beginning) {
      self = .firmware(format)
    } else if let foreign = ForeignFile(beginning: beginning) {
      self = .foreign(foreign)
    } else {
      self = .firmware(.raw)
    }
  }

  /// Recognises a file by its bytes, its name, and whether its place is stated.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: Its name, with or without a folder, if it has one.
  ///   - format: What the file is, if somebody says so.
  ///   - isPlaced: Whether somebody says at which address it belongs: then it is data, and taken as
  ///     it is, unless it stands in for a file that is not there. A file of records or an ELF file is
  ///     data only if its name ends in `.bin`.
  /// - Returns: How to read it.
  /// - Throws: ``FormatError/notFirmware(_:)``, ``FormatError/otherThanNamed(_:holds:)``; the
  ///   first error of damaged records, which nobody wants as data.
  static func recognise(
    _ bytes: [UInt8], name: String?, as format: Firmware.Format? = nil, isPlaced: Bool
  ) throws(FormatError) -> Firmware.Format {
    if let format { return format }
    // Whatever its name promises, it is empty: the reader of raw bytes says so.
    if bytes.isEmpty { return .raw }
    let content = FileContent(bytes)
    if let promise = name.flatMap(Firmware.Format.init(promisedBy:)), !promise.allows(content) {
      // Bytes under a linker's name are still data for a stated place.
      let isData = isPlaced && promise == .elf && content == .firmware(.raw)
      if !isData { throw .otherThanNamed(promise, holds: content) }
    }
    let isBinary = name?.lowercased().hasSuffix(".bin") ?? false
    switch content {
    case .foreign(let file):
      guard isPlaced, !file.isStandIn(named: name) else { throw .notFirmware(file) }
      return .raw
    case .firmware(.plainDFU):
      // Around a file that is no plain bytes itself, the suffix says nothing.
      let payload = FileContent(beginning: bytes)
      if case .firmware(let format) = payload, format.bringsAddresses {
        throw .otherThanNamed(.plainDFU, holds: payload)
      }
      return .plainDFU
    case .firmware(let format) where isPlaced && isBinary && format.bringsAddresses:
      if format != .elf { _ = try RecordReader.read(bytes, as: format) }
      return .raw
    case .firmware(let format):
      return format
    }
  }
}

extension FileContent: CustomStringConvertible {
  /// What it is, with its article where it has one.
  public var description: String {
    switch self {
    case .firmware(let format): format.description
    case .foreign(let file): file.rawValue
    }
  }
}

extension Firmware.Format {
  /// The endings of names that promise a format.
  package static let endings: [String: Firmware.Format] = [
    "hex": .hex, "ihx": .hex, "ihex": .hex, "h86": .hex,
    "s19": .srec, "s28": .srec, "s37": .srec, "srec": .srec, "mot": .srec,
    "elf": .elf, "axf": .elf, "out": .elf, "dfu": .plainDFU,
  ]

  /// What a name, with or without a folder, says that the file holds; nil if it says nothing.
  package init?(promisedBy name: String) {
    guard let dot = name.lastIndex(of: "."),
      let promise = Self.endings[name[name.index(after: dot)...].lowercased()]
    else { return nil }
    self = promise
  }

  /// Whether what is promised is there; both kinds of DFU files have the same names.
  fileprivate func allows(_ content: FileContent) -> Bool {
    content == .firmware(self) || self == .plainDFU && content == .firmware(.container)
  }

  /// Whether files of this form bring addresses, but no targets.
  public var bringsAddresses: Bool { self == .hex || self == .srec || self == .elf }
}

extension Firmware.Format: CustomStringConvertible {
  /// What a file of this form is called, with its article where it has one.
  public var description: String {
    switch self {
    case .container: "a DfuSe container"
    case .plainDFU: "a DFU file"
    case .raw: "something else"
    case .hex: "Intel HEX"
    case .srec: "S-records"
    case .elf: "an ELF program"
    }
  }
}
