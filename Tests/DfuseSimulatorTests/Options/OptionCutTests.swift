import Testing

@testable import DfuseSimulator

/// Power that fails while option bytes are programmed.
@Suite struct OptionCutTests {
  /// A board that was cut in the middle of writing its own option bytes back.
  private static func cut(
    _ name: String, words: [UInt32: UInt32] = [:], at part: Double = 0.5
  ) throws -> Probe {
    var probe = try Probe(name)
    probe.clrStatusIfFailed()
    probe.loadProgram()
    probe.board.setOptionWords(words)
    let options = try #require(probe.board.chip.profile.options)
    let region = try #require(
      probe.board.model.memory.region(at: UInt64(options.place(options.level.address))))
    let block = Array(probe.memory(region.size, at: region.start).prefix(region.size & ~3))
    probe.setAddress(region.start)
    probe.dnload(2, block)
    _ = probe.getStatus()
    let work = try #require(probe.board.model.work)
    let end = try #require(work.end)
    probe.now = work.begin + (end - work.begin) * part
    return probe
  }

  /// All that show option bytes and go on working after they have answered.
  static let chips = OptionFactoryTests.modelled.filter {
    guard let profile = SimulatedChip.named($0)?.profile else { return false }
    return profile.memory(.optionBytes) != nil
      && profile.behaviour.whileBusy != .worksBeforeAnswering
  }

  @Test(arguments: chips)
  func `a cut is level 1 at most, and keeps what is in flash`(name: String) throws {
    var probe = try Self.cut(name)
    let program = probe.memory(16, at: 0x0800_0000)
    let back = probe.powerCycle()
    // An H7 keeps its old values.
    #expect(probe.board.state.readProtection == (name.hasPrefix("stm32h7") ? 0 : 1))
    #expect(probe.memory(16, at: 0x0800_0000) == program)
    // F7: both boot addresses 0xFFFF (rusefi#3597, #8926). G0, C0: boot from flash for ever (RM0444,
    // RM0490 4.4.2).
    let isGone = ["stm32f7", "stm32g0", "stm32c0"].contains { name.hasPrefix($0) }
    #expect((back == .bootloader) == !isGone)
    guard !isGone, probe.board.state.readProtection == 1 else { return }
    probe.clrStatusIfFailed()
    probe.dnload(0, [0x92])
    _ = probe.getStatus()
    #expect(probe.restart(as: .bootloader) == .bootloader)
    #expect(probe.board.state.readProtection == 0)
  }

  @Test(arguments: chips)
  func `a cut before the first and after the last moment is none`(name: String) throws {
    for (part, isDone) in [(0.0, false), (1.0, true)] {
      var probe = try Self.cut(name, at: part)
      #expect(probe.powerCycle() == .bootloader)
      #expect(probe.board.state.readProtection == 0, "\(isDone)")
      for word in probe.board.optionWords {
        #expect(probe.board.optionWord(at: word) == probe.board.initialOptionWord(at: word))
      }
    }
  }

  /// RM0440, 3.4.2.
  @Test(arguments: ["stm32g431", "stm32l476"])
  func `an L4 or G4 has all ones, no brown-out, no write protection, all read proof`(name: String)
    throws
  {
    var probe = try Self.cut(name, words: [0x1FFF_7800: 0xF3EF_F1AA, 0x1FFF_7818: 0])
    probe.powerCycle()
    #expect(probe.board.optionWord(at: 0x1FFF_7800) == 0xFFFF_F8FF)
    #expect(probe.board.model.memory.optionProtected.isEmpty)
    #expect(probe.board.optionWord(at: 0x1FFF_7808) == 0)
    #expect(probe.board.optionWord(at: 0x1FFF_7810) == 0xFFFF_FFFF)
    // PCROP_RDP is among the ones: lifting the protection frees the area.
    probe.dnload(0, [0x92])
    _ = probe.getStatus()
    #expect(
      probe.board.optionWord(at: 0x1FFF_7808) == probe.board.factoryOptionWord(at: 0x1FFF_7808))
    #expect(probe.board.optionWord(at: 0x1FFF_7800) == 0xFFFF_F8AA)
  }

  @Test func `a C0 is locked out of its ROM`() throws {
    var probe = try Self.cut("stm32c071")
    #expect(probe.powerCycle() == .application)
    #expect(probe.board.optionWord(at: 0x1FFF_7870) == 0x0001_0000)
    #expect(!probe.board.hasWayIntoROM)
  }

  @Test func `an F0 has erased bytes, which are no error`() throws {
    var probe = try Self.cut("stm32f072", words: [0x1FFF_F800: 0x00FE_00AA, 0x1FFF_F808: 0])
    probe.powerCycle()
    #expect(probe.memory(16, at: 0x1FFF_F800) == [UInt8](repeating: 0xFF, count: 16))
    #expect(probe.board.optionWord(at: 0x1FFF_F800) == 0x00FF_00FF)
    #expect(probe.board.model.memory.optionProtected.isEmpty)
  }

  /// RM0367, 3.8.2.
  @Test func `an L0 is protected as a whole`() throws {
    var probe = try Self.cut("stm32l072")
    probe.powerCycle()
    #expect(probe.board.optionWord(at: 0x1FF8_0000).map { $0 & 0x100 } == 0x100)
    #expect(probe.board.optionWord(at: 0x1FF8_0008) == 0)
  }

  /// Only what was being written can be for ever.
  @Test(arguments: chips)
  func `a cut while a level that is for ever is written is not for ever`(name: String) throws {
    var probe = try Probe(name)
    probe.clrStatusIfFailed()
    let options = try #require(probe.board.chip.profile.options)
    guard let forEver = options.level.forEver.first else { return }
    let word = try #require(probe.board.optionWord(at: options.level.address))
    let raw = options.encode(
      word & ~(0xFF << options.level.shift) | forEver << options.level.shift)
    probe.setAddress(options.place(options.level.address))
    probe.dnload(2, raw)
    _ = probe.getStatus()
    let work = try #require(probe.board.model.work)
    let end = try #require(work.end)
    probe.now = work.begin + (end - work.begin) * 0.5
    probe.powerCycle()
    #expect(probe.board.state.readProtection < 2)
  }

  @Test func `a board that leaves for a reset can be cut before it has`() throws {
    let bus = SimulatedBus([
      SimulatedBoard(try #require(SimulatedChip.named("stm32f405")))
    ])
    bus.withSlot("1-1") { slot, now in
      func send(_ setup: [UInt8], _ data: [UInt8], at moment: Duration) {
        let reaction = slot.board.handle(setup: setup, data: data, at: moment)
        slot.follow(reaction.then, answeredAt: moment)
      }
      let status: [UInt8] = [0xA1, 3, 0, 0, 0, 0, 6, 0]
      send([0x21, 1, 0, 0, 0, 0, 5, 0], [0x21] + le(UInt32(0x1FFF_C000)), at: now)
      send(status, [], at: now)
      send(status, [], at: now)
      send([0x21, 1, 2, 0, 0, 0, 4, 0], le(UInt32(0x5533_AACC)), at: now)
      send(status, [], at: now)
    }
    bus.unplug("1-1", after: .microseconds(30))
    _ = bus.waitForChange(limit: .seconds(1))
    #expect(bus.board(at: "1-1")?.programmedOptionWord(at: 0x1FFF_C000) == 0xFFEC)
    // It does not come back by itself.
    _ = bus.waitForChange(limit: .seconds(5))
    #expect(try bus.devices().isEmpty)
    bus.plugBack("1-1")
    #expect(bus.board(at: "1-1")?.state.readProtection == 1)
    #expect(try bus.devices().count == 1)
  }

  // MARK: - Saved boards

  @Test(arguments: OptionFactoryTests.modelled)
  func `a saved board has the words it had, also beyond its map`(name: String) throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named(name)))
    let last = try #require(board.optionWords.last)
    let old = try #require(board.optionWord(at: last))
    board.setOptionWords([last: old ^ 0x10])
    let state = try SimulatedBoardState(decoding: board.state.encode())
    let other = try SimulatedBoard(board.chip, state: state)
    #expect(other.optionWord(at: last) == board.optionWord(at: last))
    for word in board.optionWords.dropLast() {
      #expect(other.optionWord(at: word) == board.initialOptionWord(at: word))
    }
    #expect(other.state == board.state)
  }

  @Test func `what is programmed and not in force yet is in force in a saved board`() throws {
    var probe = try Probe("stm32h743")
    _ = probe.writeOptionWords([0x1FF0_0810], at: 0x5200_2044)
    let saved = try SimulatedBoard(probe.board.chip, state: probe.board.state)
    #expect(saved.optionWord(at: 0x5200_2040) == 0x1FF0_0810)
    #expect(probe.board.optionWord(at: 0x5200_2040) == 0x1FF0_0800)
  }

  @Test func `a saved board remembers that a password was written`() throws {
    var probe = try Probe("stm32u575")
    _ = probe.writeOptionWords([0], at: 0x4002_207C)
    let saved = try SimulatedBoard(probe.board.chip, state: probe.board.state)
    #expect(saved.touchedPasswordWords == [0x4002_207C])
  }

  @Test func `a saved F767 has the sectors of its mode`() throws {
    var board = SimulatedBoard(try #require(SimulatedChip.named("stm32f767")))
    board.setOptionWords([0x1FFF_0008: 0xDFFF])
    board.load(pattern(16), at: 0x0800_4000)
    let saved = try SimulatedBoard(board.chip, state: board.state)
    #expect(saved.model.memory.sector(at: 0x0800_4000) == 0x0800_4000..<0x0800_8000)
    #expect(saved.read(16, at: 0x0800_4000) == pattern(16))
  }
}
