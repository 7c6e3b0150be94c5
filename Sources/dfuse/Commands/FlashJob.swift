import DfuseDevice
import DfuseFormat

/// What `dfuse flash` does with one board.
struct FlashJob: Sendable {
  var files: FirmwareSet
  /// The memory that was asked for.
  var alternate: String?
  var options: FlashOptions
  /// Whether the bootloader's id is read where that decides something.
  var readsVersion: Bool
  /// Whether only the plan is made.
  var isDryRun: Bool
  /// Whether the board is left in its bootloader.
  var stays: Bool
  /// What has to come back at the board's port.
  var expected: USBID?
  /// Whether it is a snapshot that is put back.
  var isRestore = false
  /// Whether it matters what the board comes back as, so that it is worth a wait.
  var awaitsReturn = false
  /// What each board gets of its own, and where that is written down; nil when all get the same.
  var units: Units?

  /// Flashes a board as a unit of its own, if boards are that.
  ///
  /// - Throws: A failure.
  func run(
    _ work: BoardWork, report update: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> FlashReport {
    guard let units else { return try flash(work, as: nil, report: update) }
    let unit = UnitRun(units)
    var report: FlashReport
    do throws(Failure) {
      report = try flash(work, as: unit, report: update)
    } catch {
      throw unit.failed(error)
    }
    report.unit = unit.record
    try unit.end(report)
    return report
  }

  /// Flashes a board, and reads option bytes back once it has returned from the reset that some
  /// chips make of them.
  ///
  /// - Throws: A failure.
  private func flash(
    _ work: BoardWork, as unit: UnitRun?, report update: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> FlashReport {
    try checkSerialIsUnique(work)
    var report = try work.perform(report: update) { flasher, context throws(Failure) in
      try run(flasher, context, as: unit)
    }
    var current = work
    // Each time one group of option bytes more; no chip has four.
    for _ in 0..<4 where report.awaitsBoard {
      guard let next = current.onReturnedBoard() else { break }
      current = next
      report = try current.perform(report: update) { flasher, context throws(Failure) in
        try readBack(report, flasher, context, as: unit)
      }
    }
    if report.awaitsBoard { report.departure = .gone }
    report.origin = work.origin
    report.departure = report.departure.map { current.cameBack($0, as: expected) }
    if let expected, report.result != nil, report.departure?.returned?.usbID != expected {
      throw report.failure(missing: expected)
    }
    return report
  }

  /// Locking for ever needs a serial number that no other device on the bus has.
  private func checkSerialIsUnique(_ work: BoardWork) throws(Failure) {
    guard let serial = options.permanentLockSerial else { return }
    let count = ((try? work.bus.devices()) ?? []).count { $0.identity.serialNumber == serial }
    guard count > 1 else { return }
    throw Failure(
      .usage, "\(count) devices have the serial number \(serial.visible)",
      why: "--allow-permanent-lock is for one board that cannot be taken for another",
      now: FlashError.Progress.untouched.description, fix: "unplug the others")
  }

  /// Reads back what was written when the board reset itself, and writes what it did not get.
  private func readBack(
    _ report: FlashReport, _ flasher: consuming Flasher, _ context: BoardContext,
    as unit: UnitRun?
  ) throws(Failure) -> FlashReport {
    var report = report
    guard var result = report.result else { return report }
    var flasher = flasher
    flasher.readsVersion = readsVersion
    let memory = try context.memory(alternate)
    var ready = try files.firmware(for: flasher.board, alternate: memory)
    try unit?.put(in: &ready, alternate: memory)
    do throws(FlashError) {
      do throws(FlashError) {
        for write in result.toCheck where options.verify {
          try flasher.check(write, firmware: report.firmware)
        }
        result.toCheck = []
      } catch .readProtected {
        (result.toCheck, result.isReadProtected) = ([], true)
      }
      if result.toWrite.isEmpty {
        result.isVerified = options.verify && result.isReadable && !result.isReadProtected
      } else {
        let plan = try flasher.plan(ready.firmware, options: options)
        result.add(try flasher.run(plan))
      }
    } catch {
      throw context.failure(error, .flashing(file: files.shown))
    }
    report.result = result
    return report
  }

  private func run(
    _ flasher: consuming Flasher, _ context: BoardContext, as unit: UnitRun?
  ) throws(Failure) -> FlashReport {
    var flasher = flasher
    flasher.readsVersion = readsVersion
    let start = context.now()
    let memory = try context.memory(alternate)
    var firmware = try files.firmware(for: flasher.board, alternate: memory)
    for note in firmware.notes { context.report(note) }
    if files.isSnapshotFile {
      context.report(
        .warning(
          "\(files.shown) is a snapshot: 'flash' leaves alone what was blank, and 'dfuse restore' puts "
            + "all of it back"))
    }
    try unit?.begin(&flasher, &firmware, context, alternate: memory)
    let identity = flasher.identity
    let plan: FlashPlan
    var result: FlashResult?
    do throws(FlashError) {
      plan = try flasher.plan(firmware.firmware, options: options)
      if !isDryRun {
        unit?.isChanging = true
        result = try flasher.run(plan)
      }
    } catch {
      var failure = context.failure(error, .flashing(file: files.shown))
      if let trouble = flasher.knownTrouble(after: error) { failure.add(trouble) }
      if files.isSnapshotFile, failure.status == .usage {
        failure.fix = "put it back with 'dfuse restore', which knows what each memory needs"
      }
      throw files.naming(error, of: firmware, failure)
    }
    var report = FlashReport(
      board: context.board, size: firmware.size, plan: plan, result: result,
      skipsVerification: !options.verify, isRestore: isRestore, time: context.now() - start)
    guard let result else { return report }
    if result.deviceReset {
      report.departure = .resetItself
    } else if !stays {
      do throws(FlashError) {
        let outcome = try flasher.leave(
          to: firmware.programStart(plan),
          away: awaitsReturn ? .seconds(1) : BoardWork.glance)
        report.departure = Departure(outcome, of: identity)
      } catch {
        throw report.failure(leaving: error)
      }
    }
    return report
  }
}

extension FlashResult {
  /// Adds what was done after the board had reset itself.
  fileprivate mutating func add(_ later: FlashResult) {
    sectorsErased += later.sectorsErased
    bytesWritten += later.bytesWritten
    bytesVerified += later.bytesVerified
    sectorsRepeated += later.sectorsRepeated
    transfersRepeated += later.transfersRepeated
    isVerified = later.isVerified
    isReadProtected = later.isReadProtected
    toCheck = later.toCheck
    toWrite = later.toWrite
  }
}

extension BoardFirmware {
  /// Where to start the program; nil for the start of the flash.
  ///
  /// Settings or data that are flashed alone are nothing to be started.
  fileprivate func programStart(_ plan: FlashPlan) -> UInt32? {
    plan.programStart.flatMap { hasProgram(at: $0) ? $0 : nil }
  }
}

/// How a flash ended well, in one sentence and in facts.
struct FlashReport: Sendable {
  let board: BoardName
  /// Bytes of the firmware.
  let size: UInt64
  let plan: FlashPlan
  /// Nil when only the plan was made.
  var result: FlashResult?
  /// Whether verification was not wanted.
  let skipsVerification: Bool
  /// Whether it is a snapshot that was put back.
  var isRestore = false
  /// Until all was written and verified.
  let time: Duration
  /// What became of the board; nil where something else is done with it before that is known.
  var departure: Departure? = .notAsked
  /// Where the board came from, if it was running.
  var origin: BoardEntry.Origin?
  /// Which unit it is, where boards are units of their own.
  var unit: UnitRecord?

  /// What is to be said even if nothing but errors is wanted: that nobody knows whether it is there.
  private var caution: String? {
    guard let result, !plan.isEmpty, !result.isVerified else { return nil }
    return "\(board): \(verificationText(result))"
  }

  private var verdict: String {
    guard let result else { return "\(board): nothing was changed (--dry-run)" }
    let unit = unit?.number.map { "; unit \($0)" } ?? ""
    let did: String
    if plan.isEmpty {
      did =
        "\(board) holds this \(isRestore ? "snapshot" : "firmware") already (\(size.sizeText) compared in \(time.timeText))"
    } else {
      did =
        "\(isRestore ? "restored" : "flashed") \(size.sizeText) to \(board) in \(time.timeText)\(keptText(result))"
        + ": \(verificationText(result))"
    }
    return did + (departure.map { "; \($0.words)" } ?? "") + unit
  }

  private func keptText(_ result: FlashResult) -> String {
    guard result.sectorsKept > 0 else { return "" }
    let all = plan.memories.reduce(0) { $0 + $1.sectors.count }
    return " (\(result.sectorsKept) of \(all.counted("sector")) held their bytes already)"
  }

  private func verificationText(_ result: FlashResult) -> String {
    let again =
      result.sectorsRepeated > 0
      ? " (\(result.sectorsRepeated.counted("sector")) written twice)" : ""
    if result.isVerified { return "verified\(again)" }
    if skipsVerification { return "not verified" }
    if !result.isReadable { return "not verified, since the memory cannot be read" }
    let most = firmware == .untouched ? "not verified" : "verified\(again) but for the option bytes"
    if result.isReadProtected { return "\(most): the chip is read protected now" }
    return "\(most): the board has not come back to its bootloader"
  }

  /// What is in the flash while option bytes are written.
  var firmware: FlashError.Progress {
    if plan.memories.allSatisfy({ $0.kind.isSettings }) { return .untouched }
    return skipsVerification || result?.isReadable == false ? .unverified : .complete
  }

  /// Whether there is something to do once the board is back in its bootloader.
  var awaitsBoard: Bool {
    guard let result else { return false }
    return !result.toWrite.isEmpty || !result.toCheck.isEmpty && !skipsVerification
  }

  /// The sentence and the facts.
  var conclusion: Conclusion {
    var details = ResultDetails(seconds: time.roundedSeconds, size: size)
    details.enteredBy = origin?.way.id
    details.enteredFrom = origin?.device.usbID.description
    details.unit = unit?.number
    details.values = unit.map { $0.values.map(UnitValueReport.init) }
    if let result {
      details.sectorsErased = result.sectorsErased
      details.sectorsKept = result.sectorsKept
      details.sectorsRepeated = result.sectorsRepeated
      details.bytesWritten = result.bytesWritten
      details.bytesVerified = result.bytesVerified
      details.verified = result.isVerified
      details.departure = departure?.name
    } else {
      details.dryRun = true
    }
    return Conclusion(verdict: verdict, details: details, caution: caution)
  }

  /// The end of a flash after which something else came back than was expected, or nothing.
  func failure(missing expected: USBID) -> Failure {
    let came =
      departure?.returned.map { "it came back as \($0.usbID)" } ?? departure?.words
    var failure = Failure(
      .noBoard, "\(board) has not come back as \(expected)", why: came,
      now: "the firmware is on the board"
        + (result?.isVerified == true ? ", written and verified" : ""),
      fix: "look at the firmware: it does not start, or not with these ids; reset the board")
    failure.details = conclusion.details
    return failure
  }

  /// The end of a flash whose firmware is on the board but was not started.
  func failure(leaving error: FlashError) -> Failure {
    var failure = Failure(error, task: .leaving, board: board)
    failure.now =
      "the firmware is on the board"
      + (result?.isVerified == true ? ", written and verified" : "")
    failure.fix = "reset the board, or: \(Suggestion(.leave, on: board))"
    return failure
  }
}

extension MemoryKind {
  /// Whether it holds settings of the chip, and no part of a program.
  var isSettings: Bool {
    switch self {
    case .optionBytes, .otp, .deviceFeature, .engineeringBytes: true
    case .internalFlash, .externalFlash, .dataEEPROM, .other: false
    }
  }
}
