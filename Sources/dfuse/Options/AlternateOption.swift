import ArgumentParser
import DfuseDevice

/// `-a`/`--alt`: one memory of the board, by its alternate setting.
struct AlternateOption: ParsableArguments {
  @Option(
    name: [.short, .customLong("alt")],
    help: ArgumentHelp(
      "One memory, by its alternate setting or its name: 0, 'Option Bytes'.", valueName: "n|name"))
  var alternateSetting: String?

  /// What was said.
  var choice: AlternateChoice { AlternateChoice(wanted: alternateSetting) }
}

/// One memory of a board as a person names it; it takes the board to tell which that is.
struct AlternateChoice: Sendable {
  /// A number, or a name; nil when none was asked for.
  var wanted: String?

  /// The setting among a board's memories; nil when none was asked for.
  ///
  /// A name may be shortened as long as it fits one memory; case does not matter. Of memories that
  /// share a name, as on the G0B1, the first is meant.
  /// - Throws: A failure with status 64 that lists what the board has.
  func resolve(
    in memories: [AlternateMemory], on board: BoardName
  ) throws(Failure) -> AlternateMemory? {
    guard let wanted else { return nil }
    if let number = UInt8(wanted) {
      if let memory = memories.first(where: { $0.alternateSetting == number }) { return memory }
    } else {
      let key = wanted.lowercased()
      if let memory = memories.first(where: { $0.map.name.lowercased() == key }) { return memory }
      let begun = memories.filter { !key.isEmpty && $0.map.name.lowercased().hasPrefix(key) }
      if Set(begun.map(\.map.name)).count == 1, let memory = begun.first { return memory }
    }
    throw Failure(
      .usage, "\(board) has no alternate setting '\(wanted.visible)'", fix: "it has:",
      choices: memories.map { "-a \($0.alternateSetting)  \($0.map.name.visible)" })
  }
}
