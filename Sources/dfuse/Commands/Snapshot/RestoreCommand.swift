import ArgumentParser
import DfuseDevice
import DfuseFormat

/// `dfuse restore`.
struct RestoreCommand: HostCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Put a snapshot back on a board, blank parts included.",
    discussion: """
      Flash first, as 'dfuse flash' does it: what the board holds already is left alone, what is \
      blank in the snapshot is erased, everything is verified. Option bytes come last, with the \
      same care as by 'dfuse options set'. One-time programmable memory is compared and never \
      written. The board may be another one than the \
      snapshot is of. If it is interrupted, run the same command again.

      --only and --except take flash, options, otp, eeprom, or a memory's number or name.
      """
  )

  @Argument(
    help: ArgumentHelp("A container from 'dfuse snapshot'.", valueName: "file"),
    completion: Completions.containers)
  var file: String
  @Option(help: ArgumentHelp("Only this memory; repeatable.", valueName: "memory"))
  var only: [String] = []
  @Option(help: ArgumentHelp("All but this memory; repeatable.", valueName: "memory"))
  var except: [String] = []
  @Flag(help: "Erase and write every sector, also those that hold their bytes already.")
  var full = false
  @Flag(inversion: .prefixedNo, help: "Read back what was written, and compare it.")
  var verify = true
  @Flag(
    inversion: .prefixedNo,
    help: "Ask the chip first for its bootloader's id, its flash size and its unique id.")
  var identify = true
  @Flag(help: "Show what would be done and how long it would take; change nothing.")
  var dryRun = false
  @Flag(help: "Leave the board in its bootloader.")
  var stay = false
  @Option(
    help: ArgumentHelp(
      "The board's supply in volts, as for 'dfuse flash'.", valueName: "volts"),
    completion: .list(SupplyRange.allCases.map(\.rawValue)),
    transform: SupplyRange.named)
  var supply: SupplyRange?
  @Flag(help: "Take a container that was made for a device with other ids.")
  var ignoreIds = false
  @Flag(help: "Overwrite an application bootloader as well, as on Arduino's boards.")
  var allowBootloader = false
  @OptionGroup var consent: OptionConsentOptions
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func run(host: Host) throws(Failure) {
    let run = BoardRun("restore", host: host, options: work, changes: !dryRun)
    try run.telling { () throws(Failure) in
      let job = try job()
      return try run.onWork { board, update throws(Failure) in
        let report = try job.run(board, report: update)
        if dryRun, !work.output.json {
          try host.console.output("\(job.shown) on \(board.name):")
          let plan = report.flash.map { PlanReport($0.plan).lines } ?? []
          for line in plan + report.lines { try host.console.output(line) }
        }
        var conclusion = report.conclusion
        // A plan changes nothing, and so its board runs on.
        if dryRun, board.origin != nil { conclusion.add(try board.leave(report: update)) }
        return conclusion
      }
    }
  }

  /// What is to be done.
  ///
  /// - Throws: A failure with status 64, 65 or 66.
  private func job() throws(Failure) -> RestoreJob {
    try work.enter.check(files: [file])
    let input = InputFile(name: file)
    let bytes = try input.read()
    let firmware: Firmware
    do throws(FormatError) {
      firmware = try Firmware(reading: bytes, name: input.telling)
    } catch {
      var failure = Failure(reading: input, error)
      failure.now = FlashError.Progress.untouched.description
      throw failure
    }
    guard firmware.format == .container, let snapshot = Snapshot(firmware) else {
      throw Failure(
        .badData, "\(input.shown) is no snapshot",
        why: "nothing in it says which memories it has all of; what is left out would be erased",
        now: FlashError.Progress.untouched.description,
        fix: "take one with 'dfuse snapshot'; to flash this: "
          + "\(Suggestion(.flash, work.device.words(), files: [file]))")
    }
    var options = FlashOptions()
    options.full = full
    options.verify = verify
    options.supply = supply
    options.ignoreIDs = ignoreIds
    options.allowBootloader = allowBootloader
    return RestoreJob(
      shown: input.shown, snapshot: try chosen(of: snapshot),
      facts: input.isStandardInput ? nil : SnapshotFiles.facts(beside: file, bytes).facts,
      options: options, consent: consent.consent, identifies: identify, isDryRun: dryRun,
      stays: stay)
  }

  /// The memories that are wanted.
  private func chosen(of snapshot: Snapshot) throws(Failure) -> Snapshot {
    var wanted = snapshot
    for word in only + except where !snapshot.memories.contains(where: { $0.isMeant(by: word) }) {
      throw Failure(
        .usage, "the snapshot has no memory '\(word.visible)'", fix: "it has:",
        choices: snapshot.memories.map { "\($0.alternateSetting)  \($0.map.name.visible)" })
    }
    if !only.isEmpty {
      wanted.memories.removeAll { memory in !only.contains { memory.isMeant(by: $0) } }
    }
    wanted.memories.removeAll { memory in except.contains { memory.isMeant(by: $0) } }
    guard !wanted.memories.isEmpty else {
      throw Failure(.usage, "--only and --except leave nothing to restore")
    }
    return wanted
  }
}

extension Snapshot.Memory {
  /// Whether a word of `--only` or `--except` means it: its number, what it is for, or how its name
  /// begins.
  fileprivate func isMeant(by word: String) -> Bool {
    if let number = UInt8(word) { return number == alternateSetting }
    let key = word.lowercased()
    switch (key, map.kind) {
    case ("", _): return false
    case ("flash", .internalFlash), ("options", .optionBytes), ("option-bytes", .optionBytes),
      ("otp", .otp), ("eeprom", .dataEEPROM):
      return true
    default: return map.name.lowercased().hasPrefix(key)
    }
  }
}
