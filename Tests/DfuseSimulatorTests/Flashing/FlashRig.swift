import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// A simulated board on a bus of its own, and flashes of it by the host's code.
final class FlashRig {
  let bus: SimulatedBus
  private(set) var events: [FlashEvent] = []
  /// How the host treats the board.
  var polling: Polling?

  init(_ board: SimulatedBoard) { bus = SimulatedBus([board]) }

  init(_ chip: String, faults: String..., load: (inout SimulatedBoard) -> Void = { _ in }) throws {
    let chip = try #require(SimulatedChip.named(chip))
    var board = SimulatedBoard(chip, faults: try FaultPlan(parsing: faults))
    load(&board)
    bus = SimulatedBus([board])
  }

  var board: SimulatedBoard {
    get throws { try #require(bus.board(at: "1-1")) }
  }

  /// DFU requests so far.
  var requests: Int { get throws { try board.counters.count(.any) } }

  /// Opens the board as a host that has just been started.
  func flasher(isCancelled: @escaping () -> Bool = { false }) throws -> Flasher {
    let listing = try #require(try bus.devices().first)
    let transport = try bus.open(try #require(listing.board))
    return Flasher(transport: transport, polling: polling, isCancelled: isCancelled) {
      [weak self] event in
      self?.events.append(event)
    }
  }

  /// Forgets what was reported.
  func clearEvents() { events = [] }

  /// The flash of the silicon.
  var flashStart: UInt32 {
    get throws { try #require(try board.chip.profile.memory(.flash)).start }
  }

  /// The board's virtual time.
  var now: Duration {
    get throws { try #require(bus.withSlot("1-1") { _, now in now }) }
  }

  /// Starts the bootloader again, if the board is not in it, with nothing wrong any more.
  func mend() throws {
    bus.changeBoard(at: "1-1") { $0.faults = FaultPlan() }
    // A board that has dropped off for a moment is waited for.
    _ = bus.waitForChange(limit: .seconds(1))
    if try bus.devices().isEmpty || board.counters.count(.leave) > 0 { bus.plugBack("1-1") }
  }

  /// Does something with a new host and returns its failure.
  func failure(_ body: (FlashRig) throws -> Void) throws -> FlashError? {
    do {
      try body(self)
      return nil
    } catch let error as FlashError {
      return error
    }
  }

  /// Plans, runs and leaves, as `dfuse flash` does.
  @discardableResult
  func flash(
    _ input: Firmware, options: FlashOptions = FlashOptions(), leave: Bool = true,
    isCancelled: @escaping () -> Bool = { false }
  ) throws -> FlashResult {
    var flasher = try flasher(isCancelled: isCancelled)
    let plan = try flasher.plan(input, options: options)
    let result = try flasher.run(plan)
    if leave, !result.deviceReset { _ = try flasher.leave(to: plan.programStart) }
    return result
  }

  /// What the board holds from an address on.
  func memory(_ range: Range<UInt64>) throws -> [UInt8] {
    try board.read(range.count, at: UInt32(range.lowerBound))
  }

  /// Whether the board holds all of an image.
  func holds(_ image: MemoryImage) throws -> Bool {
    try image.runs.allSatisfy { try memory($0.range) == $0.bytes }
  }
}

extension Firmware {
  /// Random bytes for an address.
  static func random(_ count: Int, at address: UInt32 = 0x0800_0000, seed: UInt64 = 1) -> Firmware {
    Firmware(.random(count, at: address, seed: seed))
  }
}

extension MemoryImage {
  /// Random bytes for an address.
  static func random(_ count: Int, at address: UInt32 = 0x0800_0000, seed: UInt64 = 1)
    -> MemoryImage
  {
    var random = SplitMix64(seed: seed)
    return .of(random.bytes(count), at: address)
  }

  /// Bytes for an address.
  static func of(_ bytes: [UInt8], at address: UInt32) -> MemoryImage {
    // One piece overlaps with nothing and, in these tests, does not end above 4 GiB.
    (try? MemoryImage(merging: [ImageElement(address: address, bytes: bytes)])) ?? MemoryImage()
  }
}
