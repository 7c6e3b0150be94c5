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

  var longNames: [String] {
    switch self {
    case .help: ["help"]
    case .version: ["version"]
    case .verbose: ["verbose"]
    case .list: ["list"]
    case .detach: ["detach"]
    case .detachDelay: ["detach-delay"]
    case .device: ["device"]
    case .path: ["path"]
    case .configuration: ["cfg", "configuration"]
    case .interface: ["intf", "interface"]
    case .alternateSetting: ["alt", "altsetting"]
    case .serial: ["serial"]
    case .transferSize: ["transfer-size"]
    case .upload: ["upload"]
    case .uploadSize: ["upload-size"]
    case .download: ["download"]
    case .reset: ["reset"]
    case .dfuseAddress: ["dfuse-address"]
    case .deviceNumber: ["devnum"]
    case .wait: ["wait"]
    }
  }

  var takesValue: Bool {
    switch self {
    case .help, .version, .verbose, .list, .detach, .reset, .wait: false
    case .detachDelay, .device, .path, .configuration, .interface, .alternateSetting, .serial,
      .transferSize, .upload, .uploadSize, .download, .dfuseAddress, .deviceNumber:
      true
    }
  }

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
    while let word = rest.popFirst() {
      if word == "--", let operand = rest.first {
        throw Self.unexpected(operand)
      } else if word.hasPrefix("--") {
        if word != "--" { try takeLong(word.dropFirst(2), &rest) }
      } else if word.hasPrefix("-"), word != "-" {
        try takeCluster(word.dropFirst(), &rest)
      } else {
        throw Self.unexpected(word)
      }
    }
  }

  private mutating func takeLong(
    _ word: Substring, _ rest: inout ArraySlice<String>
  ) throws(Failure) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let option = try DfuUtilOption.named(parts[0])
    let value = parts.count > 1 ? String(parts[1]) : nil
    if option.takesValue {
      guard let value = value ?? rest.popFirst() else {
        throw .dfuUtilUsage("\(option.shown) needs a value")
      }
      items.append((option, value))
    } else {
      // 0.11 wants a value behind --wait by mistake; who gave it one gets what -w does.
      guard value == nil || option == .wait else {
        throw .dfuUtilUsage("\(option.shown) takes no value")
      }
      items.append((option, ""))
    }
  }

  private mutating func takeCluster(
    _ word: Substring, _ rest: inout ArraySlice<String>
  ) throws(Failure) {
    var letters = word
    while let letter = letters.popFirst() {
      guard let option = DfuUtilOption(rawValue: letter) else {
        throw .dfuUtilUsage("unknown option -\(String(letter).visible)")
      }
      guard option.takesValue else {
        items.append((option, ""))
        continue
      }
      guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
        throw .dfuUtilUsage("\(option.shown) needs a value")
      }
      return items.append((option, value))
    }
  }

  private static func unexpected(_ word: String) -> Failure {
    .dfuUtilUsage("Unexpected argument: \(word.visible)")
  }
}

extension Failure {
  /// A command line that dfu-util would refuse as well.
  static func dfuUtilUsage(_ what: String, fix: String? = nil) -> Failure {
    Failure(.usage, what, fix: fix ?? "dfu-util --help lists the options")
  }
}
