import DfuseDevice
import DfuseFormat

/// The option bytes of a snapshot that is restored, and those of the board.
struct OptionRestoring {
  /// What the snapshot has, each group by itself.
  var wanted: [ImageElement]
  /// The words that the board has otherwise: on the left the snapshot's, on the right the board's.
  var differing: [Comparison.Pair<UInt32>]
  /// The file, as messages show it.
  var shown: String

  /// Puts them on the board, which is in its bootloader; everything else is there already.
  ///
  /// So far they are compared and no more.
  /// - Returns: What was done, as the end of a sentence.
  /// - Throws: A failure with status 1 where they differ.
  func restore(
    on board: BoardWork, report: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> String {
    guard !differing.isEmpty else { return "its option bytes are the same" }
    throw Failure(
      .different, "the option bytes of \(board.name) differ from those of \(shown)",
      why: "restore does not write them yet",
      fix: "leave them as they are with --except options; they differ in:", choices: lines)
  }

  /// The words that differ, a line each.
  var lines: [String] {
    differing.map { word in
      "\(word.address.addressText)  \(shown): \(word.left.hex)  the board: \(word.right.hex)"
    }
  }
}
