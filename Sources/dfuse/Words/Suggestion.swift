import Synchronization

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
    case restore = "restore"
    case compare = "compare"
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
  /// Whether root has to run it.
  var needsRoot: Bool
  /// What stands for the program behind `sudo`.
  var sudoWord = SudoPath.programWord.withLock { $0 }

  init(_ kind: Kind, _ options: [String] = [], on board: BoardName? = nil, files: [String] = []) {
    self.kind = kind
    self.options = options + (board?.choice ?? [])
    self.files = files
    needsRoot = kind == .installRules || kind == .uninstallRules
  }

  /// The same, run by root.
  var asRoot: Suggestion {
    var suggestion = self
    suggestion.needsRoot = true
    return suggestion
  }

  /// The same, for another machine, where the program may be in another place.
  var elsewhere: Suggestion {
    var suggestion = self
    suggestion.sudoWord = "dfuse"
    return suggestion
  }

  /// The line, to be given to a shell.
  var description: String {
    var words =
      (needsRoot ? ["sudo", sudoWord] : ["dfuse"])
      + kind.rawValue.split(separator: " ").map(String.init) + options
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

/// How `sudo` finds this program.
enum SudoPath {
  /// The word of the program that runs: of tests, `dfuse`.
  static let programWord = Mutex("dfuse")

  /// Finds this program's word; to be called as it starts.
  static func prepare() {
    let word = word()
    programWord.withLock { $0 = word }
  }

  /// The word behind `sudo`: the program's name where `sudo` finds this program by it, else the path.
  ///
  /// - Parameters:
  ///   - program: The program's own file, without links; nil when that is not known.
  ///   - root: The folder that stands for `/`; nothing for `/` itself.
  /// - Returns: The word.
  static func word(
    of program: String? = PathFacts.resolved("/proc/self/exe"), root: String = ""
  ) -> String {
    guard let program, let own = FileFacts.of(root + program) else { return "dfuse" }
    let found = folders(root: root).lazy.compactMap { FileFacts.of("\(root)\($0)/dfuse") }.first
    return found?.isSameFile(as: own) == true ? "dfuse" : program
  }

  /// Where `sudo` looks, in its order, whatever `PATH` says.
  ///
  /// It is the `secure_path` of Debian's /etc/sudoers, which only root may read; that of Red Hat's
  /// leaves /usr/local out.
  private static func folders(root: String) -> [String] {
    let system = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    let isRedHat = FileFacts.of(root + "/etc/redhat-release") != nil
    return isRedHat ? system : ["/usr/local/sbin", "/usr/local/bin"] + system
  }
}
