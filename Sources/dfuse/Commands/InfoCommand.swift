import ArgumentParser
import DfuseFormat

/// `dfuse info`.
struct InfoCommand: DfuseCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Show what is in a container or firmware file, and everything odd about it.",
    discussion: """
      Takes .dfu containers, plain DFU files, Intel HEX, S-record, ELF and raw binaries. Ends with \
      status 65 when the file is damaged; warnings leave it at 0.
      """
  )

  @Flag(help: "Print one JSON object (docs/json.md).")
  var json = false
  @OptionGroup var input: InputFormatOptions
  @Argument(help: "The file; '-' is standard input.", completion: .file())
  var file: String

  func run(console: Console) throws(Failure) {
    let input = InputFile(name: file)
    let report = FileReport(
      file: file, bytes: try input.read(), format: try self.input.kind)
    if json {
      try console.output(JSONText.pretty(report))
    } else {
      for line in report.lines { try console.output(line) }
    }
    let count = report.errorCount
    if count > 0 {
      throw Failure(
        .badData, "\(input.shown) is damaged (\(count) error\(count == 1 ? "" : "s"), see above)")
    }
  }
}
