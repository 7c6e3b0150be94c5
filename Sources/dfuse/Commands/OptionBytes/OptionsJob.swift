import DfuseDevice
import DfuseFormat

/// Changes option bytes on one board, and sees that they hold.
struct OptionsJob: Sendable {
  /// What they are to be.
  enum Goal: Sendable {
    case settings([OptionSetting])
    case factory
    /// As a snapshot has them.
    case bytes([ImageElement])
    /// As they are, but with no sector protected against being written.
    case withoutWriteProtection
  }

  var goal: Goal
  var consent: OptionConsent
  /// Whether the chip is asked which it is.
  var identifies: Bool
  var isDryRun: Bool
  /// What has to be said first.
  var remarks: [String]

  /// How it stands with a board.
  private enum Standing {
    /// Everything reads as it should.
    case holds
    /// The board has left the bus at a write, as many do.
    case left
    /// All is written, the board has stayed, and reads as before: new values hold from its next start.
    case pending
    /// The chip lets nothing be read any more.
    case isProtected
  }

  /// How it ended, with the board as it is then.
  struct Changed {
    var conclusion: Conclusion
    var work: BoardWork
    /// Whether the board is in its bootloader, and has what was wanted.
    var holds: Bool
    /// Whether it has started again since they were written, and so goes by them.
    var isStarted: Bool
  }

  /// How far it has come.
  private struct Progress {
    /// The first plan, with what the board had before.
    var first: OptionChange?
    /// What was written.
    var written: [ImageElement] = []
    /// Whether the board has been away since something was written.
    var hasReturned = false
  }

  /// Does it, and starts the firmware again on a board that was taken into its bootloader.
  ///
  /// - Throws: A failure.
  func run(
    _ work: BoardWork, report: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> Conclusion {
    var changed = try change(work, report: report)
    if !changed.conclusion.saysDeparture, work.origin != nil {
      changed.conclusion.add(try changed.work.leave(report: report))
    }
    return changed.conclusion
  }

  /// Does it, and leaves the board in its bootloader.
  ///
  /// - Throws: A failure.
  func change(
    _ work: BoardWork, report: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> Changed {
    for remark in remarks { report(.note(remark)) }
    var progress = Progress()
    var current = work
    while true {
      var visited = progress
      let standing = try current.perform(report: report) { flasher, context throws(Failure) in
        try visit(&visited, flasher, context)
      }
      progress = visited
      var next: BoardWork?
      switch standing {
      case .left: next = current.onReturnedBoard()
      case .pending: next = try current.onBoardPluggedAgain(report: report)
      case .holds, .isProtected: break
      }
      guard let next else {
        return Changed(
          conclusion: conclusion(progress, standing, on: work.name), work: current,
          holds: standing == .holds, isStarted: progress.hasReturned || progress.written.isEmpty)
      }
      current = next
      progress.hasReturned = true
    }
  }

  /// Reads, plans, and writes one group after the other as long as the board stays.
  private func visit(
    _ progress: inout Progress, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Standing {
    var flasher = flasher
    flasher.readsVersion = identifies
    while true {
      let options: OptionBytes
      do throws(FlashError) {
        options = try flasher.readOptions()
      } catch {
        if case .readProtected = error, !progress.written.isEmpty { return .isProtected }
        throw failure(error, progress, context)
      }
      let change = try plan(options, flasher, context)
      if progress.first == nil {
        progress.first = change
        tell(change, context)
      }
      guard !isDryRun, !change.isEmpty else { return .holds }
      guard let block = change.blocks.first(where: { !progress.written.contains($0) }) else {
        guard progress.hasReturned else { return .pending }
        throw Failure(notTaken: change, context.board)
      }
      progress.written.append(block)
      do throws(FlashError) {
        if try flasher.write(options: block, of: options) { return .left }
      } catch {
        throw failure(error, progress, context)
      }
    }
  }

  /// What is to be written so that the board has what is wanted.
  ///
  /// - Throws: A failure, with nothing changed.
  func plan(
    _ options: OptionBytes, _ flasher: borrowing Flasher, _ context: BoardContext
  ) throws(Failure) -> OptionChange {
    let shown = flasher.shownOptions
    let serial = flasher.identity.serialNumber
    do throws(OptionError) {
      switch goal {
      case .settings(let settings):
        return try options.change(settings, shown: shown, consent: consent, serial: serial)
      case .factory:
        return try options.changeToFactory(shown: shown, consent: consent, serial: serial)
      case .withoutWriteProtection:
        return try options.changeLiftingWriteProtection(
          shown: shown, consent: consent, serial: serial)
      case .bytes(let elements):
        return try options.change(
          toMatch: elements, shown: shown, consent: consent, serial: serial)
      }
    } catch {
      throw Failure(error, of: options, on: context.board)
    }
  }

  /// Says what is about to change, and what to know before.
  private func tell(_ change: OptionChange, _ context: BoardContext) {
    if !isDryRun {
      for line in change.lines { context.report(.note(line)) }
    }
    for caution in change.cautions { context.report(.note(caution.text)) }
  }

  private func failure(
    _ error: FlashError, _ progress: Progress, _ context: BoardContext
  ) -> Failure {
    var failure = context.failure(error, .settingOptions)
    if !progress.written.isEmpty {
      failure.now = "option bytes were written; whether they hold is not known"
      failure.fix =
        "plug the board in again, and look: \(Suggestion(.options, on: context.board))"
    }
    return failure
  }

  private func conclusion(
    _ progress: Progress, _ standing: Standing, on board: BoardName
  ) -> Conclusion {
    var details = ResultDetails()
    let changed = progress.first?.differences.count ?? 0
    if let change = progress.first {
      details.changed = change.differences.map(OptionsReport.Change.init)
    }
    guard !isDryRun else {
      details.dryRun = true
      let change = progress.first
      let lines = (change?.lines ?? []).map { "  \($0)" }
      let words = (change?.words ?? []).map { "  written at \($0)" }
      return Conclusion(
        verdict: changed == 0
          ? "\(board) has these option bytes already"
          : "\(changed.counted("field")) of \(board) would change, and nothing was written (--dry-run)",
        details: details, answer: changed == 0 ? [] : lines + words)
    }
    guard changed > 0 else {
      return Conclusion(
        verdict: "\(board) has these option bytes already; nothing was written", details: details)
    }
    let what = "\(changed.counted("field")) of \(board) set"
    let again = "\(Suggestion(.options, on: board))"
    details.verified = standing == .holds
    switch standing {
    case .holds:
      return Conclusion(verdict: "\(what): read back and right", details: details)
    case .pending:
      let text =
        "\(what), and not verified: they hold when the board is plugged in again, as \(again) shows"
      return Conclusion(verdict: text, details: details, caution: text)
    case .isProtected:
      let text = "\(what), and not verified: the chip is read protected now"
      return Conclusion(verdict: text, details: details, caution: text)
    case .left:
      let text =
        "\(what), and not verified: the board has left, and has not come back to its bootloader; "
        + "when it has: \(again)"
      details.departure = "gone"
      return Conclusion(verdict: text, details: details, caution: text)
    }
  }
}

extension BoardContext {
  /// The board's option bytes; the chip is asked which it is, if wanted, where its map leaves several.
  ///
  /// - Throws: A failure.
  func options(of flasher: inout Flasher, identifies: Bool) throws(Failure) -> OptionBytes {
    flasher.readsVersion = identifies
    do throws(FlashError) {
      return try flasher.readOptions()
    } catch {
      throw failure(error, .readingOptions)
    }
  }
}

extension OptionsReport {
  /// A field that was given another value.
  struct Change: Encodable, Equatable, Sendable {
    var name: String
    var before: UInt32
    var after: UInt32

    init(_ difference: OptionChange.Difference) {
      (name, before, after) = (difference.field.name, difference.before, difference.after)
    }
  }
}
