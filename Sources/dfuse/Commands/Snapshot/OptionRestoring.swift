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

  /// What has been agreed to.
  var consent: OptionConsent
  /// Whether the chip is asked which it is.
  var identifies: Bool

  /// The work on the board that this is.
  var job: OptionsJob {
    OptionsJob(
      goal: .bytes(wanted), consent: consent, identifies: identifies, isDryRun: false, remarks: [])
  }

  /// Puts them on the board, which is in its bootloader; everything else is there already.
  ///
  /// - Returns: What was done, as the end of a sentence.
  /// - Throws: A failure with status 1 where the board did not take them.
  func restore(
    on board: BoardWork, report: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> String {
    guard !differing.isEmpty else { return "its option bytes are the same" }
    return try job.run(board, report: report).verdict
  }

  /// The words that differ, a line each.
  var lines: [String] {
    differing.map { word in
      "\(word.address.addressText)  \(shown): \(word.left.hex)  the board: \(word.right.hex)"
    }
  }
}
