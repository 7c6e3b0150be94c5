import DfuseDevice
import DfuseFormat

/// Does what a ``PackRequest`` says: reads the images, makes the container, writes it.
struct Packer {
  let request: PackRequest
  let console: Console

  /// Packs, and prints a summary on standard error.
  func run() throws(Failure) {
    for warning in request.warnings { console.warn(warning) }
    let output = OutputFile(name: try outputName())
    try refuseOverwritingInputs(output)
    var outline = ContainerOutline(
      deviceVersion: request.deviceVersion, productID: request.productID,
      vendorID: request.vendorID, targets: [])
    var summary = PackSummary(output: output.shown)
    var pieces: [PackPiece] = []
    for target in request.targets {
      var own: [PackPiece] = []
      for image in target.images {
        let input = PackInput(
          image: image, isShortForm: request.isShortForm, console: console)
        own += try input.pieces()
      }
      for part in parts(own, of: target) {
        outline.targets.append(
          ContainerOutline.Target(
            alternateSetting: part.alternateSetting, name: part.name,
            elements: part.pieces.map(\.element)))
        summary.sources.append(part.pieces.map(\.source.shown))
        pieces += part.pieces
      }
    }
    var encoder = try encoder(of: outline, pieces, sources: summary.sources)
    try output.write(console: console) { sink throws(Failure) in
      summary.checksum = try fill(sink, from: pieces, &encoder)
    }
    for line in summary.lines(for: outline, console: console) { console.note(line) }
  }

  /// The target, and those for what of its images belongs into other memories of the chip.
  private func parts(
    _ pieces: [PackPiece], of target: PackRequest.Target
  ) -> [(alternateSetting: UInt8, name: String?, pieces: [PackPiece])] {
    guard let memories = request.memories else {
      for piece in pieces where piece.isSelfAddressed {
        guard OptionBytePieces.mayBeOptionBytes(piece.address) else { continue }
        console.warn(
          "\(piece.source.shown): \(piece.element.range.addressText) may be option bytes, which have "
            + "a target of their own: --for CHIP says which")
      }
      return [(target.alternateSetting, target.name, pieces)]
    }
    let sorted = OptionBytePieces(
      pieces, alternateSetting: target.alternateSetting, memories: memories)
    let own =
      sorted.own.isEmpty && !sorted.others.isEmpty
      ? [] : [(target.alternateSetting, target.name, sorted.own)]
    return own
      + sorted.others.sorted { $0.key < $1.key }.map { number, pieces in
        (number, memories.first { $0.alternateSetting == number }?.map.name, pieces)
      }
  }

  private func encoder(
    of outline: ContainerOutline, _ pieces: [PackPiece], sources: [[String]]
  ) throws(Failure) -> ContainerEncoder {
    do throws(FormatError) {
      return try ContainerEncoder(outline)
    } catch .repeatedData(let new, let existing) {
      // A container that is rebuilt may hold the same bytes twice.
      guard try agree(outline, pieces) else {
        throw failure(
          .repeatedData(new: new, existing: existing), sources: sources, outline: outline)
      }
      console.warn("two images hold the same bytes for the same addresses")
    } catch {
      throw failure(error, sources: sources, outline: outline)
    }
    do throws(FormatError) {
      return try ContainerEncoder(outline, allowsRepeats: true)
    } catch {
      throw failure(error, sources: sources, outline: outline)
    }
  }

  /// Whether images that share addresses of one memory hold the same bytes for them.
  private func agree(_ outline: ContainerOutline, _ pieces: [PackPiece]) throws(Failure) -> Bool {
    var memories: [UInt8: MemoryImage] = [:]
    var rest = pieces[...]
    for target in outline.targets {
      for piece in rest.prefix(target.elements.count) {
        var address = UInt64(piece.address)
        var isSame = true
        try piece.forEachPart { part throws(Failure) in
          let done: Void? = try? memories[target.alternateSetting, default: MemoryImage()].insert(
            part, at: address)
          isSame = isSame && done != nil
          address += UInt64(part.count)
        }
        guard isSame else { return false }
      }
      rest = rest.dropFirst(target.elements.count)
    }
    return true
  }

  private func fill(
    _ sink: OutputSink, from pieces: [PackPiece], _ encoder: inout ContainerEncoder
  ) throws(Failure) -> UInt32 {
    for piece in pieces {
      try piece.forEachPart { part throws(Failure) in
        do throws(FormatError) { try encoder.append(part, to: sink.append) } catch {
          throw Failure(.badData, "cannot pack: \(error)")
        }
      }
    }
    do throws(FormatError) { return try encoder.finish(to: sink.append) } catch {
      throw Failure(.badData, "cannot pack: \(error)")
    }
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
    guard !output.isStandardOutput, let facts = FileFacts.of(output.name) else { return }
    for path in paths where path != "-" {
      if let input = FileFacts.of(path), input.isSameFile(as: facts), facts.kind == .regular {
        throw Failure(
          .usage, "the output \(output.shown) is the input \(path.visible)",
          why: "packing would destroy the image", fix: "name another file with -o")
      }
    }
  }

  private func failure(
    _ error: FormatError, sources: [[String]], outline: ContainerOutline
  ) -> Failure {
    guard case .repeatedData(let new, let existing) = error else {
      return Failure(.badData, "cannot pack: \(error)")
    }
    let pieces = zip(outline.targets, sources)
      .flatMap { zip($0.elements.map(\.range), $1) }
    func source(_ range: Range<UInt64>, last: Bool) -> String {
      let found = last ? pieces.last { $0.0 == range } : pieces.first { $0.0 == range }
      return found?.1 ?? "an image"
    }
    return Failure(
      .badData,
      "\(source(new, last: true)) (\(new.addressText)) overlaps \(source(existing, last: false)) (\(existing.addressText))",
      fix: "give each image addresses of its own with -m, or leave one out")
  }
}

extension ImageKind {
  /// The kind with its article, for sentences.
  var article: String {
    switch self {
    case .raw: "a raw"
    case .hex: "an Intel HEX"
    case .srec: "an S-record"
    case .elf: "an ELF"
    }
  }
}

extension Failure {
  /// What is wrong with the data of an input, whose name is `path`.
  init(reading shown: String, _ error: FormatError, path: String) {
    // A name that begins with a dash would be taken for an option.
    let word = (path.hasPrefix("-") && path != "-" ? "-- " : "") + path.shellWord
    let fix: String? =
      switch error {
      case .alreadyContainer: "look into it with 'dfuse info', take it apart with 'dfuse unpack'"
      case .containerInElement: "dfuse unpack \(word)"
      case .notFirmware(.gitLFSPointer), .otherThanNamed(_, holds: .foreign(.gitLFSPointer)):
        "get the file itself: git lfs pull"
      case .notFirmware(.uf2), .otherThanNamed(_, holds: .foreign(.uf2)):
        "copy it to the drive of a UF2 bootloader, or get the firmware as .hex, .bin or .elf"
      case .otherThanNamed(_, holds: .image(let kind)) where kind != .raw:
        "if that is right, say --format \(kind.rawValue)"
      case .notFirmware, .otherThanNamed: "get the firmware itself"
      case .badRecord(_, _, _, problem: .secondFile): "use the two files one after the other"
      case .badRecord(_, _, _, problem: .missingEndRecord):
        "build or download it again, and compare its size"
      case .badRecord: "build or download it again"
      case .emptyContainer, .noData: "build or download it again"
      case .truncated, .badSignature, .unsupportedVersion, .badSuffixLength, .crcMismatch,
        .sizeBeyondEnd, .elementBeyondTarget, .bytesAfterSuffix:
        "a damaged file is not flashed; 'dfuse info' shows what can be read of it"
      case .outsideAddressSpace, .overlap, .repeatedData, .badELF, .notPackable: nil
      }
    self.init(.badData, "\(shown): \(error)", fix: fix)
  }
}
