import ArgumentParser

/// What to say of a command line that the program does not take: in each case the command that does
/// what was meant, if one does.
struct CommandWords {
  /// The words behind the program's name.
  let words: [String]

  /// The names of all commands.
  static let commands: [String] = {
    var names: [String] = []
    for group in Dfuse.configuration.groupedSubcommands {
      for command in group.subcommands {
        if let name = command.configuration.commandName { names.append(name) }
      }
    }
    return names
  }()

  /// What other tools and people call the commands, and what each does, where several may be meant.
  private static let synonyms: [String: [(command: String, does: String?)]] = [
    "write": [("flash", nil)], "program": [("flash", nil)], "download": [("flash", nil)],
    "burn": [("flash", nil)], "load": [("flash", nil)], "install": [("flash", nil)],
    "upload": [("flash", "puts it on the board"), ("read", "reads the board")],
    "dump": [("read", nil)], "backup": [("snapshot", nil)], "save": [("read", nil)],
    "run": [("leave", nil)], "start": [("leave", nil)], "reset": [("leave", nil)],
    "go": [("leave", nil)], "ls": [("list", nil)], "devices": [("list", nil)],
    "scan": [("list", nil)], "diff": [("compare", nil)], "check": [("verify", nil)],
    "wipe": [("erase", nil)], "unlock": [("unprotect", nil)], "convert": [("pack", nil)],
    "version": [("--version", nil)], "show": [("info", nil)], "inspect": [("info", nil)],
    "extract": [("unpack", nil)], "diagnose": [("doctor", nil)],
    "troubleshoot": [("doctor", nil)],
  ]

  /// The failure of a command line that ArgumentParser refused with this message.
  func failure(_ message: String) -> Failure {
    let first = words.first ?? ""
    if let meant = suffixTool {
      return Failure(.usage, "there is no command '\(first)'", fix: meant)
    }
    if let failure = foreignFailure { return failure }
    if !first.isEmpty, !first.hasPrefix("-"), !Self.commands.contains(first), first != "help" {
      return unknownCommand(first)
    }
    if let failure = misplacedWord { return failure }
    let help = (["dfuse"] + Self.command(words) + ["--help"]).joined(separator: " ")
    let (what, suggestion) = Self.split(message)
    guard let suggestion else {
      return Failure(.usage, what, fix: "'\(help)' shows what there is")
    }
    return Failure(.usage, what, fix: "did you mean \(suggestion)? '\(help)' shows what there is")
  }

  /// The words at the beginning that name a command, and the command in it.
  private static func command(_ words: [String]) -> [String] {
    guard let first = words.first, commands.contains(first) else { return [] }
    let all = Dfuse.configuration.groupedSubcommands.flatMap { $0.subcommands }
    let command = all.first { $0.configuration.commandName == first }
    let names = (command?.configuration.subcommands ?? []).map { $0.configuration.commandName }
    return [first] + words.dropFirst().prefix(1).filter { names.contains($0) }
  }

  /// The failure of a word that another command has, or that people try, and what they mean by it.
  private var misplacedWord: Failure? {
    guard let first = words.first else { return nil }
    let rest = Array(words.dropFirst())
    if first.hasPrefix("-"), let command = rest.first(where: Self.commands.contains) {
      let line = [command] + words.filter { $0 != command }
      guard Self.isTaken(line) else { return nil }
      return Failure(.usage, "options stand behind the command", fix: Self.line(line))
    }
    switch first {
    case "erase"
    where rest.contains { $0.lowercased().hasPrefix("0x") } && !rest.contains("--address"):
      let line = words.flatMap { $0.lowercased().hasPrefix("0x") ? ["--address", $0] : [$0] }
      guard Self.isTaken(line) else { break }
      return Failure(.usage, "an address is an option", fix: Self.line(line))
    case "erase":
      guard let index = rest.firstIndex(of: "all") else { break }
      var line = words
      line[index + 1] = "--all"
      guard Self.isTaken(line) else { break }
      return Failure(.usage, "the whole flash is --all", fix: Self.line(line))
    case "options":
      guard let word = rest.first(where: { ["get", "read", "list", "displ", "dump"].contains($0) })
      else { break }
      let line = ["options"] + rest.prefix { $0 != word } + options(behind: word)
      return Failure(
        .usage, "'dfuse options' itself shows every field, and has no command '\(word)'",
        fix: Self.line(Self.isTaken(line) ? line : ["options"]))
    default: break
    }
    let flags = ["--leave", "--run", "--reset", "--reboot"]
    guard ["flash", "restore"].contains(first), let flag = rest.first(where: flags.contains) else {
      return nil
    }
    let line = words.filter { $0 != flag }
    guard Self.isTaken(line) else { return nil }
    return Failure(
      .usage, "there is no option \(flag)",
      why: "the firmware is started anyway; --stay leaves the board in its bootloader",
      fix: Self.line(line))
  }

  /// The options that stand behind a word, with what belongs to them.
  private func options(behind word: String) -> [String] {
    let rest = words.drop { $0 != word }.dropFirst()
    return Array(rest.drop { !$0.hasPrefix("-") })
  }

  /// The failure of `dfuse help WORD`; nil where there is such a command.
  var helpFailure: Failure? {
    guard words.first == "help", let word = words.dropFirst().first, !word.hasPrefix("-"),
      !Self.commands.contains(word)
    else { return nil }
    let meant = Self.synonyms[word.lowercased()]?.first?.command ?? Self.nearest(to: word)
    if let meant, Self.commands.contains(meant) {
      return Failure(
        .usage, "there is no command '\(word.visible)'", fix: Self.line(["help", meant]))
    }
    return CommandWords(words: Array(words.dropFirst())).unknownCommand(word)
  }

  /// An option of another tool in which ArgumentParser sees a `-h` among letters, such as `-hardRst`, where
  /// nobody asks for help.
  var mistakenForHelp: String? {
    let options = words.prefix { $0 != "--" }
    guard !options.contains(where: { ["-h", "--help", "-help", "--version"].contains($0) }) else {
      return nil
    }
    return options.first {
      $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.count > 2 && $0.contains("h")
    }
  }

  private var foreignFailure: Failure? {
    let line = ForeignCommandLine(words, commands: Set(Self.commands))
    guard let option = line.option else { return nil }
    let what = "\(option.name) is an option of \(option.tool.rawValue)"
    if let advice = line.advice { return Failure(.usage, what, why: line.remark, fix: advice) }
    for isWhole in [true, false] {
      let lines = line.lines(withOthers: isWhole)
      guard !lines.isEmpty, lines.allSatisfy(Self.isTaken) else { continue }
      var failure = Failure(.usage, what, why: line.remark)
      if !isWhole, let rest = line.leftOut {
        failure.reasons.append("there is nothing here for \(rest), which is left out")
      }
      (failure.fix, failure.choices) =
        lines.count == 1
        ? (line.pipe.before + Self.line(lines[0]) + line.pipe.after, [])
        : ("one after the other:", lines.map(Self.line))
      return failure
    }
    let rest = line.leftOut.map { "there is nothing here for \($0)" }
    return Failure(
      .usage, what, why: line.remark ?? rest, fix: "'dfuse --help' shows what there is")
  }

  private func unknownCommand(_ word: String) -> Failure {
    let what = "there is no command '\(word.visible)'"
    let rest = Array(words.dropFirst())
    if let meant = Self.synonyms[word.lowercased()] {
      let lines = meant.map { (line: Self.line(Self.arguments($0.command, rest)), does: $0.does) }
      guard lines.count > 1 else { return Failure(.usage, what, fix: lines[0].line) }
      return Failure(
        .usage, what, fix: "one of:",
        choices: lines.map { "\($0.line)   # \($0.does ?? "")" })
    }
    if let near = Self.nearest(to: word) {
      return Failure(.usage, what, fix: Self.line([near] + rest))
    }
    if FileWord.isFirmware(word) || FileFacts.of(word) != nil {
      return Failure(.usage, what, fix: Self.line(["flash"] + words))
    }
    return Failure(
      .usage, what, fix: "one of these, or 'dfuse --help':",
      choices: [Self.commands.joined(separator: " ")])
  }

  /// What to type instead of the tools that come with dfu-util.
  private var suffixTool: String? {
    let rest = words.dropFirst()
    guard let file = rest.last(where: { !$0.hasPrefix("-") }) else { return nil }
    switch words[0] {
    case "dfu-suffix" where rest.contains { ["-a", "--add"].contains($0) }:
      return Self.line(["flash", file]) + "   # it needs no suffix"
    case "dfu-suffix", "dfu-prefix": return Self.line(["info", file])
    default: return nil
    }
  }

  /// The words of a command, of which those that read name their file by an option.
  private static func arguments(_ command: String, _ rest: [String]) -> [String] {
    guard ["read", "snapshot"].contains(command), let file = rest.first, !file.hasPrefix("-") else {
      return [command] + rest
    }
    return [command, "-o", file] + rest.dropFirst()
  }

  private static func line(_ words: [String]) -> String {
    (["dfuse"] + words).shellLine
  }

  private static func isTaken(_ words: [String]) -> Bool {
    words == ["--version"] || (try? Dfuse.parseAsRoot(completing(words))) != nil
  }

  /// The command line with the values that options alone stand for.
  static func completing(_ words: [String]) -> [String] {
    EnterOptions.completing(WaitOptions.completing(words))
  }

  /// ArgumentParser's message without its proposal; and the proposal, unless it is the opposite of
  /// what was typed.
  private static func split(_ message: String) -> (what: String, suggestion: String?) {
    var what = message.split(separator: "\n").first.map(String.init) ?? "the command line is wrong"
    var suggestion: String?
    if let range = what.firstRange(of: ". Did you mean '") {
      suggestion = what[range.upperBound...].split(separator: "'").first.map(String.init)
      what = String(what[..<range.lowerBound])
    }
    if let typed = what.split(separator: "'").dropFirst().first, let proposed = suggestion,
      proposed.replacing("--no-", with: "--") == typed.replacing("--no-", with: "--")
        || distance(String(typed), proposed) > 2
    {
      suggestion = nil
    }
    let start = what.prefix(1).lowercased() + what.dropFirst()
    return (start.visible, suggestion)
  }

  /// The command whose name is at most two slips of the finger away.
  private static func nearest(to word: String) -> String? {
    let near = commands.map { (name: $0, distance: distance(word.lowercased(), $0)) }
      .min { $0.distance < $1.distance }
    guard let near, near.distance <= min(2, word.count / 2) else { return nil }
    return near.name
  }

  /// The least number of letters to put in, take out or change, or neighbours to swap.
  static func distance(_ one: String, _ other: String) -> Int {
    let (one, other) = (Array(one), Array(other))
    var rows = [Array(0...other.count)]
    for (i, letter) in one.enumerated() {
      var row = [i + 1]
      for (j, wanted) in other.enumerated() {
        var least = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (letter == wanted ? 0 : 1))
        if i > 0, j > 0, letter == other[j - 1], one[i - 1] == wanted {
          least = min(least, rows[i - 1][j - 1] + 1)
        }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[one.count][other.count]
  }
}
