import ArgumentParser

/// The command `dfuse`.
@main
struct Dfuse: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dfuse",
    abstract: "Packs firmware into DfuSe containers and flashes it to STM32 boards over USB.",
    version: "dfuse 1.0.0",
    subcommands: [PackCommand.self, InfoCommand.self, UnpackCommand.self]
  )

  static func main() {
    run(CommandLine.arguments, console: .live()).endProcess()
  }

  /// Runs the program on a whole command line, its own name first.
  static func run(_ arguments: [String], console: Console) -> ExitStatus {
    do throws(Failure) {
      try dispatch(arguments, console: console)
      return .success
    } catch {
      if !error.what.isEmpty { console.report(error) }
      return error.status
    }
  }

  private static func dispatch(_ arguments: [String], console: Console) throws(Failure) {
    let words = arguments.dropFirst()
    if isSeedTool(arguments.first ?? "") { return try PackCommand.run(words, console: console) }
    if words.first == "pack" {
      return try PackCommand.run(words.dropFirst(), console: console)
    }
    let command: any ParsableCommand
    do {
      command = try parseAsRoot(Array(words))
    } catch {
      return try printParserMessage(error, console: console)
    }
    if let command = command as? any DfuseCommand {
      try command.run(console: console)
    } else {
      // `dfuse` alone, or `help`: ArgumentParser's own.
      do {
        var command = command
        try command.run()
      } catch {
        try printParserMessage(error, console: console)
      }
    }
  }

  /// Whether the program was called by the name of the tool that it replaces.
  private static func isSeedTool(_ path: String) -> Bool {
    path == "dfuse_pack" || path.hasSuffix("/dfuse_pack")
  }

  /// Help, version and completion scripts go to standard output; complaints to standard error.
  private static func printParserMessage(_ error: any Error, console: Console) throws(Failure) {
    let text = fullMessage(for: error, columns: console.width)
    guard exitCode(for: error).isSuccess else {
      console.writeError(text.hasSuffix("\n") ? text : text + "\n")
      throw Failure(.usage, "")
    }
    try console.output(text)
  }
}
