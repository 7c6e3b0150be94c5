/// The options of dfu-util 0.11, by the letters and names of its `getopt_long`.
enum DfuUtilOption: Character, CaseIterable {
  case help = "h"
  case version = "V"
  case verbose = "v"
  case list = "l"
  case detach = "e"
  case detachDelay = "E"
  case device = "d"
  case path = "p"
  case configuration = "c"
  case interface = "i"
  case alternateSetting = "a"
  case serial = "S"
  case transferSize = "t"
  case upload = "U"
  case uploadSize = "Z"
  case download = "D"
  case reset = "R"
  case dfuseAddress = "s"
  case deviceNumber = "n"
  case wait = "w"

  /// The long names, and whether a value follows.
  private var form: (names: [String], takesValue: Bool) {
    switch self {
    case .help: (["help"], false)
    case .version: (["version"], false)
    case .verbose: (["verbose"], false)
    case .list: (["list"], false)
    case .detach: (["detach"], false)
    case .detachDelay: (["detach-delay"], true)
    case .device: (["device"], true)
    case .path: (["path"], true)
    case .configuration: (["cfg", "configuration"], true)
    case .interface: (["intf", "interface"], true)
    case .alternateSetting: (["alt", "altsetting"], true)
    case .serial: (["serial"], true)
    case .transferSize: (["transfer-size"], true)
    case .upload: (["upload"], true)
    case .uploadSize: (["upload-size"], true)
    case .download: (["download"], true)
    case .reset: (["reset"], false)
    case .dfuseAddress: (["dfuse-address"], true)
    case .deviceNumber: (["devnum"], true)
    case .wait: (["wait"], false)
    }
  }

  var longNames: [String] { form.names }
  var takesValue: Bool { form.takesValue }

  /// The option as messages name it: `-a/--alt`.
  var shown: String { "-\(rawValue)/--\(longNames[0])" }

  /// The option that a long name means, which may be shortened as long as it means one option.
  ///
  /// - Throws: A failure with status 64.
  fileprivate static func named(_ name: Substring) throws(Failure) -> DfuUtilOption {
    if let exact = allCases.first(where: { $0.longNames.contains { $0 == name } }) { return exact }
    let begun = allCases.filter { $0.longNames.contains { $0.hasPrefix(name) } }
    if begun.count == 1, !name.isEmpty { return begun[0] }
    throw .dfuUtilUsage(
      begun.isEmpty || name.isEmpty
        ? "unknown option --\(String(name).visible)"
        : "--\(name) may be \(begun.map { "--\($0.longNames[0])" }.joined(separator: ", "))")
  }
}

/// Splits a command line of dfu-util as `getopt_long` does: `-a0`, `-vl`, `-d,0483:df11`, `--alt=0`.
struct DfuUtilArguments {
  /// The options with their values, in order.
  private(set) var items: [(option: DfuUtilOption, value: String)] = []

  /// Takes the words behind the program's name.
  ///
  /// - Throws: A failure with status 64, also for a word that belongs to no option.
  init(_ words: some Sequence<String>) throws(Failure) {
    var rest = Array(words)[...]
    /// Adds an option with its value: what stands with it in one word, or the next word.
    func add(_ option: DfuUtilOption, _ attached: Substring?) throws(Failure) {
      guard option.takesValue else { return items.append((option, "")) }
      guard let value = attached.map(String.init) ?? rest.popFirst() else {
        throw .dfuUtilUsage("\(option.shown) needs a value")
      }
      items.append((option, value))
    }
    while let word = rest.popFirst() {
      if let options = try Self.options(in: word) {
        for (option, attached) in options { try add(option, attached) }
      } else if let operand = word == "--" ? rest.first : word {
        throw .dfuUtilUsage("Unexpected argument: \(operand.visible)")
      }
    }
  }

  /// The options in one word, each with the value that stands with it; nil for a word that is none.
  ///
  /// - Throws: A failure with status 64 for options that there are not.
  static func options(
    in word: String
  ) throws(Failure) -> [(option: DfuUtilOption, attached: Substring?)]? {
    guard word.hasPrefix("-"), word != "-", word != "--" else { return nil }
    if word.hasPrefix("--") {
      let parts = word.dropFirst(2)
        .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let option = try DfuUtilOption.named(parts[0])
      // 0.11 wants a value behind --wait by mistake; who gave it one gets what -w does.
      guard parts.count == 1 || option.takesValue || option == .wait else {
        throw .dfuUtilUsage("\(option.shown) takes no value")
      }
      return [(option, parts.count > 1 ? parts[1] : nil)]
    }
    var options: [(option: DfuUtilOption, attached: Substring?)] = []
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let option = DfuUtilOption(rawValue: letter) else {
        throw .dfuUtilUsage("unknown option -\(String(letter).visible)")
      }
      options.append((option, letters.isEmpty || !option.takesValue ? nil : letters))
      if option.takesValue { break }
    }
    return options
  }
}

extension Failure {
  /// A command line that dfu-util would refuse as well.
  static func dfuUtilUsage(_ what: String, fix: String? = nil) -> Failure {
    Failure(.usage, what, fix: fix ?? "dfu-util --help lists the options")
  }
}
