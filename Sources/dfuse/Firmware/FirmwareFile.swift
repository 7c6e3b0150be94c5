import DfuseDevice
import DfuseFormat

/// A file of firmware as a command on boards takes it: read once, for one board or for many.
struct FirmwareFile: Sendable {
  enum Contents: Sendable {
    /// A DfuSe container, which says all.
    case container(DfuseContainer)
    /// Firmware with addresses.
    case image(MemoryImage)
    /// Bytes, and what a DFU suffix says of the device that they are for.
    case bytes([UInt8], suffix: DFUSuffix?)
  }

  /// The name as messages show it.
  var shown: String
  /// The name as the user gave it.
  var path: String
  var contents: Contents
  /// `--address`.
  var address: UInt32?
  /// Whether bytes that no memory of the board takes are left out (`--skip-outside`).
  var skipsOutside: Bool
  /// The sections of an ELF file.
  var sections: [FirmwareImage.Section] = []
  /// What is odd about the file.
  var warnings: [String] = []

  /// Reads the file that the options name.
  ///
  /// - Throws: A failure with status 64 for an address that a file does not take, or needs; 65 for
  ///   a damaged file; 66 for one that cannot be read.
  init(_ options: FirmwareOptions) throws(Failure) {
    let input = InputFile(name: options.file)
    shown = input.shown
    path = options.file
    skipsOutside = options.skipOutside
    if let text = options.address {
      address = try NumberText.address(text, option: "--address")
    }
    contents = .bytes([], suffix: nil)
    let kind = try options.format.kind
    let bytes = try input.read()
    if let kind {
      try read(bytes, kind: kind)
    } else {
      switch try recognise(bytes, name: options.file) {
      case .container, .plainDFU, .foreign: try readDFU(bytes)
      case .image(let kind): try read(bytes, kind: kind)
      }
    }
  }

  private func recognise(_ bytes: [UInt8], name: String) throws(Failure) -> FileContent {
    do throws(FormatError) {
      return try FileContent.recognise(
        bytes, name: name == "-" ? nil : name, isPlaced: address != nil)
    } catch {
      var failure = Failure(reading: shown, error, path: path)
      failure.now = FlashError.Progress.untouched.onChip
      throw failure
    }
  }

  private mutating func readDFU(_ bytes: [UInt8]) throws(Failure) {
    let inspection = DfuseContainer.inspect(bytes)
    if let error = inspection.firstError {
      var failure = Failure(reading: shown, error, path: path)
      failure.now = FlashError.Progress.untouched.onChip
      throw failure
    }
    warnings = inspection.findings.map { "offset \($0.offset): \($0)" }
    switch inspection.contents {
    case .dfuse(let container):
      contents = .container(container)
      try refuseAddress("a DfuSe container", fix: "leave --address out")
    case .plain(let payload):
      contents = .bytes(Array(bytes[payload]), suffix: inspection.suffix)
      guard address != nil else {
        throw Failure(
          .usage, "\(shown) is a plain DFU file, which says no address",
          fix: "say where it belongs: --address 0x08000000")
      }
    case .unknown:
      throw Failure(.badData, "\(shown) is neither a DfuSe container nor a DFU file")
    }
  }

  private mutating func read(_ bytes: [UInt8], kind: ImageKind) throws(Failure) {
    if kind != .raw {
      try refuseAddress(
        "\(kind.article) file",
        fix: "leave --address out, or say --format raw to take the file's bytes as they are")
    }
    do throws(FormatError) {
      // Raw bytes are only checked here; they get their address when the board is known.
      let firmware = try FirmwareImage.read(bytes, kind: kind, rawAddress: address ?? 0)
      sections = firmware.sections
      contents = kind == .raw ? .bytes(bytes, suffix: nil) : .image(firmware.image)
      if kind != .raw { warnings = firmware.warnings.filter(\.isWorthSaying).map(\.description) }
    } catch {
      throw Failure(reading: shown, error, path: path)
    }
  }

  private func refuseAddress(_ what: String, fix: String) throws(Failure) {
    guard let address else { return }
    throw Failure(
      .usage, "--address \(address.hex) for \(shown): \(what) brings its own addresses", fix: fix)
  }
}

extension ImageWarning {
  /// Data of any kind may be flashed anywhere; only at the start of an STM32's flash is it odd that
  /// they are no program.
  var isWorthSaying: Bool {
    switch self {
    // Where programs start is known when the board is.
    case .notAVectorTable: false
    case .missingEndRecord, .duplicateData, .unusualMachine, .sectionNotLoaded, .leftOut,
      .paddingAfterEnd,
      .headersLoaded:
      true
    case .rawAtAddressZero: false
    }
  }
}
