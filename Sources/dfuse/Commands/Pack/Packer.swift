import DfuseFormat

/// Does what a ``PackRequest`` says: reads the images, makes the container, writes it.
struct Packer {
  let request: PackRequest
  let console: Console

  /// One image of the request, read.
  private struct LoadedImage {
    var path: String
    var firmware: FirmwareImage
  }

  /// Packs, and prints a summary on standard error.
  func run() throws(Failure) {
    for warning in request.warnings { console.warn(warning) }
    let output = OutputFile(name: try outputName())
    try refuseOverwritingInputs(output)
    var container = DfuseContainer(
      deviceVersion: request.deviceVersion, productID: request.productID,
      vendorID: request.vendorID, targets: [])
    var summary = PackSummary(output: output.shown)
    for target in request.targets {
      var packed = DfuseContainer.Target(
        alternateSetting: target.alternateSetting, name: target.name, elements: [])
      var sources: [String] = []
      for image in target.images {
        let loaded = try load(image)
        packed.elements += loaded.firmware.image.runs
        sources += loaded.firmware.image.runs.map { _ in loaded.path }
      }
      container.targets.append(packed)
      summary.sources.append(sources)
    }
    try output.write(console: console) { sink throws(Failure) in
      do throws(FormatError) {
        summary.checksum = try container.encode { sink.append($0) }
      } catch {
        throw failure(error, summary: summary, container: container)
      }
    }
    for line in summary.lines(for: container, console: console) { console.note(line) }
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

  private func load(_ image: PackRequest.Image) throws(Failure) -> LoadedImage {
    let file = InputFile(name: image.path)
    let bytes = try file.read()
    let kind = try kind(of: image, bytes: bytes, shown: file.shown)
    try checkAddress(of: image, kind: kind, shown: file.shown)
    do throws(FormatError) {
      let firmware = try FirmwareImage.read(bytes, kind: kind, rawAddress: image.address ?? 0)
      for warning in firmware.warnings where isWorthSaying(warning, image) {
        console.warn("\(file.shown): \(warning)")
      }
      return LoadedImage(path: file.shown, firmware: firmware)
    } catch {
      throw Failure(reading: file.shown, error)
    }
  }

  private func kind(
    of image: PackRequest.Image, bytes: [UInt8], shown: String
  ) throws(Failure) -> ImageKind {
    if let format = image.format { return format }
    switch ImageKind.detect(content: bytes, fileName: image.path) {
    case .image(let kind): return kind
    case .dfuseContainer: throw Failure(reading: shown, .alreadyContainer(isDfuSe: true))
    }
  }

  private func checkAddress(
    of image: PackRequest.Image, kind: ImageKind, shown: String
  ) throws(Failure) {
    if kind != .raw, let address = image.address {
      throw Failure(
        .usage, "-m \(address.hex) before \(shown): \(kind.article) file brings its own addresses",
        fix: "leave -m out, or say --format raw to pack the file's bytes as they are")
    }
    if kind == .raw, request.isShortForm {
      throw Failure(
        .usage, "\(shown) is a raw binary, which says no address",
        fix: "dfuse pack -o firmware.dfu -m 0x08000000 -i \(image.path.shellWord) -a 0")
    }
  }

  /// Data of any kind may be packed for any address; only at the start of an STM32's flash is it
  /// odd that they are no program.
  private func isWorthSaying(_ warning: ImageWarning, _ image: PackRequest.Image) -> Bool {
    switch warning {
    case .notAVectorTable(let address, _): address == 0x0800_0000
    case .missingEndRecord, .duplicateData, .unusualMachine, .sectionNotLoaded: true
    case .rawAtAddressZero: image.address == nil
    }
  }

  private func failure(
    _ error: FormatError, summary: PackSummary, container: DfuseContainer
  ) -> Failure {
    let (new, existing): (Range<UInt64>, Range<UInt64>)
    switch error {
    case .overlap(let later, let earlier, _), .repeatedData(let later, let earlier):
      (new, existing) = (later, earlier)
    default: return Failure(.badData, "cannot pack: \(error)")
    }
    let pieces = zip(container.targets, summary.sources)
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
      case .badRecord: "say --format raw if the file only looks like text records"
      default: nil
      }
    self.init(.badData, "\(shown): \(error)", fix: fix)
  }
}
