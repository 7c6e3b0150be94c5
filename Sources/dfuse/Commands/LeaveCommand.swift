import ArgumentParser
import DfuseDevice

/// What became of a board that was told to start its firmware.
enum Departure: Sendable, Equatable {
  /// It came back as something else.
  case running(String)
  /// It left the bus, and nothing was seen there after it.
  case left
  /// It came back in its bootloader.
  case bootloaderAgain(DeviceIdentity)
  /// It never left.
  case stayed(String)
  /// It was not told to.
  case notAsked
  /// It restarted by itself.
  case resetItself

  init(_ outcome: LeaveOutcome, of identity: DeviceIdentity) {
    switch outcome {
    case .left(.gone), .left(.stillThere): self = .left
    case .left(.returned(let other)) where other.usbID == identity.usbID:
      self = .bootloaderAgain(other)
    case .left(.returned(let other)):
      let name = other.product.map { " (\($0.visible))" } ?? ""
      self = .running("the board came back as \(other.usbID)\(name)")
    case .stayed(let state, let status):
      self = .stayed(status == .ok ? "\(state)" : "\(state), \(status)")
    }
  }

  /// The departure as the end of a verdict.
  var words: String {
    switch self {
    case .running(let how): "the firmware is running (\(how))"
    case .left: "the board left the bus to start its firmware"
    case .bootloaderAgain: "the board restarted into its bootloader; is BOOT0 still set?"
    case .stayed(let state):
      "the board is still in its bootloader (\(state)); reset it to start the firmware"
    case .notAsked: "the board stays in its bootloader"
    case .resetItself: "the board restarted when its option bytes were written"
    }
  }

  /// The departure as a word of JSON.
  var name: String {
    switch self {
    case .running: "running"
    case .left: "left"
    case .bootloaderAgain: "bootloader"
    case .stayed, .notAsked: "stayed"
    case .resetItself: "reset"
    }
  }

  /// The listing under which the same board may show up again at once.
  var returned: DeviceIdentity? {
    if case .bootloaderAgain(let identity) = self { identity } else { nil }
  }
}

/// `dfuse leave`.
struct LeaveCommand: BoardCommand {
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
  @OptionGroup var work: WorkOptions

  func order(_ console: Console) throws(Failure) -> UInt32? {
    guard let address else { return nil }
    return try NumberText.address(address, option: "--address")
  }

  func perform(
    _ start: UInt32?, _ flasher: consuming Flasher, _ context: BoardContext
  ) throws(Failure) -> Conclusion {
    let identity = flasher.identity
    do throws(FlashError) {
      let departure = Departure(try flasher.leave(to: start), of: identity)
      return Conclusion(
        verdict: "\(context.board): \(departure.words)",
        details: ResultDetails(departure: departure.name))
    } catch {
      throw context.failure(error, .leaving)
    }
  }
}
