import Testing

@testable import DfuseSimulator

/// Read and write protection.
@Suite struct ProtectionTests {
  static func protected(_ chip: String) throws -> Probe {
    try Probe(chip, faults: try FaultPlan(parsing: ["rdp=1"]))
  }

  @Test func `under read protection, reading and changing flash are errVENDOR`() throws {
    var probe = try Self.protected("stm32f405")
    probe.board.load(pattern(16), at: 0x0800_0000)
    #expect(probe.upload(2, 16) == .stall)
    #expect(probe.condition() == [11, 10])
    probe.clrStatus()
    #expect(probe.upload(0, 64) == .data([0x00, 0x21, 0x41, 0x92]))
    #expect(probe.setAddress(0x0800_0000) == [0, 5])
    #expect(probe.run(2, pattern(16, seed: 9)) == [11, 10])
    probe.clrStatus()
    #expect(probe.erase(0x0800_0000) == [11, 10])
    probe.clrStatus()
    #expect(probe.run(0, [0x41]) == [11, 10])
    #expect(probe.memory(16, at: 0x0800_0000) == pattern(16))
  }

  @Test func `an F745 refuses even Set Address under read protection`() throws {
    var probe = try Self.protected("stm32f745")
    #expect(probe.setAddress(0x0800_0000) == [11, 10])
  }

  @Test func `Read Unprotect erases everything and resets, after one DFU_GETSTATUS`() throws {
    var probe = try Self.protected("stm32f405")
    probe.board.load(pattern(16), at: 0x0800_0000)
    probe.dnload(0, [0x92])
    let reply = probe.getStatus()
    #expect(reply.answer == .data([0, 100, 0, 0, 4, 0]))
    #expect(reply.then == .leaveBus(after: .seconds(16), as: .bootloader))
    probe.board.model.powerOn(at: probe.now)
    probe.configure()
    #expect(probe.upload(2, 4) == .data([0xFF, 0xFF, 0xFF, 0xFF]))
  }

  @Test func `Read Unprotect on an open chip resets and erases nothing`() throws {
    var probe = try Probe("stm32f405")
    probe.board.load(pattern(16), at: 0x0800_0000)
    probe.dnload(0, [0x92])
    #expect(
      probe.getStatus().then == .leaveBus(after: .milliseconds(10), as: .bootloader))
    #expect(probe.memory(16, at: 0x0800_0000) == pattern(16))
  }

  @Test func `the protection byte of the option bytes switches the level`() throws {
    var probe = try Probe("stm32f405")
    probe.setAddress(0x1FFF_C000)
    let before = probe.memory(16, at: 0x1FFF_C000)
    probe.dnload(2, [0xEC, 0x55, 0x13, 0xAA] + before.dropFirst(4))
    _ = probe.getStatus()
    #expect(probe.board.state.readProtection == 0)
    probe.now += .milliseconds(10)
    probe.board.model.settle(at: probe.now)
    #expect(probe.board.state.readProtection == 1)
  }

  @Test func `a write-protected sector ignores erase and program without a word`() throws {
    var faults = FaultPlan()
    faults.writeProtected = [0x0800_4123]
    var probe = try Probe("stm32f405", faults: faults)
    probe.board.load(pattern(16), at: 0x0800_4000)
    #expect(probe.erase(0x0800_4000) == [0, 5])
    #expect(probe.write([0, 0, 0, 0], at: 0x0800_4000) == [0, 5])
    #expect(probe.run(0, [0x41]) == [0, 5])
    #expect(probe.memory(16, at: 0x0800_4000) == pattern(16))
    #expect(probe.board.counters.protectedAccesses == [0x0800_4000, 0x0800_4000])
    #expect(probe.erase(0x0800_8000) == [0, 5])
    #expect(probe.board.counters.erases == [0x0800_8000: 1])
  }
}
