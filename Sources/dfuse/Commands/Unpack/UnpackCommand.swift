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
  @Argument(help: "The container; '-' is standard input.", completion: .file(extensions: ["dfu"]))
  var file: String

  func run(console: Console) throws(Failure) {
    var console = console
    console.isQuiet = quiet
    let input = InputFile(name: file)
    let bytes = try input.read()
    let container = try read(bytes, input: input, console: console)
    let plan = UnpackPlan(container, folder: directory, stem: stem)
    guard !plan.files.isEmpty else {
      throw Failure(.badData, "\(input.shown): \(FormatError.emptyContainer)")
    }
    try refuseReplacing(plan)
    try Folder.make(directory)
    for file in plan.files {
      try OutputFile(name: file.path).write(file.bytes, console: console)
      console.note("\(file.path.visible)  \(file.bytes.count.byteText)")
    }
    tellWhetherSame(container, bytes, console: console)
    try console.output(plan.packCommand)
  }

  private func read(
    _ bytes: [UInt8], input: InputFile, console: Console
  ) throws(Failure) -> DfuseContainer {
    let inspection = DfuseContainer.inspect(bytes)
    if case .plain = inspection.contents {
      throw Failure(
        .badData, "\(input.shown) is a plain DFU file: it has one image, and no address for it",
        fix: "the image is the file without its last 16 bytes")
    }
    // What cannot be flashed can be taken apart.
    let error = inspection.findings.lazy.compactMap(\.error).first { !$0.isContainerInElement }
    guard error == nil, case .dfuse(let container) = inspection.contents else {
      throw Failure(
        .badData, "\(input.shown): \(error?.description ?? "no DfuSe container")",
        fix: error == .emptyContainer ? nil : "'dfuse info' shows what can be read of it")
    }
    for finding in inspection.findings {
      console.warn("\(input.shown): offset \(finding.offset): \(finding)")
    }
    return container
  }

  private func refuseReplacing(_ plan: UnpackPlan) throws(Failure) {
    guard !force else { return }
    for file in plan.files where FileFacts.of(file.path) != nil {
      guard try InputFile(name: file.path).read() != file.bytes else { continue }
      throw Failure(
        .cannotCreate, "\(file.path.visible) is there already, with other contents",
        fix: "choose a folder with --directory, or replace it with --force")
    }
  }

  private func tellWhetherSame(_ container: DfuseContainer, _ bytes: [UInt8], console: Console) {
    do throws(FormatError) {
      if try container.encoded(allowsRepeats: true) == bytes { return }
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
