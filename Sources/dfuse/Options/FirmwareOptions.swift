import ArgumentParser

/// The firmware of a command, and where it belongs.
struct FirmwareOptions: ParsableArguments {
  @OptionGroup var alternate: AlternateOption
  @Option(help: "Where a raw file belongs, hexadecimal; the others bring their own addresses.")
  var address: String?
  @Flag(help: "Leave out what is in no memory of the board, such as data for RAM.")
  var skipOutside = false
  @OptionGroup var format: InputFormatOptions
  @Argument(
    help: ArgumentHelp(
      "A .dfu container, Intel HEX, S-record, ELF or raw file; '-' is standard input.",
      valueName: "file"),
    completion: .file())
  var file: String
}
