import ArgumentParser
import DfuseDevice

/// `dfuse flash`.
struct FlashCommand: HostCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "flash",
    abstract: "Put firmware on a board, verify it, and start it.",
    discussion: """
      Reads the board first: sectors that hold their bytes already are left alone. What was \
      written is read back and compared. Then the firmware is started. If it is interrupted, run \
      the same command again: the board stays in its bootloader.

      A raw file goes to --address, or else to where the board's programs start, if it is a \
      program for that place. Several files go to the board together. With -a, a raw file goes to \
      that memory, and of a container only the targets for it are flashed.
      """
  )

  @OptionGroup var firmware: FirmwareOptions
  @Flag(
    help: """
      Erase and write every sector, also those that hold their bytes already, without reading them \
      first.
      """)
  var full = false
  @Flag(help: "Keep the bytes that share a sector with the firmware but are not in it.")
  var preserve = false
  @Flag(inversion: .prefixedNo, help: "Read back what was written, and compare it.")
  var verify = true
  @Flag(
    inversion: .prefixedNo,
    help: "Read the bootloader's id first, where it decides how sectors are erased.")
  var identify = true
  @Flag(help: "Erase the whole flash first.")
  var massErase = false
  @Flag(help: "Show what would be done and how long it would take; change nothing.")
  var dryRun = false
  @Flag(help: "Leave the board in its bootloader.")
  var stay = false
  @Flag(help: ArgumentHelp("Start the firmware, as is done anyway.", visibility: .hidden))
  var start = false
  @Option(
    help: ArgumentHelp(
      "The board's supply in volts, such as 3.3: 1.8-2.1, 2.1-2.4, 2.4-2.7 or 2.7-3.6.",
      discussion: """
        An STM32F2, F4 or F7 programs byte by byte unless it is told that its supply allows more. \
        With 2.7-3.6 it erases and programs two to four times as fast. Say it only of a board that \
        has it: programming is unreliable otherwise.
        """, valueName: "volts"),
    completion: .list(SupplyRange.allCases.map(\.rawValue)),
    transform: SupplyRange.named)
  var supply: SupplyRange?
  @Flag(help: "Flash a container that was made for a device with other ids.")
  var ignoreIds = false
  @Flag(help: "Let the firmware change option bytes, which can lock the chip.")
  var allowOptionBytes = false
  @Flag(help: "Let the firmware program one-time programmable memory.")
  var allowOtp = false
  @Flag(help: "Let the firmware overwrite an application bootloader, as on Arduino's boards.")
  var allowBootloader = false
  @Option(
    help: ArgumentHelp(
      "Let option bytes lock the one board with this serial number for ever.",
      valueName: "serial"))
  var allowPermanentLock: String?
  @Option(
    help: ArgumentHelp(
      "Fail with status 69 if no device with these ids comes back at the board's port.",
      valueName: "vid:pid"))
  var expect: String?
  @Flag(help: "Flash every board that fits, all at once.")
  var all = false
  @Flag(help: "Flash each board that is plugged in, until Ctrl-C.")
  var loop = false
  @Option(
    help: ArgumentHelp(
      "With --all or --loop, how many boards are worked on at once; all, without it.",
      valueName: "number"))
  var jobs: Int?
  @Option(
    help: ArgumentHelp(
      "With --all, how many boards there have to be: fewer or more is an error, before anything is "
        + "erased.", valueName: "number"))
  var boards: Int?
  @Flag(help: "Flash again each time the file has been written anew, until Ctrl-C.")
  var watch = false
  @OptionGroup(title: "Per-unit data") var units: UnitOptions
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func run(host: Host) throws(Failure) {
    if watch {
      try check()
      return try FlashWatch(command: self, host: host.quiet(work.output.quiet)).run()
    }
    try flash(host: host)
  }

  /// Flashes once, with a job that has been made already if there is one.
  func flash(host: Host, job: FlashJob? = nil) throws(Failure) {
    if all || loop {
      return try FlashStation(command: self, host: host.quiet(work.output.quiet)).run(job: job)
    }
    try run(host: host, job: job)
  }

  /// Flashes one board, with a job that has been made already if there is one.
  func run(host: Host, job ready: FlashJob?) throws(Failure) {
    let run = BoardRun("flash", host: host, options: work, changes: !dryRun)
    try run.telling { () throws(Failure) in
      let job =
        if let ready { ready } else { try job(console: run.host.console, clock: host.clock) }
      return try run.onWork { board, update throws(Failure) in
        let report = try job.run(board, report: update)
        if dryRun, !work.output.json {
          try host.console.output("\(job.files.shown) on \(report.board):")
          for line in PlanReport(report.plan).lines { try host.console.output(line) }
        }
        var conclusion = report.conclusion
        // A plan changes nothing, and so its board runs on.
        if dryRun, board.origin != nil { conclusion.add(try board.leave(report: update)) }
        return conclusion
      }
    }
  }

  /// What is to be done with each board.
  ///
  /// - Throws: A failure with status 64, 65, 66 or 74.
  func job(
    console: Console, clock: @escaping @Sendable () -> UTCTime = UTCTime.now
  ) throws(Failure) -> FlashJob {
    try check()
    let files = try FirmwareSet(firmware)
    files.warn(firmware, on: console)
    var options = FlashOptions()
    options.full = full
    options.preserve = preserve
    options.verify = verify
    options.massErase = massErase
    options.supply = supply
    options.ignoreIDs = ignoreIds
    options.allowOptionBytes = allowOptionBytes
    options.allowOTP = allowOtp
    options.allowBootloader = allowBootloader
    options.permanentLockSerial = allowPermanentLock
    var job = FlashJob(
      files: files, alternate: firmware.alternate.alternateSetting, options: options,
      readsVersion: identify, isDryRun: dryRun,
      stays: stay, expected: try expect.map { text throws(Failure) in try USBID.wanted(text) })
    job.units = try units.units(
      for: files, identifies: identify, isDryRun: dryRun, clock: clock, console: console)
    return job
  }

  private func check() throws(Failure) {
    try work.enter.check(files: firmware.files)
    let conflicts: [(Bool, String, String)] = [
      (stay && expect != nil, "--stay and --expect", "the firmware is not started"),
      (dryRun && expect != nil, "--dry-run and --expect", "the firmware is not started"),
      (stay && start, "--stay and --start", "the board stays in its bootloader, or leaves it"),
      (all && loop, "--all and --loop", "--loop flashes every board anyway"),
      (loop && work.wait.wait != nil, "--loop and --wait", "--loop waits for boards anyway"),
      (loop && watch, "--loop and --watch", "--loop flashes one file"),
      (loop && dryRun, "--loop and --dry-run", "a loop of plans is of no use"),
      (
        allowPermanentLock != nil && (all || loop),
        "--allow-permanent-lock and \(all ? "--all" : "--loop")",
        "only one board that is named is ever locked"
      ),
      (preserve && massErase, "--preserve and --mass-erase", "a mass erase preserves nothing"),
      (loop && boards != nil, "--loop and --boards", "--loop flashes boards as they come"),
    ]
    for (number, option) in [(jobs, "--jobs"), (boards, "--boards")] {
      guard let number else { continue }
      guard (1...10_000).contains(number) else {
        throw Failure(.usage, "\(option) \(number) is not a number of boards", fix: "say 1 or more")
      }
      guard all || loop else {
        throw Failure(
          .usage, "\(option) is for several boards, and one is flashed",
          fix: "say --all as well")
      }
    }
    for (isThere, options, reason) in conflicts where isThere {
      throw Failure(.usage, "\(options) do not go together", why: reason)
    }
  }
}

extension SupplyRange {
  /// The range with this name, or that has this voltage: `3.3`, `3.3V` or `3V3`; of two that meet
  /// there the lower one, which is safe.
  static func named(_ text: String) throws -> SupplyRange {
    let number = text.lowercased().replacing(",", with: ".")
    let digits =
      number.hasSuffix("v") ? String(number.dropLast()) : number.replacing("v", with: ".")
    if let volts = Double(digits) {
      for range in allCases {
        let ends = range.rawValue.split(separator: "-").compactMap { Double($0) }
        if ends.count == 2, ends[0] <= volts, volts <= ends[1] { return range }
      }
    }
    guard let range = SupplyRange(rawValue: text) else {
      let names = allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError(
        "it is the voltage at the chip, often 3.3 (and never the 5 V of USB), or one of \(names)")
    }
    return range
  }
}
