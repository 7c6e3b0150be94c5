import ArgumentParser

/// `--wait`, for commands that work on a board.
struct WaitOptions: ParsableArguments {
  /// What `--wait` alone stands for; ArgumentParser has no option with a value that may be missing.
  static let forever = "forever"

  @Option(
    help: ArgumentHelp(
      "Wait for a board to appear; --wait alone, until Ctrl-C.", valueName: "seconds"))
  var wait: String?

  /// How long to wait; nil when that was not asked for.
  var limit: Limit? {
    get throws(Failure) {
      guard let wait else { return nil }
      if wait == Self.forever { return .forever }
      if let seconds = Int(wait), (0...1_000_000).contains(seconds) {
        return .time(.seconds(seconds))
      }
      throw Failure(
        .usage, "--wait=\(wait.visible) is not a number of seconds",
        fix: "write --wait=30, or --wait alone to wait until Ctrl-C")
    }
  }

  enum Limit: Equatable {
    case forever
    case time(Duration)
  }

  /// The command line with the value that `--wait` alone lacks.
  static func completing(_ words: [String]) -> [String] {
    var words = words
    for index in words.indices {
      if words[index] == "--" { break }
      if words[index] == "--wait" { words[index] = "--wait=\(forever)" }
    }
    return words
  }
}
