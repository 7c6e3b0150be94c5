import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Broken flash, protected sectors, and bootloaders that say one thing and do another.
@Suite struct FlashDefectTests {
  private func difference(_ error: FlashError?) -> FlashError.Difference? {
    guard case .different(let difference) = error else { return nil }
    return difference
  }

  // MARK: Flash

  @Test(
    arguments: ["stm32f405", "stm32g431", "stm32h723", "st-usbd"], [0, 3000, 6000] as [UInt32])
  func `a bit that does not program is tried twice and then named`(name: String, offset: UInt32)
    throws
  {
    let chip = try TestProgram.chip(name)
    var image = try TestProgram.image(for: chip, first: 7000, second: 2999)
    let address = image.runs[0].address + offset
    var bytes = image.runs[0].bytes
    bytes[Int(offset)] = 0x00
    image = try MemoryImage(merging: [
      ImageElement(address: image.runs[0].address, bytes: bytes), image.runs[1],
    ])
    let faults = try FaultPlan(parsing: ["stuckbit@0x\(String(address, radix: 16)):4"])
    let rig = FlashRig(TestProgram.usedBoard(chip, faults: faults))
    let error = try rig.failure {
      try $0.flash(Firmware(image))
    }
    #expect(
      difference(error)
        == .init(address: UInt64(address), expected: 0x00, found: 0x10, count: 1))
    let sector = try #require(chip.profile.memory(.flash)?.sector(at: UInt64(address)))
    #expect(rig.events.contains(.repeating(sector: sector.lowerBound..<sector.upperBound)))
    // What had been written is not left to start: the first block, written last, is erased again.
    #expect(try rig.board.counters.erases[UInt32(sector.lowerBound)] == (offset == 0 ? 3 : 2))
    let start = image.runs[0].range.lowerBound
    #expect(
      try rig.memory(start..<(start + 8))
        == [UInt8](repeating: try #require(chip.profile.memory(.flash)).erased, count: 8))
  }

  @Test(arguments: ["stm32l072", "stm32f042"])
  func `a sector is done again by itself where one block holds many`(name: String) throws {
    // The bit is in the second page, and in the block with the vector table.
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let flash = try #require(chip.profile.memory(.flash))
    let first = try #require(flash.sector(at: UInt64(flash.start)))
    let address = UInt32(first.upperBound) + 8
    var bytes = image.runs[0].bytes
    bytes[first.count + 8] = flash.erased ^ 0xFF
    let input = Firmware(
      try MemoryImage(merging: [
        ImageElement(address: flash.start, bytes: bytes), image.runs[1],
      ]))
    let faults = try FaultPlan(parsing: ["stuckbit@0x\(String(address, radix: 16)):0"])
    let rig = FlashRig(TestProgram.usedBoard(chip, faults: faults))
    let error = try rig.failure { try $0.flash(input) }
    let found = flash.erased ^ 0xFE
    #expect(
      difference(error)
        == .init(
          address: UInt64(address), expected: flash.erased ^ 0xFF, found: found, count: 1))
    let counters = try rig.board.counters
    // Not for the other's sake, but in the end, so that the program does not start.
    #expect(counters.erases[UInt32(first.lowerBound)] == 2)
    #expect(counters.erases[UInt32(first.upperBound)] == 2)
    #expect(counters.refusedPrograms.isEmpty)
  }

  @Test(arguments: ["stm32f405", "stm32l476", "stm32h723", "stm32f072"])
  func `a write-protected sector looks protected`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let second = image.runs[1].address
    let faults = try FaultPlan(parsing: ["wrp=0x\(String(second, radix: 16))"])
    var board = TestProgram.usedBoard(chip, faults: faults)
    board.load(pattern(2999, seed: 77), at: second)
    let rig = FlashRig(board)
    let error = try rig.failure { try $0.flash(Firmware(image)) }
    let found = try #require(difference(error))
    #expect(found.looksProtected)
    #expect(found.count > 2000)
    let sector = try #require(chip.profile.memory(.flash)?.sector(at: UInt64(second)))
    let kept = image.runs[1].range.clamped(to: sector)
    #expect(try rig.memory(kept) == Array(pattern(2999, seed: 77).prefix(kept.count)))
    #expect(try !rig.board.counters.protectedAccesses.isEmpty)
  }

  @Test func `erasing a write-protected sector is found out`() throws {
    let rig = FlashRig(
      TestProgram.usedBoard(
        try TestProgram.chip("stm32f405"), faults: try FaultPlan(parsing: ["wrp=0x08004000"])))
    var flasher = try rig.flasher()
    #expect(
      throws: FlashError.different(
        .init(
          address: 0x0800_4000, expected: 0xFF, found: 0x5A, count: 16, looksProtected: true,
          progress: .erased))
    ) { try flasher.erase(0x0800_0000..<0x0800_8000) }
  }

  @Test func `an F427 whose erase does nothing in bank 2 is found out`() throws {
    let chip = try TestProgram.chip("stm32f427-v9.0")
    var board = SimulatedBoard(chip)
    board.load([UInt8](repeating: 0, count: 4096), at: 0x0810_0000)
    let rig = FlashRig(board)
    let error = try rig.failure { try $0.flash(.random(4096, at: 0x0810_0000)) }
    #expect(difference(error)?.looksProtected == true)
    // Where nothing was, nothing needs to be erased.
    let blank = try FlashRig("stm32f427-v9.0")
    #expect(try blank.flash(.random(4096, at: 0x0810_0000)).isVerified)
  }

  @Test func `work that an F072 acknowledges without doing it is found out`() throws {
    // Polled earlier than it asks, it drops the work (dfu-util ticket 78).
    let rig = FlashRig(TestProgram.usedBoard(try TestProgram.chip("stm32f072")))
    rig.polling = .adaptive
    let image = try TestProgram.image(for: try TestProgram.chip("stm32f072"))
    let error = try rig.failure {
      let result = try $0.flash(Firmware(image))
      #expect(result.isVerified)
    }
    if error == nil {
      #expect(try rig.holds(image))
    } else {
      #expect(difference(error) != nil)
    }
    #expect(try !rig.board.counters.earlyPolls.isEmpty)
    // As it is treated by default, nothing is polled early.
    let plain = FlashRig(TestProgram.usedBoard(try TestProgram.chip("stm32f072")))
    #expect(try plain.flash(Firmware(image)).isVerified)
    #expect(try plain.board.counters.earlyPolls.isEmpty)
  }

  @Test func `an H743 that stays busy in bank 2 is freed, and flashed all the same`() throws {
    let rig = try FlashRig("stm32h743") { board in
      board.load([UInt8](repeating: 0, count: 3000), at: 0x0810_0000)
      board.load([UInt8](repeating: 0, count: 3000), at: 0x0812_0000)
    }
    let image = MemoryImage.random(0x2_0BB8, at: 0x0810_0000)
    let result = try rig.flash(Firmware(image))
    #expect(result.isVerified)
    #expect(result.sectorsErased == 2)
    #expect(try rig.board.counters.erases == [0x0810_0000: 1, 0x0812_0000: 1])
    #expect(try rig.holds(image))
  }

  // MARK: Transfers

  @Test(arguments: ["stm32f405", "stm32g431"])
  func `random stalls, as of an L43x ROM, delay a flash and do not end it`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    var faults = FaultPlan()
    for (kind, number): (RequestKind, Int) in [
      (.setaddress, 2), (.read, 1), (.erase, 1), (.write, 2), (.getstatus, 20), (.read, 5),
      (.abort, 2), (.write, 6),
    ] {
      faults.faults.append(Fault(.stall, at: kind, number))
    }
    let rig = FlashRig(TestProgram.usedBoard(chip, faults: faults))
    let result = try rig.flash(Firmware(image))
    #expect(result.isVerified)
    #expect(result.transfersRepeated > 0)
    #expect(try rig.holds(image))
  }

  @Test(arguments: [RequestKind.write, .read, .erase, .setaddress, .getstatus, .all])
  func `a device that always stalls is given up`(kind: RequestKind) throws {
    let chip = try TestProgram.chip("stm32f405")
    let rig = FlashRig(TestProgram.usedBoard(chip))
    let first = try rig.board.counters.count(kind) + 2
    rig.bus.changeBoard(at: "1-1") {
      $0.faults = FaultPlan([Fault(.stall, at: kind, first, andLater: true)])
    }
    let before = try rig.now
    let error = try rig.failure {
      try $0.flash(Firmware(try TestProgram.image(for: chip)))
    }
    guard case .device = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try rig.now - before < .seconds(300))
  }

  @Test func `without verification a failed write is an error, because nobody would look`() throws {
    let rig = FlashRig(
      TestProgram.usedBoard(
        try TestProgram.chip("stm32f405"), faults: try FaultPlan(parsing: ["stall@write:2"])))
    var options = FlashOptions()
    options.verify = false
    let error = try rig.failure { try $0.flash(.random(9000), options: options) }
    guard case .device(_, .incomplete) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a status is the device's last word and is not asked for twice`() throws {
    let rig = FlashRig(
      TestProgram.usedBoard(
        try TestProgram.chip("stm32f405"), faults: try FaultPlan(parsing: ["errWRITE@write:2"])))
    let error = try rig.failure { try $0.flash(.random(9000)) }
    #expect(
      error
        == .device(
          .device(
            .errWRITE, state: .dfuERROR, text: nil,
            during: .writing(address: 0x0800_1000, count: 2048)), .incomplete))
  }

  @Test func `a failure in the only block leaves it unsaid that it was not touched`() throws {
    let rig = try FlashRig("stm32f405", faults: "disconnect@write:1")
    let error = try rig.failure { try $0.flash(.random(100)) }
    #expect(
      error
        == .device(
          .usb(.disconnected, during: .writing(address: 0x0800_0000, count: 100)), .incomplete))
  }

  // MARK: Polls and states

  @Test(arguments: ["stm32f405", "stm32g431", "st-usbd", "stm32h743", "stm32f072"])
  func `a device that reports no poll time is flashed`(name: String) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let rig = FlashRig(TestProgram.usedBoard(chip, faults: try FaultPlan(parsing: ["poll=0"])))
    #expect(try rig.flash(Firmware(image)).isVerified)
    #expect(try rig.holds(image))
  }

  @Test func `a device that asks for a minute each time gets it`() throws {
    let chip = try TestProgram.chip("stm32g431")
    let image = MemoryImage.random(3000)
    let rig = FlashRig(TestProgram.usedBoard(chip, faults: try FaultPlan(parsing: ["poll=60000"])))
    let before = try rig.now
    #expect(try rig.flash(Firmware(image)).isVerified)
    #expect(try rig.now - before > .seconds(60 * 5))
    #expect(try rig.board.counters.earlyPolls.isEmpty)
  }

  @Test(arguments: ["stm32f405", "stm32f427", "stm32f745", "stm32f767"])
  func `a minute that a device claims is not waited where the chip's own longest time is known`(
    name: String
  ) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    let rig = FlashRig(TestProgram.usedBoard(chip, faults: try FaultPlan(parsing: ["poll=60000"])))
    let before = try rig.now
    #expect(try rig.flash(Firmware(image)).isVerified)
    #expect(try rig.holds(image))
    #expect(try rig.now - before < .seconds(30))
    // Asked to wait as the device says, everything does.
    let patient = FlashRig(
      TestProgram.usedBoard(chip, faults: try FaultPlan(parsing: ["poll=60000"])))
    patient.polling = .spec
    #expect(try patient.flash(Firmware(image)).isVerified)
    #expect(try patient.board.counters.earlyPolls.isEmpty)
  }

  @Test(
    arguments: ["stm32f405", "stm32g431", "stm32l476", "stm32c562", "st-usbd"],
    FaultPlan.StartState.allCases)
  func `a board is flashed from whatever state it is found in`(
    name: String, state: FaultPlan.StartState
  ) throws {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip)
    var faults = FaultPlan()
    faults.start = state
    let rig = FlashRig(TestProgram.usedBoard(chip, faults: faults))
    #expect(try rig.flash(Firmware(image)).isVerified)
    #expect(rig.events.contains { if case .note(.entered) = $0 { true } else { false } })
    #expect(try rig.holds(image))
  }

  @Test func `a failed read leaves ST's library in state 15, from which it is brought back`() throws
  {
    let rig = try FlashRig("st-usbd")
    var flasher = try rig.flasher()
    // Block 1 does not exist: the library puts a status code into bState.
    let now = try rig.now
    rig.bus.changeBoard(at: "1-1") {
      _ = $0.handle(setup: [0xA1, 2, 1, 0, 0, 0, 0, 4], at: now)
    }
    try flasher.enter()
    #expect(
      rig.events.contains(
        .note(.entered([.foundUnknownState(15)]))))
    #expect(try flasher.read(0x0800_C000..<0x0800_C004).bytes == [0xFF, 0xFF, 0xFF, 0xFF])
  }
}
