import DfuseDevice
import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseSimulator

/// One whole flash, with every one of its requests failing once in every way.
///
/// Each run ends with a verified board or with an error, in bounded time; and whatever is left on
/// the board, the next flash repairs it.
@Suite struct FlashFaultTests {
  /// What is flashed: two runs with short ends in several sectors, on a board that is in use.
  struct Subject: Sendable, CustomTestStringConvertible {
    var name: String
    var board: SimulatedBoard
    var image: MemoryImage
    /// The requests of a flash without faults, from the first that the flasher sends.
    var requests: Range<Int>
    var testDescription: String { name }
  }

  static func subject(_ name: String, run: Int) throws -> Subject {
    let chip = try TestProgram.chip(name)
    let flash = try #require(chip.profile.memory(.flash))
    var random = SplitMix64(seed: 3)
    let start = TestProgram.vectors(for: flash.start) + random.bytes(run - 8)
    let second = try #require(flash.sector(at: UInt64(flash.start) + UInt64(run) * 2)).upperBound
    let image = try MemoryImage(merging: [
      ImageElement(address: flash.start, bytes: start),
      ImageElement(address: UInt32(second), bytes: random.bytes(run)),
    ])
    var board = SimulatedBoard(chip)
    for piece in image.runs {
      board.load([UInt8](repeating: 0, count: run), at: piece.address)
    }
    let rig = FlashRig(board)
    let before = try rig.board.counters.count(.all)
    try rig.flash(Firmware(image))
    let after = try rig.board.counters.count(.all)
    return Subject(name: name, board: board, image: image, requests: (before + 1)..<(after + 1))
  }

  /// Longer than every limit of the host together: nothing is waited for without end.
  static let patience: Duration = .seconds(300)

  static let actions: [Fault.Action] = [
    .stall, .timeOut, .short(0), .short(3), .status(0x03), .status(0x0B),
    .stayBusy(.seconds(2)), .stayBusy(nil), .disconnect,
    .disconnectAndReturn(after: .milliseconds(300)),
  ]

  @Test(arguments: [("stm32f405", 7000), ("stm32g431", 2900), ("st-usbd", 2900)], actions)
  func `every request fails once`(chip: (name: String, run: Int), action: Fault.Action) throws {
    let subject = try Self.subject(chip.name, run: chip.run)
    let input = Firmware(subject.image)
    for request in subject.requests {
      let rig = FlashRig(subject.board)
      rig.bus.changeBoard(at: "1-1") {
        $0.faults = FaultPlan([Fault(action, at: .all, request)])
      }
      var outcome = "verified"
      let before = try rig.now
      do {
        let result = try rig.flash(input)
        #expect(result.isVerified)
        #expect(try rig.holds(subject.image), "\(action) at request \(request)")
      } catch {
        outcome = "\(error)"
      }
      #expect(try rig.now - before < Self.patience, "\(action) at request \(request): \(outcome)")
      try rig.mend()
      let result = try rig.flash(input)
      #expect(result.isVerified, "\(action) at request \(request): \(outcome)")
      #expect(try rig.holds(subject.image), "\(action) at request \(request): \(outcome)")
    }
  }
}
