import DfuseTestSupport
import Foundation
import SystemPackage
import Testing

@testable import dfuse

/// A ledger between real processes: one has it, and one is killed.
@Suite struct LedgerProcessTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Firmware.program(600), to: "fw.bin")
  }

  private func lines() throws -> [LedgerLine] {
    String(decoding: try sandbox.read("l.csv"), as: UTF8.self).split(separator: "\n").dropFirst()
      .compactMap { LedgerLine(String($0)) }
  }

  @Test func `a second station on one ledger is told whose it is`() throws {
    try sandbox.write(Firmware.program(900_000), to: "large.bin")
    let error = try BuiltProgram.Pipe()
    let first = try BuiltProgram(
      ["flash", "--full", "--trace", "large.bin", "--simulate", "stm32f405", "--ledger", "l.csv"],
      in: sandbox.path(""), error: .descriptor(error.writer))
    // The trace of the blocks is longer than the pipe: the first cannot be done.
    _ = error.reader.text(until: "erased ")
    let run = sandbox.run("flash", "@fw.bin", "--simulate", "stm32f405", "--ledger", "@l.csv")
    #expect(run.status == .inputOutput)
    #expect(
      run.error == """
        error: the ledger l.csv is in use by process \(first.process) (dfuse)
          why: two stations on one ledger would give the same numbers
          fix: wait until that has ended, or name another ledger, with numbers of its own

        """)
    // What it would be is shown all the same.
    #expect(
      sandbox.run("flash", "@fw.bin", "--dry-run", "--simulate", "stm32f405", "--ledger", "@l.csv")
        .error.contains("unit 2 (not taken)"))
    _ = error.reader.text()
    #expect(first.end() == 0)
    #expect(try lines().map(\.event) == [.taken, .verified])
  }

  @Test func `killed at any moment, each number has one end and none comes twice`() throws {
    var generator = SplitMix64(seed: 5)
    let words =
      [
        "flash", "-q", "--all", "fw.bin", "--patch", "0x0800FC00=u32:counter:1000", "--ledger",
        "l.csv",
      ]
      + (0..<16).flatMap { _ in ["--simulate", "stm32f405"] }
    var killed = 0
    for _ in 0..<12 {
      let program = try BuiltProgram(words, in: sandbox.path(""))
      usleep(UInt32.random(in: 20_000...400_000, using: &generator))
      program.send(SIGKILL)
      if program.end() == 128 + SIGKILL { killed += 1 }
    }
    let last = try BuiltProgram(words, in: sandbox.path(""))
    #expect(last.end() == 0)
    #expect(killed > 0)
    var events: [UInt64: [LedgerLine.Event]] = [:]
    for line in try lines() { events[line.unit, default: []].append(line.event) }
    for (unit, told) in events {
      #expect(
        told == [.taken, .verified] || told == [.taken, .abandoned] || told == [.abandoned],
        "\(unit): \(told)")
    }
    // No number is left out.
    #expect(events.keys.sorted() == (0..<UInt64(events.count)).map { 1000 + $0 })
    #expect(events.values.count { $0.last == .verified } >= 16)
  }
}
