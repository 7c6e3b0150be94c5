import DfuseFormat
import DfuseSimulator
import Testing

@testable import dfuse

/// `dfuse restore`.
@Suite struct RestoreTests {
  let sandbox: Sandbox
  private let bus = SimulatedBus()

  init() throws {
    sandbox = try Sandbox()
    var board = SimulatedBoard(try #require(.named("f405")))
    board.load(Firmware.program(5000), at: 0x0800_0000)
    board.load([1, 2, 3], at: 0x0802_0000)
    bus.plugIn(board)
    sandbox.bus = bus
    #expect(sandbox.run("snapshot", "-q", "-o", "@s.dfu").status == .success)
  }

  private func change(_ change: @Sendable (inout SimulatedBoard) -> Void) {
    bus.changeBoard(at: "1-1", change)
  }

  private func again() throws -> Bool {
    #expect(sandbox.run("snapshot", "-q", "-o", "@again.dfu").status == .success)
    return try sandbox.read("again.dfu") == sandbox.read("s.dfu")
  }

  @Test func `what changed is put back, and what was blank is erased`() throws {
    change {
      $0.load([0, 0, 0, 0], at: 0x0800_0010)
      $0.load([9], at: 0x080E_0000)
    }
    let run = sandbox.run("restore", "--stay", "@s.dfu").timeless
    #expect(run.status == .success, "\(run)")
    #expect(
      run.output == """
        restored 1 MiB to STM32F2/F4 (1 MiB) at 1-1 in T (10 of 12 sectors held their bytes \
        already): verified; the board stays in its bootloader; its option bytes are the same, \
        one-time programmable memory is the same

        """)
    #expect(try again())
    let twice = sandbox.run("restore", "--stay", "@s.dfu")
    #expect(twice.output.contains(" holds this snapshot already "))
  }

  @Test func `a dry run changes nothing, and says what would be done`() throws {
    change { $0.load([9], at: 0x080E_0000) }
    let run = sandbox.run("restore", "--dry-run", "@s.dfu")
    #expect(run.status == .success)
    #expect(run.output.contains("1 sector of 128 KiB  erase, write\n"), "\(run.output)")
    #expect(run.output.contains("  option bytes: the same\n"))
    #expect(try !again())
  }

  @Test func `one-time programmable memory is compared, and never written`() throws {
    change { $0.load([0x12], at: 0x1FFF_7810) }
    let run = sandbox.run("restore", "--stay", "@s.dfu")
    #expect(run.status == .success)
    #expect(
      run.error.contains(
        "warning: one-time programmable memory differs in 1 byte, from 0x1fff_7810 on: it is never"),
      "\(run)")
    #expect(bus.board(at: "1-1")?.read(1, at: 0x1FFF_7810) == [0x12])
  }

  @Test func `another board is fine, and said`() throws {
    let other = SimulatedBus()
    other.plugIn(SimulatedBoard(try #require(.named("f405")), serial: "0123456789AB"))
    sandbox.bus = other
    let run = sandbox.run("restore", "--stay", "@s.dfu")
    #expect(run.status == .success, "\(run)")
    #expect(run.error.contains("s.dfu is of another board: its unique id is "))
    #expect(try again())
  }

  @Test func `option bytes of another line of parts are refused`() throws {
    let other = SimulatedBus()
    other.plugIn(SimulatedBoard(try #require(.named("f746"))))
    sandbox.bus = other
    let run = sandbox.run("restore", "--stay", "@s.dfu")
    #expect(run.status == .badData)
    #expect(run.error.contains("  fix: restore it to a board of its kind; "), "\(run)")
    #expect(run.error.contains("now: nothing on the board was changed"))
    let flash = sandbox.run("restore", "--stay", "--only", "flash", "@s.dfu")
    #expect(flash.status == .badData, "\(flash)")
    #expect(flash.error.contains("error: s.dfu is of STM32F40x/41x, and STM32F7"), "\(flash)")
    let meant = sandbox.run("restore", "--stay", "--except", "options", "--ignore-ids", "@s.dfu")
    #expect(meant.status == .success, "\(meant)")
    #expect(other.board(at: "1-1")?.read(5000, at: 0x0800_0000) == Firmware.program(5000))
  }

  @Test func `memories are chosen by what they are for, by number and by name`() throws {
    change { $0.load([9], at: 0x080E_0000) }
    for words in [
      ["--except", "flash"], ["--only", "otp"], ["--only", "1", "--only", "OTP Mem"],
    ] {
      #expect(sandbox.run(["restore", "--stay", "@s.dfu"] + words).status == .success)
      #expect(bus.board(at: "1-1")?.read(1, at: 0x080E_0000) == [9])
    }
    #expect(sandbox.run("restore", "@s.dfu", "--only", "eeprom").status == .usage)
    #expect(sandbox.run("restore", "@s.dfu", "--only", "otp", "--except", "2").status == .usage)
  }

  @Test func `firmware that is no snapshot is refused`() throws {
    try sandbox.write(Firmware.container([(0, 0x0800_0000, [1, 2, 3, 4])]), to: "fw.dfu")
    let run = sandbox.run("restore", "@fw.dfu")
    #expect(run.status == .badData)
    #expect(run.error.contains("fw.dfu is no snapshot"))
  }

  @Test func `the firmware is started, if there is one`() throws {
    #expect(sandbox.run("restore", "@s.dfu").output.contains("; the firmware is running"))
    let blank = SimulatedBus()
    blank.plugIn(SimulatedBoard(try #require(.named("f405"))))
    sandbox.bus = blank
    #expect(sandbox.run("snapshot", "-q", "-o", "@blank.dfu").status == .success)
    #expect(
      sandbox.run("restore", "@blank.dfu").output.contains("the board stays in its bootloader"))
  }

  @Test func `option bytes come last, and are as they were`() throws {
    change { $0.load([9], at: 0x080E_0000) }
    #expect(sandbox.run("options", "set", "BOR_LEV=1", "nRST_STOP=0").status == .success)
    let run = sandbox.run("restore", "@s.dfu")
    #expect(run.status == .success, "\(run)")
    #expect(run.output.contains("2 fields of STM32F2/F4 (1 MiB) at 1-1 set: read back and right"))
    #expect(!run.output.contains("stays in its bootloader"), "\(run.output)")
    #expect(run.output.contains("; the firmware is running (the board came back as 0483:5740"))
    bus.plugBack("1-1", boot0: true)
    #expect(run.error.contains("BOR_LEV    1 -> 3  (2.4 V -> off)\n"))
    #expect(bus.board(at: "1-1")?.read(1, at: 0x080E_0000) == [0xFF])
    #expect(try again())
  }

  @Test func `write protection is lifted first, and is as it was in the end`() throws {
    #expect(sandbox.run("options", "set", "nWRP1=0", "nWRP5=0").status == .success)
    #expect(sandbox.run("snapshot", "-q", "-o", "@s.dfu").status == .success)
    // Sector 1 holds what the snapshot does not have, and cannot be erased.
    change { $0.load([9], at: 0x0800_4000) }
    let plan = sandbox.run("restore", "--dry-run", "@s.dfu")
    #expect(
      plan.output.contains(
        "  write protection of sectors is lifted first: WRP0-11: protected: 1 5\n"), "\(plan)")
    let without = sandbox.run("restore", "--except", "options", "@s.dfu")
    #expect(
      without.error.contains(
        "sectors are write protected, and cannot be changed (WRP0-11: protected: 1 5)"))
    #expect(without.status != .success)
    let run = sandbox.run("restore", "--stay", "@s.dfu")
    #expect(run.status == .success, "\(run)")
    #expect(run.error.contains("lifting the write protection first (WRP0-11: protected: 1 5)\n"))
    #expect(run.output.contains("1 field of STM32F2/F4 (1 MiB) at 1-1 set: read back and right"))
    #expect(bus.board(at: "1-1")?.read(1, at: 0x0800_4000) == [0xFF])
    #expect(try again())
    // Nothing is lifted where nothing is to be changed.
    let twice = sandbox.run("restore", "--stay", "@s.dfu")
    #expect(twice.status == .success)
    #expect(!twice.error.contains("lifting"))
  }

  /// ST community 839156: it has one name for everything, and goes by address.
  @Test func `option bytes that a G0 shows under no name are restored, write protection and all`()
    throws
  {
    let bus = SimulatedBus()
    var board = SimulatedBoard(try #require(.named("g0b1")))
    board.load(Firmware.program(5000), at: 0x0800_0000)
    bus.plugIn(board)
    sandbox.bus = bus
    #expect(sandbox.run("snapshot", "-q", "-o", "@s.dfu").status == .success)
    let words = ["nRST_STOP=0", "WRP1A_STRT=1", "WRP1A_END=2"]
    #expect(sandbox.run(["options", "set"] + words).status == .success)
    bus.plugBack("1-1", boot0: true)
    bus.changeBoard(at: "1-1") { $0.load([9], at: 0x0800_0810) }
    let compared = sandbox.run("compare", "@s.dfu", "board")
    #expect(compared.output.contains("nRST_STOP"), "\(compared)")
    // What lifts the protection holds at the next start only.
    let first = sandbox.run("restore", "--stay", "@s.dfu")
    #expect(first.error.contains("is write protected until its next start"), "\(first)")
    bus.plugBack("1-1", boot0: true)
    let second = sandbox.run("restore", "--stay", "@s.dfu")
    #expect(second.status == .success, "\(second)")
    bus.plugBack("1-1", boot0: true)
    #expect(try again())
    #expect(bus.board(at: "1-1")?.optionWord(at: 0x1FFF_7800) == 0xFEFF_FEAA)
  }

  @Test func `option bytes that would lock the chip are refused before the flash is touched`()
    throws
  {
    // The snapshot of a chip at level 2 cannot be taken, but be made.
    var container = try DfuseFormat.Firmware(reading: sandbox.read("s.dfu"))
    for target in container.targets.indices {
      for element in container.targets[target].elements.indices
      where container.targets[target].elements[element].address == 0x1FFF_C000 {
        container.targets[target].elements[element].bytes[1] = 0xCC
      }
    }
    try sandbox.write(container.encoded(), to: "locked.dfu")
    change { $0.load([9], at: 0x080E_0000) }
    let run = sandbox.run("restore", "@locked.dfu", "--yes", "--allow-no-way-back")
    #expect(run.status == .usage)
    #expect(run.error.contains("would lock STM32F2/F4 (1 MiB) at 1-1 for ever"), "\(run)")
    #expect(run.error.contains("now: nothing on the board was changed"))
    #expect(run.error.contains("or leave the option bytes as they are with --except options"))
    #expect(bus.board(at: "1-1")?.read(1, at: 0x080E_0000) == [9])
  }

  @Test(arguments: ["read:800", "erase:1", "write:1", "any:700"])
  func `a restore that is cut goes on with the same command`(_ place: String) throws {
    change { $0.load([0, 0, 0, 0], at: 0x0800_0010) }
    let plan = try FaultPlan(parsing: ["disconnect@\(place)"])
    change { $0.faults = plan }
    #expect(sandbox.run("restore", "--stay", "@s.dfu").status == .inputOutput)
    change { $0.faults = FaultPlan() }
    bus.plugBack("1-1")
    #expect(sandbox.run("restore", "--stay", "@s.dfu").status == .success)
    #expect(try again())
  }
}
