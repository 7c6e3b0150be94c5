import ArgumentParser
import DfuseFormat

/// `dfuse unpack`.
struct UnpackCommand: DfuseCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpack",
    abstract: "Write each element of a container to a raw file.",
    discussion: """
      Prints the 'dfuse pack' command that makes the same container again. A damaged container is \
      refused; 'dfuse info' tells what is wrong with it.
      """
  )

  @Option(name: [.short, .long], help: "Folder for the files; made if it is not there.")
  var directory = "."
  @Flag(name: [.short, .long], help: "Replace files that are there with other contents.")
  var force = false
  @Flag(name: [.short, .long], help: "Print nothing but errors and the command.")
  var quiet = false
  @Argument(help: "The container; '-' is standard input.", completion: Completions.containers)
  var file: String

  func run(console: Console) throws(Failure) {
    var console = console
    console.isQuiet = quiet
    let input = InputFile(name: file)
    let bytes = try input.read()
    let firmware = try read(bytes, input: input, console: console)
    let plan = UnpackPlan(firmware, folder: directory, stem: stem)
    try refuseReplacing(plan)
    try Folder.make(directory)
    for file in plan.files {
      try OutputFile(name: file.path).write(file.bytes, console: console)
      console.note("\(file.path.visible)  \(file.bytes.count.byteText)")
    }
    tellWhetherSame(firmware, bytes, console: console)
    try console.output(plan.packCommand)
  }

  private func read(
    _ bytes: [UInt8], input: InputFile, console: Console
  ) throws(Failure) -> Firmware {
    let firmware = Firmware.inspect(bytes, name: input.telling)
    // What cannot be flashed can be taken apart.
    let error = firmware.findings.lazy.compactMap(\.error).first { !$0.isContainerInElement }
    if let error {
      let isEmpty = error == .noData(.container)
      throw Failure(
        .badData, "\(input.shown): \(error)",
        fix: isEmpty ? nil : "'dfuse info' shows what can be read of it")
    }
    switch firmware.format {
    case .container: break
    case .plainDFU:
      throw Failure(
        .badData, "\(input.shown) is a plain DFU file: it has one image, and no address for it",
        fix: "the image is the file without its last 16 bytes")
    case let format:
      throw Failure(
        .badData,
        "\(input.shown) is \(format?.article ?? "no") file, and no container to take apart")
    }
    for finding in firmware.findings { console.warn("\(input.shown): \(finding.withOffset)") }
    return firmware
  }

  private func refuseReplacing(_ plan: UnpackPlan) throws(Failure) {
    guard !force else { return }
    for file in plan.files {
      guard let there = FileFacts.of(file.path) else { continue }
      // What is no file, or has another size, need not be read.
      if there.kind == .regular, there.size == file.bytes.count,
        try InputFile(name: file.path).read() == file.bytes
      {
        continue
      }
      throw Failure(
        .cannotCreate, "\(file.path.visible) is there already, with other contents",
        fix: "choose a folder with --directory, or replace it with --force")
    }
  }

  private func tellWhetherSame(_ firmware: Firmware, _ bytes: [UInt8], console: Console) {
    do throws(FormatError) {
      if try firmware.encoded(allowsRepeats: true) == bytes { return }
      console.warn("packed again, the container will not have what the warnings above name")
    } catch {
      console.warn("this container cannot be packed again as it is: \(error)")
    }
  }

  private var stem: String {
    guard file != "-" else { return "firmware" }
    let name = file.lastIndex(of: "/").map { file[file.index(after: $0)...] } ?? file[...]
    let end = name.lastIndex(of: ".") ?? name.endIndex
    return end == name.startIndex ? "firmware" : String(name[..<end])
  }
}

extension FormatError {
  fileprivate var isContainerInElement: Bool {
    if case .containerInElement = self { true } else { false }
  }
}

/// Which file each element of a container goes to, and the command that packs them again.
struct UnpackPlan {
  var files: [(path: String, bytes: [UInt8])] = []
  /// `dfuse pack` and its arguments, to be given to a shell.
  let packCommand: String

  /// Plans for files in `folder` whose names begin with `stem`.
  ///
  /// Names end in `.bin`, so that `dfuse pack` takes their bytes as they are.
  init(_ firmware: Firmware, folder: String, stem: String) {
    let prefix =
      folder.isEmpty || folder == "." ? "" : folder.hasSuffix("/") ? folder : folder + "/"
    let suffix = firmware.suffix ?? DFUSuffix()
    var words = [
      "-f", suffix.deviceVersion.hex, "-p", suffix.productID.hex, "-v", suffix.vendorID.hex,
      "-o", prefix + stem + "-rebuilt.dfu",
    ]
    var taken: [String: Int] = [:]
    for target in firmware.targets {
      let number = target.alternateSetting ?? 0
      if let name = target.name { words += ["-n", name] }
      for element in target.elements {
        let base = "\(stem)-alt\(number)-\(element.address.hex.dropFirst(2))"
        let count = taken[base, default: 0] + 1
        taken[base] = count
        let path = prefix + base + (count > 1 ? "-\(count)" : "") + ".bin"
        files.append((path, element.bytes))
        words += ["-m", element.address.hex, "-i", path]
      }
      words += ["-a", "\(number)"]
    }
    // Whatever the bytes look like, they are taken as they are.
    let isPlain = files.allSatisfy { file in
      (try? Firmware(reading: file.bytes, name: file.path, at: 0))?.format == .raw
    }
    if !isPlain { words = ["--format", "raw"] + words }
    // A path that begins with a dash is no trouble: each follows an option that takes it.
    packCommand = (["dfuse", "pack"] + words).shellLine
  }
}
