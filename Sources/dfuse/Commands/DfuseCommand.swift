import ArgumentParser

/// A subcommand that prints on a console handed to it.
protocol DfuseCommand: ParsableCommand {
  func run(console: Console) throws(Failure)
}

/// A subcommand that needs more of its surroundings: USB, Ctrl-C, the system's files.
protocol HostCommand: ParsableCommand {
  func run(host: Host) throws(Failure)
}
