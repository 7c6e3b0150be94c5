import ArgumentParser
import DfuseDevice

/// `dfuse verify`.
struct VerifyCommand: BoardCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare a board's memory with firmware; change nothing.",
    discussion: """
      Ends with status 1 when they differ, and says where. The board stays in its bootloader.
      """
  )

  static let changesBoard = false

  @OptionGroup var firmware: FirmwareOptions
  @Flag(help: "Take a container that was made for a device with other ids.")
  var ignoreIds = false
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func order(_ console: Console) throws(Failure) -> FirmwareSet {
    let files = try FirmwareSet(firmware)
    files.warn(firmware, on: console)
    return files
  }

  func perform(
    _ files: FirmwareSet, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    var flasher = flasher
    let start = context.now()
    let firmware = try files.firmware(
      for: flasher.board,
      alternate: try context.memory(self.firmware.alternate.alternateSetting))
    for note in firmware.notes { context.report(note) }
    if files.isSnapshotFile {
      let compare = Suggestion(.compare, on: context.board, files: self.firmware.files)
      context.report(
        .warning(
          "\(files.shown) is a snapshot, and what was blank is not compared here; all of it: "
            + "\(compare)"))
    }
    let count: UInt64
    do throws(FlashError) {
      count = try flasher.verify(firmware.firmware, ignoreIDs: ignoreIds)
    } catch {
      let same = ignoreIds ? ["--ignore-ids"] : []
      let flash =
        files.isSnapshotFile
        ? Suggestion(.restore, same, on: context.board, files: self.firmware.files)
        : Suggestion(
          .flash, self.firmware.words + same, on: context.board, files: self.firmware.files)
      throw files.naming(
        error, of: firmware,
        context.failure(error, .verifying(file: files.shown, flash: flash)))
    }
    let time = context.now() - start
    var details = ResultDetails(seconds: time.roundedSeconds, size: firmware.size)
    details.bytesVerified = count
    details.verified = true
    return Conclusion(
      verdict:
        "\(context.board) holds \(files.shown)\(files.isSnapshotFile ? " but for blank parts" : ""): "
        + "\(count.sizeText) compared in "
        + time.timeText,
      details: details)
  }
}
