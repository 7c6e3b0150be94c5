import DfuseSimulator
import Testing

@testable import dfuse

/// Tests of `dfuse flash` on one simulated F405, with a firmware in a sandbox.
protocol FlashSuite {
  var sandbox: Sandbox { get }
  var bus: SimulatedBus { get }
}

extension FlashSuite {
  /// A sandbox with `fw.bin`, a program of 40,000 bytes, and a bus with the board.
  static func setUp() throws -> (Sandbox, SimulatedBus) {
    let sandbox = try Sandbox()
    let bus = SimulatedBus()
    try sandbox.write(Firmware.program(40_000), to: "fw.bin")
    bus.plugIn(SimulatedBoard(try #require(.named("f405"))))
    sandbox.bus = bus
    return (sandbox, bus)
  }

  func flash(_ words: String...) -> Sandbox.Run {
    sandbox.run(["flash"] + words).timeless
  }

  func memory(_ count: Int, at address: UInt32 = 0x0800_0000) -> [UInt8]? {
    bus.board(at: "1-1")?.read(count, at: address)
  }
}
