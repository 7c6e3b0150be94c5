import DfuseDevice
import DfuseFormat

/// The files of one command, which go to a board together: a bootloader and its application, or the
/// programs of two cores.
struct FirmwareSet: Sendable {
  /// The files, in the order of the command line; at least one.
  let files: [FirmwareFile]

  /// One file.
  init(_ file: FirmwareFile) { files = [file] }

  /// Reads the files that the options name.
  ///
  /// - Throws: A failure with status 64 for addresses that the files do not take, or need; 65 for a
  ///   damaged file; 66 for one that cannot be read.
  init(_ options: FirmwareOptions) throws(Failure) {
    var addresses: [UInt32] = []
    for text in options.address {
      addresses.append(try NumberText.address(text, option: "--address"))
    }
    guard options.files.count(where: { $0 == "-" }) < 2 else {
      throw Failure(.usage, "standard input is named twice, and can be read once")
    }
    var files: [FirmwareFile] = []
    var rest = addresses[...]
    for name in options.files {
      try Self.refuseAddress(name)
      files.append(try FirmwareFile(name, options, taking: &rest))
    }
    guard rest.isEmpty else {
      throw Failure(
        .usage,
        "\(addresses.count) times --address for "
          + (addresses.count - rest.count).counted("raw file"),
        fix: "say --address once for each raw file, in their order")
    }
    let unplaced = files.filter { !$0.firmware.isPlaced }
    guard unplaced.count < 2 else {
      throw Failure(
        .usage,
        "\(unplaced.map(\.shown).joined(separator: " and ")) are raw binaries, and nothing "
          + "says where each belongs",
        fix: "say --address once for each, in their order")
    }
    self.files = files
  }

  /// With other tools, an address stands behind the file.
  private static func refuseAddress(_ word: String) throws(Failure) {
    guard word.lowercased().hasPrefix("0x"), FileFacts.of(word) == nil,
      case .success = NumberText.hexadecimal(word, as: UInt32.self)
    else { return }
    throw Failure(
      .usage, "\(word.visible) is an address, and no file",
      fix: "to say where a raw file belongs: --address \(word.shellWord)")
  }

  /// The names as messages show them.
  var shown: String { files.map(\.shown).joined(separator: " and ") }

  /// Whether it is one file, which is a snapshot of a board.
  var isSnapshotFile: Bool { files.count == 1 && files[0].isSnapshotFile }

  /// Tells what is odd about the files.
  func warn(_ options: FirmwareOptions, on console: Console) {
    for file in files {
      for warning in file.warnings { console.warn("\(file.shown): \(warning)") }
    }
    for address in options.address { NumberText.warnUnlessAligned(address, console) }
  }

  /// The firmware of all files for a board.
  ///
  /// - Throws: As ``FirmwareFile/firmware(for:alternate:)``.
  func firmware(
    for board: Board, alternate: AlternateMemory?
  ) throws(Failure) -> BoardFirmware {
    var parts: [BoardFirmware] = []
    for file in files { parts.append(try file.firmware(for: board, alternate: alternate)) }
    guard parts.count > 1 else { return parts[0] }
    // Ids that are not the board's are the ones to refuse.
    let ids = parts.compactMap(\.firmware.suffix)
    let suffix = ids.first { !$0.fits(board.identity) } ?? ids.first
    var all = BoardFirmware(
      firmware: Firmware(suffix: suffix, targets: parts.flatMap(\.firmware.targets)),
      notes: parts.flatMap(\.notes))
    all.parts = zip(files, parts).map { ($0.shown, $1.firmware.elements) }
    return all
  }

  /// Adds to what is said of an address the ELF section that has it, and of two pieces that differ
  /// the files that they come from: `ready` is what they were made into for the board.
  func naming(
    _ error: FlashError, of ready: BoardFirmware, _ failure: Failure
  ) -> Failure {
    var failure = files.reduce(failure) { $1.naming(error, $0) }
    guard case .conflict(.overlap(_, _, let address)) = error else { return failure }
    let those = ready.parts.filter { part in
      part.elements.contains { $0.range.contains(address) }
    }
    guard those.count > 1 else { return failure }
    failure.what =
      "\(those.map(\.name).joined(separator: " and ")) have different bytes for "
      + address.addressText
    failure.fix = "flash files that belong together, or one after the other"
    return failure
  }
}
