import ArgumentParser
import DfuseDevice
import DfuseFormat

/// What became of a board that was told to start its firmware, or was not.
struct Departure: Sendable, Equatable {
  /// What became of it; the raw value is JSON's word.
  enum Kind: String {
    case left, running, bootloader, stayed, reset, gone
  }

  let kind: Kind
  /// The end of a verdict.
  let words: String
  /// What came back at its port: the same board, which may show up again at once.
  var returned: DeviceIdentity?

  /// Whether it left, and nothing was seen since.
  var isAway: Bool { kind == .left }
  /// Whether it left its bootloader.
  var hasLeft: Bool { isAway || kind == .running }
  /// The word of JSON.
  var name: String { kind.rawValue }

  /// The same in a word or two.
  var brief: String {
    switch kind {
    case .left: "left the bus"
    case .running: "running"
    case .bootloader: "back in its bootloader"
    case .stayed: "in its bootloader"
    case .reset: "restarted"
    case .gone: "gone"
    }
  }

  static let notAsked = Departure(kind: .stayed, words: "the board stays in its bootloader")
  static let resetItself = Departure(
    kind: .reset, words: "the board restarted when its option bytes were written")
  /// It restarted by itself, and has not come back to its bootloader.
  static let gone = Departure(kind: .gone, words: "plug it in again")
}

extension Departure {
  init(_ outcome: LeaveOutcome, of identity: DeviceIdentity) {
    switch outcome {
    case .left(.gone), .left(.stillThere):
      self.init(kind: .left, words: "the board left the bus to start its firmware")
    case .left(.returned(let other)) where other.usbID == identity.usbID:
      self.init(
        kind: .bootloader,
        words: "the board restarted into its bootloader; is BOOT0 still set?", returned: other)
    case .left(.returned(let other)):
      let product = other.product.map { " (\($0.visible))" } ?? ""
      self.init(
        kind: .running,
        words: "the firmware is running (the board came back as \(other.usbID)\(product))",
        returned: other)
    case .stayed(let state, let status):
      let place = status == .ok ? "\(state)" : "\(state), \(status)"
      self.init(
        kind: .stayed,
        words: "the board is still in its bootloader (\(place)); reset it to start the firmware")
    }
  }
}

/// `dfuse leave`.
struct LeaveCommand: BoardCommand, TakesWorkOptions {
  static let configuration = CommandConfiguration(
    commandName: "leave",
    abstract: "End a board's bootloader and start its firmware.",
    discussion: """
      Looks first whether there is a program; where nothing can be read, it leaves all the same. \
      Watches the port for two seconds and says what became of the board. One that restarts into \
      its bootloader usually has BOOT0 set.
      """
  )

  @Option(help: "Where the firmware's vector table is, if not at the start of the flash.")
  var address: String?
  @Flag(help: "Leave even if no program is found there.")
  var force = false
  @OptionGroup(title: "Which board") var device: DeviceOptions
  @OptionGroup(title: "Which board") var wait: WaitOptions
  @OptionGroup(title: "Which board") var enter: EnterOptions
  @OptionGroup(title: "What to show") var output: OutputOptions

  static let leavesAfterEntering = false

  func order(_ console: Console) throws(Failure) -> UInt32? {
    guard let address else { return nil }
    NumberText.warnUnlessAligned(address, console)
    return try NumberText.address(address, option: "--address")
  }

  func perform(
    _ start: UInt32?, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    var flasher = flasher
    let identity = flasher.identity
    if !force, let sight = flasher.lookForProgram(at: start) { try check(sight, context.board) }
    do throws(FlashError) {
      let departure = Departure(try flasher.leave(to: start), of: identity)
      return Conclusion(
        verdict: "\(context.board): \(departure.words)",
        details: ResultDetails(departure: departure.name))
    } catch {
      throw context.failure(error, .leaving)
    }
  }

  /// Refuses to start what is no program.
  private func check(_ sight: ProgramSight, _ board: BoardName) throws(Failure) {
    let (place, reason): (UInt32, String)
    switch sight {
    case .program: return
    case .blank(let start): (place, reason) = (start, "the place is blank")
    case .noVectorTable(let start, let problem): (place, reason) = (start, "\(problem)")
    }
    throw Failure(
      .badData, "there is no program at \(UInt64(place).addressText) of \(board)", why: reason,
      now: "the board is as it was, and stays in its bootloader",
      fix: "flash a program, say with --address where another begins, or leave all the same with "
        + "--force")
  }
}
