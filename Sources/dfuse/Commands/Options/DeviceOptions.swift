import ArgumentParser
import DfuseDevice
import DfuseSimulator

/// Which board: by its ids, its serial number, its port, or one made of software.
struct DeviceOptions: ParsableArguments {
  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp(
      "Only boards with these USB ids; 0483: is any of that vendor's; repeatable.",
      valueName: "vid:pid"))
  var device: [String] = []
  @Option(
    name: [.customShort("S"), .long],
    help: ArgumentHelp("Only the board with this serial number.", valueName: "serial"),
    completion: Completions.serials)
  var serial: String?
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Only the board at this port, as 'dfuse list' shows it: 1-1.3; of several '1-1.*'.",
      valueName: "bus-port"),
    completion: Completions.paths)
  var path: String?
  @Flag(
    name: .customLong("assume-dfuse"),
    help: ArgumentHelp(
      "Take devices with the ids of --device for DfuSe, though they do not say so.",
      discussion: """
        A device that speaks plain DFU takes DfuSe commands for firmware, and loses its own.
        """))
  var assumesDfuSe = false
  @Option(
    help: ArgumentHelp(
      "A simulated board instead, as stm32f405; its memory is kept in the file, if one is named; "
        + "repeatable.",
      valueName: "chip[:state-file]"),
    completion: Completions.chips)
  var simulate: [String] = []
  @Option(
    help: ArgumentHelp(
      "How to wait while it works: as it says (spec), or learning (adaptive); default: by chip.",
      valueName: "how"),
    completion: .list(Polling.allCases.map(\.rawValue)),
    transform: { text in try choice(text, of: Polling.self) })
  var polling: Polling?
  @Option(
    help: ArgumentHelp(
      "What goes wrong on each simulated board: stall@write:3, rdp=1; repeatable.",
      valueName: "spec"))
  var fault: [String] = []
  @Option(
    help: ArgumentHelp(
      "The firmware that each simulated board runs before it is in its bootloader: betaflight, "
        + "klipper, repl, cdc.",
      valueName: "firmware"),
    completion: .list(ApplicationFace.allCases.map(\.rawValue)),
    transform: { text in try choice(text, of: ApplicationFace.self) })
  var application: ApplicationFace?

  /// The options that choose the same boards again, or of those the one at a port.
  func words(at port: String? = nil) -> [String] {
    device.flatMap { Suggestion.option("--device", $0) } + Suggestion.option("--serial", serial)
      + Suggestion.option("--path", port ?? path) + (assumesDfuSe ? ["--assume-dfuse"] : [])
      + simulate.flatMap { Suggestion.option("--simulate", $0) }
      + Suggestion.option("--application", application?.rawValue)
  }

  /// Which boards are meant.
  ///
  /// - Throws: A failure with status 64 for ids that are none, or that are missing.
  var filter: DeviceFilter {
    get throws(Failure) {
      let usbIDs = try usbIDs
      guard !assumesDfuSe || !usbIDs.isEmpty && usbIDs.allSatisfy({ $0.productID != nil }) else {
        throw Failure(
          .usage, "--assume-dfuse needs --device VID:PID",
          why: "a device that speaks plain DFU loses its firmware to DfuSe commands",
          fix: "name the one device that is known to speak DfuSe, as 'dfuse list' shows its ids")
      }
      return DeviceFilter(
        usbIDs: usbIDs, serial: serial, path: path, assumesDfuSe: assumesDfuSe)
    }
  }

  private var usbIDs: [USBIDPattern] {
    get throws(Failure) {
      let texts = device.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
      return try texts.map { text throws(Failure) in
        if let pattern = Self.pattern(String(text)) { return pattern }
        throw Failure(
          .usage, "--device '\(String(text).visible)' is not a pair of USB ids",
          fix: "write vendor and product in hexadecimal: --device 0483:df11")
      }
    }
  }

  /// The ids that a text such as `0483:df11` or `0483:` stands for.
  static func pattern(_ text: String) -> USBIDPattern? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2,
      case .success(let vendor) = NumberText.hexadecimal(parts[0], as: UInt16.self)
    else { return nil }
    if parts[1].isEmpty { return USBIDPattern(vendorID: vendor, productID: nil) }
    guard case .success(let product) = NumberText.hexadecimal(parts[1], as: UInt16.self) else {
      return nil
    }
    return USBIDPattern(vendorID: vendor, productID: product)
  }

  /// The boards to choose from; `changes` says whether the command may change them.
  ///
  /// - Throws: A failure with status 64 for a chip or a fault that does not exist, 65, 66, 73 and 74
  ///   for a state file, 69 where there is no USB.
  func source(host: Host, changes: Bool = true) throws(Failure) -> BoardSource {
    if !simulate.isEmpty {
      return try .simulated(
        simulate, faults: fault, application: application, changes: changes)
    }
    guard fault.isEmpty else {
      throw Failure(
        .usage, "--fault needs --simulate",
        why: "what goes wrong can be chosen on simulated boards only")
    }
    guard application == nil else {
      throw Failure(
        .usage, "--application needs --simulate",
        why: "which firmware a board runs can be chosen on simulated boards only")
    }
    return try host.openBus()
  }
}

extension USBID {
  /// The ids that a person typed, as `0483:5740`.
  ///
  /// - Throws: A failure with status 64.
  static func wanted(_ text: String) throws(Failure) -> USBID {
    if let pattern = DeviceOptions.pattern(text), let product = pattern.productID {
      return USBID(vendorID: pattern.vendorID, productID: product)
    }
    throw Failure(
      .usage, "'\(text.visible)' is not a pair of USB ids",
      fix: "write vendor and product in hexadecimal: 0483:5740")
  }
}

/// What every command takes that works on a board.
struct WorkOptions: ParsableArguments {
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  /// Refuses to write a file of what is read between the lines of `--json`.
  ///
  /// - Throws: A failure with status 64.
  func checkStream(of file: OutputFile) throws(Failure) {
    guard output.json, file.isStandardOutput else { return }
    throw Failure(
      .usage, "--json and -o - do not go together", why: "both go to standard output")
  }

  /// Refuses to write a file of what is read over the state of a simulated board.
  ///
  /// - Throws: A failure with status 64.
  func checkPlace(of file: OutputFile) throws(Failure) {
    let states = device.simulate.compactMap(BoardStateFile.path(in:))
    guard states.contains(where: file.takesPlace) else { return }
    throw Failure(
      .usage, "the output \(file.shown) is the state file of the simulated board",
      why: "reading would destroy what it holds", fix: "name another file with -o")
  }
}

/// A command with these groups of its own.
///
/// Each group within a group makes ArgumentParser build the options four times as often in a debug
/// build, where it looks for mistakes in them.
protocol TakesWorkOptions {
  var device: DeviceOptions { get }
  var wait: WaitOptions { get }
  var enter: EnterOptions { get }
  var output: OutputOptions { get }
}

extension TakesWorkOptions {
  /// All of them.
  var work: WorkOptions {
    var all = WorkOptions()
    (all.device, all.wait, all.enter, all.output) = (device, wait, enter, output)
    return all
  }
}

/// How much to say, and in which form.
struct OutputOptions: ParsableArguments {
  @Flag(
    name: [.short, .long],
    help: "Print only errors, data that will be lost, and what is not verified.")
  var quiet = false
  @Flag(name: [.customShort("v"), .long], help: "Show each operation on the board.")
  var verbose = false
  @Flag(help: "Show each control transfer.")
  var trace = false
  @Flag(help: "Print one JSON object a line (docs/json.md).")
  var json = false
  @Option(
    help: ArgumentHelp(
      "Keep each board's control transfers, every byte with its time, in a file in this folder.",
      valueName: "dir"), completion: .directory)
  var log: String?

  func validate() throws {
    if quiet && (verbose || trace) {
      throw ValidationError(
        "--quiet and \(verbose ? "--verbose" : "--trace") do not go together")
    }
  }
}

/// `--wait`, for commands that work on a board.
struct WaitOptions: ParsableArguments {
  /// What `--wait` alone stands for; ArgumentParser has no option with a value that may be missing.
  static let forever = "forever"

  @Option(
    help: ArgumentHelp(
      "Wait for a board to appear; --wait alone, until Ctrl-C.", valueName: "seconds"),
    completion: Completions.operand)
  var wait: String?

  /// How long to wait; nil when that was not asked for.
  var limit: Limit? {
    get throws(Failure) {
      guard let wait else { return nil }
      if wait == Self.forever { return .forever }
      if let seconds = Int(wait), (0...1_000_000).contains(seconds) {
        return .time(.seconds(seconds))
      }
      throw Failure(
        .usage, "--wait=\(wait.visible) is not a number of seconds",
        fix: "write --wait=30, or --wait alone to wait until Ctrl-C")
    }
  }

  enum Limit: Equatable {
    case forever
    case time(Duration)
  }

  /// The command line with the value that `--wait` alone lacks, and with a value behind it joined.
  static func completing(_ words: [String]) -> [String] {
    var words = words
    for index in words.indices {
      // Joining makes the list shorter.
      guard index < words.count, words[index] != "--" else { break }
      guard words[index] == "--wait" else { continue }
      let isTime = index + 1 < words.count && Int(words[index + 1]) != nil
      words[index] = "--wait=\(isTime ? words.remove(at: index + 1) : forever)"
    }
    return words
  }
}

/// The case with a given name of an enum from the libraries, for options.
///
/// - Throws: `ValidationError`, which lists the names.
func choice<Value: RawRepresentable & CaseIterable>(
  _ text: String, of type: Value.Type
) throws -> Value where Value.RawValue == String {
  if let value = Value(rawValue: text) { return value }
  let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
  throw ValidationError("'\(text.visible)' is none of: \(names)")
}
