/// A command of this program that a message tells people to run.
///
/// It is a whole command line, which chooses the same file and the same board again, and it ends its
/// line, so that it can be copied. A test brings the program to each kind and runs what is printed.
struct Suggestion: CustomStringConvertible, Hashable {
  /// What the command does.
  enum Kind: String, CaseIterable {
    case list = "list"
    case enter = "enter"
    case flash = "flash"
    case read = "read"
    case erase = "erase --all"
    case leave = "leave"
    case unprotect = "unprotect --yes"
    case options = "options"
    case pack = "pack"
    case unpack = "unpack"
    case installRules = "udev install"
    case uninstallRules = "udev uninstall"
    case simulateList = "simulate --list"
    case doctor = "doctor"
  }

  var kind: Kind
  /// Its options.
  var options: [String] = []
  /// The files that it takes.
  var files: [String] = []

  init(_ kind: Kind, _ options: [String] = [], on board: BoardName? = nil, files: [String] = []) {
    self.kind = kind
    self.options = options + (board?.choice ?? [])
    self.files = files
  }

  /// The line, to be given to a shell.
  var description: String {
    var words = ["dfuse"] + kind.rawValue.split(separator: " ").map(String.init) + options
    if kind == .installRules || kind == .uninstallRules { words.insert("sudo", at: 0) }
    // A lone dash is standard input.
    if files.contains(where: { $0.hasPrefix("-") && $0 != "-" }) { words.append("--") }
    return (words + files).shellLine
  }

  /// An option with its value, if it has one: a value that begins with a dash is no option.
  static func option(_ name: String, _ value: String?) -> [String] {
    guard let value else { return [] }
    return value.hasPrefix("-") ? ["\(name)=\(value)"] : [name, value]
  }
}
