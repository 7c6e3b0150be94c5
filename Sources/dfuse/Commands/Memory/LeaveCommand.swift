import ArgumentParser
import DfuseDevice

/// `dfuse leave`.
struct LeaveCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "leave",
    abstract: "End a board's bootloader and start its firmware.",
    discussion: """
      Watches the port for two seconds and says what became of the board. One that restarts into \
      its bootloader usually has BOOT0 set.
      """
  )

  @Option(help: "Where the firmware's vector table is, if not at the start of the flash.")
  var address: String?
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func run(host: Host) throws(Failure) {
    let run = BoardRun("leave", host: host, device: device, output: output, wait: wait)
    try run.telling { () throws(Failure) in
      var start: UInt32?
      if let address { start = try NumberText.address(address, option: "--address") }
      return try run.onBoard { flasher, context throws(Failure) in
        let identity = flasher.identity
        do throws(FlashError) {
          let departure = Departure(try flasher.leave(to: start), of: identity)
          return Conclusion(
            verdict: "\(context.board): \(departure.words)",
            details: ResultDetails(departure: departure.name))
        } catch {
          throw Failure(error, task: .leaving, board: context.board)
        }
      }
    }
  }
}
