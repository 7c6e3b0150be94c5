import DfuseDevice
import DfuseFormat

/// What `dfuse flash` does with one board.
struct FlashJob: Sendable {
  var file: FirmwareFile
  var alternate: AlternateChoice
  var options: FlashOptions
  /// Whether only the plan is made.
  var isDryRun: Bool
  /// Whether the board is left in its bootloader.
  var stays: Bool

  /// Flashes a board, and reads option bytes back once it has returned from the reset that some
  /// chips make of them.
  ///
  /// - Throws: A failure.
  func run(
    _ work: BoardWork, report update: @escaping (BoardUpdate) -> Void
  ) throws(Failure) -> FlashReport {
    try checkSerialIsUnique(work)
    var report = try work.perform(report: update) { flasher, now throws(Failure) in
      try run(flasher, BoardContext(board: work.name, report: update, now: now))
    }
    var current = work
    // Each time one group of option bytes more; no chip has four.
    for _ in 0..<4 where report.awaitsBoard {
      guard let next = current.onReturnedBoard() else { break }
      current = next
      report = try current.perform(report: update) { flasher, now throws(Failure) in
        try readBack(report, flasher, BoardContext(board: work.name, report: update, now: now))
      }
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
      now: FlashError.Progress.untouched.onChip, fix: "unplug the others")
  }

  /// Reads back what was written when the board reset itself, and writes what it did not get.
  private func readBack(
    _ report: FlashReport, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> FlashReport {
    var report = report
    guard var result = report.result else { return report }
    var flasher = flasher
    let input = try firmware(flasher.memories, flasher.profile, flasher.bootloader, context).input
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
        let plan = try flasher.plan(input, options: options)
        result.add(try flasher.run(plan))
      }
    } catch {
      throw Failure(error, task: .flashing(file: file.shown), board: context.board)
    }
    report.result = result
    return report
  }

  private func firmware(
    _ memories: [AlternateMemory], _ profile: ChipProfile, _ bootloader: ApplicationBootloader?,
    _ context: BoardContext
  ) throws(Failure) -> BoardFirmware {
    try file.firmware(
      alternate: try alternate.resolve(in: memories, on: context.board), memories: memories,
      profile: profile, bootloader: bootloader)
  }

  private func run(
    _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> FlashReport {
    var flasher = flasher
    let start = context.now()
    let task = BoardTask.flashing(file: file.shown)
    let firmware = try firmware(flasher.memories, flasher.profile, flasher.bootloader, context)
    for note in firmware.notes { context.report(note) }
    let identity = flasher.identity
    let plan: FlashPlan
    var result: FlashResult?
    do throws(FlashError) {
      plan = try flasher.plan(firmware.input, options: options)
      if !isDryRun { result = try flasher.run(plan) }
    } catch {
      throw file.naming(error, Failure(error, task: task, board: context.board))
    }
    var report = FlashReport(
      board: context.board, size: firmware.size, plan: plan, result: result,
      skipsVerification: !options.verify, time: context.now() - start)
    guard let result else { return report }
    if result.deviceReset {
      report.departure = .resetItself
    } else if !stays {
      do throws(FlashError) {
        let outcome = try flasher.leave(to: firmware.programStart(plan))
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
