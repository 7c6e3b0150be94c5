import DfuseDevice
import DfuseSimulator
import Foundation
import Synchronization
import Testing

@testable import dfuse

/// `dfuse flash --watch`, with a build that writes while it waits.
@Suite struct FlashWatchTests {
  let sandbox: Sandbox
  let bus: SimulatedBus

  init() throws {
    sandbox = try Sandbox()
    bus = SimulatedBus([
      SimulatedBoard(try #require(.named("f405")), application: .betaflight)
    ])
    sandbox.bus = bus
  }

  /// Runs it with a step of the build after each 100 ms, and Ctrl-C behind the last.
  private func watch(
    _ words: [String] = [], steps: [Int: () throws -> Void], until last: Int
  ) -> Sandbox.Run {
    let count = Mutex(0)
    sandbox.pause = { _ in
      let now = count.withLock {
        $0 += 1; return $0
      }
      do { try steps[now]?() } catch { Issue.record(error) }
    }
    sandbox.isInterrupted = { count.withLock { $0 } >= last }
    return sandbox.run(["flash", "--watch", "--enter", "@fw.bin"] + words)
  }

  private func memory(_ count: Int) -> [UInt8]? {
    bus.board(at: "1-1")?.read(count, at: 0x0800_0000)
  }

  private let first = Firmware.program(3000, seed: 1)
  private let second = Firmware.program(3000, seed: 2)

  @Test func `each build is flashed once, and Ctrl-C ends it well`() throws {
    try sandbox.write(first, to: "fw.bin")
    let run = watch(
      steps: [20: { try sandbox.write(second, to: "fw.bin") }], until: 40)
    #expect(run.status == .success, "\(run)")
    #expect(run.output.hasSuffix("flashed 2 times\n"))
    #expect(memory(3000) == second)
    #expect(bus.board(at: "1-1")?.applicationCounters.entries == 2)
  }

  @Test func `a file that takes another's place is a new build`() throws {
    try sandbox.write(first, to: "fw.bin")
    let run = watch(
      steps: [
        20: {
          try sandbox.write(second, to: "fw.tmp")
          try FileManager.default.removeItem(atPath: sandbox.path("fw.bin"))
          try FileManager.default.moveItem(
            atPath: sandbox.path("fw.tmp"), toPath: sandbox.path("fw.bin"))
        }
      ], until: 40)
    #expect(run.output.hasSuffix("flashed 2 times\n"), "\(run)")
    #expect(memory(3000) == second)
  }

  @Test func `a file that is written in pieces is flashed when it is whole`() throws {
    try sandbox.write(first, to: "fw.bin")
    var steps: [Int: () throws -> Void] = [:]
    for piece in 1...10 {
      steps[20 + 2 * piece] = {
        try sandbox.write(Array(second.prefix(300 * piece)), to: "fw.bin")
      }
    }
    let run = watch(steps: steps, until: 60)
    #expect(run.output.hasSuffix("flashed 2 times\n"), "\(run)")
    #expect(memory(3000) == second)
  }

  @Test func `a build that fails half way is not flashed, and the next one is`() throws {
    let hex = hexFile(second)
    try sandbox.write(hexFile(first), to: "fw.bin")
    let run = watch(
      steps: [
        20: { try sandbox.write(Array(hex.prefix(hex.count / 2)), to: "fw.bin") },
        60: { try FileManager.default.removeItem(atPath: sandbox.path("fw.bin")) },
        80: { try sandbox.write(hex, to: "fw.bin") },
      ], until: 120)
    #expect(run.status == .success)
    #expect(run.output.hasSuffix("flashed 2 times\n"), "\(run)")
    #expect(run.error.contains("not flashed: "))
    #expect(memory(3000) == second)
  }

  @Test func `a flash that fails does not end it`() throws {
    try sandbox.write(first, to: "fw.bin")
    bus.changeBoard(at: "1-1") {
      $0.faults = (try? FaultPlan(parsing: ["enter=nothing"])) ?? .init()
    }
    let run = watch(
      steps: [
        20: {
          bus.changeBoard(at: "1-1") { $0.faults = FaultPlan() }
          try sandbox.write(second, to: "fw.bin")
        }
      ], until: 40)
    #expect(run.status == .success, "\(run)")
    #expect(run.error.contains("has not left the bus"))
    #expect(memory(3000) == second)
  }

  @Test func `what cannot be watched is refused`() {
    let run = sandbox.run("flash", "--watch", "-")
    #expect(run.status == .usage)
    #expect(run.error.hasPrefix("error: --watch and standard input do not go together\n"))
  }

  /// Intel HEX of bytes at the start of the flash, which is damaged without its end.
  private func hexFile(_ bytes: [UInt8]) -> [UInt8] {
    var text = ":020000040800F2\n"
    for start in stride(from: 0, to: bytes.count, by: 16) {
      let data = Array(bytes[start..<min(start + 16, bytes.count)])
      let record = [UInt8(data.count), UInt8(start >> 8), UInt8(start & 0xFF), 0] + data
      let sum = 0 &- record.reduce(0, &+)
      text += ":" + (record + [sum]).map { String(format: "%02X", $0) }.joined() + "\n"
    }
    return Array((text + ":00000001FF\n").utf8)
  }
}
