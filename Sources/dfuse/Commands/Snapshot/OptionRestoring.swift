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

  /// What is to be written, as planned before anything was.
  var change: OptionChange?
  /// Whether write protection was lifted, which has to come back if the snapshot has it.
  var isLifted = false

  /// Whether there is anything to write.
  var isNeeded: Bool { !differing.isEmpty || isLifted }

  /// The work on the board that this is.
  var job: OptionsJob {
    OptionsJob(
      goal: .bytes(wanted), consent: consent, identifies: identifies, isDryRun: false, remarks: [])
  }

  /// Puts them on the board, which is in its bootloader; everything else is there already.
  ///
  /// - Returns: What was done, as the end of a sentence, and the board as it is then.
  /// - Throws: A failure with status 1 where the board did not take them.
  func restore(
    on board: BoardWork, report: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> (words: String, work: BoardWork) {
    guard isNeeded else { return ("its option bytes are the same", board) }
    let changed = try job.change(board, report: report)
    return (changed.conclusion.verdict, changed.work)
  }

  /// What changes, a line each.
  var lines: [String] { change?.lines ?? [] }
}
