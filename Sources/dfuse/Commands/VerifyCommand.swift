import ArgumentParser
import DfuseDevice

/// `dfuse verify`.
struct VerifyCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare a board's memory with firmware; change nothing.",
    discussion: """
      Ends with status 1 when they differ, and says where. The board stays in its bootloader.
      """
  )

  @OptionGroup var firmware: FirmwareOptions
  @Flag(help: "Take a container that was made for a device with other ids.")
  var ignoreIds = false
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func run(host: Host) throws(Failure) {
    let run = BoardRun("verify", host: host, device: device, output: output, wait: wait)
    try run.telling { () throws(Failure) in
      let file = try FirmwareFile(firmware)
      for warning in file.warnings {
        host.quiet(output.quiet).console.warn("\(file.shown): \(warning)")
      }
      return try run.onBoard { flasher, context throws(Failure) in
        try verify(file, flasher, context)
      }
    }
  }

  private func verify(
    _ file: FirmwareFile, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    var flasher = flasher
    let start = context.now()
    let memories = flasher.memories
    let firmware = try file.firmware(
      alternate: try self.firmware.alternate.choice.resolve(in: memories, on: context.board),
      memories: memories, profile: flasher.profile, bootloader: flasher.bootloader)
    for note in firmware.notes { context.report(note) }
    let count: UInt64
    do throws(FlashError) {
      count = try flasher.verify(firmware.input, ignoreIDs: ignoreIds)
    } catch {
      throw file.naming(
        error, Failure(error, task: .verifying(file: file.shown), board: context.board))
    }
    let time = context.now() - start
    var details = ResultDetails(seconds: time.roundedSeconds, size: firmware.size)
    details.bytesVerified = count
    details.verified = true
    return Conclusion(
      verdict: "\(context.board) holds \(file.shown): \(count.sizeText) compared in "
        + time.timeText,
      details: details)
  }
}
