import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Erasing everything: by one command where there is one that works.
@Suite struct MassEraseTests {
  private func erase(_ rig: FlashRig) throws -> Int {
    var flasher = try rig.flasher()
    return try flasher.eraseAll()
  }

  private func eraseEvents(_ rig: FlashRig) -> [FlashEvent] {
    rig.events.filter { event in
      switch event {
      case .started(.erase, _), .advanced(.erase, _), .finished(.erase), .note: true
      default: false
      }
    }
  }

  @Test func `where it works, one command erases all`() throws {
    let rig = FlashRig(TestProgram.usedBoard(try TestProgram.chip("stm32g431")))
    #expect(try erase(rig) == 0)
    #expect(try rig.board.counters.massErases == 1)
    #expect(try rig.board.counters.count(.erase) == 0)
    #expect(
      eraseEvents(rig) == [
        .started(.erase, total: 128 << 10), .advanced(.erase, done: 128 << 10), .finished(.erase),
      ])
  }

  @Test func `an mboot, which does not answer for its commands, is not asked for them`() throws {
    let rig = FlashRig(TestProgram.usedBoard(try TestProgram.chip("mboot")))
    _ = try erase(rig)
    #expect(try rig.board.counters.count(.getcommands) == 0)
    #expect(try rig.board.counters.massErases == 1)
  }

  @Test(arguments: [("stm32h743", 16), ("st-usbd", 9), ("stm32c562", 64), ("gd32vf103", 128)])
  func `where it is known not to work it is not tried`(name: String, sectors: Int) throws {
    let rig = FlashRig(TestProgram.usedBoard(try TestProgram.chip(name)))
    #expect(try erase(rig) == sectors)
    #expect(try rig.board.counters.count(.masserase) == 0)
    #expect(try rig.board.counters.count(.erase) == sectors)
    #expect(try rig.board.counters.erases.count == sectors)
  }

  @Test func `what it left is erased sector by sector`() throws {
    // ROMs with other maps than those of their silicon exist; here two sectors are protected while
    // the mass erase runs, and the flasher sees that they are not blank.
    let rig = FlashRig(
      TestProgram.usedBoard(
        try TestProgram.chip("stm32g431"),
        faults: try FaultPlan(parsing: ["wrp=0x08000800", "wrp=0x08001000"])))
    let error = try rig.failure { _ = try erase($0) }
    #expect(
      error
        == .different(
          .init(
            address: 0x0800_0800, expected: 0xFF, found: 0x5A, count: 16, looksProtected: true,
            progress: .erased)))
    #expect(rig.events.contains(.note(.massEraseIncomplete(sectors: 2))))
    #expect(try rig.board.counters.count(.erase) == 2)
  }

  @Test(arguments: ["errTARGET@masserase:1", "errVENDOR@masserase:1", "stall@masserase:1"])
  func `a device that refuses it is erased sector by sector`(fault: String) throws {
    let rig = FlashRig(
      TestProgram.usedBoard(
        try TestProgram.chip("stm32g431"), faults: try FaultPlan(parsing: [fault])))
    #expect(try erase(rig) == 64)
    // A mass erase that was refused has left nothing behind.
    #expect(rig.events.contains(.note(.massEraseRefused(sectors: 64))))
    #expect(!rig.events.contains(.note(.massEraseIncomplete(sectors: 64))))
    #expect(try rig.board.counters.erases.count == 64)
  }

  @Test func `a device that does not list it is erased sector by sector`() throws {
    // 0x41 stands for both kinds of erase; without it only sectors can be counted on.
    let rig = FlashRig(
      TestProgram.usedBoard(
        try TestProgram.chip("stm32g431"),
        faults: try FaultPlan(parsing: ["stall@getcommands:1+"])))
    #expect(try erase(rig) == 64)
    #expect(try rig.board.counters.count(.masserase) == 0)
  }

  @Test func `erased pages smaller than a block are read back in whole blocks`() throws {
    let rig = FlashRig(TestProgram.usedBoard(try TestProgram.chip("stm32l072")))
    #expect(try erase(rig) == 0)
    // One short look at each of 1536 pages, then 96 blocks of 2048 bytes.
    #expect(try rig.board.counters.count(.read) == 1536 + 96)
    #expect(try rig.board.counters.massErases == 1)
  }

  @Test func `a flash that replaces everything begins with one mass erase`() throws {
    let rig = FlashRig(TestProgram.usedBoard(try TestProgram.chip("stm32g431")))
    rig.record()
    let image = MemoryImage.random(128 << 10)
    let result = try rig.flash(Firmware(image))
    #expect(result.isVerified)
    #expect(result.sectorsErased == 0)
    #expect(try rig.steps.first { $0.changesTheBoard } == .massErase)
    #expect(try rig.board.counters.massErases == 1)
    #expect(try rig.board.counters.count(.erase) == 0)
    #expect(try rig.holds(image))
  }

  @Test func `a mass erase that did nothing is made up for before anything is written`() throws {
    let rig = FlashRig(
      TestProgram.usedBoard(
        try TestProgram.chip("stm32g431"), faults: try FaultPlan(parsing: ["errVENDOR@masserase"])))
    rig.record()
    var options = FlashOptions()
    options.massErase = true
    let image = try TestProgram.image(for: try TestProgram.chip("stm32g431"))
    let result = try rig.flash(Firmware(image), options: options)
    #expect(result.isVerified)
    #expect(result.sectorsErased == 64)
    let steps = try rig.steps
    let firstWrite = try #require(steps.firstIndex { if case .write = $0 { true } else { false } })
    #expect(
      !steps[firstWrite...].contains { if case .erase = $0 { true } else { false } })
  }

  @Test func `the flash behind another alternate setting is not lost to a mass erase`() throws {
    let chip = try TestProgram.chip("stm32g431")
    var profile = chip.profile
    profile.usb.maps = [
      "@Internal Flash   /0x08000000/32*02Kg", "@Option Bytes   /0x1FFF7800/01*40Be",
      "@Internal Flash 2  /0x08010000/32*02Kg",
    ]
    let image = MemoryImage.random(64 << 10)
    var options = FlashOptions()
    for preserve in [false, true] {
      options.preserve = preserve
      let rig = FlashRig(TestProgram.usedBoard(SimulatedChip(chip.name, profile: profile)))
      let before = try rig.memory(0x0801_0000..<0x0802_0000)
      let result = try rig.flash(Firmware(image), options: options)
      #expect(result.isVerified)
      #expect(try rig.holds(image))
      #expect(try rig.memory(0x0801_0000..<0x0802_0000) == before)
      #expect(try rig.board.counters.massErases == 0)
    }
    // All of both is quicker by one command.
    let rig = FlashRig(TestProgram.usedBoard(SimulatedChip(chip.name, profile: profile)))
    let both = MemoryImage.random(128 << 10)
    #expect(try rig.flash(Firmware(both)).isVerified)
    #expect(try rig.board.counters.massErases == 1)
    #expect(try rig.board.counters.count(.erase) == 0)
    #expect(try rig.holds(both))
  }
}
