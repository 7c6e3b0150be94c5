import ArgumentParser
import DfuseFormat

/// `dfuse pack`, and `dfuse_pack` where the program has that name.
///
/// The order of the options carries meaning, which ArgumentParser does not keep; it makes the help,
/// the manual page and the completions, and ``PackGrammar`` reads the command line.
struct PackCommand: ParsableCommand, DfuseCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Pack firmware into a DfuSe container.",
    usage: """
      dfuse pack -o OUT [-f VERSION] [-p PID] [-v VID] {[-n NAME] {[-m ADDRESS] -i IMAGE}... -a ALT}...
      dfuse pack FIRMWARE [-m ADDRESS] [-o OUT] [--alt ALT] [-n NAME]
      """,
    discussion: """
      The order counts: -m belongs to the next -i; -n and all -i belong to the next -a. Images are \
      raw binaries, Intel HEX, S-record or ELF, told by their content; with -m, a name that ends in \
      .bin is raw. All but raw ones bring their own addresses. The short form packs one file.

      Numbers are hexadecimal, with or without 0x; only -a is decimal.
      """
  )

  @OptionGroup var options: PackOptions

  func run(console: Console) throws(Failure) {
    throw Failure(.software, "the arguments of 'pack' were not read in their order")
  }

  /// Runs the command on arguments in their order.
  static func run(_ words: some Sequence<String>, console: Console) throws(Failure) {
    if let answer = DfusePackCommand.answer(toShell: words) { return try console.output(answer) }
    let arguments = try PackArguments(words)
    if arguments.items.contains(.flag(.help)) {
      return try console.output(Dfuse.helpMessage(for: PackCommand.self, columns: console.width))
    }
    if arguments.items.contains(.flag(.version)) {
      return try console.output(Dfuse.configuration.version)
    }
    guard !arguments.items.isEmpty else {
      throw Failure(
        .usage, "nothing to pack",
        fix: "name a file, or more as -o OUT -i IMAGE -a 0; 'dfuse pack --help' has examples")
    }
    let request = try PackGrammar.request(from: arguments)
    var console = console
    console.isQuiet = request.isQuiet
    try Packer(request: request, console: console).run()
  }
}

/// The options of `dfuse pack`.
struct PackOptions: ParsableArguments {
  @Option(
    name: [.short, .long], help: "The container to write; '-' is standard output.",
    completion: Completions.containers)
  var output: String?
  @Option(
    name: [.customShort("f"), .customLong("version-id")],
    help: "Firmware version, 16 bits. (default: 0xffff)")
  var versionID: String?
  @Option(name: [.short, .long], help: "USB product ID that it is for. (default: 0xdf11)")
  var product: String?
  @Option(name: [.short, .long], help: "USB vendor ID that it is for. (default: 0x0483)")
  var vendor: String?
  @Option(name: [.short, .long], help: "Name of the next target, at most 255 bytes.")
  var name: [String] = []
  @Option(
    name: [.customShort("m"), .long],
    help: "Address of the next image, 32 bits. (default: 0x00000000)")
  var address: [String] = []
  @Option(
    name: [.short, .long], help: "An image for the next target; '-' is standard input.",
    completion: Completions.images)
  var image: [String] = []
  @Option(
    name: [.customShort("a"), .customLong("alt")],
    help: "Closes a target: the alternate setting it is for, 0 to 255.",
    completion: Completions.alternates)
  var alternateSetting: [String] = []
  @Option(
    help:
      "What the images are: auto, raw, hex, srec or elf; given more than once, for those after it.",
    completion: .list(["auto", "raw", "hex", "srec", "elf"]))
  var format: [String] = []
  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "The chip it is for: option bytes in a HEX file become a target of their own.",
      valueName: "chip"),
    completion: Completions.chips)
  var chip: String?
  @Flag(name: [.short, .long], help: "Print nothing but errors.")
  var quiet = false
  @Argument(
    help: ArgumentHelp(
      "One file; a raw one needs its address as well.", valueName: "firmware"),
    completion: Completions.images)
  var firmware: String?
}

/// The program under the name `dfuse_pack`, as shells know it: it makes their completions, and answers
/// them.
struct DfusePackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dfuse_pack", abstract: PackCommand.configuration.abstract,
    version: Dfuse.configuration.version)

  @OptionGroup var options: PackOptions

  /// What a shell is answered; nil for words that are not a shell's.
  static func answer(toShell words: some Sequence<String>) -> String? {
    let words = Array(words)
    guard let first = words.first,
      first == "---completion" || first.hasPrefix("--generate-completion-script")
    else { return nil }
    do {
      _ = try parseAsRoot(words)
      return nil
    } catch {
      return exitCode(for: error).isSuccess ? fullMessage(for: error) : nil
    }
  }
}
