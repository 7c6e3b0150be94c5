import ArgumentParser
import DfuseDevice

/// `dfuse unprotect`.
struct UnprotectCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "unprotect",
    abstract: "Remove a chip's read protection, and with it everything in its flash.",
    discussion: """
      The chip erases its whole flash and restarts; option bytes get their default values. That \
      takes up to half a minute, and cutting the power meanwhile can ruin the chip. Often the board \
      has to be plugged in again afterwards. Nothing is done without --yes.
      """
  )

  @Flag(help: "Yes: erase everything on the chip.")
  var yes = false
  @Flag(help: "Send the command even if the bootloader does not list it, as with AT32.")
  var unlisted = false
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func run(host: Host) throws(Failure) {
    let run = BoardRun("unprotect", host: host, device: device, output: output, wait: wait)
    try run.telling { () throws(Failure) in
      guard yes else {
        throw Failure(
          .usage, "removing the read protection erases everything on the chip",
          why: "flash is cleared by the chip itself, and option bytes get their default values",
          fix: "say --yes if that is meant")
      }
      return try run.onBoard { flasher, context throws(Failure) in
        try unprotect(flasher, context)
      }
    }
  }

  private func unprotect(
    _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    context.report(
      .note("removing the read protection: leave the board plugged in, it may take half a minute"))
    let outcome: UnprotectOutcome
    do throws(FlashError) {
      outcome = try flasher.unprotect(unlisted: unlisted)
    } catch {
      throw Failure(error, task: .unprotecting, board: context.board)
    }
    switch outcome {
    case .left(.returned):
      return Conclusion(
        verdict: "\(context.board): the read protection is removed; the board is back",
        details: ResultDetails(departure: "bootloader"))
    case .left:
      return Conclusion(
        verdict: "\(context.board): the read protection is removed; plug the board in again",
        details: ResultDetails(departure: "gone"))
    case .stayed(let state):
      throw Failure(
        .protocolError, "\(context.board) took the command and is still there, in \(state)",
        why: "AT32 are done at once; bootloaders made from ST's USB device library do nothing",
        now: BoardTask.unprotecting.changed,
        fix: "plug the board in again; 'dfuse read -o flash.bin' tells whether it can be read")
    }
  }
}
