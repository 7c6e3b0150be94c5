import ArgumentParser
import DfuseDevice
import DfuseSimulator
import SystemPackage

/// `dfuse simulate`.
struct SimulateCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Serve simulated boards over USB/IP, for any flasher.",
    discussion: """
      The kernel of this or another Linux machine attaches them ('sudo modprobe vhci-hcd', then \
      the 'usbip attach' lines that are printed), and has boards in their bootloader. To attach a \
      board again is to plug it in again: the flash is as it was. Runs until Ctrl-C, and then \
      tells what was done to the boards. Without a kernel, '--simulate CHIP' of the \
      other commands does the same in one process.
      """
  )

  @Flag(help: "Show the chips that can be simulated.")
  var list = false
  @Option(help: "TCP port; 0 takes any free one.")
  var port: UInt16 = 3240
  @Option(help: "IPv4 address to listen on; anyone who reaches it can use the boards.")
  var address = "127.0.0.1"
  @Option(help: "Number of boards.")
  var count = 1
  @Flag(help: "Give all boards one serial number, as some real ones have.")
  var sameSerial = false
  @Option(
    help: ArgumentHelp("Keep each board's memory in a file in this folder.", valueName: "dir"),
    completion: .directory)
  var state: String?
  @Option(
    help: ArgumentHelp(
      "What goes wrong: stall@write:3, disconnect@erase:1, start=dfuERROR, rdp=1; repeatable.",
      valueName: "spec"))
  var fault: [String] = []
  @Option(
    help: ArgumentHelp(
      "What is to be seen after 'leave': nothing (default), or the firmware's device (application).",
      valueName: "what"),
    completion: .list(AfterLeave.allCases.map(\.rawValue)),
    transform: { text in try choice(text, of: AfterLeave.self) })
  var afterLeave = AfterLeave.nothing
  @Option(
    help: ArgumentHelp(
      "A firmware that runs when a board is attached, and enters the bootloader as the real one "
        + "does: betaflight, klipper, repl, cdc; --after-leave is application.",
      valueName: "firmware"),
    completion: .list(ApplicationFace.allCases.map(\.rawValue)),
    transform: { text in try choice(text, of: ApplicationFace.self) })
  var application: ApplicationFace?
  @Option(
    help: ArgumentHelp("Log each control transfer to this file.", valueName: "file"),
    completion: .file())
  var trace: String?
  @Option(
    help: ArgumentHelp("How many times faster than real the boards are.", valueName: "factor"))
  var timeScale = 1.0
  @Option(
    help: ArgumentHelp(
      "Serve nothing: hold a trace of a real board, from --log, against the simulated one, and say "
        + "which answer is the first that differs.", valueName: "file"),
    completion: .file(extensions: ["jsonl"]))
  var replay: String?
  @Flag(name: [.short, .long], help: "Print nothing but errors.")
  var quiet = false
  @Argument(help: "The chip, for example stm32f405.", completion: Completions.chips)
  var chip: String?

  func run(host: Host) throws(Failure) {
    if list {
      for line in ChipList.lines { try host.console.output(line) }
      return
    }
    guard let chip else {
      throw Failure(
        .usage, "nothing says which chip to simulate",
        fix: "name it, as stm32f405; 'dfuse simulate --list' shows them all")
    }
    guard (1...127).contains(count) else {
      throw Failure(.usage, "--count \(count): a USB bus has room for 1 to 127 boards")
    }
    guard timeScale >= 0.001, timeScale <= 1_000_000 else {
      throw Failure(.usage, "--time-scale \(timeScale) is not between 0.001 and 1000000")
    }
    let host = host.quiet(quiet)
    if let replay { return try play(replay, on: SimulatedChip.wanted(chip), host.console) }
    let boards = try ServedBoards(
      chip: SimulatedChip.wanted(chip), count: count, sameSerial: sameSerial,
      faults: FaultPlan.wanted(fault), afterLeave: afterLeave, application: application,
      stateFolder: state, traceFile: trace)
    try serve(boards, host)
  }

  /// - Throws: A failure with status 1 where an answer differs, 65 for what is no trace, 66.
  private func play(
    _ name: String, on chip: SimulatedChip, _ console: Console
  ) throws(Failure) {
    let input = InputFile(name: name)
    let trace = try TraceFile(input.read(), shown: input.shown)
    let outcome = try Replay(
      trace: trace, chip: chip, faults: FaultPlan.wanted(fault)
    ).run()
    for line in outcome.descriptors + (outcome.difference ?? []) {
      if !quiet { try console.output(line) }
    }
    let all = trace.transfers.count.counted("transfer")
    guard !outcome.isSame else {
      return try console.verdict(
        "\(chip.name) answers \(all) of \(input.shown) as the board did (what memory held is not "
          + "compared)")
    }
    throw Failure(
      .different,
      outcome.difference == nil
        ? "\(chip.name) has other descriptors than the board of \(input.shown), and answers \(all) as it did"
        : "\(chip.name) answers otherwise than the board of \(input.shown), after "
          + "\(outcome.same.counted("transfer")) that are the same")
  }

  private func serve(_ boards: ServedBoards, _ host: Host) throws(Failure) {
    let server: USBIPServer
    do {
      server = try USBIPServer(
        devices: boards.devices, host: address, port: port, timeScale: timeScale)
    } catch {
      throw Failure(serving: error, address: address, port: port)
    }
    host.listenForInterrupt(host.console)
    for line in boards.introduction(address: address, port: server.port) {
      try host.console.output(line)
    }
    if !address.hasPrefix("127.") {
      host.console.warn(
        "whoever reaches \(address):\(server.port) can use these boards, and keep others from "
          + "them: USB/IP knows no passwords")
    }
    var failure: Failure?
    server.run(
      while: { !host.isInterrupted() },
      onEvent: { event in
        switch event {
        case .attached(let busID): host.console.note("\(busID) attached")
        case .detached(let busID):
          host.console.note(boards.departureText(of: busID))
          do throws(Failure) {
            try boards.keep(console: host.console)
          } catch {
            failure = failure ?? error
          }
        }
      })
    try boards.keep(console: host.console)
    for line in boards.summary { try host.console.output(line) }
    for device in boards.devices {
      for note in FaultPlan.unreached(fault, on: [device.board]) {
        host.console.note("\(device.busID): \(note)")
      }
    }
    if let failure { throw failure }
  }
}

extension Failure {
  /// Why boards cannot be served.
  fileprivate init(serving error: USBIPServerError, address: String, port: UInt16) {
    switch error {
    case .badAddress:
      self.init(
        .usage, "--address '\(address.visible)' is not an IPv4 address such as 127.0.0.1")
    case .system(let call, let number):
      self.init(
        .inputOutput, "cannot listen on \(address):\(port)",
        why: "\(call): \(Errno(rawValue: number).description)",
        fix: "choose another port with --port; 0 takes any free one")
    }
  }
}

/// What `dfuse simulate --list` shows.
enum ChipList {
  /// A line for each chip, below a line of titles.
  static var lines: [String] {
    let rows =
      [["chip", "part", "flash", "transfer", "known"]]
      + SimulatedChip.every.map { chip in
        [
          ([chip.name] + chip.aliases).joined(separator: ", "), chip.part,
          UInt64(chip.flashSize).sizeText, "\(chip.transferSize)",
          chip.isGuess ? "partly guessed" : "seen or documented",
        ]
      }
    return TextColumns.lines(rows)
  }
}

extension SimulatedChip {
  /// Bytes of a block, as the bootloader's descriptor says.
  fileprivate var transferSize: Int {
    let bus = SimulatedBus([SimulatedBoard(self)])
    let listing = (try? bus.devices())?.first
    return Int(listing?.interfaces.first?.functional?.wTransferSize ?? 0)
  }
}
