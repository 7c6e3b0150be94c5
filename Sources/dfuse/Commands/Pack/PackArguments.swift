/// Splits the arguments of `dfuse pack` into options with their values, in order, as getopt does.
///
/// `-a0`, `-ofile` and `-qo file` work, and so do `--alt 0` and `--alt=0`; the word after an option
/// is its value whatever it looks like; `--` ends the options.
struct PackArguments {
  /// One thing on the command line.
  enum Item: Equatable {
    case option(PackOption, value: String)
    case flag(PackOption)
    case operand(String)
  }

  /// The items in the order in which they stand.
  let items: [Item]

  init(_ arguments: some Sequence<String>) throws(Failure) {
    var rest = Array(arguments)[...]
    var items: [Item] = []
    while let word = rest.popFirst() {
      if word == "--" {
        items += rest.map { .operand($0) }
        break
      } else if word.hasPrefix("--") {
        items.append(try Self.long(word.dropFirst(2), &rest))
      } else if word.hasPrefix("-"), word != "-" {
        items += try Self.cluster(word.dropFirst(), &rest)
      } else {
        items.append(.operand(word))
      }
    }
    self.items = items
  }

  private static func long(
    _ word: Substring, _ rest: inout ArraySlice<String>
  ) throws(Failure) -> Item {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let option = PackOption.allCases.first(where: { $0.rawValue == parts[0] }) else {
      throw usage("unknown option --\(String(parts[0]).visible)")
    }
    let value = parts.count > 1 ? String(parts[1]) : nil
    if !option.takesValue {
      guard value == nil else { throw usage("--\(option.rawValue) takes no value") }
      return .flag(option)
    }
    guard let value = value ?? rest.popFirst() else {
      throw usage("--\(option.rawValue) needs a value")
    }
    return .option(option, value: value)
  }

  private static func cluster(
    _ word: Substring, _ rest: inout ArraySlice<String>
  ) throws(Failure) -> [Item] {
    var items: [Item] = []
    var letters = word
    while let letter = letters.popFirst() {
      guard let option = PackOption(letter: letter) else {
        throw usage("unknown option -\(String(letter).visible)")
      }
      if !option.takesValue {
        items.append(.flag(option))
        continue
      }
      guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
        throw usage("-\(letter) needs a value")
      }
      return items + [.option(option, value: value)]
    }
    return items
  }

  private static func usage(_ what: String) -> Failure {
    Failure(.usage, what, fix: "see 'dfuse pack --help'")
  }
}

/// The options of `dfuse pack`, by their long names.
enum PackOption: String, CaseIterable {
  case output, product, vendor, name, address, image, quiet, help, version, format
  case deviceVersion = "version-id"
  case alternateSetting = "alt"
  case chip = "for"

  /// The letter of the original `dfuse_pack`; nil for what that did not have.
  var letter: Character? {
    switch self {
    case .deviceVersion: "f"
    case .address: "m"
    case .version, .format, .chip: nil
    default: rawValue.first
    }
  }

  init?(letter: Character) {
    guard let option = Self.allCases.first(where: { $0.letter == letter }) else { return nil }
    self = option
  }

  var takesValue: Bool { ![.quiet, .help, .version].contains(self) }

  /// The option as messages name it.
  var shown: String { letter.map { "-\($0)" } ?? "--\(rawValue)" }
}
