import DfuseFormat
import Testing

@testable import DfuseDevice
@testable import FlashWalk

/// The machine that takes a plan through, without a device.
@Suite struct FlashMachineTests {
  @Test(arguments: [1, 2])
  func `what is said of the chip is true at every step of every course`(sectors: Int) {
    // Scripts/walk goes farther.
    var walk = Walk()
    walk.walk(WalkedPlan.all(sectors: sectors), faults: sectors == 1 ? 2 : 1)
    #expect(walk.problems == [])
    #expect(walk.states > 1000)
    #expect(walk.ends > 100)
  }

  /// A plan that erases and writes three sectors, the first with the vector table.
  private func machine() throws -> FlashMachine {
    let bench = try FlashBench.f405
    var planner = FlashPlanner(board: bench.board)
    planner.add(
      try bench.work(piece(0x0800_0000, 0xC000))[0], [.different, .blank, .different])
    var plan = planner.finished()
    plan.steps = FlashSteps(plan: plan, board: bench.board)
      .list(options: FlashOptions(), sparing: nil, byOneCommand: true)
    return FlashMachine(FlashSteps(plan: plan, board: bench.board))
  }

  /// What a flash without trouble answers.
  private func outcome(of action: FlashMachine.Action) -> FlashMachine.Outcome {
    guard case .step(let step) = action else { return .done }
    return step.reads ? .found(nil) : .done
  }

  @Test(arguments: [1, 2, 5, 24, 100])
  func `what is asked for ahead is what comes, if all goes well`(most: Int) throws {
    var machine = try machine()
    var count = 0
    while machine.next() != nil {
      let ahead = machine.ahead(most)
      #expect(!ahead.isEmpty && ahead.count <= most)
      for action in ahead {
        #expect(machine.next() == action)
        machine.done(outcome(of: action))
        count += 1
      }
    }
    guard case .success(let result) = machine.end else {
      Issue.record("it did not end well")
      return
    }
    #expect(result.isVerified)
    #expect(result.sectorsErased == 2)
    #expect(result.bytesWritten == 0xC000)
    // Two erases, 24 blocks written and read back.
    #expect(count == 2 + 24 + 24)
  }

  @Test func `what is asked for ahead ends where the outcome decides`() throws {
    var machine = try machine()
    // Erases and writes follow one another; then all is read back before anything is decided.
    let first = machine.ahead(1000)
    #expect(first.count == 2 + 23 + 23)
    for action in first.dropLast() { machine.done(outcome(of: action)) }
    // The last part that is read back tells whether the vector table may be written.
    #expect(machine.ahead(1000).count == 1)
    machine.done(
      .found(.init(address: 0x0800_8000, expected: 0xA5, found: 0xFF, count: 2048)))
    guard case .step(let step) = machine.next() else {
      Issue.record("nothing comes")
      return
    }
    #expect(step.work == .erase(0x0800_8000..<0x0800_C000))
    #expect(machine.progress == .incomplete)
  }

  @Test func `a machine says what is on the chip, from before the first step to the end`() throws {
    var machine = try machine()
    var said: [FlashError.Progress] = []
    while let action = machine.next() {
      if said.last != machine.progress { said.append(machine.progress) }
      machine.done(outcome(of: action))
    }
    said.append(machine.progress)
    #expect(said == [.untouched, .erased, .incomplete, .unverified, .complete])
  }
}
