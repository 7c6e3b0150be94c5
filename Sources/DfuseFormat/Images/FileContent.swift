/// What a file holds, told by its bytes alone.
public enum FileContent: Hashable, Sendable {
  /// A DfuSe container: firmware packed already.
  case container
  /// A plain DFU file: data with a DFU suffix whose checksum is right.
  case plainDFU
  /// Firmware; raw if nothing else is recognised.
  case image(ImageKind)
  /// Something that is no firmware.
  case foreign(ForeignFile)

  /// Bytes of a file's beginning that are looked at.
  public static let beginningSize = 4096

  /// Recognises a file.
  ///
  /// `DfuSe` at its beginning is a container, `7F 45 4C 46` ELF. Text whose first line that counts is a record is Intel HEX (`:` and two hexadecimal digits) or S-record
  /// (`S`, a digit and two hexadecimal digits). A damaged file of records so stays one: its parser
  /// names the line.
  ///
  /// - Parameter bytes: The whole file.
  public init(_ bytes: [UInt8]) {
    self.init(beginning: bytes)
    if self != .container, DFUSuffix.isPresent(in: bytes) { self = .plainDFU }
  }

  /// Recognises a file by its first ``beginningSize`` bytes, or all that it has; a plain DFU file
  /// is not told from its payload.
  public init(beginning bytes: [UInt8]) {
    let isBlank = { RecordScanner.isBlank($0) || RecordScanner.isLineEnd($0) }
    let beginning = Array(bytes.drop(while: isBlank).prefix(Self.beginningSize))
    if bytes.starts(with: DfuseLayout.signature) {
      self = .container
    } else if bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
      self = .image(.elf)
    } else if let kind = RecordText.kind(beginning: beginning) {
      self = .image(kind)
    } else if let foreign = ForeignFile(beginning: beginning) {
      self = .foreign(foreign)
    } else {
      self = .image(.raw)
    }
  }

  /// Recognises a file by its bytes, its name, and whether its place is stated.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: Its name, with or without a folder, if it has one.
  ///   - isPlaced: Whether somebody says at which address it belongs: then it is data, and taken as
  ///     it is. A file of records or an ELF file is data only if its name ends in `.bin`.
  /// - Returns: How to read it; never ``foreign(_:)``.
  /// - Throws: ``FormatError/notFirmware(_:)``, ``FormatError/otherThanNamed(_:holds:)``; the
  ///   first error of damaged records, which nobody wants as data.
  public static func recognise(
    _ bytes: [UInt8], name: String?, isPlaced: Bool
  ) throws(FormatError) -> FileContent {
    let content = FileContent(bytes)
    if let promise = name.flatMap(NamePromise.init), !promise.allows(content) {
      // Bytes under a linker's name are still data for a stated place.
      let isData = isPlaced && promise == .elf && content == .image(.raw)
      if !isData { throw .otherThanNamed(promise, holds: content) }
    }
    let isBinary = name?.lowercased().hasSuffix(".bin") ?? false
    switch content {
    case .foreign(.text):
      // Whether a few letters are firmware, their place tells.
      return .image(.raw)
    case .foreign(let file):
      guard isPlaced else { throw .notFirmware(file) }
      return .image(.raw)
    case .image(let kind) where isPlaced && isBinary:
      if kind == .hex || kind == .srec {
        _ = try FirmwareImage.read(bytes, kind: kind, rawAddress: 0)
      }
      return .image(.raw)
    case .plainDFU:
      try checkPayload(bytes)
      return content
    case .container, .image:
      return content
    }
  }

  /// Refuses a plain DFU file around a file that is no plain bytes itself.
  private static func checkPayload(_ bytes: [UInt8]) throws(FormatError) {
    switch FileContent(beginning: bytes) {
    case .image(.raw), .container, .plainDFU, .foreign: break
    case .image(let kind): throw .otherThanNamed(.dfu, holds: .image(kind))
    }
  }
}

extension FileContent: CustomStringConvertible {
  /// What it is, with its article where it has one.
  public var description: String {
    switch self {
    case .container: "a DfuSe container"
    case .plainDFU: "a DFU file"
    case .image(.raw): "something else"
    case .image(.hex): "Intel HEX"
    case .image(.srec): "S-records"
    case .image(.elf): "an ELF program"
    case .foreign(let file): file.description
    }
  }
}

/// What a file's name says that it holds.
public enum NamePromise: Hashable, Sendable {
  /// Intel HEX, S-record, ELF, and a container or plain DFU file.
  case hex, srec, elf, dfu

  private static let endings: [String: NamePromise] = [
    "hex": .hex, "ihx": .hex, "ihex": .hex, "h86": .hex,
    "s19": .srec, "s28": .srec, "s37": .srec, "srec": .srec, "mot": .srec,
    "elf": .elf, "axf": .elf, "out": .elf, "dfu": .dfu,
  ]

  /// The promise of a name, with or without a folder; nil if it makes none.
  public init?(name: String) {
    guard let dot = name.lastIndex(of: "."),
      let promise = Self.endings[name[name.index(after: dot)...].lowercased()]
    else { return nil }
    self = promise
  }

  func allows(_ content: FileContent) -> Bool {
    switch self {
    case .hex: content == .image(.hex)
    case .srec: content == .image(.srec)
    case .elf: content == .image(.elf)
    case .dfu: content == .container || content == .plainDFU
    }
  }
}

extension NamePromise: CustomStringConvertible {
  /// What is promised.
  public var description: String {
    switch self {
    case .hex: "Intel HEX"
    case .srec: "S-records"
    case .elf: "an ELF program"
    case .dfu: "a DFU file"
    }
  }
}
