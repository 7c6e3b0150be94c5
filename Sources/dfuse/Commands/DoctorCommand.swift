import ArgumentParser
import DfuseDevice

/// `dfuse doctor`.
struct DoctorCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what this machine lacks for boards to be used, and how to put it right.",
    discussion: """
      Looks at USB, the nodes of devices, udev and its rules, the user's rights, programs that take \
      boards, the kernel's log, and each board that is plugged in. It needs no board and changes \
      nothing. Ends with status 0 when nothing is in the way, else with that of the first problem: \
      69 no USB, 77 no permission, 74 in use.
      """
  )

  @Flag(help: "Print one JSON object (docs/json.md).")
  var json = false
  @Flag(name: [.short, .long], help: "Print problems only.")
  var quiet = false

  func run(host: Host) throws(Failure) {
    let host = host.quiet(quiet)
    let bus = look(host)
    let checkup = Checkup(
      machine: MachineFacts.now(
        root: host.systemFolder, ownRules: UdevRules.fileName, group: UdevRules.group),
      bus: bus, version: LibUSBBus.version)
    let report = DoctorReport(checkup.results)
    if json {
      try host.console.output(JSONText.pretty(report))
    } else {
      for result in report.checks where !quiet || result.status != nil {
        for line in result.lines(on: host.console) { try host.console.output(line) }
      }
    }
    guard let status = report.exitStatus else {
      if !json { try host.console.verdict("nothing is in the way of boards") }
      return
    }
    throw Failure(
      status,
      report.problems == 1
        ? "1 problem is in the way of boards"
        : "\(report.problems) problems are in the way of boards")
  }

  private func look(_ host: Host) -> Checkup.Bus {
    do throws(Failure) {
      let source = try host.openBus()
      return Checkup.Bus(
        devices: try source.devices(), plugged: try source.pluggedDevices(),
        surroundings: source.bus.surroundings(),
        tellsOfChanges: (source.bus as? LibUSBBus)?.tellsOfChanges)
    } catch {
      return Checkup.Bus(failure: error)
    }
  }
}

/// What `dfuse doctor --json` prints.
struct DoctorReport: Encodable, Equatable {
  /// Version of this schema.
  var schema = 1
  /// An answer to each question, in the order in which they are asked.
  var checks: [CheckResult]
  /// How many of them are in the way.
  var problems: Int
  /// The exit status.
  var status: Int32

  init(_ checks: [CheckResult]) {
    self.checks = checks
    problems = checks.count { $0.status != nil }
    status = (checks.lazy.compactMap(\.status).first ?? .success).rawValue
  }

  /// The status of the first problem; nil where there is none.
  var exitStatus: ExitStatus? { checks.lazy.compactMap(\.status).first }
}

extension CheckResult {
  /// The answer for people, a line each.
  func lines(on console: Console) -> [String] {
    let word = verdict.word.padded(to: 7)
    let styled =
      switch verdict {
      case .fine: word
      case .note: console.styledOutput(word, .yellow)
      case .problem: console.styledOutput(word, .red)
      }
    return ["\(styled)  \(check.rawValue.padded(to: 10))\(what)"]
      + (why.map { ["  why: \($0)"] } ?? []) + fixes.map { "  fix: \($0.line)" }
  }
}
