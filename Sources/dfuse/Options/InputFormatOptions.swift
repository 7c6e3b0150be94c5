import ArgumentParser
import DfuseFormat

/// `--format`, for commands that read firmware.
struct InputFormatOptions: ParsableArguments {
  @Option(
    help: "What the file is: auto, raw, hex, srec or elf.",
    completion: .list(["auto", "raw", "hex", "srec", "elf"]))
  var format = "auto"

  /// The kind that the user says it is, or nil to tell by the content.
  var kind: ImageKind? {
    get throws(Failure) { try ImageKind.named(format) }
  }
}

extension ImageKind {
  /// The kind with a name of `--format`; nil for `auto`.
  ///
  /// - Throws: A failure with status 64 for an unknown name.
  static func named(_ text: String) throws(Failure) -> ImageKind? {
    if text == "auto" { return nil }
    if let kind = ImageKind(rawValue: text) { return kind }
    throw Failure(
      .usage, "--format '\(text.visible)' is unknown", fix: "use auto, raw, hex, srec or elf")
  }
}
