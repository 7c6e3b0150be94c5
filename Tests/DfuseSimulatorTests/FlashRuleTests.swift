import Testing

@testable import DfuseSimulator

/// How each kind of memory takes data.
@Suite struct FlashRuleTests {
  @Test func `F4 flash only clears bits`() throws {
    var probe = try Probe("stm32f405")
    probe.write([0xF0, 0x0F, 0xAA, 0x55], at: 0x0800_0000)
    probe.write([0x3C, 0x3C, 0x3C, 0x3C], at: 0x0800_0000)
    #expect(probe.memory(4, at: 0x0800_0000) == [0x30, 0x0C, 0x28, 0x14])
  }

  @Test(arguments: ["stm32l476", "stm32g0b1", "stm32wb55"])
  func `ECC flash takes a unit once, and zeros after that`(chip: String) throws {
    var probe = try Probe(chip)
    // All ones count as programmed, too.
    #expect(probe.write([UInt8](repeating: 0xFF, count: 8), at: 0x0800_0000) == [0, 5])
    #expect(probe.write(pattern(16), at: 0x0800_0000) == [0, 5])
    #expect(probe.memory(8, at: 0x0800_0000) == [UInt8](repeating: 0xFF, count: 8))
    #expect(probe.memory(8, at: 0x0800_0008) == Array(pattern(16)[8...]))
    #expect(probe.board.counters.refusedPrograms == [0x0800_0000])
    probe.write([UInt8](repeating: 0, count: 8), at: 0x0800_0008)
    #expect(probe.memory(8, at: 0x0800_0008) == [UInt8](repeating: 0, count: 8))
    probe.erase(0x0800_0000)
    probe.write(pattern(8), at: 0x0800_0000)
    #expect(probe.memory(8, at: 0x0800_0000) == pattern(8))
  }

  @Test func `H7 flash takes a 32-byte word once, not even zeros after that`() throws {
    var probe = try Probe("stm32h723")
    probe.write(pattern(32), at: 0x0800_0000)
    probe.write([UInt8](repeating: 0, count: 32), at: 0x0800_0000)
    #expect(probe.memory(32, at: 0x0800_0000) == pattern(32))
    probe.write(pattern(32), at: 0x0800_0030)
    #expect(probe.board.counters.refusedPrograms == [0x0800_0000, 0x0800_0030])
  }

  @Test func `F0 half-words take only zero when they are not blank`() throws {
    var probe = try Probe("stm32f042")
    probe.write([0x34, 0x12, 0xFF, 0xFF], at: 0x0800_0000)
    probe.write([0x30, 0x10, 0x78, 0x56], at: 0x0800_0000)
    #expect(probe.memory(4, at: 0x0800_0000) == [0x34, 0x12, 0x78, 0x56])
    probe.write([0, 0, 0, 0], at: 0x0800_0000)
    #expect(probe.memory(4, at: 0x0800_0000) == [0, 0, 0, 0])
  }

  @Test(arguments: ["stm32l072", "stm32l152"])
  func `L0 and L1 erase to zero and refuse a word that is not`(chip: String) throws {
    var probe = try Probe(chip)
    #expect(probe.memory(4, at: 0x0800_0000) == [0, 0, 0, 0])
    probe.write([1, 2, 3, 4], at: 0x0800_0000)
    probe.write([9, 9, 9, 9], at: 0x0800_0000)
    #expect(probe.memory(4, at: 0x0800_0000) == [1, 2, 3, 4])
    probe.erase(0x0800_0000)
    #expect(probe.memory(4, at: 0x0800_0000) == [0, 0, 0, 0])
    probe.write([1, 2, 3, 4], at: 0x0808_0000)
    probe.write([9, 9, 9, 9], at: 0x0808_0000)
    #expect(probe.memory(4, at: 0x0808_0000) == [9, 9, 9, 9])
  }

  @Test func `what follows a short block in its last unit is left over in the buffer`() throws {
    var probe = try Probe("stm32l476")
    probe.write(pattern(16, seed: 2), at: 0x0800_0000)
    probe.write([1, 2, 3, 4], at: 0x0800_0100)
    // The Set Address before it left its five bytes in the buffer; behind them is the old block.
    let left = Array(pattern(16, seed: 2)[5..<8])
    #expect(probe.memory(8, at: 0x0800_0100) == [1, 2, 3, 4, 0x08] + left)
  }

  @Test func `OTP bits go to zero for ever`() throws {
    var probe = try Probe("stm32f405")
    probe.write([0xF0, 0xFF], at: 0x1FFF_7800)
    probe.write([0xFF, 0x0F], at: 0x1FFF_7800)
    #expect(probe.memory(2, at: 0x1FFF_7800) == [0xF0, 0x0F])
    #expect(probe.erase(0x1FFF_7800) == [1, 10])
  }

  @Test func `engineering bytes are read only`() throws {
    var probe = try Probe("stm32u083")
    #expect(probe.write([1, 2], at: 0x1FFF_6C00) == [1, 10])
  }

  @Test func `option bytes are written as one block, which resets the chip`() throws {
    var probe = try Probe("stm32f405")
    probe.setAddress(0x1FFF_C000)
    // Bits 1 and 0 are no options.
    let block: [UInt8] =
      [0xCF, 0xAA, 0x30, 0x55] + [0xFF, 0xFF, 0xFF, 0xFF] + [0xFE, 0x0F, 0x01, 0xF0]
      + [0xFF, 0xFF, 0xFF, 0xFF]
    probe.dnload(2, block)
    let reply = probe.getStatus()
    #expect(reply.answer == .data([0, 104, 0, 0, 4, 0]))
    #expect(reply.then == .leaveBus(after: .microseconds(16 * 16), as: .bootloader))
    probe.now += .microseconds(16 * 16)
    probe.board.model.settle(at: probe.now)
    #expect(probe.memory(16, at: 0x1FFF_C000) == [0xCC, 0xAA, 0x33, 0x55] + block.dropFirst(4))
  }

  @Test func `option bytes are not written from the middle of a word on`() throws {
    var probe = try Probe("stm32f405")
    let before = probe.memory(16, at: 0x1FFF_C000)
    probe.write([1, 2, 3, 4], at: 0x1FFF_C002)
    #expect(probe.memory(16, at: 0x1FFF_C000) == before)
  }

  @Test func `a parallelism of words in Device Feature makes an F4 four times as fast`() throws {
    var slow = try Probe("stm32f405")
    slow.setAddress(0x0800_0000)
    slow.dnload(2, pattern(2048))
    _ = slow.getStatus()
    #expect(slow.getStatus().delay == .microseconds(16 * 2048))
    var fast = try Probe("stm32f405")
    fast.write([3, 0xFF, 0xFF, 0xFF], at: 0xFFFF_0000)
    fast.setAddress(0x0800_0000)
    fast.dnload(2, pattern(2048))
    _ = fast.getStatus()
    #expect(fast.getStatus().delay == .microseconds(16 * 512))
    fast.board.model.powerOn(at: fast.now)
    #expect(fast.memory(4, at: 0xFFFF_0000) == [0, 0xFF, 0xFF, 0xFF])
  }

  @Test func `a stuck bit keeps its erased value`() throws {
    let faults = try FaultPlan(parsing: ["stuckbit@0x08000001:3"])
    var probe = try Probe("stm32f405", faults: faults)
    probe.write([0, 0, 0, 0], at: 0x0800_0000)
    #expect(probe.memory(4, at: 0x0800_0000) == [0, 8, 0, 0])
  }
}
