import ArgumentParser
import DfuseDevice

/// `dfuse enter`.
struct EnterCommand: HostCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "enter",
    abstract: "Take a running board into its bootloader, without touching it.",
    discussion: """
      Takes the one way that fits the running board, or the one that --via names; 'dfuse list' \
      shows running boards with theirs. The board is followed on its port until its bootloader is \
      there. One that is in its bootloader already stays there. Where several firmwares may have a \
      device's ids, it is asked first; what may be dangerous is done only if it is named.
      """
  )

  @Flag(help: "Show the ways that there are.")
  var list = false
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func run(host: Host) throws(Failure) {
    if list {
      for line in Way.choices { try host.console.output(line) }
      return
    }
    let run = BoardRun(
      "enter", host: host, options: work, changes: true,
      request: try work.enter.request ?? .automatic)
    try run.telling { () throws(Failure) in
      try run.onWork { board, _ in
        var details = ResultDetails()
        details.departure = Departure.notAsked.name
        guard let origin = board.origin else {
          return Conclusion(
            verdict: "\(board.name) is in its bootloader already", details: details)
        }
        details.seconds = origin.time.roundedSeconds
        details.enteredBy = origin.way.id
        details.enteredFrom = origin.device.usbID.description
        return Conclusion(
          verdict: "\(board.name) is in its bootloader, from \(origin.device.usbID) in "
            + "\(origin.time.timeText)", details: details)
      }
    }
  }
}
