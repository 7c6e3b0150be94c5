import ArgumentParser

/// The command `dfuse`.
@main
struct Dfuse: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dfuse",
    abstract: "Packs firmware into DfuSe containers and flashes it to STM32 boards over USB.",
    discussion: """
      Under the name dfuse_pack it takes the options of 'dfuse pack'; under the name dfu-util, those \
      of dfu-util 0.11 (see 'dfu-util --help').
      """,
    version: "dfuse 1.0.0",
    subcommands: [],
    groupedSubcommands: [
      CommandGroup(
        name: "Board",
        subcommands: [
          ListCommand.self, EnterCommand.self, FlashCommand.self, VerifyCommand.self,
          ReadCommand.self, EraseCommand.self, LeaveCommand.self, UnprotectCommand.self,
          IdentifyCommand.self, OptionsCommand.self, SnapshotCommand.self, RestoreCommand.self,
          CompareCommand.self,
        ]),
      CommandGroup(
        name: "File", subcommands: [PackCommand.self, InfoCommand.self, UnpackCommand.self]),
      CommandGroup(
        name: "System", subcommands: [DoctorCommand.self, UdevCommand.self, SimulateCommand.self]),
    ]
  )

  static func main() {
    StandardStream.prepare()
    Interrupt.prepare()
    SudoPath.prepare()
    run(FileName.arguments, host: .live()).endProcess()
  }

  /// Runs the program on a whole command line, its own name first.
  static func run(_ arguments: [String], host: Host) -> ExitStatus {
    do throws(Failure) {
      try dispatch(arguments, host: host)
      return .success
    } catch {
      let error = error.stopped(by: host.interruptStatus())
      if !error.what.isEmpty { host.console.report(error) }
      return error.status
    }
  }

  private static func dispatch(_ arguments: [String], host: Host) throws(Failure) {
    let console = host.console
    let words = arguments.dropFirst()
    switch (arguments.first ?? "").split(separator: "/").last {
    case "dfuse_pack": return try PackCommand.run(words, console: console)
    case "dfu-util": return try DfuUtilCommand.run(words, host: host)
    default: break
    }
    if words.first == "pack" {
      return try PackCommand.run(words.dropFirst(), console: console)
    }
    let command: any ParsableCommand
    do {
      if let failure = CommandWords(words: Array(words)).helpFailure { throw failure }
      command = try parseAsRoot(CommandWords.completing(Array(words)))
    } catch {
      return try printParserMessage(error, words: Array(words), console: console)
    }
    if let command = command as? any HostCommand {
      try command.run(host: host)
    } else {
      // `dfuse` alone, or `help`: ArgumentParser's own.
      do {
        var command = command
        try command.run()
      } catch {
        try printParserMessage(error, words: Array(words), console: console)
      }
    }
  }

  /// Help, version and completion scripts go to standard output; complaints to standard error, and
  /// with `--json` to standard output as an object.
  private static func printParserMessage(
    _ error: any Error, words: [String], console: Console
  ) throws(Failure) {
    if exitCode(for: error).isSuccess {
      if let word = CommandWords(words: words).mistakenForHelp {
        throw CommandWords(words: words).failure("Unknown option '\(word)'")
      }
      return try console.output(fullMessage(for: error, columns: console.width))
    }
    let failure =
      error as? Failure ?? CommandWords(words: words).failure(message(for: error))
    if words.prefix(while: { $0 != "--" }).contains("--json") {
      let command = words.first.flatMap { CommandWords.commands.contains($0) ? $0 : nil }
      try console.output(JSONText.line(JSONLine(command ?? "", nil, .failure(failure))))
    }
    throw failure
  }
}

/// A subcommand that is handed its surroundings: console, USB, Ctrl-C, the system's files.
protocol HostCommand: ParsableCommand {
  func run(host: Host) throws(Failure)
}

/// A subcommand that needs a console only.
protocol DfuseCommand: HostCommand {
  func run(console: Console) throws(Failure)
}

extension DfuseCommand {
  func run(host: Host) throws(Failure) { try run(console: host.console) }
}
