import ArgumentParser

/// A subcommand that prints on a console handed to it.
protocol DfuseCommand: ParsableCommand {
  func run(console: Console) throws(Failure)
}
