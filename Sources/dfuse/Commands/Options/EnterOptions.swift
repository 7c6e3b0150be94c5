import ArgumentParser
import DfuseDevice

/// `--enter`, for commands that work on a board: take it from its firmware into its bootloader first.
struct EnterOptions: ParsableArguments {
  @Option(
    name: [.customLong("enter"), .customLong("via")],
    help: ArgumentHelp(
      """
      Take a running board into its bootloader first; all commands but 'enter' start its firmware \
      again at the end.
      """,
      discussion: """
        --enter takes the one way that fits; --enter=HOW names it: a way that 'dfuse list' shows \
        (docs/ways.md has them all), or one's own: 'serial:TEXT', 'control:TYPE:REQUEST:VALUE:INDEX'.
        """,
      valueName: "how"),
    completion: Completions.operand)
  var enter: String?

  /// What `--enter` alone stands for.
  private static let automatic = "auto"

  /// What was asked for; nil when nothing was.
  var request: EnterRequest? {
    get throws(Failure) {
      guard let enter else { return nil }
      return try EnterRequest(enter)
    }
  }

  /// The command line with the value that `--enter` alone lacks.
  static func completing(_ words: [String]) -> [String] {
    var words = words
    for index in words.indices {
      if words[index] == "--" { break }
      if words[index] == "--enter" { words[index] = "--enter=\(automatic)" }
    }
    return words
  }

  /// Refuses `--enter msp fw.elf`, in which the way is taken for a file.
  ///
  /// - Throws: A failure with status 64.
  func check(files: [String]) throws(Failure) {
    guard enter == Self.automatic, let word = files.first, Way.named(word) != nil,
      FileFacts.of(word) == nil
    else { return }
    throw Failure(
      .usage, "'\(word)' is a way into the bootloader, and stands where a file belongs",
      fix: "write --enter=\(word)")
  }
}

/// Which way into the bootloader is wanted.
enum EnterRequest: Sendable {
  /// The one that fits.
  case automatic
  /// This one.
  case by(Way)

  /// A board that is in its bootloader already, with what the way tells of it.
  func board(_ board: Board) -> Board {
    if case .by(let way) = self { way.board(board) } else { board }
  }

  /// - Throws: A failure with status 64 for a way that is none.
  init(_ text: String) throws(Failure) {
    if text == "auto" {
      self = .automatic
      return
    }
    if let way = Way.named(text) {
      self = .by(way)
      return
    }
    let own: Way?
    do throws(OwnWayError) { own = try Way.own(text) } catch { throw Failure(error, in: text) }
    guard let own else {
      throw Failure(
        .usage, "there is no way '\(text.visible)' into a bootloader", fix: "name one of these:",
        choices: Way.choices)
    }
    self = .by(own)
  }
}

extension Way {
  /// All that can be named, a line each.
  static var choices: [String] {
    let width = all.map(\.id.count).max() ?? 0
    return all.map { way in
      way.id.padded(to: width) + "  " + way.title
    } + [
      "serial:TEXT, serial:BAUD:TEXT, control:TYPE:REQUEST:VALUE:INDEX[:DATA]  one's own"
    ]
  }
}

extension Failure {
  /// Why a way that a person wrote cannot be understood.
  fileprivate init(_ error: OwnWayError, in text: String) {
    let isSerial = text.hasPrefix("serial")
    self.init(
      .usage, "the way '\(text.visible)' \(error.fault)",
      fix: isSerial
        ? "as in --enter='serial:dfu\\r' or 'serial:9600:\\x03reset\\n'"
        : "as in --enter=control:40:d1:0001:0000, all in hexadecimal")
  }
}
