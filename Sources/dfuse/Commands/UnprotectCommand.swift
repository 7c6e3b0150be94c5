import ArgumentParser
import DfuseDevice

/// `dfuse unprotect`.
struct UnprotectCommand: BoardCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "unprotect",
    abstract: "Remove a chip's read protection, and with it everything in its flash.",
    discussion: """
      The chip erases its whole flash and restarts; option bytes get their default values. That \
      takes up to half a minute, and cutting the power meanwhile can ruin the chip. Often the board \
      has to be plugged in again afterwards. Nothing is done without --yes, nor to a chip that is not \
      protected.
      """
  )

  @Flag(help: "Yes: erase everything on the chip.")
  var yes = false
  @Flag(
    help: """
      Send the command even if the bootloader does not list it, as with AT32, or is not protected.
      """)
  var unlisted = false
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  static let leavesAfterEntering = false

  func order(_ console: Console) throws(Failure) {
    guard yes else {
      throw Failure(
        .usage, "removing the read protection erases everything on the chip",
        why: "flash is cleared by the chip itself, and option bytes get their default values",
        fix: "say --yes if that is meant")
    }
  }

  func perform(
    _ order: Void, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    context.report(
      .note("leave the board plugged in: removing a read protection may take half a minute"))
    let outcome: LeaveOutcome?
    do throws(FlashError) {
      outcome = try flasher.unprotect(unlisted: unlisted)
    } catch {
      throw context.failure(error, .unprotecting)
    }
    let (end, departure): (String, String)
    switch outcome {
    case nil:
      return Conclusion(
        verdict: "\(context.board) is not read protected, and nothing was erased; to erase it: "
          + "\(Suggestion(.erase, on: context.board))",
        details: ResultDetails(departure: "stayed"))
    case .left(.returned): (end, departure) = ("the board is back", "bootloader")
    case .left: (end, departure) = ("plug the board in again", "gone")
    case .stayed(let state, _):
      throw Failure(
        .protocolError, "\(context.board) took the command and is still there, in \(state)",
        why: "AT32 are done at once; bootloaders made from ST's USB device library do nothing",
        now: FlashError.Progress.untouched.onChip(after: .unprotecting),
        fix: "plug the board in again, and see whether it can be read: "
          + "\(Suggestion(.read, ["-o", "read-back.dfu"], on: context.board))")
    }
    return Conclusion(
      verdict: "\(context.board): the read protection is removed; \(end)",
      details: ResultDetails(departure: departure))
  }
}
