import ArgumentParser

@main
struct Dfuse: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dfuse",
    abstract: "Packs firmware into DfuSe containers and flashes it to STM32 boards over USB.",
    version: "1.0.0"
  )
}
