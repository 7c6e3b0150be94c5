import DfuseDevice
import DfuseFormat
import DfuseSimulator

/// Does what a ``PackRequest`` says: reads the images, makes the container, writes it.
struct Packer {
  let request: PackRequest
  let console: Console

  /// Some bytes of a file, and where they belong.
  private struct Piece {
    var element: ImageElement
    /// The file, as messages show it.
    var source: String
    /// Whether the file says where they belong.
    var isSelfAddressed: Bool
  }

  /// Packs, and prints a summary.
  func run() throws(Failure) {
    for warning in request.warnings { console.warn(warning) }
    let output = OutputFile(name: try outputName())
    try refuseOverwritingInputs(output)
    var firmware = Firmware(suffix: request.suffix, targets: [])
    // For each target, the file that each element came from.
    var sources: [[String]] = []
    for target in request.targets {
      var pieces: [Piece] = []
      for image in target.images { pieces += try read(image) }
      for part in parts(of: target, pieces) {
        firmware.targets.append(
          Firmware.Target(
            alternateSetting: part.alternateSetting, name: part.name,
            elements: part.pieces.map(\.element)))
        sources.append(part.pieces.map(\.source))
      }
    }
    var file: [[UInt8]] = []
    let checksum: UInt32
    do throws(FormatError) {
      // A container that is rebuilt may hold the same bytes twice.
      checksum = try firmware.encode(allowsRepeats: true) { file.append($0) }
    } catch {
      throw failure(error, zip(firmware.elements, sources.joined()))
    }
    if (try? firmware.checkPackable()) == nil {
      console.warn("two images hold the same bytes for the same addresses")
    }
    try output.write(file, console: console)
    var console = console
    console.outputCarriesData = output.isStandardOutput
    for line in summary(firmware, sources: sources, checksum: checksum, output: output.shown) {
      try console.verdict(line)
    }
  }

  // MARK: - Images

  /// The data of an image, in the order of their addresses.
  ///
  /// - Throws: A failure with status 64 for an address that does not fit the kind of file, 65 for a
  ///   damaged file, 66 for one that cannot be read.
  private func read(_ image: PackRequest.Image) throws(Failure) -> [Piece] {
    let input = InputFile(name: image.path)
    let shown = input.shown
    let firmware = try input.firmware(as: image.format, at: image.address)
    switch firmware.format {
    case .container, .plainDFU:
      let what =
        firmware.format == .container ? "DfuSe container" : "DFU file (it ends in a DFU suffix)"
      throw Failure(
        .badData, "\(shown): this is a \(what), not firmware",
        fix: "look into it with 'dfuse info', take it apart with 'dfuse unpack'")
    case .raw where request.isShortForm && image.address == nil:
      throw Failure(
        .usage, "\(shown) is a raw binary, which says no address",
        fix: Suggestion(
          .pack, ["-o", "firmware.dfu", "-m", "0x08000000", "-i", image.path, "-a", "0"]
        ).description)
    case .raw, .hex, .srec, .elf, nil: break
    }
    if let address = image.address {
      try firmware.checkTakesAddress(
        "-m \(address.hex) before \(shown)",
        fix: "leave -m out, or say --format raw to pack the file's bytes as they are")
    }
    for finding in firmware.findings { console.warn("\(shown): \(finding)") }
    return firmware.elements.map {
      Piece(element: $0, source: shown, isSelfAddressed: firmware.isPlaced && image.address == nil)
    }
  }

  /// The target, and those for what of its images belongs into other memories of the chip: files of
  /// records know no targets.
  private func parts(
    of target: PackRequest.Target, _ pieces: [Piece]
  ) -> [(alternateSetting: UInt8, name: String?, pieces: [Piece])] {
    guard let memories = request.memories else {
      for piece in pieces
      where piece.isSelfAddressed && SimulatedChip.mayHaveOptionBytes(at: piece.element.address) {
        console.warn(
          "\(piece.source): \(piece.element.range.addressText) may be option bytes, which have "
            + "a target of their own: --for CHIP says which")
      }
      return [(target.alternateSetting, target.name, pieces)]
    }
    let named = memories.first { $0.alternateSetting == target.alternateSetting }
    func other(_ piece: Piece) -> AlternateMemory? {
      guard let named else { return nil }
      let home = memories.home(of: UInt64(piece.element.address), named: named)
      return home?.map.text == named.map.text ? nil : home
    }
    let own = pieces.filter { other($0) == nil }
    let others = memories.compactMap { memory in
      let pieces = pieces.filter { other($0) == memory }
      return pieces.isEmpty ? nil : (memory.alternateSetting, memory.map.name, pieces)
    }
    return (own.isEmpty && !others.isEmpty ? [] : [(target.alternateSetting, target.name, own)])
      + others
  }

  // MARK: - Files

  private func outputName() throws(Failure) -> String {
    if let output = request.output { return output }
    let input = request.targets[0].images[0].path
    guard input != "-" else {
      throw Failure(.usage, "standard input needs an output", fix: "name it with -o")
    }
    let folder = input.lastIndex(of: "/").map { input[...$0] } ?? ""
    let name = input.dropFirst(folder.count)
    let stem = name.lastIndex(of: ".").map { $0 == name.startIndex ? name : name[..<$0] } ?? name
    return folder + stem + ".dfu"
  }

  private func refuseOverwritingInputs(_ output: OutputFile) throws(Failure) {
    let paths = request.targets.flatMap(\.images).map(\.path)
    guard paths.count(where: { $0 == "-" }) < 2 else {
      throw Failure(.usage, "standard input can be only one of the images")
    }
    for path in paths where path != "-" && output.isSameFile(as: path) {
      throw Failure(
        .usage, "the output \(output.shown) is the input \(path.visible)",
        why: "packing would destroy the image", fix: "name another file with -o")
    }
  }

  // MARK: - What is told

  private func failure(
    _ error: FormatError, _ pieces: some Sequence<(ImageElement, String)>
  ) -> Failure {
    guard case .overlap(let new, let existing, _) = error else {
      return Failure(.badData, "cannot pack: \(error)")
    }
    func piece(_ range: Range<UInt64>, in pieces: some Sequence<(ImageElement, String)>) -> String {
      "\(pieces.first { $0.0.range == range }?.1 ?? "an image") (\(range.addressText))"
    }
    return Failure(
      .badData,
      "\(piece(new, in: pieces.reversed())) overlaps \(piece(existing, in: pieces))",
      fix: "give each image addresses of its own with -m, or leave one out")
  }

  private func summary(
    _ firmware: Firmware, sources: [[String]], checksum: UInt32, output: String
  ) -> [String] {
    let size = Int(clamping: firmware.encodedSize)
    var lines = [
      "packed \(output)  \(size.byteText), CRC \(checksum.hex)",
      "  vendor \(request.suffix.vendorID.hex)  product \(request.suffix.productID.hex)  "
        + "version \(request.suffix.deviceVersion.hex)",
    ]
    for (target, sources) in zip(firmware.targets, sources) {
      let name = target.name.map { " \"\($0.visible)\"" } ?? ", no name"
      lines.append("  alternate setting \(target.alternateSetting ?? 0)\(name)")
      lines += zip(target.elements, sources).map { element, source in
        "    \(element.range.addressText)  \(element.bytes.count.byteText)  \(source)"
      }
    }
    return lines
  }
}

extension SimulatedChip {
  /// The memories that the chip's bootloader shows.
  var memories: [AlternateMemory] {
    profile.usb.maps.enumerated().compactMap { number, text in
      MemoryMap.parse(text).map {
        AlternateMemory(alternateSetting: UInt8(truncatingIfNeeded: number), map: $0)
      }
    }
  }

  /// Whether some chip has option bytes at an address that no chip has for its program.
  fileprivate static func mayHaveOptionBytes(at address: UInt32) -> Bool {
    let maps = all.flatMap(\.memories).map(\.map)
      .filter { $0.segment(at: UInt64(address)) != nil }
    return maps.contains { $0.kind == .optionBytes } && !maps.contains { $0.kind == .internalFlash }
  }
}
