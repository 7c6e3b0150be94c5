import Testing

@testable import DfuseSimulator

/// Bootloaders that are programs, as their sources have them; which those are stands at
/// `Behaviour.Flavour`.
@Suite struct SoftwareBootloaderTests {
  /// The text of a string descriptor, or nil.
  private func text(_ index: UInt8, of probe: inout Probe) -> String? {
    guard case .data(let bytes) = probe.send([0x80, 6, index, 3, 9, 4, 255, 0]).answer else {
      return nil
    }
    return String(decoding: bytes.dropFirst(2).filter { $0 != 0 }, as: UTF8.self)
  }

  /// The bytes of a stack pointer and an entry.
  private func program(at start: UInt32) -> [UInt8] { TestProgram.vectors(for: start) }

  // MARK: - mboot

  @Test func `an mboot says who it is`() throws {
    var probe = try Probe("mboot")
    guard case .data(let device) = probe.send([0x80, 6, 0, 1, 0, 0, 18, 0]).answer else {
      Issue.record("no descriptor")
      return
    }
    #expect(device[8..<14] == [0x83, 0x04, 0x11, 0xDF, 0x00, 0x03])
    #expect(text(1, of: &probe) == "MicroPython")
    #expect(text(2, of: &probe) == "Pyboard DFU")
    #expect(text(4, of: &probe) == "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg")
    #expect(text(0x10, of: &probe) == "Can't overwrite mboot")
    #expect(text(0x11, of: &probe) == "Address out of range")
    #expect(text(0x12, of: &probe) == nil)
  }

  /// Address of an erase, and what is said of it: errADDRESS, and the string that tells why.
  @Test(arguments: [(0x0800_0000, 0x10), (0x0800_4000, 0x10), (0x1000_0000, 0x11)])
  func `an mboot tells an error once`(address: UInt32, text: Int) throws {
    var probe = try Probe("mboot")
    probe.dnload(0, [0x41] + le(address))
    #expect(probe.status() == [0, 0, 4, 0])
    #expect(probe.status() == [8, 0, 10, text])
    // "Clear errors now they've been sent": the state is what it was.
    #expect(probe.status() == [0, 0, 10, 0])
  }

  @Test func `an mboot does not answer UPLOAD of block 0 and 1`() throws {
    var probe = try Probe("mboot")
    #expect(probe.upload(0, 64) == .silence)
    #expect(probe.upload(1, 64) == .silence)
    #expect(probe.condition() == [0, 2])
  }

  @Test func `an mboot takes malformed commands, and fails without a status`() throws {
    for data in [[0x21, 0], [0x41, 0, 0], [0x92], [0x77, 1, 2, 3, 4]] as [[UInt8]] {
      var probe = try Probe("mboot")
      #expect(probe.dnload(0, data) == .acknowledge)
      #expect(probe.status() == [0, 0, 4, 0])
      #expect(probe.status() == [0, 0, 10, 0])
    }
    var probe = try Probe("mboot")
    #expect(probe.run(1, pattern(16)) == [0, 10])
  }

  @Test func `an mboot takes what it is told in every state`() throws {
    var probe = try Probe("mboot")
    probe.board.load(pattern(16), at: 0x0801_0000)
    #expect(probe.run(0, [0x92]) == [0, 10])
    #expect(probe.setAddress(0x0801_0000) == [0, 5])
    // UPLOAD in dfuDNLOAD-IDLE, which DFU_GETSTATUS then calls dfuUPLOAD-IDLE.
    #expect(probe.upload(2, 16) == .data(pattern(16)))
    #expect(probe.getState() == .data([5]))
    #expect(probe.condition() == [0, 9])
    // A block that was not begun is not seen in the state, and an UPLOAD takes its place.
    probe.dnload(2, pattern(16, seed: 3))
    #expect(probe.getState() == .data([9]))
    _ = probe.upload(2, 16)
    #expect(probe.condition() == [0, 9])
    #expect(probe.memory(16, at: 0x0801_0000) == pattern(16))
    #expect(probe.clrStatus() == .acknowledge)
    #expect(probe.condition() == [0, 2])
  }

  @Test func `an mboot does not notice a choice of configuration`() throws {
    var probe = try Probe("mboot")
    probe.setAddress(0x0801_0000)
    probe.configure()
    #expect(probe.condition() == [0, 5])
    probe.abort()
    #expect(probe.condition() == [0, 2])
    // Its class answers no standard request.
    #expect(probe.send([0x81, 0x0A, 0, 0, 0, 0, 1, 0]).answer == .silence)
    #expect(probe.send([0x01, 0x0B, 1, 0, 0, 0, 0, 0]).answer == .acknowledge)
    #expect(probe.detach() == .acknowledge)
    #expect(probe.send([0xA1, 3, 0, 0, 0, 0, 5, 0]).answer == .silence)
  }

  @Test(arguments: ["mboot", "lego-hub"])
  func `an mboot leaves by a reset, wherever its pointer stands`(name: String) throws {
    var probe = try Probe(name)
    let leave = Reaction.Consequence.leaveBus(after: .milliseconds(50), as: .bootloader)
    probe.dnload(0, [])
    #expect(probe.getStatus() == Reaction(.data([0, 0, 0, 0, 7, 0]), then: leave))
    // What it starts is behind it.
    probe = try Probe(name)
    probe.board.load(program(at: 0x0800_8000), at: 0x0800_8000)
    probe.setAddress(0x0806_0000)
    probe.dnload(0, [])
    #expect(
      probe.getStatus().then == .leaveBus(after: .milliseconds(50), as: .application))
  }

  @Test func `a LEGO hub's mboot has the texts and no list of commands`() throws {
    var probe = try Probe("lego-hub")
    #expect(probe.erase(0x0800_4000) == [8, 10])
    #expect(text(0x10, of: &probe) == "Can't overwrite mboot")
    #expect(probe.upload(0, 64) == .silence)
  }

  // MARK: - Older states of ST's library

  @Test func `an Arduino stays busy for ever when an erase fails`() throws {
    var probe = try Probe("portenta-h7")
    #expect(probe.setAddress(0xA000_0000) == [0, 5])
    probe.dnload(0, [0x41] + le(UInt32(0xA000_0000)))
    #expect(probe.status() == [0, 0, 4, 0])
    probe.now += .seconds(100)
    #expect(probe.status() == [0, 0, 4, 0])
    probe.clrStatus()
    #expect(probe.condition() == [14, 10])
    probe.clrStatus()
    #expect(probe.condition() == [0, 2])
    // A block for the chip's own flash is queued, and its failure is nobody's.
    #expect(probe.write(pattern(32), at: 0x1234_0000) == [0, 5])
  }

  @Test(arguments: ["portenta-h7", "particle-photon"])
  func `what the older library does not know stalls its DFU_GETSTATUS`(name: String) throws {
    for data in [[0x41], [0x92], [0x99, 0, 0, 0, 8], [0x21, 0]] as [[UInt8]] {
      var probe = try Probe(name)
      #expect(probe.dnload(0, data) == .acknowledge)
      #expect(probe.getStatus().answer == .stall)
      #expect(probe.condition() == [0, 5])
    }
  }

  @Test(arguments: [("portenta-h7", 0x0806_0000), ("particle-photon", 0x0804_0000)])
  func `the older library's erase moves the address pointer`(
    name: String, sector: UInt32
  ) throws {
    var probe = try Probe(name)
    probe.setAddress(0x0808_0000)
    probe.erase(sector)
    #expect(probe.run(2, pattern(32)) == [0, 5])
    #expect(probe.memory(32, at: sector) == pattern(32))
  }

  @Test func `an Arduino is gone 200 ms after it has said so`() throws {
    var probe = try Probe("giga-r1")
    probe.board.load(program(at: 0x0804_0000), at: 0x0804_0000)
    probe.dnload(0, [])
    let leave = Reaction.Consequence.leaveBus(after: .milliseconds(200), as: .application)
    #expect(probe.getStatus() == Reaction(.data([0, 1, 0, 0, 7, 0]), then: leave))
    #expect(probe.getState() == .data([8]))
  }

  @Test func `a Photon stalls what fails, reads zeros, and calls its leaving dfuDNLOAD-IDLE`()
    throws
  {
    var probe = try Probe("particle-photon")
    probe.dnload(0, [0x41] + le(UInt32(0x0800_0000)))
    #expect(probe.getStatus().answer == .stall)
    #expect(probe.condition() == [0, 5])
    probe.setAddress(0x4000_0000)
    probe.abort()
    #expect(probe.upload(2, 8) == .data([UInt8](repeating: 0, count: 8)))
    probe.abort()
    probe.dnload(0, [])
    let reaction = probe.getStatus()
    #expect(reaction.answer == .data([0, 0, 0, 0, 5, 0]))
    #expect(reaction.then == .leaveBus(after: .milliseconds(500), as: .bootloader))
  }

  // MARK: - libopencm3 and what was made of it

  @Test func `libopencm3's example has no UPLOAD`() throws {
    var probe = try Probe("libopencm3-dfu")
    guard case .data(let bytes) = probe.send([0x80, 6, 0, 2, 0, 0, 255, 0]).answer else {
      Issue.record("no configuration")
      return
    }
    #expect(bytes.suffix(9) == [9, 0x21, 0x09, 255, 0, 0x00, 0x04, 0x1A, 0x01])
    for block: UInt16 in [0, 1, 2] { #expect(probe.upload(block, 64) == .stall) }
    #expect(probe.condition() == [0, 2])
    #expect(probe.detach() == .stall)
  }

  @Test func `libopencm3's example takes a block in any state, and knows no failure`() throws {
    var probe = try Probe("libopencm3-dfu")
    #expect(probe.dnload(0, [0x21] + le(UInt32(0x4000_0000))) == .acknowledge)
    #expect(probe.getState() == .data([3]))
    // Before it was begun, another: the first is gone.
    #expect(probe.dnload(0, [0x21] + le(UInt32(0x0800_3000))) == .acknowledge)
    #expect(probe.status() == [0, 100, 4, 0])
    #expect(probe.getState() == .data([5]))
    #expect(probe.run(2, pattern(64)) == [0, 5])
    #expect(probe.memory(64, at: 0x0800_3000) == pattern(64))
    // Not blank, not there: said to be done.
    #expect(probe.run(2, pattern(64, seed: 7)) == [0, 5])
    #expect(probe.write(pattern(64), at: 0x4000_0000) == [0, 5])
    #expect(probe.run(0, [0x92]) == [0, 5])
    // A download can end in dfuDNLOAD-SYNC.
    probe.dnload(2, pattern(64))
    #expect(probe.dnload(0, []) == .acknowledge)
    #expect(probe.condition() == [0, 7])
  }

  @Test func `libopencm3's mass erase is an erase of what is left over in its buffer`() throws {
    var probe = try Probe("libopencm3-dfu")
    probe.board.load(pattern(64), at: 0x0800_2000)
    probe.board.load(pattern(64), at: 0x0800_3000)
    probe.setAddress(0x0800_3000)
    #expect(probe.run(0, [0x41]) == [0, 5])
    #expect(probe.memory(64, at: 0x0800_2000) == pattern(64))
    #expect(probe.memory(64, at: 0x0800_3000).allSatisfy { $0 == 0xFF })
  }

  @Test func `libopencm3's example clears nothing but dfuERROR, and any state ends by ABORT`()
    throws
  {
    var probe = try Probe("libopencm3-dfu")
    probe.setAddress(0x0800_3000)
    #expect(probe.clrStatus() == .acknowledge)
    #expect(probe.condition() == [0, 5])
    probe.configure()
    #expect(probe.condition() == [0, 5])
    probe.dnload(2, pattern(4))
    #expect(probe.abort() == .acknowledge)
    #expect(probe.condition() == [0, 2])
    #expect(probe.dnload(2, pattern(1025)) == .stall)
    #expect(probe.condition() == [0, 2])
  }

  @Test func `a Black Magic Probe looks at an address when it comes`() throws {
    var probe = try Probe("black-magic-probe")
    #expect(probe.dnload(0, [0x21] + le(UInt32(0x0800_1000))) == .acknowledge)
    #expect(probe.condition() == [1, 10])
    #expect(probe.clrStatus() == .acknowledge)
    probe.board.load(pattern(64), at: 0x0800_2400)
    #expect(probe.setAddress(0x0800_2400) == [0, 5])
    // UPLOAD in a download.
    #expect(probe.upload(2, 64) == .data(pattern(64)))
    #expect(probe.condition() == [0, 9])
    // An erase below its programs fails, with no status.
    #expect(probe.erase(0x0800_0000) == [0, 10])
  }

  @Test func `a Black Magic Probe does not erase a page twice in a row`() throws {
    var probe = try Probe("black-magic-probe")
    #expect(probe.erase(0x0800_2400) == [0, 5])
    probe.board.load(pattern(64), at: 0x0800_2400)
    #expect(probe.erase(0x0800_2400) == [0, 5])
    #expect(probe.memory(64, at: 0x0800_2400) == pattern(64))
    #expect(probe.erase(0x0800_2800) == [0, 5])
    #expect(probe.erase(0x0800_2400) == [0, 5])
    #expect(probe.memory(64, at: 0x0800_2400).allSatisfy { $0 == 0xFF })
  }

  // MARK: - NumWorks

  @Test func `a NumWorks reports 1 ms whatever it does, and stalls the list of commands`() throws {
    var probe = try Probe("numworks")
    #expect(probe.status() == [0, 1, 2, 0])
    #expect(probe.upload(0, 64) == .stall)
    #expect(probe.upload(1, 64) == .stall)
    #expect(probe.status() == [0, 1, 2, 0])
    probe.dnload(0, [0x41] + le(UInt32(0x9001_0000)))
    #expect(probe.getStatus() == Reaction(.data([0, 1, 0, 0, 4, 0])))
    #expect(probe.getStatus() == Reaction(.data([0, 1, 0, 0, 5, 0]), delay: .milliseconds(150)))
  }

  @Test func `a NumWorks that fails to write says so in dfuDNLOAD-IDLE`() throws {
    var probe = try Probe("numworks")
    #expect(probe.write(pattern(64), at: 0x4000_0000) == [1, 5])
    // The next block that is written makes that good.
    #expect(probe.setAddress(0x9001_0000) == [0, 5])
  }

  @Test func `a NumWorks looks at the address of an erase when it comes`() throws {
    var probe = try Probe("numworks")
    #expect(probe.dnload(0, [0x41] + le(UInt32(0x0800_0000))) == .acknowledge)
    #expect(probe.condition() == [1, 10])
    // dfuERROR takes DNLOAD all the same, but not one without data.
    #expect(probe.dnload(0, []) == .stall)
    #expect(probe.condition() == [9, 10])
    #expect(probe.dnload(0, [0x92]) == .acknowledge)
    #expect(probe.condition() == [15, 10])
    #expect(probe.setAddress(0x9001_0000) == [0, 5])
    probe.clrStatus()
    #expect(probe.condition() == [0, 2])
  }

  // MARK: - Particle

  @Test func `an Argon lists its commands, and fails with errUNKNOWN`() throws {
    var probe = try Probe("particle-argon")
    #expect(probe.upload(0, 64) == .data([0x00, 0x21, 0x41, 0xFA, 0xFB]))
    #expect(probe.erase(0x4000_0000) == [14, 10])
    #expect(probe.dnload(0, [0x41]) == .stall)
    #expect(probe.condition() == [14, 10])
    probe.clrStatus()
    #expect(probe.run(0, [0x41]) == [1, 10])
    probe.clrStatus()
    #expect(probe.run(0, [0x92]) == [14, 10])
    probe.clrStatus()
    #expect(probe.run(0, [0x77]) == [15, 10])
    probe.clrStatus()
    #expect(probe.clrStatus() == .stall)
    #expect(probe.condition() == [14, 10])
    probe.clrStatus()
    #expect(probe.upload(1, 8) == .stall)
    #expect(probe.condition() == [14, 10])
  }

  @Test func `an Argon is gone half a second after it has said so`() throws {
    var probe = try Probe("particle-argon")
    probe.dnload(0, [])
    let reaction = probe.getStatus()
    #expect(reaction.answer == .data([0, 0, 0, 0, 7, 0]))
    #expect(reaction.then == .leaveBus(after: .milliseconds(500), as: .bootloader))
  }

  // MARK: - Plain DFU

  @Test func `a TinyUSB device tolerates manifestation, and stays`() throws {
    var probe = try Probe("tinyusb-dfu")
    #expect(probe.run(0, pattern(512)) == [0, 5])
    #expect(probe.run(1, pattern(512, seed: 5)) == [0, 5])
    #expect(probe.memory(512, at: 0x0800_0200) == pattern(512, seed: 5))
    #expect(probe.upload(2, 64) != .stall)
    #expect(probe.getState() == .data([5]))
    #expect(probe.dnload(2, []) == .acknowledge)
    #expect(probe.getStatus() == Reaction(.data([0, 0, 0, 0, 7, 0])))
    #expect(probe.getStatus() == Reaction(.data([0, 0, 0, 0, 2, 0])))
  }

  @Test func `a TinyUSB device stalls what its state does not take, and stays in it`() throws {
    var probe = try Probe("uno-r4")
    probe.dnload(0, pattern(64))
    #expect(probe.dnload(1, pattern(64)) == .stall)
    #expect(probe.dnload(1, []) == .stall)
    #expect(probe.getState() == .data([3]))
    #expect(probe.detach() == .acknowledge)
    #expect(probe.clrStatus() == .acknowledge)
    #expect(probe.condition() == [0, 2])
    probe.dnload(0, pattern(64))
    // Choosing an alternate setting starts it anew.
    #expect(probe.send([0x01, 0x0B, 1, 0, 0, 0, 0, 0]).answer == .acknowledge)
    #expect(probe.condition() == [0, 2])
  }

  @Test func `dapboot counts bytes, erases on its way, and starts what it was given`() throws {
    var probe = try Probe("dapboot")
    probe.board.load(pattern(64, seed: 9), at: 0x0800_2000)
    // The block's number does not count.
    #expect(probe.run(7, program(at: 0x0800_2000) + pattern(1016)) == [0, 5])
    #expect(probe.run(7, pattern(1024, seed: 5)) == [0, 5])
    #expect(probe.memory(1016, at: 0x0800_2008) == pattern(1016))
    #expect(probe.memory(1024, at: 0x0800_2400) == pattern(1024, seed: 5))
    #expect(probe.dnload(2, []) == .acknowledge)
    let reaction = probe.getStatus()
    #expect(reaction.answer == .data([0, 0, 0, 0, 7, 0]))
    #expect(reaction.then == .leaveBus(after: .zero, as: .application))
  }

  @Test func `dapboot stays when what it was given is no program`() throws {
    var probe = try Probe("dapboot")
    #expect(probe.run(0, [0xFF, 0xFF, 0xFF, 0xFF]) == [0, 5])
    probe.dnload(1, [])
    #expect(probe.condition() == [0, 7])
    #expect(probe.condition() == [10, 10])
    // What this state does not take is acknowledged.
    #expect(probe.dnload(0, pattern(4)) == .acknowledge)
    #expect(probe.condition() == [10, 10])
    probe.clrStatus()
    #expect(probe.condition() == [0, 2])
    #expect(probe.dnload(0, []) == .stall)
    #expect(probe.condition() == [15, 10])
  }

  @Test func `dapboot reads from its first page on`() throws {
    var probe = try Probe("dapboot")
    probe.board.load(pattern(100), at: 0x0800_2000)
    #expect(probe.upload(0, 64) == .data(Array(pattern(100).prefix(64))))
    #expect(probe.upload(0, 36) == .data(Array(pattern(100).suffix(36))))
    #expect(probe.condition() == [0, 9])
    probe.abort()
    #expect(probe.upload(5, 64) == .data(Array(pattern(100).prefix(64))))
  }
}
