import DfuseSimulator
import Synchronization
import Testing

@testable import dfuse

/// Ctrl-C during an erase is answered at once: so it has to be known when one goes on.
///
/// That the answer comes, and what a second Ctrl-C does, is checked behind a kernel (70-return).
@Suite struct EraseCountTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus

  init() throws {
    (sandbox, bus) = try Self.setUp()
  }

  private final class Counts: Sendable {
    let values = Mutex<[Int]>([])
  }

  /// The counts that a run tells.
  private func counts(_ words: String...) -> [Int] {
    let counts = Counts()
    sandbox.countErase = { value in counts.values.withLock { $0.append(value) } }
    _ = sandbox.run(words)
    return counts.values.withLock { $0 }
  }

  @Test func `an erase is told from its beginning to its end`() {
    #expect(counts("flash", "--stay", "@fw.bin") == [])
    #expect(counts("flash", "--full", "--stay", "@fw.bin") == [1, -1])
    #expect(counts("flash", "--mass-erase", "--stay", "@fw.bin") == [1, -1])
    #expect(counts("erase", "--all") == [1, -1])
    bus.plugIn(SimulatedBoard(.all[0], serial: "2"))
    #expect(counts("flash", "--full", "--all", "--stay", "@fw.bin").reduce(0, +) == 0)
  }

  @Test(arguments: ["errERASE@erase:1", "disconnect@erase:2", "stall@erase:1+"])
  func `one that fails is over as well`(fault: String) throws {
    let plan = try FaultPlan(parsing: [fault])
    bus.changeBoard(at: "1-1") { $0.faults = plan }
    #expect(counts("flash", "--full", "--stay", "@fw.bin") == [1, -1])
  }
}
