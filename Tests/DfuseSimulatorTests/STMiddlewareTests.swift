import Testing

@testable import DfuseSimulator

/// ST's USB device library as it was measured, one test a line of the measurement.
@Suite struct STMiddlewareTests {
  @Test func `the work happens inside the first DFU_GETSTATUS`() throws {
    var probe = try Probe("st-usbd")
    probe.dnload(0, [0x41, 0x00, 0xC0, 0x00, 0x08])
    #expect(
      probe.getStatus() == Reaction(.data([0, 50, 0, 0, 4, 0]), delay: .milliseconds(250)))
    #expect(probe.getStatus() == Reaction(.data([0, 0, 0, 0, 5, 0])))
  }

  @Test func `every media failure is errVENDOR at the second DFU_GETSTATUS`() throws {
    var probe = try Probe("st-usbd")
    #expect(probe.setAddress(0x4000_0000) == [0, 5])
    #expect(probe.run(2, pattern(16)) == [11, 10])
    probe.clrStatus()
    #expect(probe.erase(0x0800_0000) == [11, 10])
  }

  @Test func `mass erase, unprotect and unknown short commands do nothing and say done`() throws {
    var probe = try Probe("st-usbd")
    probe.board.load(pattern(16), at: 0x0800_C000)
    for command: UInt8 in [0x41, 0x92, 0x77] { #expect(probe.run(0, [command]) == [0, 5]) }
    #expect(probe.memory(16, at: 0x0800_C000) == pattern(16))
    probe.abort()
    #expect(probe.upload(0, 64) == .data([0x00, 0x21, 0x41]))
  }

  @Test func `the pointer is the template's after power-on and survives ABORT`() throws {
    var probe = try Probe("st-usbd")
    probe.board.load(pattern(16), at: 0x0800_8000)
    #expect(probe.upload(2, 16) == .data(pattern(16)))
    probe.abort()
    probe.setAddress(0x0801_0000)
    probe.abort()
    probe.run(2, pattern(16, seed: 3))
    #expect(probe.memory(16, at: 0x0801_0000) == pattern(16, seed: 3))
  }

  @Test func `a failed upload leaves bState 15, and only CLRSTATUS twice helps`() throws {
    var probe = try Probe("st-usbd")
    #expect(probe.upload(1, 16) == .stall)
    #expect(probe.condition() == [0, 15])
    #expect(probe.abort() == .acknowledge)
    #expect(probe.dnload(0, [0x21, 0, 0, 0, 8]) == .stall)
    #expect(probe.condition() == [0, 15])
    probe.clrStatus()
    #expect(probe.condition() == [14, 10])
    probe.clrStatus()
    #expect(probe.condition() == [0, 2])
  }

  @Test func `CLRSTATUS in dfuIDLE makes errUNKNOWN`() throws {
    var probe = try Probe("st-usbd")
    probe.clrStatus()
    #expect(probe.condition() == [14, 10])
  }

  @Test func `ABORT before DFU_GETSTATUS drops the block, and cancels a leave`() throws {
    var probe = try Probe("st-usbd")
    probe.dnload(2, pattern(16))
    #expect(probe.abort() == .acknowledge)
    #expect(probe.condition() == [0, 2])
    #expect(probe.board.counters.bytesProgrammed == 0)
    probe.dnload(0, [])
    #expect(probe.abort() == .acknowledge)
    #expect(probe.condition() == [0, 2])
  }

  @Test func `a request the state does not allow stalls and changes nothing`() throws {
    var probe = try Probe("st-usbd")
    probe.setAddress(0x0800_C000)
    #expect(probe.upload(2, 16) == .stall)
    #expect(probe.condition() == [0, 5])
    probe.abort()
    _ = probe.upload(2, 16)
    #expect(probe.dnload(2, pattern(16)) == .stall)
    #expect(probe.condition() == [0, 9])
  }

  @Test func `malformed commands hang, stall once, or are ignored`() throws {
    var endless = try Probe("st-usbd")
    endless.dnload(0, [0x99, 0, 0, 0, 8])
    #expect(endless.condition() == [0, 4])
    endless.now += .seconds(3600)
    #expect(endless.condition() == [0, 4])
    endless.clrStatus()
    endless.clrStatus()
    #expect(endless.condition() == [0, 2])
    var odd = try Probe("st-usbd")
    odd.dnload(0, [0x21, 0, 0])
    #expect(odd.getStatus().answer == .stall)
    #expect(odd.condition() == [0, 5])
    #expect(odd.run(1, pattern(16)) == [0, 5])
    #expect(odd.board.counters.bytesProgrammed == 0)
  }

  @Test func `wLength above wTransferSize reads less, or hangs and programs the first bytes`()
    throws
  {
    var probe = try Probe("st-usbd")
    guard case .data(let bytes) = probe.upload(2, 4096) else {
      Issue.record("no data")
      return
    }
    #expect(bytes.count == 1024)
    // `DFU_Upload` goes to dfuUPLOAD-IDLE however much it sends.
    #expect(probe.condition() == [0, 9])
    probe.abort()
    probe.setAddress(0x0800_C000)
    #expect(probe.dnload(2, pattern(1100)) == .silence)
    _ = probe.condition()
    #expect(probe.condition() == [0, 5])
    #expect(probe.memory(1024, at: 0x0800_C000) == Array(pattern(1100).prefix(1024)))
  }

  @Test func `leaving and DETACH drop off in mid-request`() throws {
    var probe = try Probe("st-usbd")
    probe.dnload(0, [])
    #expect(probe.getState() == .data([6]))
    #expect(probe.getStatus().answer == .silence)
    var detached = try Probe("st-usbd")
    let reaction = detached.send([0x21, 0, 0, 0, 0, 0, 0, 0])
    #expect(reaction == Reaction(.silence, then: .leaveBus(after: .zero, as: .bootloader)))
  }

  @Test func `SET_INTERFACE to an alternate that does not exist stalls`() throws {
    var probe = try Probe("st-usbd")
    #expect(probe.send([0x01, 0x0B, 1, 0, 0, 0, 0, 0]).answer == .acknowledge)
    #expect(probe.send([0x81, 0x0A, 0, 0, 0, 0, 1, 0]).answer == .data([1]))
    #expect(probe.send([0x01, 0x0B, 2, 0, 0, 0, 0, 0]).answer == .stall)
  }

  @Test func `a refused UPLOAD drops a block that waits for DFU_GETSTATUS`() throws {
    var probe = try Probe("st-usbd")
    probe.setAddress(0x0800_C000)
    probe.dnload(2, pattern(16))
    #expect(probe.upload(2, 16) == .stall)
    #expect(probe.getState() == .data([3]))
    #expect(probe.status() == [0, 0, 5, 0])
    #expect(probe.board.counters.bytesProgrammed == 0)
  }

  @Test func `ABORT does not clear what failed, though no status has told of it yet`() throws {
    var probe = try Probe("st-usbd")
    probe.setAddress(0x4000_0000)
    probe.dnload(2, pattern(16))
    #expect(probe.condition() == [0, 4])
    #expect(probe.abort() == .acknowledge)
    #expect(probe.condition() == [11, 10])
  }

  /// `DFU_Leave` resets the chip; the template then starts what is at its default address.
  @Test func `it leaves to what is behind it, wherever the pointer stands`() throws {
    var probe = try Probe("st-usbd")
    probe.dnload(0, [])
    #expect(probe.getStatus().then == .leaveBus(after: .zero, as: .bootloader))
    probe = try Probe("st-usbd")
    probe.board.load(TestProgram.vectors(for: 0x0800_C000), at: 0x0800_C000)
    probe.setAddress(0x0806_0000)
    probe.dnload(0, [])
    #expect(probe.getStatus().then == .leaveBus(after: .zero, as: .application))
  }
}
