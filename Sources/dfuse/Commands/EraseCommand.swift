import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `dfuse erase`.
struct EraseCommand: BoardCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Erase a board's flash, or some of its sectors.",
    discussion: """
      Asks nothing: --all means the whole flash. With --address, the sectors that the range \
      touches are erased whole; without --length, the one that holds the address. Erased sectors \
      are read back to see that they are blank. The board stays in its bootloader.
      """
  )

  @Flag(help: "Erase the whole flash.")
  var all = false
  @Flag(help: "Show which sectors would be erased; change nothing.")
  var dryRun = false
  @Flag(help: "Erase an application bootloader's own sectors as well, as on Arduino's boards.")
  var allowBootloader = false
  @Flag(
    inversion: .prefixedNo,
    help: "Read the bootloader's id first, where it decides how sectors are erased.")
  var identify = true
  @OptionGroup var range: RangeOptions
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  /// The addresses to erase; nil for the whole flash.
  func order(_ console: Console) throws(Failure) -> Range<UInt64>? {
    guard !all else {
      guard range.isEmpty else {
        throw Failure(.usage, "--all and an address do not go together")
      }
      return nil
    }
    guard let start = try range.start else {
      throw Failure(
        .usage, "nothing says what to erase",
        fix: "--all for the whole flash, or --address A --length N for some sectors")
    }
    return try RangeOptions.range(from: start, count: try range.count ?? 1)
  }

  func perform(
    _ wanted: Range<UInt64>?, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    var flasher = flasher
    flasher.readsVersion = identify
    if dryRun { return try plan(wanted, flasher, context) }
    let begin = context.now()
    var details = ResultDetails()
    let what: String
    do throws(FlashError) {
      if let wanted {
        let erased = try flasher.erase(wanted, allowBootloader: allowBootloader)
        details.ranges = [AddressRange(erased)]
        details.size = UInt64(erased.count)
        what = "\(UInt64(erased.count).sizeText) (\(erased.addressText)) of \(context.board)"
      } else {
        let count = try flasher.eraseAll(allowBootloader: allowBootloader)
        if count > 0 { details.sectorsErased = count }
        let kept = flasher.bootloaderSectors.map {
          " but the bootloader's own \($0.addressText)"
        }
        what = "the whole flash of \(context.board)\(kept ?? "")"
      }
    } catch {
      throw context.failure(error, .erasing)
    }
    let time = context.now() - begin
    details.seconds = time.roundedSeconds
    return Conclusion(verdict: "erased \(what) in \(time.timeText)", details: details)
  }

  /// Says what would be erased.
  private func plan(
    _ wanted: Range<UInt64>?, _ flasher: borrowing Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    let sectors: [Range<UInt64>]
    do throws(FlashError) {
      sectors = try flasher.sectors(erasing: wanted, allowBootloader: allowBootloader)
    } catch {
      throw context.failure(error, .erasing)
    }
    let ranges = sectors.union
    var details = ResultDetails()
    details.dryRun = true
    details.ranges = ranges.map { AddressRange($0) }
    details.size = ranges.byteCount
    return Conclusion(
      verdict: "would erase \(sectors.count.counted("sector")) of \(context.board), "
        + "\(ranges.byteCount.sizeText): \(ranges.map(\.addressText).joined(separator: ", "))",
      details: details)
  }
}
