import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Every operation of the flasher on every simulated chip.
@Suite struct FlashChipTests {
  static let names = SimulatedChip.all.map(\.name)

  /// A flash must not have been helped by luck: nothing refused, and every wait honoured.
  private func checkBehaviour(_ rig: FlashRig) throws {
    let counters = try rig.board.counters
    #expect(counters.refusedPrograms.isEmpty)
    #expect(counters.earlyPolls.isEmpty)
  }

  private func rig(_ board: SimulatedBoard) -> FlashRig {
    let rig = FlashRig(board)
    rig.polling = .spec
    return rig
  }

  @Test(arguments: names)
  func `a blank board is flashed without an erase`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let rig = rig(SimulatedBoard(chip))
    let result = try rig.flash(Firmware(image))
    #expect(try rig.holds(image))
    #expect(result.isVerified)
    #expect(result.sectorsErased == 0)
    #expect(result.sectorsRepeated == 0)
    #expect(try rig.board.counters.erases.isEmpty)
    try checkBehaviour(rig)
  }

  @Test(arguments: names)
  func `a used board is flashed, then again, then with one change`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let rig = rig(TestProgram.usedBoard(chip))
    let result = try rig.flash(Firmware(image))
    #expect(try rig.holds(image))
    #expect(result.isVerified)
    #expect(result.sectorsRepeated == 0)
    #expect(result.sectorsErased == (try rig.board.counters.erases.count))
    #expect(try rig.board.counters.erases.values.allSatisfy { $0 == 1 })

    rig.bus.plugBack("1-1")
    let before = try rig.board.counters
    let again = try rig.flash(Firmware(image))
    #expect(again.isVerified)
    #expect(again.sectorsErased == 0)
    #expect(try rig.board.counters.bytesProgrammed == before.bytesProgrammed)

    rig.bus.plugBack("1-1")
    var bytes = image.runs[1].bytes
    bytes[1234] ^= 0xFF
    let changed = try MemoryImage(merging: [
      image.runs[0], ImageElement(address: image.runs[1].address, bytes: bytes),
    ])
    let third = try rig.flash(Firmware(changed))
    #expect(try rig.holds(changed))
    #expect(third.sectorsErased == 1)
    #expect(third.isVerified)
    let place = UInt64(image.runs[1].address) + 1234
    let sector = try #require(chip.profile.memory(.flash)?.sector(at: place))
    let after = try rig.board.counters.erases
    #expect(
      after.filter { $0.value != before.erases[$0.key] }.keys.map { UInt64($0) }
        == [sector.lowerBound])
    try checkBehaviour(rig)
  }

  @Test(arguments: names)
  func `what was flashed is read and verified, and a wrong byte is found`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let rig = rig(SimulatedBoard(chip))
    for run in image.runs {
      rig.bus.changeBoard(at: "1-1") { $0.load(run.bytes, at: run.address) }
    }
    var flasher = try rig.flasher()
    #expect(try flasher.verify(Firmware(image)) == 8000)
    for run in image.runs { #expect(try flasher.read(run.range) == run) }
    let second = image.runs[1]
    let wrong = second.bytes[2998] ^ 0x10
    rig.bus.changeBoard(at: "1-1") { $0.load([wrong], at: second.address + 2998) }
    #expect(
      throws: FlashError.different(
        .init(
          address: UInt64(second.address) + 2998, expected: second.bytes[2998], found: wrong,
          count: 1))
    ) { _ = try flasher.verify(Firmware(image)) }
    #expect(try rig.board.counters.bytesProgrammed == 0)
    #expect(try rig.board.counters.erases.isEmpty)
  }

  @Test(arguments: names)
  func `a range is erased, and nothing else`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let flash = try #require(chip.profile.memory(.flash))
    let rig = rig(TestProgram.usedBoard(chip))
    let first = try #require(flash.sector(at: UInt64(flash.start)))
    let second = try #require(flash.sector(at: first.upperBound))
    var flasher = try rig.flasher()
    let erased = try flasher.erase((first.upperBound - 1)..<(first.upperBound + 1))
    #expect(erased == first.lowerBound..<second.upperBound)
    #expect(try rig.memory(erased).allSatisfy { $0 == flash.erased })
    #expect(try rig.memory(second.upperBound..<(second.upperBound + 16)).allSatisfy { $0 == 0x5A })
    #expect(
      try rig.board.counters.erases.keys.sorted()
        == [UInt32(first.lowerBound), UInt32(second.lowerBound)])
    try checkBehaviour(rig)
  }

  @Test(arguments: names)
  func `the whole flash is erased, but for the bootloader itself`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let flash = try #require(chip.profile.memory(.flash))
    let rig = rig(TestProgram.usedBoard(chip))
    let error = try rig.failure { rig in
      var flasher = try rig.flasher()
      _ = try flasher.eraseAll()
    }
    switch name {
    case "mboot":
      // Its map claims the sectors it lives in, and it does not erase them.
      #expect(error == nil)
      #expect(
        rig.events.contains { event in
          if case .note(.bootloaderKept) = event { true } else { false }
        })
    default: #expect(error == nil)
    }
    #expect(try Self.isBlank(rig, flash))
    try checkBehaviour(rig)
  }

  /// Looks at both ends of every sector.
  private static func isBlank(_ rig: FlashRig, _ flash: MemoryRegion) throws -> Bool {
    let board = try rig.board
    var address = flash.range.lowerBound
    while let sector = flash.sector(at: address) {
      for place in [sector.lowerBound, sector.upperBound - 4] {
        guard board.read(4, at: UInt32(place)).allSatisfy({ $0 == flash.erased }) else {
          return false
        }
      }
      address = sector.upperBound
    }
    return true
  }

  @Test(arguments: names)
  func `a flash with a mass erase leaves nothing of what was there`(name: String) throws {
    let chip = try TestProgram.chip(name)
    guard name != "mboot" else { return }
    let flash = try #require(chip.profile.memory(.flash))
    let image = try TestProgram.image(for: chip)
    let rig = rig(TestProgram.usedBoard(chip))
    var options = FlashOptions()
    options.massErase = true
    let result = try rig.flash(Firmware(image), options: options)
    #expect(result.isVerified)
    #expect(result.sectorsRepeated == 0)
    #expect(try rig.holds(image))
    // The pieces gone, nothing is left.
    for run in image.runs {
      let blank = [UInt8](repeating: flash.erased, count: run.bytes.count)
      rig.bus.changeBoard(at: "1-1") { $0.load(blank, at: run.address) }
    }
    #expect(try Self.isBlank(rig, flash))
    try checkBehaviour(rig)
  }

  @Test(arguments: names)
  func `a board is left to its program, which then runs`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let rig = rig(SimulatedBoard(chip))
    var flasher = try rig.flasher()
    let plan = try flasher.plan(Firmware(image), options: FlashOptions())
    _ = try flasher.run(plan)
    #expect(plan.programStart == image.runs[0].address)
    guard case .left(.returned(let identity)) = try flasher.leave(to: plan.programStart) else {
      Issue.record("the program was not started")
      return
    }
    #expect(identity.productID == 0x5740)
  }

  @Test(arguments: names)
  func `read protection is named before anything changes, and removed`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    for full in [false, true] {
      let rig = rig(TestProgram.usedBoard(chip, faults: try FaultPlan(parsing: ["rdp=1"])))
      // ST's middleware and its like know no read protection, and fail in ways of their own.
      guard chip.profile.behaviour.flavour == .specification, chip.profile.commands.contains(0x92)
      else { return }
      rig.record()
      let before = try rig.board.state
      var options = FlashOptions()
      options.full = full
      #expect(throws: FlashError.readProtected) {
        try rig.flash(Firmware(image), options: options)
      }
      // Nothing is tried when the board was read; else the first erase is refused.
      #expect(try rig.steps.filter(\.changesTheBoard).count == (full ? 1 : 0))
      #expect(try rig.board.state == before)
      let outcome = try rig.flasher().unprotect(
        unlisted: chip.profile.quirks.answersNoCommandList)
      guard case .left(.returned)? = outcome else {
        Issue.record("the board did not come back: \(String(describing: outcome))")
        return
      }
      let result = try rig.flash(Firmware(image), options: options)
      #expect(result.isVerified)
      #expect(try rig.holds(image))
    }
  }

  @Test(arguments: names)
  func `what shares a sector with the image is kept if that is asked for`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let flash = try #require(chip.profile.memory(.flash))
    let rig = rig(TestProgram.usedBoard(chip))
    let before = try rig.board
    var options = FlashOptions()
    options.preserve = true
    let result = try rig.flash(Firmware(image), options: options)
    #expect(result.isVerified)
    #expect(try rig.holds(image))
    for run in image.runs {
      let last = try #require(flash.sector(at: run.range.upperBound - 1))
      let beside = run.range.upperBound..<last.upperBound
      #expect(try rig.memory((last.upperBound - 16)..<last.upperBound).allSatisfy { $0 == 0x5A })
      #expect(
        try rig.memory(beside) == before.read(beside.count, at: UInt32(beside.lowerBound)))
    }
    try checkBehaviour(rig)
  }

  @Test(arguments: names)
  func `a plan alone changes nothing`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let rig = rig(TestProgram.usedBoard(chip))
    rig.record()
    let state = try rig.board.state
    var flasher = try rig.flasher()
    let plan = try flasher.plan(
      Firmware(try TestProgram.image(for: chip)), options: FlashOptions())
    #expect(plan.count(of: .eraseAndWrite) > 0)
    #expect(plan.expectedTime > .zero)
    #expect(try rig.steps.allSatisfy { !$0.changesTheBoard })
    #expect(try rig.board.state == state)
  }
}
