import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// The bootloader's id, read where its release decides how sectors are erased (AN2606, table 3).
@Suite struct BootloaderVersionTests {
  private static let firstBank = UInt32(0x0800_0000)
  private static let secondBank = UInt32(0x0810_0000)

  /// A board with another program at an address.
  private func rig(_ name: String, at address: UInt32, faults: String...) throws -> FlashRig {
    var board = SimulatedBoard(
      try TestProgram.chip(name), faults: try FaultPlan(parsing: faults))
    var random = SplitMix64(seed: 77)
    board.load(random.bytes(3000), at: address)
    return FlashRig(board)
  }

  /// Flashes, and tells what was said of the release, and how many requests it took.
  private func flash(
    _ rig: FlashRig, at address: UInt32, asking: Bool = true
  ) throws -> (versions: [BootloaderVersion], requests: Int) {
    rig.clearEvents()
    let before = try rig.requests
    var flasher = try rig.flasher()
    flasher.readsVersion = asking
    _ = try flasher.run(
      try flasher.plan(.random(3000, at: address), options: FlashOptions()))
    return (versions(rig), try rig.requests - before)
  }

  private func versions(_ rig: FlashRig) -> [BootloaderVersion] {
    rig.events.compactMap {
      if case .note(.bootloaderVersion(let version)) = $0 { version } else { nil }
    }
  }

  @Test(
    arguments: [("stm32h743", 0x90), ("stm32h743-v9.1", 0x91), ("stm32f427", 0x70)]
      as [(String, UInt16)])
  func `an erase in bank 2 makes the id worth six requests`(name: String, id: UInt16) throws {
    let asked = try flash(rig(name, at: Self.secondBank), at: Self.secondBank)
    let unasked = try flash(rig(name, at: Self.secondBank), at: Self.secondBank, asking: false)
    #expect(asked.versions == [BootloaderVersion(id: id)])
    #expect(unasked.versions.isEmpty)
    // V9.1 is looked at before its erase as well; those without the misbehaviour do not pay for it.
    #expect(asked.requests <= unasked.requests + (id == 0x91 ? 12 : 6))
  }

  @Test(arguments: ["stm32h743", "stm32h743-v9.1", "stm32f427"])
  func `nothing is asked where it decides nothing`(name: String) throws {
    let rig = try rig(name, at: Self.firstBank)
    #expect(try flash(rig, at: Self.firstBank).versions.isEmpty)
    #expect(try flash(rig, at: Self.secondBank).versions.isEmpty, "blank sectors are not erased")
    let again = try flash(rig, at: Self.secondBank)
    #expect(again.versions.isEmpty, "nothing changed")
    #expect(try flash(rig, at: Self.secondBank, asking: false).requests == again.requests)
  }

  @Test(
    arguments: ["stm32f405", "stm32h723", "stm32h7a3", "stm32l476", "stm32g474", "stm32u575"])
  func `no chip is asked of which no release has anything of its own`(name: String) throws {
    let rig = try rig(name, at: Self.firstBank)
    #expect(try flash(rig, at: Self.firstBank).versions.isEmpty)
    let asked = try #require(try rig.board.chip.profile.system?.idAddress)
    #expect(try rig.board.model.pointer != asked)
  }

  @Test(arguments: ["stm32h743", "stm32h743-v9.1"])
  func `a chip that does not tell is treated as if it had all of them`(name: String) throws {
    let refusing = try rig(name, at: Self.secondBank, faults: "system=refused")
    let refused = try flash(refusing, at: Self.secondBank)
    let unasked = try flash(rig(name, at: Self.secondBank), at: Self.secondBank, asking: false)
    #expect(refused.versions.isEmpty)
    #expect(refused.requests <= unasked.requests + 6)
    #expect(try refusing.board.counters.refusedPrograms.isEmpty)
  }

  @Test func `a chip that falls silent over it is told of, and unchanged`() throws {
    let rig = try rig("stm32h743", at: Self.secondBank, faults: "system=silent")
    let before = try rig.board.read(3000, at: Self.secondBank)
    let failure = try rig.failure { _ = try flash($0, at: Self.secondBank) }
    guard case .fellSilent(reading: 0x1FF1_E7FE, _) = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(try rig.board.read(3000, at: Self.secondBank) == before)
    // Plugged in again, and not asked.
    rig.bus.changeBoard(at: "1-1") { $0.faults = FaultPlan() }
    rig.bus.plugBack("1-1")
    #expect(try flash(rig, at: Self.secondBank, asking: false).versions.isEmpty)
  }

  @Test func `an erase asks as well, once`() throws {
    let rig = try rig("stm32h743", at: Self.secondBank)
    var flasher = try rig.flasher()
    _ = try flasher.erase(0x0810_0000..<0x0814_0000)
    #expect(versions(rig) == [BootloaderVersion(id: 0x90)])
  }

  @Test func `an erase of everything asks as well, unless it shall not`() throws {
    let rig = try rig("stm32h743-v9.1", at: Self.secondBank)
    var flasher = try rig.flasher()
    _ = try flasher.eraseAll()
    #expect(versions(rig) == [BootloaderVersion(id: 0x91)])
    let other = try self.rig("stm32h743-v9.1", at: Self.secondBank)
    flasher = try other.flasher()
    flasher.readsVersion = false
    _ = try flasher.erase(0x0810_0000..<0x0812_0000)
    #expect(versions(other).isEmpty)
  }

  /// An erase of a blank sector takes as long, and nothing shows that it goes on.
  @Test func `nothing is written into an erase that is only reported as done`() throws {
    let rig = try FlashRig("stm32h743-v9.1")
    var options = FlashOptions()
    options.full = true
    let result = try rig.flash(
      .random(3000, at: Self.secondBank), options: options, leave: false)
    #expect(result.sectorsRepeated == 0)
    #expect(try rig.board.counters.refusedPrograms.isEmpty)
  }
}
