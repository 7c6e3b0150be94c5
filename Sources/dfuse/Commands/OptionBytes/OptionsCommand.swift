import ArgumentParser
import DfuseDevice

/// `dfuse options`.
struct OptionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "options",
    abstract: "Show a chip's option bytes by name, and change them.",
    discussion: """
      Option bytes decide from where a chip starts, which of its flash is protected, and at which \
      voltage it is held in reset. 'dfuse options' shows them and changes nothing.
      """,
    subcommands: [
      OptionsShowCommand.self, OptionsSetCommand.self, OptionsDefaultCommand.self,
      OptionsDiffCommand.self,
    ],
    defaultSubcommand: OptionsShowCommand.self
  )
}

/// `dfuse options show`, and `dfuse options` alone.
struct OptionsShowCommand: BoardCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show every field: name, value, what it means.",
    discussion: """
      A star marks what differs from the factory's value, as far as that is known. Nothing is \
      changed, and the board stays in its bootloader.
      """
  )
  static let name = "options"

  @OptionGroup var identity: OptionIdentityOption
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  static let changesBoard = false

  func order(_ console: Console) throws(Failure) {}

  func perform(
    _ order: Void, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    var flasher = flasher
    let options = try context.options(of: &flasher, identifies: identity.identify)
    let report = OptionsReport(options, shown: flasher.shownOptions)
    var details = ResultDetails()
    details.options = report
    return Conclusion(
      verdict: "option bytes of \(context.board)\(report.title(of: context.board))",
      details: details,
      answer: report.lines)
  }
}

/// Whether a command on option bytes asks the chip which it is.
struct OptionIdentityOption: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: "Read the bootloader's id first, where the memory map leaves several chips.")
  var identify = true
}

/// What changes of option bytes ask for.
struct OptionConsentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Let the protection level lock the one board with this serial number for ever.",
      valueName: "serial"))
  var allowPermanentLock: String?
  @Flag(
    help: "Allow what closes the way into the bootloader, starts no firmware, or cannot be undone.")
  var allowNoWayBack = false
  @Flag(help: "Yes: the chip may erase everything, as it does when its protection goes.")
  var yes = false

  var consent: OptionConsent {
    var consent = OptionConsent()
    consent.permanentLockSerial = allowPermanentLock
    consent.allowsNoWayBack = allowNoWayBack
    consent.allowsErase = yes
    return consent
  }
}

/// A subcommand that gives fields other values.
protocol OptionsChangeCommand: HostCommand, TakesWorkOptions {
  var dryRun: Bool { get }
  var consent: OptionConsentOptions { get }
  var identity: OptionIdentityOption { get }

  /// What they are to be, and what has to be said of how that was read.
  func goal() throws(Failure) -> (OptionsJob.Goal, remarks: [String])
}

extension OptionsChangeCommand {
  func run(host: Host) throws(Failure) {
    let name = "options \(Self.configuration.commandName ?? "")"
    let run = BoardRun(name, host: host, options: work, changes: !dryRun)
    try run.telling { () throws(Failure) in
      let (goal, remarks) = try goal()
      let job = OptionsJob(
        goal: goal, consent: consent.consent, identifies: identity.identify, isDryRun: dryRun,
        remarks: remarks)
      return try run.onWork { board, report throws(Failure) in
        try job.run(board, report: report)
      }
    }
  }
}

/// `dfuse options set`.
struct OptionsSetCommand: OptionsChangeCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Give fields other values.",
    discussion: """
      NAME=VALUE, as 'dfuse options' shows the names; ST's programmer's line can be pasted with its \
      -ob. Values are decimal, or hexadecimal with 0x; a boot address may be given as such. The \
      fields are read first, only their bits change, and they are read back once the board is there \
      again. What leaves no way into the bootloader, starts no firmware, or cannot be undone is \
      refused; so is what locks the chip for ever.
      """
  )

  @Argument(help: ArgumentHelp("What to set.", valueName: "name=value"))
  var settings: [String]
  /// ST's programmer has it before each list of fields.
  @Flag(name: .customLong("ob", withSingleDash: true), help: .hidden)
  var ob: Int
  @Flag(help: "Show what would be written, and change nothing.")
  var dryRun = false
  @OptionGroup var consent: OptionConsentOptions
  @OptionGroup var identity: OptionIdentityOption
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func goal() throws(Failure) -> (OptionsJob.Goal, remarks: [String]) {
    try work.enter.check(files: settings)
    let readings = try OptionWords.settings(settings)
    return (.settings(readings.map(\.setting)), readings.compactMap(\.remark))
  }
}

/// `dfuse options default`.
struct OptionsDefaultCommand: OptionsChangeCommand {
  static let configuration = CommandConfiguration(
    commandName: "default",
    abstract: "Put the factory's values back, the protection level apart.",
    discussion: """
      Only fields whose factory value is known are changed. The protection level stays, and so does \
      what cannot be set back.
      """
  )

  @Flag(help: "Show what would be written, and change nothing.")
  var dryRun = false
  @OptionGroup var consent: OptionConsentOptions
  @OptionGroup var identity: OptionIdentityOption
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  func goal() -> (OptionsJob.Goal, remarks: [String]) { (.factory, []) }
}
