import DfuseDevice
import DfuseFormat

/// What `dfuse restore` does with one board.
struct RestoreJob {
  /// The file, as messages show it.
  var shown: String
  var snapshot: Snapshot
  /// Which board the snapshot is of, if that is known.
  var facts: SnapshotFacts?
  var options: FlashOptions
  /// What has been agreed to for option bytes.
  var consent: OptionConsent
  /// Whether the chip is asked what it is.
  var identifies: Bool
  var isDryRun: Bool
  var stays: Bool

  /// What a look at the board has shown, before anything is changed.
  private struct Sight {
    var options: OptionRestoring?
    /// Where one-time programmable memory differs; nil where there is none in the snapshot.
    var otp: [Comparison.Difference]?
    /// The protection of sectors against being written, if there is any.
    var protection: Protection?
  }

  /// Sectors that are protected against being written.
  private struct Protection {
    /// By which fields, for people.
    var words: String
    /// Whether that can be lifted here.
    var canBeLifted: Bool
  }

  /// Restores a board: flash, then option bytes.
  ///
  /// - Throws: A failure.
  func run(
    _ work: BoardWork, report update: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> RestoreReport {
    var sight = try work.perform(report: update) { flasher, context throws(Failure) in
      try look(flasher, context)
    }
    let restoration = snapshot.restoration(
      for: work.board, allowBootloader: options.allowBootloader)
    for range in restoration.leftAlone {
      update(
        .note(
          "\(range.addressText) is left alone: it is the bootloader's own, or cannot be written"))
    }
    var report = RestoreReport(
      board: work.name, shown: shown, isDryRun: isDryRun, options: sight.options, otp: sight.otp)
    var current = work
    // A board without a program has nothing to start.
    let stays = stays || restoration.firmware.isBlank(at: work.board, of: snapshot)
    if !restoration.firmware.targets.isEmpty {
      let file = FirmwareFile(shown: shown, firmware: restoration.firmware, isSnapshot: true)
      var job = FlashJob(
        files: FirmwareSet(file), alternate: nil, options: options, readsVersion: identifies,
        isDryRun: isDryRun, stays: true, expected: nil)
      job.isRestore = true
      if let protection = sight.protection {
        try lift(protection, for: job, on: &current, &sight.options, &report, update)
      }
      // One whose option bytes come next stays.
      job.stays = stays || sight.options?.isNeeded == true
      report.flash = try job.run(current, report: update)
      if sight.options?.isNeeded == true, !isDryRun { report.flash?.departure = nil }
    }
    guard let options = sight.options, !isDryRun else { return report }
    do throws(Failure) {
      let restored = try options.restore(on: current, report: update)
      report.optionWords = restored.words
      current = restored.work
    } catch {
      var failure = error
      failure.now = failure.now ?? report.now
      failure.details = report.conclusion.details
      throw failure
    }
    if options.isNeeded {
      report.departure = stays ? .notAsked : try current.leave(report: update)
    }
    return report
  }

  /// Lifts write protection where sectors are to be changed, so that the flash takes what it is given;
  /// the snapshot's own comes back with its option bytes.
  ///
  /// - Throws: A failure where it does not hold before the board is plugged in again.
  private func lift(
    _ protection: Protection, for job: FlashJob, on work: inout BoardWork,
    _ options: inout OptionRestoring?, _ report: inout RestoreReport,
    _ update: @escaping (BoardUpdate) -> Void
  ) throws(Failure) {
    var plan = job
    plan.isDryRun = true
    guard !(try plan.run(work, report: update).plan.isEmpty) else { return }
    guard options != nil, protection.canBeLifted else {
      return update(
        .warning(
          "sectors are write protected, and cannot be changed (\(protection.words))"
            + (protection.canBeLifted
              ? "; 'dfuse options set' lifts that, and so does restoring the option bytes as well"
              : "")))
    }
    report.protection = protection.words
    guard !isDryRun else { return }
    update(.note("lifting the write protection first (\(protection.words))"))
    let lifting = OptionsJob(
      goal: .withoutWriteProtection, consent: consent, identifies: identifies, isDryRun: false,
      remarks: [])
    let changed = try lifting.change(work, report: update)
    options?.isLifted = true
    // A board that has stayed may read as it will be, and go by what was before.
    guard changed.holds, changed.isStarted else {
      throw Failure(
        .noBoard, "the flash of \(work.name) is write protected until its next start",
        why: "what lifts that is written, and holds once the board has been without its supply",
        now: "the flash is as it was",
        fix: "plug the board in again, in its bootloader, and run the same command again")
    }
    work = changed.work
  }

  /// Compares the board with what is not flashed, and says what is to be said of it.
  private func look(
    _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Sight {
    var flasher = flasher
    var identity: IdentityReport?
    do throws(FlashError) {
      if identifies { identity = IdentityReport(try flasher.identify()) }
      if identity?.readProtected == true { throw .readProtected }
    } catch {
      throw context.failure(error, .flashing(file: shown))
    }
    tellOrigin(flasher.board, identity, context)
    try checkLine(flasher.board, identity)
    var sight = Sight()
    var current: OptionBytes?
    if snapshot.memories.contains(where: \.isRestored), flasher.board.hasOptionBytes,
      flasher.board.canUpload
    {
      let options = try context.options(of: &flasher, identifies: identifies)
      sight.protection = protection(by: options, flasher)
      current = options
    }
    var settings = snapshot
    settings.memories.removeAll { ![.optionBytes, .otp].contains($0.map.kind) }
    guard !settings.memories.isEmpty, flasher.board.canUpload else { return sight }
    var layout = SnapshotLayout(of: flasher.board)
      .clamped(to: settings.memories.flatMap(\.ranges).union)
    var bytes: [UInt8] = []
    let names = settings.memories.map(\.map.name.visible).joined(separator: " and ")
    context.report(.note("comparing \(names) first"))
    do throws(FlashError) {
      if !layout.parts.isEmpty { try flasher.snapshot(&layout, into: &bytes) }
    } catch {
      throw context.failure(error, .flashing(file: shown))
    }
    let comparison: Comparison
    do throws(FormatError) {
      comparison = Comparison(
        try ComparedContents(settings), try ComparedContents(layout, bytes, of: flasher.board))
    } catch {
      throw Failure(.badData, "\(shown): \(error)", now: FlashError.Progress.untouched.description)
    }
    let options = settings.memories.filter { $0.map.kind == .optionBytes }
    if !options.isEmpty {
      sight.options = OptionRestoring(
        wanted: options.flatMap(\.image.runs), differing: comparison.optionWords, shown: shown,
        consent: consent, identifies: identifies)
      let change = try check(sight.options, current, &flasher, context)
      sight.options?.change = change
    }
    guard settings.memories.count > options.count else { return sight }
    sight.otp = comparison.differences
    if let first = comparison.differences.first {
      let count = comparison.differences.reduce(0) { $0 + $1.count }
      context.report(
        .warning(
          "one-time programmable memory differs in \(count.counted("byte")), from "
            + "\(first.range.lowerBound.addressText) on: it is never written"))
    }
    return sight
  }

  /// Plans the writing of option bytes, so that what is refused of it is refused before the flash is
  /// touched.
  private func check(
    _ options: OptionRestoring?, _ current: OptionBytes?, _ flasher: inout Flasher,
    _ context: BoardContext
  ) throws(Failure) -> OptionChange? {
    guard let options, !options.differing.isEmpty else { return nil }
    let current =
      if let current { current } else {
        try context.options(of: &flasher, identifies: identifies)
      }
    do throws(Failure) {
      return try options.job.plan(current, flasher, context)
    } catch {
      var failure = error
      let without = "leave the option bytes as they are with --except options"
      failure.fix = failure.fix.map { "\($0); or \(without)" } ?? without
      throw failure
    }
  }

  /// How sectors are protected against being written; nil where none is, or where nobody can tell.
  private func protection(
    by current: OptionBytes, _ flasher: borrowing Flasher
  ) -> Protection? {
    let words = current.writeProtection.compactMap { field in
      current.value(of: field).map { value in
        "\(field.title): \(current.meaning(of: value, for: field) ?? OptionsReport.text(value))"
      }
    }
    guard !words.isEmpty else { return nil }
    let change = try? current.changeLiftingWriteProtection(
      shown: flasher.shownOptions, consent: consent,
      serial: flasher.identity.serialNumber)
    return Protection(words: words.joined(separator: ", "), canBeLifted: change != nil)
  }

  /// Says that the snapshot is of another board.
  private func tellOrigin(
    _ board: Board, _ identity: IdentityReport?, _ context: BoardContext
  ) {
    guard let facts else { return }
    func tell(_ what: String, _ old: String, _ new: String) {
      context.report(
        .note(
          "\(shown) is of another board: its \(what) is \(old.visible), this one's \(new.visible)"))
    }
    if let old = facts.uniqueID, let new = identity?.uniqueID?.bytes {
      if old != new { tell("unique id", old, new) }
    } else if let old = facts.serial, let new = board.identity.ownSerialNumber, old != new {
      tell("serial number", old, new)
    }
  }

  /// Refuses a snapshot of another line of parts: the same bits of option bytes mean something else
  /// there, and its program is for other registers.
  private func checkLine(_ board: Board, _ identity: IdentityReport?) throws(Failure) {
    let parts = identity?.parts ?? board.chip.roms.map(\.parts)
    guard snapshot.memories.contains(where: { $0.map.kind == .optionBytes }) else {
      return try checkProgram(board, parts)
    }
    guard !snapshot.isSameLine(as: board, parts: parts, own: facts?.parts) else { return }
    let name = facts?.chip ?? (snapshot.chip.isKnown ? snapshot.chip.name : "another chip")
    throw Failure(
      .badData,
      "the option bytes of \(shown) are those of \(name.visible), and not for "
        + "\(BoardName(board))",
      why: "the same bits mean something else there, and may lock the chip",
      now: FlashError.Progress.untouched.description,
      fix: "restore it to a board of its kind; for the flash alone, whatever the chip, say "
        + "--except options --ignore-ids")
  }

  /// Refuses the flash alone of a board that is known to be another chip.
  private func checkProgram(_ board: Board, _ parts: [String]) throws(Failure) {
    let own = facts?.parts ?? snapshot.chip.roms.map(\.parts)
    guard !options.ignoreIDs, !own.isEmpty, !parts.isEmpty, Set(own).isDisjoint(with: parts) else {
      return
    }
    throw Failure(
      .badData,
      "\(shown) is of \(own.joined(separator: " or ").visible), and \(BoardName(board)) is another chip",
      why: "a program for one does not run on the other",
      now: FlashError.Progress.untouched.description,
      fix: "restore it to a board of its kind; if it is meant, say --ignore-ids")
  }
}

extension Firmware {
  /// Whether nothing is to stand where a board's programs start.
  fileprivate func isBlank(at board: Board, of snapshot: Snapshot) -> Bool {
    guard let memory = board.programMemory else { return false }
    let start =
      board.bootloader?.programStart.map(UInt64.init)
      ?? memory.map.segments.map(\.start).min() ?? 0
    let element = elements.first { $0.range.contains(start) }
    guard let element else { return false }
    let offset = Int(start - element.range.lowerBound)
    return element.bytes.dropFirst(offset).prefix(8).allSatisfy { $0 == board.chip.erasedByte }
  }
}

/// How a restore ended well.
struct RestoreReport {
  var board: BoardName
  var shown: String
  var isDryRun: Bool
  var options: OptionRestoring?
  var otp: [Comparison.Difference]?
  /// What became of the flash; nil where none was to be restored.
  var flash: FlashReport?
  /// What became of the option bytes.
  var optionWords: String?
  /// The protection of sectors that is in the way of the flash, for people.
  var protection: String?
  /// What became of the board after its option bytes were written; nil where that is the flash's.
  var departure: Departure?

  /// What is on the board when the flash is done.
  var now: String {
    guard let flash else { return FlashError.Progress.untouched.description }
    return "the flash is restored" + (flash.result?.isVerified == true ? " and verified" : "")
  }

  /// What of a plan is no flash, a line each.
  var lines: [String] {
    var lines: [String] = []
    if let protection {
      lines.append("  write protection of sectors is lifted first: \(protection)")
    }
    if let options {
      lines.append(
        options.differing.isEmpty ? "  option bytes: the same" : "  option bytes would change:")
      lines += options.lines.map { "    \($0)" }
    }
    if let otp {
      lines.append(
        "  one-time programmable memory: " + (otp.isEmpty ? "the same" : "differs; never written"))
    }
    return lines
  }

  /// The sentence and the facts.
  var conclusion: Conclusion {
    var conclusion =
      flash?.conclusion
      ?? Conclusion(
        verdict: isDryRun ? "\(board): nothing was changed (--dry-run)" : "\(board)",
        details: ResultDetails())
    var ends: [String] = []
    if let optionWords { ends.append(optionWords) }
    if let otp, !isDryRun {
      ends.append(
        "one-time programmable memory " + (otp.isEmpty ? "is the same" : "differs (see above)"))
    }
    if !ends.isEmpty {
      conclusion.verdict += (flash == nil ? ": " : "; ") + ends.joined(separator: ", ")
    }
    if let departure { conclusion.add(departure) }
    if isDryRun { conclusion.details.dryRun = true }
    return conclusion
  }
}
