import DfuseDevice
import DfuseFormat

/// A file of firmware as a command on boards takes it: read once, for one board or for many.
struct FirmwareFile: Sendable {
  /// The name as messages show it.
  var shown: String
  var firmware: Firmware
  /// Whether bytes that no memory of the board takes are left out (`--skip-outside`).
  var skipsOutside: Bool
  /// Whether it is all that a board's flash held, be that a program or not.
  var isSnapshot = false
  /// Whether it is a file that other commands put back and compare: what a board held.
  private(set) var isSnapshotFile = false
  /// What its bytes are by themselves, where the user says that they are raw.
  private(set) var denied: Firmware.Format?
  /// What its bytes are that are no firmware; nil where the user says what it is (`--format`).
  private(set) var foreign: ForeignFile?
  /// The bytes of an ELF file, in which names can be looked up; nil of any other.
  private(set) var elf: [UInt8]?

  /// Firmware that is made ready already.
  init(shown: String, firmware: Firmware, isSnapshot: Bool) {
    (self.shown, self.firmware, self.isSnapshot) = (shown, firmware, isSnapshot)
    skipsOutside = false
  }

  /// Reads a file that the options name.
  ///
  /// - Parameters:
  ///   - name: The file.
  ///   - options: How to take it.
  ///   - addresses: Those that were stated; the file takes the first if it needs one.
  /// - Throws: A failure with status 64 for an address that a file does not take, or needs; 65 for
  ///   a damaged file; 66 for one that cannot be read.
  init(
    _ name: String, _ options: FirmwareOptions, taking addresses: inout ArraySlice<UInt32>
  ) throws(Failure) {
    let input = InputFile(name: name)
    shown = input.shown
    skipsOutside = options.skipOutside
    let format = try options.format.kind
    var address: UInt32?
    do throws(Failure) {
      let bytes = try input.read()
      // Of several files, those that bring their addresses need none.
      if options.files.count == 1 || !input.bringsAddresses(bytes, as: format) {
        address = addresses.popFirst()
      }
      firmware = try input.firmware(bytes, as: format, at: address)
      isSnapshotFile = firmware.format == .container && Snapshot(firmware) != nil
      if firmware.format == .elf { elf = bytes }
      switch FileContent(bytes) {
      case .foreign(let file) where format == nil: foreign = file
      case .firmware(let content) where format == .raw && content != .raw: denied = content
      case .foreign, .firmware: break
      }
    } catch {
      var failure = error
      if failure.status == .badData { failure.now = FlashError.Progress.untouched.description }
      throw failure
    }
    if let address {
      let raw = ", or say --format raw to take the file's bytes as they are"
      try firmware.checkTakesAddress(
        "--address \(address.hex) for \(shown)",
        fix: "leave --address out" + (firmware.format == .container ? "" : raw))
    } else if firmware.format == .plainDFU {
      throw Failure(
        .usage, "\(shown) is a plain DFU file, which says no address",
        fix: "say where it belongs: --address 0x08000000")
    }
  }

  /// What is odd about the file.
  ///
  /// Whether raw bytes are a program is known when the board is.
  var warnings: [String] {
    firmware.format == .raw ? [] : firmware.findings.map(\.withOffset)
  }
}

extension InputFile {
  /// Reads the file as firmware: the one way in which commands read it.
  ///
  /// - Parameters:
  ///   - format: What the user says that it is, or nil to tell by the content.
  ///   - address: Where the user says that it belongs.
  /// - Returns: The firmware.
  /// - Throws: A failure with status 65 for a damaged file or no firmware, 66 for one that cannot be
  ///   read.
  func firmware(as format: Firmware.Format?, at address: UInt32?) throws(Failure) -> Firmware {
    try firmware(read(), as: format, at: address)
  }

  /// Whether the file, which holds these bytes, says where they belong.
  fileprivate func bringsAddresses(_ bytes: [UInt8], as format: Firmware.Format?) -> Bool {
    switch Firmware.inspect(bytes, name: telling, as: format).format {
    case nil, .raw, .plainDFU: false
    case .container, .hex, .srec, .elf: true
    }
  }

  fileprivate func firmware(
    _ bytes: [UInt8], as format: Firmware.Format?, at address: UInt32?
  ) throws(Failure) -> Firmware {
    do throws(FormatError) {
      return try Firmware(reading: bytes, name: telling, as: format, at: address)
    } catch {
      throw Failure(reading: self, error, isPlaced: address != nil)
    }
  }
}

extension Firmware {
  /// Refuses an address for a file that brings its own.
  func checkTakesAddress(_ option: String, fix: String) throws(Failure) {
    guard let format, format != .raw, format != .plainDFU else { return }
    let what = format == .container ? format.description : "\(format.article) file"
    throw Failure(.usage, "\(option): \(what) brings its own addresses", fix: fix)
  }
}

extension Firmware.Format {
  /// The kind with its article, to stand before "file".
  var article: String {
    switch self {
    case .container: "a DfuSe"
    case .plainDFU: "a DFU"
    case .raw: "a raw"
    case .hex: "an Intel HEX"
    case .srec: "an S-record"
    case .elf: "an ELF"
    }
  }
}

extension Firmware.Finding {
  /// The finding behind its place in the file, if it has one.
  var withOffset: String { (offset.map { "offset \($0): " } ?? "") + description }
}

extension Failure {
  /// What is wrong with the data of an input, of which somebody said where they belong or not.
  init(reading input: InputFile, _ error: FormatError, isPlaced: Bool = false) {
    let fix: String? =
      switch error {
      case .containerInElement: "\(Suggestion(.unpack, files: [input.name]))"
      case .notFirmware(.gitLFSPointer), .otherThanNamed(_, holds: .foreign(.gitLFSPointer)):
        "get the file itself: git lfs pull"
      case .notFirmware(.uf2), .otherThanNamed(_, holds: .foreign(.uf2)):
        "copy it to the drive of a UF2 bootloader, or get the firmware as .hex, .bin or .elf"
      case .otherThanNamed(_, holds: .firmware(let format)) where format.bringsAddresses:
        "if that is right, say --format \(format.rawValue)"
      case .notFirmware where isPlaced:
        "get the firmware itself; if these very bytes belong there, say --format raw"
      case .notFirmware, .otherThanNamed: "get the firmware itself"
      case .badRecord(_, _, _, problem: .secondFile): "use the two files one after the other"
      case .badRecord(_, _, _, problem: .missingEndRecord):
        "build or download it again, and compare its size"
      case .badRecord, .noData: "build or download it again"
      case .truncated, .badSignature, .unsupportedVersion, .badSuffixLength, .crcMismatch,
        .sizeBeyondEnd, .elementBeyondTarget, .bytesAfterSuffix:
        "a damaged file is not flashed; 'dfuse info' shows what can be read of it"
      case .badELF(_, problem: .notThirtyTwoBit), .badELF(_, problem: .notLittleEndian):
        "name what the build for the board made: this is for another kind of computer"
      case .badELF(_, problem: .relocatable): "name the program that was linked of it"
      case .badELF: "build it again"
      case .outsideAddressSpace, .overlap, .repeatedData, .notPackable: nil
      }
    self.init(.badData, "\(input.shown): \(error)", fix: fix)
  }
}
