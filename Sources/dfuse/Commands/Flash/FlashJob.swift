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

  /// Flashes a board.
  ///
  /// - Throws: A failure.
  func run(
    _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> FlashReport {
    var flasher = flasher
    let start = context.now()
    let task = BoardTask.flashing(file: file.shown)
    let memories = flasher.memories
    let firmware = try file.firmware(
      alternate: try alternate.resolve(in: memories, on: context.board), memories: memories,
      profile: flasher.profile, bootloader: flasher.bootloader)
    for note in firmware.notes { context.report(note) }
    let identity = flasher.identity
    let plan: FlashPlan
    var result: FlashResult?
    do throws(FlashError) {
      plan = try flasher.plan(firmware.input, options: options)
      if !isDryRun { result = try flasher.run(plan, options: options) }
    } catch {
      throw Failure(error, task: task, board: context.board)
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

extension BoardFirmware {
  /// Where to start the program; nil for the start of the flash.
  ///
  /// Settings or data that are flashed alone are nothing to be started.
  fileprivate func programStart(_ plan: FlashPlan) -> UInt32? {
    plan.programStart.flatMap { hasProgram(at: $0) ? $0 : nil }
  }
}
