import Testing

@testable import DfuseSimulator

/// AN3156's commands as raw requests.
@Suite struct CommandTests {
  @Test func `the F405's erase, address, write and read go as in a bus capture`() throws {
    var probe = try Probe("stm32f405")
    #expect(probe.status() == [0, 0, 2, 0])
    #expect(probe.dnload(0, [0x41, 0x00, 0x00, 0x00, 0x08]) == .acknowledge)
    #expect(probe.getState() == .data([3]))
    #expect(probe.getStatus() == Reaction(.data([0, 100, 0, 0, 4, 0])))
    // 16 KiB take 400 ms with byte access; the device does not answer until then.
    let second = probe.getStatus()
    #expect(second == Reaction(.data([0, 0, 0, 0, 5, 0]), delay: .milliseconds(400)))
    #expect(probe.setAddress(0x0800_0000) == [0, 5])
    let block = pattern(2048)
    #expect(probe.run(2, block) == [0, 5])
    #expect(probe.run(3, block) == [0, 5])
    #expect(probe.abort() == .acknowledge)
    #expect(probe.upload(2, 2048) == .data(block))
    #expect(probe.upload(3, 2048) == .data(block))
    #expect(probe.memory(4, at: 0x0800_1000) == [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(probe.board.counters.erases == [0x0800_0000: 1])
    #expect(probe.board.counters.bytesProgrammed == 4096)
  }

  /// Logs of dfu-util and fwupd, and the table in ST's first device library; see
  /// `ReportedPolls.internalFlash`.
  @Test(arguments: [
    "stm32f107", "stm32f401", "stm32f405", "stm32f427", "stm32f723", "stm32f745", "stm32f767",
    "gd32vf103",
  ])
  func `an erase reports 100 ms, an address and a block 104 ms`(chip: String) throws {
    var probe = try Probe(chip)
    probe.dnload(0, [0x41, 0x00, 0x00, 0x00, 0x08])
    #expect(probe.getStatus().answer == .data([0, 100, 0, 0, 4, 0]))
    probe.now += .milliseconds(100)
    #expect(probe.status() == [0, 0, 5, 0])
    probe.dnload(0, [0x21, 0x00, 0x00, 0x00, 0x08])
    #expect(probe.getStatus().answer == .data([0, 104, 0, 0, 4, 0]))
    probe.now += .milliseconds(104)
    #expect(probe.status() == [0, 0, 5, 0])
    probe.dnload(2, pattern(2048))
    #expect(probe.getStatus().answer == .data([0, 104, 0, 0, 4, 0]))
  }

  @Test func `a data block's address counts in units of wTransferSize`() throws {
    var probe = try Probe("stm32g474")
    probe.setAddress(0x0800_0800)
    probe.run(4, pattern(8))
    #expect(probe.memory(8, at: 0x0800_1000) == pattern(8))
    // A short block does not move the pointer.
    probe.run(3, pattern(16))
    #expect(probe.memory(16, at: 0x0800_0C00) == pattern(16))
  }

  @Test func `the pointer stands at the start of flash after power-on`() throws {
    var probe = try Probe("stm32f405")
    probe.run(2, pattern(4))
    #expect(probe.memory(4, at: 0x0800_0000) == pattern(4))
  }

  @Test func `any address in a sector erases that sector alone`() throws {
    var probe = try Probe("stm32f405")
    probe.board.load(pattern(0x40000), at: 0x0800_0000)
    #expect(probe.erase(0x0801_FFFF) == [0, 5])
    #expect(probe.memory(0x10000, at: 0x0801_0000).allSatisfy { $0 == 0xFF })
    #expect(probe.memory(0x10000, at: 0x0800_0000) == Array(pattern(0x40000)[..<0x10000]))
    #expect(probe.memory(0x20000, at: 0x0802_0000) == Array(pattern(0x40000)[0x20000...]))
    #expect(probe.board.counters.erases == [0x0801_0000: 1])
  }

  @Test func `mass erase clears the whole flash and nothing else`() throws {
    var probe = try Probe("stm32f427")
    probe.board.load(pattern(64), at: 0x0800_0000)
    probe.board.load(pattern(64), at: 0x081F_FFC0)
    probe.board.load(pattern(16), at: 0x1FFF_7800)
    #expect(probe.run(0, [0x41]) == [0, 5])
    #expect(probe.memory(64, at: 0x0800_0000).allSatisfy { $0 == 0xFF })
    #expect(probe.memory(64, at: 0x081F_FFC0).allSatisfy { $0 == 0xFF })
    #expect(probe.memory(16, at: 0x1FFF_7800) == pattern(16))
    #expect(probe.board.counters.massErases == 1)
  }

  @Test func `the F405's mass erase says 100 ms and takes 16 s`() throws {
    var probe = try Probe("stm32f405")
    probe.dnload(0, [0x41])
    #expect(probe.status() == [0, 100, 4, 0])
    #expect(probe.getStatus().delay == .seconds(16))
  }

  @Test(arguments: [UInt32(0x0810_0000), 0x07FF_FFFF, 0x4000_0000, 0xFFFF_FFFF])
  func `an address outside the map is errTARGET`(address: UInt32) throws {
    var probe = try Probe("stm32f405")
    #expect(probe.setAddress(address) == [1, 10])
    probe.clrStatus()
    #expect(probe.erase(address) == [1, 10])
  }

  @Test func `a block that would run over the end of flash is errTARGET`() throws {
    var probe = try Probe("stm32f405")
    #expect(probe.write(pattern(64), at: 0x080F_FFE0) == [1, 10])
    #expect(probe.memory(32, at: 0x080F_FFE0).allSatisfy { $0 == 0xFF })
  }

  @Test func `the highest block number is no harm`() throws {
    var probe = try Probe("stm32f405")
    probe.setAddress(0xFFFF_0000)
    #expect(probe.run(0xFFFF, pattern(4)) == [1, 10])
    probe.clrStatus()
    #expect(probe.upload(0xFFFF, 64) == .stall)
    #expect(probe.condition() == [1, 10])
  }

  @Test func `an upload ends with the memory`() throws {
    var probe = try Probe("stm32f405")
    probe.setAddress(0x080F_FFF0)
    probe.abort()
    #expect(probe.upload(2, 64) == .data([UInt8](repeating: 0xFF, count: 16)))
    #expect(probe.condition() == [0, 2])
  }

  @Test func `a block of one byte, block 1 and unknown commands stall`() throws {
    for (block, data) in [(UInt16(2), [UInt8(1)]), (1, [1, 2]), (0, [0x52]), (0, [0x21, 0, 0])] {
      var probe = try Probe("stm32f405")
      #expect(probe.dnload(block, data) == .stall)
      #expect(probe.condition() == [15, 10])
    }
  }

  @Test(arguments: [("stm32f405", 2049, 15), ("stm32h743", 2048, 2)])
  func `a block longer than wTransferSize stalls`(chip: String, length: Int, status: Int) throws {
    var probe = try Probe(chip)
    #expect(probe.dnload(2, pattern(length)) == .stall)
    #expect(probe.condition() == [status, 10])
  }

  @Test func `protocol V3 has no Read Unprotect`() throws {
    var probe = try Probe("stm32h563")
    #expect(probe.upload(0, 64) == .data([0x00, 0x21, 0x41]))
    #expect(probe.dnload(0, [0x92]) == .stall)
  }

  static let image: [UInt8] = [0x00, 0x50, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08]

  @Test func `leave answers dfuMANIFEST with 1 ms and starts the program`() throws {
    var probe = try Probe("stm32f405")
    probe.board.load(Self.image, at: 0x0800_0000)
    probe.setAddress(0x0800_0000)
    #expect(probe.dnload(2, []) == .acknowledge)
    #expect(
      probe.getStatus()
        == Reaction(
          .data([0, 1, 0, 0, 7, 0]), then: .leaveBus(after: .milliseconds(1), as: .application)))
  }

  @Test func `what leave starts depends on the words at the pointer`() throws {
    var blank = try Probe("stm32f405")
    blank.dnload(0, [])
    #expect(
      blank.getStatus().then == .leaveBus(after: .milliseconds(1), as: .nothing))
    var options = try Probe("stm32f405")
    options.setAddress(0x1FFF_C000)
    options.dnload(0, [])
    #expect(
      options.getStatus().then == .leaveBus(after: .milliseconds(1), as: .bootloader))
  }

  @Test func `a poll timeout above 65535 ms fills all three bytes`() throws {
    var faults = FaultPlan()
    faults.reportedPoll = .milliseconds(0x012345)
    var probe = try Probe("stm32f405", faults: faults)
    probe.dnload(0, [0x21, 0, 0, 0, 8])
    #expect(probe.getStatus().answer == .data([0, 0x45, 0x23, 0x01, 4, 0]))
  }
}
