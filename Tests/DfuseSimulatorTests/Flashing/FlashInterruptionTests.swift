import DfuseDevice
import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseSimulator

/// A flash that is stopped: what is on the chip then, and that the next flash repairs it.
@Suite struct FlashInterruptionTests {
  /// Says that the work is to be stopped when it has asked this often.
  private final class Patience {
    private var left: Int
    private(set) var asked = 0
    init(_ left: Int) { self.left = left }

    func isOver() -> Bool {
      asked += 1
      left -= 1
      return left < 0
    }
  }

  static let names = ["stm32f405", "stm32l072", "stm32g431", "st-usbd"]

  @Test(arguments: names)
  func `a flash can be stopped at every block, and never leaves half a program that starts`(
    name: String
  ) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let input = Firmware(image)
    let start = image.runs[0].range.lowerBound
    let blank = [UInt8](repeating: try #require(chip.profile.memory(.flash)).erased, count: 8)
    let whole = Patience(.max)
    try FlashRig(TestProgram.usedBoard(chip)).flash(input, isCancelled: whole.isOver)
    var seen: Set<FlashError.Progress> = []
    for stop in 0..<whole.asked {
      let rig = FlashRig(TestProgram.usedBoard(chip))
      let patience = Patience(stop)
      let error = try rig.failure { try $0.flash(input, isCancelled: patience.isOver) }
      guard case .cancelled(let progress) = error else {
        Issue.record("stopped at \(stop): \(String(describing: error))")
        continue
      }
      seen.insert(progress)
      let vectors = try rig.memory(start..<(start + 8))
      switch progress {
      case .untouched: #expect(vectors == [UInt8](repeating: 0x5A, count: 8))
      case .erased, .incomplete: #expect(vectors == blank)
      case .mixed: Issue.record("the sector with the vector table is not kept")
      case .unverified, .complete:
        #expect(vectors == Array(image.runs[0].bytes.prefix(8)))
        #expect(try rig.holds(image))
      }
      // The device was left in dfuIDLE.
      rig.clearEvents()
      #expect(try rig.flash(input).isVerified)
      #expect(!rig.events.contains { if case .note(.entered) = $0 { true } else { false } })
      #expect(try rig.holds(image))
    }
    #expect(seen == [.untouched, .erased, .incomplete, .unverified])
  }

  @Test(arguments: names)
  func `a board that is unplugged at any block is repaired by the next flash`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let input = Firmware(image)
    let start = image.runs[0].range.lowerBound
    let rig = FlashRig(TestProgram.usedBoard(chip))
    try rig.flash(input)
    let writes = try rig.board.counters.count(.write)
    for number in 1...writes {
      var board = TestProgram.usedBoard(chip)
      board.faults = FaultPlan([Fault(.disconnect, at: .write, number)])
      let rig = FlashRig(board)
      let error = try rig.failure { try $0.flash(input) }
      guard case .device(.usb(.disconnected, during: .writing), .incomplete) = error else {
        Issue.record("unplugged at block \(number): \(String(describing: error))")
        continue
      }
      #expect(try rig.memory(start..<(start + 8)) != Array(image.runs[0].bytes.prefix(8)))
      try rig.mend()
      #expect(try rig.flash(input).isVerified)
      #expect(try rig.holds(image))
    }
  }

  @Test func `an update that keeps the vector table is told to be a mixture when it breaks off`()
    throws
  {
    let chip = try TestProgram.chip("stm32f405")
    let image = MemoryImage.random(40_000)
    let rig = FlashRig(SimulatedBoard(chip))
    try rig.flash(Firmware(image))
    try rig.mend()
    var bytes = image.runs[0].bytes
    bytes[20_000] ^= 0xFF
    let update = Firmware(.of(bytes, at: 0x0800_0000))
    let fault = Fault(.disconnect, at: .write, try rig.board.counters.count(.write) + 2)
    rig.bus.changeBoard(at: "1-1") { $0.faults = FaultPlan([fault]) }
    guard
      case .device(.usb(.disconnected, during: .writing), .mixed) =
        try rig.failure({ try $0.flash(update) })
    else {
      Issue.record("not told")
      return
    }
    #expect(try rig.memory(0x0800_0000..<0x0800_0008) == Array(bytes.prefix(8)))
    rig.bus.changeBoard(at: "1-1") { $0.faults = FaultPlan() }
    try rig.mend()
    #expect(try rig.flash(update).isVerified)
  }

  @Test func `a first block that cannot be made sound is erased again`() throws {
    let rig = try FlashRig("stm32f405", faults: "stuckbit@0x08000020:4")
    let image = MemoryImage.of([UInt8](repeating: 0, count: 4096), at: 0x0800_0000)
    guard
      case .different(let difference) =
        try rig.failure({ try $0.flash(Firmware(image)) })
    else {
      Issue.record("a stuck bit was not found")
      return
    }
    #expect(difference.address == 0x0800_0020)
    #expect(difference.progress == .incomplete)
    #expect(try rig.memory(0x0800_0000..<0x0800_0008) == [UInt8](repeating: 0xFF, count: 8))
  }

  @Test func `a flash that is stopped while planning has changed nothing`() throws {
    let chip = try TestProgram.chip("stm32f405")
    let rig = FlashRig(TestProgram.usedBoard(chip))
    rig.record()
    var flasher = try rig.flasher { true }
    #expect(throws: FlashError.cancelled(.untouched)) {
      try flasher.plan(
        Firmware(try TestProgram.image(for: chip)), options: FlashOptions())
    }
    #expect(try rig.steps.allSatisfy { !$0.changesTheBoard })
  }

  @Test func `every phase is told from its start to its total, and the plan before them`() throws {
    let chip = try TestProgram.chip("stm32f405")
    let image = try TestProgram.image(for: chip)
    let rig = FlashRig(TestProgram.usedBoard(chip))
    let result = try rig.flash(Firmware(image))
    var open: (phase: FlashEvent.Phase, total: UInt64, done: UInt64)?
    var phases: [FlashEvent.Phase] = []
    for event in rig.events {
      switch event {
      case .planned:
        #expect(open == nil)
        #expect(phases == [.compare])
      case .started(let phase, let total):
        #expect(open == nil)
        open = (phase, total, 0)
        phases.append(phase)
      case .advanced(let phase, let done):
        #expect(open?.phase == phase)
        #expect(done > open?.done ?? .max)
        open?.done = done
      case .finished(let phase):
        #expect(open?.phase == phase)
        #expect(open?.total == open?.done)
        open = nil
      case .repeating: Issue.record("nothing had to be repeated")
      // The used board has 16 bytes at the end of each of the two sectors, and 4 KiB before it.
      case .note(let note): #expect(note == .bytesLost(4 * 16))
      }
    }
    #expect(phases == [.compare, .erase, .write, .verify, .finish])
    #expect(result.bytesWritten == 8004)
    #expect(result.bytesVerified == 8004)
    #expect(result.sectorsErased == 2)
  }
}
