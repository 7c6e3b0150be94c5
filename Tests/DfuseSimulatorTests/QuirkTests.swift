import Testing

@testable import DfuseSimulator

/// Misbehaviours of single devices.
@Suite struct QuirkTests {
  @Test func `an H743 erases beyond 1 MiB and never says so`() throws {
    var probe = try Probe("stm32h743")
    probe.board.load(pattern(64), at: 0x0812_0000)
    probe.dnload(0, [0x41, 0, 0, 0x12, 0x08])
    #expect(probe.status() == [0, 1000, 4, 0])
    probe.now += .seconds(100)
    #expect(probe.status() == [0, 1000, 4, 0])
    #expect(probe.clrStatus() == .acknowledge)
    #expect(probe.condition() == [14, 10])
    #expect(probe.clrStatus() == .acknowledge)
    #expect(probe.condition() == [0, 2])
    #expect(probe.memory(64, at: 0x0812_0000).allSatisfy { $0 == 0xFF })
    #expect(probe.erase(0x080E_0000) == [0, 5])
  }

  @Test func `an H743 with bootloader V9_1 says too early that bank 2 is erased`() throws {
    var probe = try Probe("stm32h743-v9.1")
    probe.board.load(pattern(64), at: 0x0812_0000)
    #expect(probe.erase(0x0812_0000) == [0, 5])
    #expect(probe.now == .seconds(1))
    #expect(probe.memory(64, at: 0x0812_0000) == pattern(64))
    // What is written meanwhile is lost, and nobody says so.
    #expect(probe.write(pattern(32, seed: 7), at: 0x0814_0000) == [0, 5])
    #expect(probe.memory(32, at: 0x0814_0000).allSatisfy { $0 == 0xFF })
    probe.now = .seconds(2)
    #expect(probe.condition() == [0, 5])
    #expect(probe.memory(64, at: 0x0812_0000).allSatisfy { $0 == 0xFF })
    #expect(probe.write(pattern(32), at: 0x0812_0000) == [0, 5])
    #expect(probe.memory(32, at: 0x0812_0000) == pattern(32))
  }

  @Test func `an F427 with bootloader V9 says it erased bank 2`() throws {
    var probe = try Probe("stm32f427-v9.0")
    probe.board.load(pattern(64), at: 0x0810_0000)
    #expect(probe.erase(0x0810_0000) == [0, 5])
    #expect(probe.memory(64, at: 0x0810_0000) == pattern(64))
  }

  @Test func `an L476 stalls DFU_GETSTATUS while it erases`() throws {
    var probe = try Probe("stm32l476")
    probe.dnload(0, [0x41, 0, 0, 0, 8])
    #expect(probe.status() == [0, 20, 4, 0])
    probe.now += .milliseconds(20)
    #expect(probe.getStatus().answer == .stall)
    probe.now += .milliseconds(2)
    #expect(probe.status() == [0, 0, 5, 0])
  }

  @Test(arguments: [(256, true), (260, false), (264, true), (1020, false)])
  func `an L476 corrupts writes of more than 256 bytes that are no multiple of 8`(
    count: Int, isRight: Bool
  ) throws {
    var probe = try Probe("stm32l476")
    #expect(probe.write(pattern(count), at: 0x0800_0000) == [0, 5])
    #expect((probe.memory(count, at: 0x0800_0000) == pattern(count)) == isRight)
  }

  @Test func `a clone has a functional descriptor without a version`() throws {
    var probe = try Probe("f105-clone")
    guard case .data(let bytes) = probe.send([0x80, 6, 0, 2, 0, 0, 255, 0]).answer else {
      Issue.record("no configuration descriptor")
      return
    }
    #expect(bytes.suffix(7) == [7, 0x21, 0x0B, 255, 0, 0x00, 0x08])
    #expect(Int(bytes[2]) == bytes.count)
  }

  @Test func `an F072 polled early drops the work and calls it done`() throws {
    var probe = try Probe("stm32f072")
    probe.board.load(pattern(64), at: 0x0800_0000)
    probe.dnload(0, [0x41, 0, 0, 0, 8])
    #expect(probe.status() == [0, 40, 4, 0])
    probe.now += .milliseconds(2)
    #expect(probe.condition() == [0, 5])
    #expect(probe.memory(64, at: 0x0800_0000) == pattern(64))
    #expect(
      probe.board.counters.earlyPolls.map(\.reported) == [.milliseconds(40)])
    #expect(probe.board.counters.earlyPolls.map(\.waited) == [.milliseconds(2)])
    #expect(probe.erase(0x0800_0000) == [0, 5])
    #expect(probe.memory(64, at: 0x0800_0000).allSatisfy { $0 == 0xFF })
  }

  @Test func `a C5 stalls CLRSTATUS outside dfuERROR and hangs on the functional descriptor`()
    throws
  {
    var probe = try Probe("stm32c562")
    #expect(probe.clrStatus() == .stall)
    #expect(probe.condition() == [0, 2])
    #expect(probe.send([0x80, 6, 0, 0x21, 0, 0, 9, 0]).answer == .silence)
    _ = probe.upload(1, 4)
    #expect(probe.clrStatus() == .acknowledge)
    #expect(probe.condition() == [0, 2])
  }

  @Test func `a GD32 leaves at the DNLOAD and shows its serial number in 8 bits`() throws {
    var probe = try Probe("gd32vf103")
    probe.board.load([0x6F, 0x00], at: 0x0800_0000)
    let reaction = probe.send([0x21, 1, 0, 0, 0, 0, 0, 0])
    #expect(reaction == Reaction(.acknowledge, then: .leaveBus(after: .zero, as: .application)))
    #expect(
      probe.send([0x80, 6, 3, 3, 9, 4, 255, 0]).answer
        == .data([6, 3, 0x33, 0x43, 0x42, 0x4A]))
  }

  @Test(arguments: ["stm32u575", "stm32h7a3"])
  func `a U575 and an H7A3 are gone before the last status`(chip: String) throws {
    var probe = try Probe(chip)
    probe.dnload(0, [])
    #expect(probe.getStatus().answer == .silence)
  }

  @Test func `a WB55 answers the last status with a stall`() throws {
    var probe = try Probe("stm32wb55")
    probe.dnload(0, [])
    let reaction = probe.getStatus()
    #expect(reaction.answer == .stall)
    #expect(reaction.then == .leaveBus(after: .milliseconds(1), as: .nothing))
  }

  @Test func `a C071 leaves only after a Set Address`() throws {
    var probe = try Probe("stm32c071")
    probe.dnload(0, [])
    #expect(probe.condition() == [1, 10])
    probe.clrStatus()
    probe.setAddress(0x0800_0000)
    probe.dnload(0, [])
    #expect(probe.condition() == [0, 7])
  }

  @Test func `an F429 says 166 bytes and sends 112`() throws {
    var probe = try Probe("stm32f429")
    guard case .data(let bytes) = probe.send([0x80, 6, 4, 3, 9, 4, 255, 0]).answer else {
      Issue.record("no string")
      return
    }
    #expect(bytes[0] == 166)
    #expect(bytes.count == 112)
  }

  @Test func `an early F407 is found in dfuERROR with errFIRMWARE`() throws {
    var probe = try Probe("stm32f407-v2.1")
    #expect(probe.condition() == [10, 10])
    probe.clrStatus()
    #expect(probe.condition() == [0, 2])
  }

  @Test func `an mboot reports no times, and answers nothing while it works`() throws {
    var probe = try Probe("mboot")
    probe.dnload(0, [0x41, 0, 0x80, 0, 0x08])
    #expect(probe.getStatus() == Reaction(.data([0, 0, 0, 0, 4, 0])))
    #expect(
      probe.getStatus() == Reaction(.data([0, 0, 0, 0, 5, 0]), delay: .milliseconds(250)))
  }

  @Test func `an mboot explains its errors`() throws {
    var probe = try Probe("mboot")
    probe.dnload(0, [0x41, 0, 0, 0, 0x10])
    #expect(probe.status() == [0, 0, 4, 0])
    #expect(probe.status() == [8, 0, 10, 0x11])
    guard case .data(let bytes) = probe.send([0x80, 6, 0x11, 3, 9, 4, 255, 0]).answer else {
      Issue.record("no text")
      return
    }
    #expect(bytes.count == 2 + 2 * "Address out of range".count)
    probe.clrStatus()
    #expect(probe.condition() == [0, 2])
  }
}
