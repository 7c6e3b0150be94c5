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
      outline.targets.append(
        ContainerOutline.Target(
          alternateSetting: target.alternateSetting, name: target.name, elements: own.map(\.element)
        ))
      summary.sources.append(own.map(\.source.shown))
      pieces += own
    }
    var encoder = try encoder(of: outline, sources: summary.sources)
    try output.write(console: console) { sink throws(Failure) in
      summary.checksum = try fill(sink, from: pieces, &encoder)
    }
    for line in summary.lines(for: outline, console: console) { console.note(line) }
  }

  private func encoder(
    of outline: ContainerOutline, sources: [[String]]
  ) throws(Failure) -> ContainerEncoder {
    do throws(FormatError) {
      return try ContainerEncoder(outline)
    } catch {
      throw failure(error, sources: sources, outline: outline)
    }
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
  /// What is wrong with the data of an input.
  init(reading shown: String, _ error: FormatError) {
    let fix: String? =
      switch error {
      case .alreadyContainer: "look into it with 'dfuse info', take it apart with 'dfuse unpack'"
      case .notFirmware, .otherThanNamed:
        "get the firmware itself; if these bytes are meant, say --format raw"
      case .badRecord: "say --format raw if the file only looks like text records"
      default: nil
      }
    self.init(.badData, "\(shown): \(error)", fix: fix)
  }
}
