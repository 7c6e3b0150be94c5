import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `-a`/`--alt`: one memory of the board, by its alternate setting.
struct AlternateOption: ParsableArguments {
  @Option(
    name: [.short, .customLong("alt")],
    help: ArgumentHelp(
      "One memory, by its alternate setting or its name: 0, 'Option Bytes'.", valueName: "n|name"),
    completion: Completions.alternates)
  var alternateSetting: String?
}

extension BoardContext {
  /// The memory that a person named by its number or its name; nil when none was asked for.
  ///
  /// A name may be shortened as long as it fits one memory; case does not matter. Of memories that
  /// share a name, as on the G0B1, the first is meant.
  /// - Throws: A failure with status 64 that lists what the board has.
  func memory(_ wanted: String?) throws(Failure) -> AlternateMemory? {
    guard let wanted else { return nil }
    if let number = UInt8(wanted) {
      if let memory = memories.first(where: { $0.alternateSetting == number }) { return memory }
    } else {
      // Also as the board's string has it, with the addresses, as dfu-util shows it.
      let name = wanted.drop { $0 == "@" }.prefix { $0 != "/" }
      let key = name.lowercased().split(separator: " ").joined(separator: " ")
      if let memory = memories.first(where: { $0.map.name.lowercased() == key }) { return memory }
      let begun = memories.filter { !key.isEmpty && $0.map.name.lowercased().hasPrefix(key) }
      if Set(begun.map(\.map.name)).count == 1, let memory = begun.first { return memory }
    }
    throw Failure(
      .usage, "\(board) has no alternate setting '\(wanted.visible)'", fix: "it has:",
      choices: memories.map { "-a \($0.alternateSetting)  \($0.map.name.visible)" })
  }
}

/// The firmware of a command, and where it belongs.
struct FirmwareOptions: ParsableArguments {
  @OptionGroup var alternate: AlternateOption
  @Option(
    help: """
      Where a raw file belongs, hexadecimal; the others bring their own addresses. Repeatable, for \
      several raw files in their order.
      """)
  var address: [String] = []
  @Flag(help: "Leave out what is in no memory of the board, such as data for RAM.")
  var skipOutside = false
  @OptionGroup var format: InputFormatOptions
  @Argument(
    help: ArgumentHelp(
      "A .dfu container, Intel HEX, S-record, ELF or raw file, or several; '-' is standard input.",
      valueName: "file"),
    completion: .file())
  var files: [String]

  /// The options, for another command that is to take the same file in the same way.
  var words: [String] {
    Suggestion.option("-a", alternate.alternateSetting)
      + address.flatMap { Suggestion.option("--address", $0) }
      + (skipOutside ? ["--skip-outside"] : [])
      + (format.format == "auto" ? [] : Suggestion.option("--format", format.format))
  }
}

/// `--format`, for commands that read firmware.
struct InputFormatOptions: ParsableArguments {
  @Option(
    help: "What the file is: auto, raw, hex, srec or elf.",
    completion: .list(["auto", "raw", "hex", "srec", "elf"]))
  var format = "auto"

  /// What the user says that it is, or nil to tell by the content.
  var kind: Firmware.Format? {
    get throws(Failure) { try Firmware.Format.named(format) }
  }
}

extension Firmware.Format {
  /// The format with a name of `--format`; nil for `auto`.
  ///
  /// - Throws: A failure with status 64 for an unknown name.
  static func named(_ text: String) throws(Failure) -> Firmware.Format? {
    if text == "auto" { return nil }
    let formats = [Firmware.Format.raw, .hex, .srec, .elf]
    if let format = formats.first(where: { $0.rawValue == text }) { return format }
    throw Failure(
      .usage, "--format '\(text.visible)' is unknown", fix: "use auto, raw, hex, srec or elf")
  }
}

/// `--address` and `--length`: a part of a board's memory.
struct RangeOptions: ParsableArguments {
  @Option(help: "First address, hexadecimal with or without 0x.")
  var address: String?
  @Option(help: "Number of bytes: 16384, 0x4000, 16K or 1M.")
  var length: String?

  /// Whether anything was said.
  var isEmpty: Bool { address == nil && length == nil }

  /// The first address; nil when none was given.
  var start: UInt64? {
    get throws(Failure) {
      guard let address else { return nil }
      return UInt64(try NumberText.address(address, option: "--address"))
    }
  }

  /// The number of bytes; nil when none was given.
  var count: UInt64? {
    get throws(Failure) {
      guard let length else { return nil }
      return try NumberText.length(length, option: "--length")
    }
  }

  /// A range inside the 32 bits of the address space.
  ///
  /// - Throws: A failure with status 64 when it goes beyond.
  static func range(from start: UInt64, count: UInt64) throws(Failure) -> Range<UInt64> {
    guard start + count <= 1 << 32 else {
      throw Failure(
        .usage,
        "\(count.sizeText) from \(start.addressText) go beyond the last address, 0xffff_ffff"
      )
    }
    return start..<(start + count)
  }
}
