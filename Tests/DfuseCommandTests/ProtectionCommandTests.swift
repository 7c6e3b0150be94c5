import DfuseDevice
import DfuseFormat
import Testing

@testable import DfuseSimulator
@testable import dfuse

/// What locks a chip, and what removes a lock: refused unless it is surely meant.
@Suite struct ProtectionCommandTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func plugIn(_ chip: String, serials: String?...) throws -> SimulatedBus {
    let chip = try #require(SimulatedChip.named(chip))
    let bus = SimulatedBus(serials.map { SimulatedBoard(chip, serial: $0) })
    sandbox.bus = bus
    return bus
  }

  /// An F405's option bytes with level 2, and their complement.
  private func writeLock() throws {
    let container = DfuseFormat.Firmware(targets: [
      .init(
        alternateSetting: 1,
        elements: [ImageElement(address: 0x1FFF_C000, bytes: [0xEC, 0xCC, 0x13, 0x33])])
    ])
    try sandbox.write(container.encoded(), to: "lock.dfu")
  }

  private let rest = ["--stay", "--allow-option-bytes"]

  @Test(arguments: [[], ["--dry-run"], ["--ignore-ids", "--full"], ["--no-verify"]])
  func `a level that is for ever is refused`(options: [String]) throws {
    let bus = try plugIn("f405", serials: "315A28A0B956")
    try writeLock()
    let run = sandbox.run(["flash", "@lock.dfu"] + rest + options)
    #expect(
      run
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: lock.dfu would lock STM32F2/F4 (1 MiB) at 1-1 for ever: protection level 0xCC \
            at 0x1fff_c001 (Option Bytes)
              why: no bootloader, no erase and no debug probe opens the chip again after that
              now: nothing on the board was changed
              fix: leave that level out; if it is meant, say --allow-permanent-lock 315A28A0B956

            """))
    #expect(bus.board(at: "1-1")?.state.readProtection == 0)
    #expect(bus.board(at: "1-1")?.counters.count(.dnload) == 0)
  }

  @Test func `another board's serial number does not allow it`() throws {
    let bus = try plugIn("f405", serials: "315A28A0B956")
    try writeLock()
    let run = sandbox.run(
      ["flash", "@lock.dfu", "--allow-permanent-lock", "315A28A0B957"] + rest)
    #expect(run.status == .usage)
    #expect(bus.board(at: "1-1")?.state.readProtection == 0)
  }

  @Test func `the board's own serial number does, with consent for option bytes`() throws {
    let bus = try plugIn("f405", serials: "315A28A0B956")
    try writeLock()
    let words = ["flash", "@lock.dfu", "--stay", "--allow-permanent-lock", "315A28A0B956"]
    #expect(sandbox.run(words).error.contains("say --allow-option-bytes"))
    #expect(bus.board(at: "1-1")?.state.readProtection == 0)
    let run = sandbox.run(words + ["--allow-option-bytes"])
    #expect(run.status == .success)
    #expect(
      (run.output + run.error).contains(
        "not verified: the board has not come back to its bootloader; plug it in again"))
    #expect(bus.board(at: "1-1")?.state.readProtection == 2)
  }

  @Test func `a board that does not come back after its option bytes is gone`() throws {
    let bus = try plugIn("f405", serials: "315A28A0B956")
    try writeLock()
    let run = sandbox.run([
      "flash", "@lock.dfu", "--stay", "--allow-permanent-lock", "315A28A0B956",
      "--allow-option-bytes", "--json",
    ])
    #expect(run.status == .success)
    #expect(run.output.contains(#""departure":"gone""#))
    #expect(bus.board(at: "1-1")?.state.readProtection == 2)
  }

  @Test func `never with --all or --loop, nor where the serial number is shared`() throws {
    try writeLock()
    let words = ["flash", "@lock.dfu", "--allow-permanent-lock", "315A28A0B956"] + rest
    for option in ["--all", "--loop"] {
      _ = try plugIn("f405", serials: "315A28A0B956")
      let run = sandbox.run(words + [option])
      #expect(run.status == .usage)
      #expect(run.error.contains("--allow-permanent-lock and \(option) do not go together"))
    }
    let bus = try plugIn("f405", serials: "315A28A0B956", "315A28A0B956")
    let run = sandbox.run(words + ["--path", "1-2"])
    #expect(run.status == .usage)
    #expect(run.error.contains("2 devices have the serial number 315A28A0B956"))
    #expect(bus.board(at: "1-2")?.state.readProtection == 0)
  }

  @Test(arguments: ["FFFFFFFEFFFF", "200364500000", "STM32", "3CBJ", ""])
  func `never where many boards have that serial number`(serial: String) throws {
    let bus = try plugIn("f405", serials: serial)
    try writeLock()
    let run = sandbox.run(["flash", "@lock.dfu", "--allow-permanent-lock", serial] + rest)
    #expect(run.status == .usage)
    #expect(run.error.contains("a board without a serial number of its own is never locked"))
    #expect(bus.board(at: "1-1")?.state.readProtection == 0)
  }

  // MARK: - Unprotect

  @Test func `a board that is not protected is left as it is`() throws {
    for chip in ["f405", "h743", "l072", "g0b1"] {
      let bus = try plugIn(chip, serials: "315A28A0B956")
      let before = try #require(bus.board(at: "1-1")?.state)
      let run = sandbox.run("unprotect", "--yes", "--path", "1-1")
      #expect(run.status == .success)
      #expect(
        run.output.contains(
          " at 1-1 is not read protected, and nothing was erased; to erase it: "
            + "dfuse erase --all --path 1-1\n"))
      #expect(bus.board(at: "1-1")?.counters.count(.unprotect) == 0)
      #expect(bus.board(at: "1-1")?.state == before)
      #expect(sandbox.run("erase", "--all", "--path", "1-1").status == .success)
      #expect(sandbox.run("unprotect", "--yes", "--unlisted").status == .success)
      #expect(bus.board(at: "1-1")?.counters.count(.unprotect) == 1)
    }
  }

  @Test func `a protected board is not taken for one that is not`() throws {
    for chip in ["f405", "h743", "l072", "g0b1"] {
      let bus = try plugIn(chip, serials: "315A28A0B956")
      bus.changeBoard(at: "1-1") { $0.model.memory.readProtection = 1 }
      #expect(sandbox.run("unprotect", "--yes").status == .success)
      #expect(bus.board(at: "1-1")?.state.readProtection == 0)
    }
  }

  @Test func `a command that is not listed is not sent`() throws {
    let bus = try plugIn("st-usbd", serials: nil)
    let run = sandbox.run("unprotect", "--yes")
    #expect(run.status == .protocolError)
    #expect(run.error.contains("  why: bootloaders that are programs in flash cannot do this\n"))
    #expect(run.error.contains("  now: nothing was sent to it\n"))
    #expect(run.error.contains("--unlisted sends the command all the same"))
    #expect(bus.board(at: "1-1")?.counters.count(.unprotect) == 0)
  }

  @Test func `an AT32 that does not say what it knows gets it with --unlisted`() throws {
    let bus = try plugIn("at32f435", serials: nil)
    bus.changeBoard(at: "1-1") { $0.model.memory.readProtection = 1 }
    let run = sandbox.run("unprotect", "--yes")
    #expect(run.status == .protocolError)
    #expect(run.error.contains("nothing was sent to it"))
    #expect(!run.error.contains("programs in flash"))
    #expect(bus.board(at: "1-1")?.counters.count(.unprotect) == 0)
    #expect(sandbox.run("unprotect", "--yes", "--unlisted").status == .success)
    #expect(bus.board(at: "1-1")?.state.readProtection == 0)
  }

  @Test(arguments: ["stall@getcommands:1+", "timeout@getcommands:1+"])
  func `one of ST's ROMs that does not say what it knows gets it`(fault: String) throws {
    let board = SimulatedBoard(
      try #require(.named("f405")), faults: try FaultPlan(parsing: ["rdp=1", fault]))
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    #expect(sandbox.run("unprotect", "--yes").status == .success)
    #expect(bus.board(at: "1-1")?.state.readProtection == 0)
  }

  // MARK: - errVENDOR

  @Test(arguments: ["errVENDOR@erase:1", "errVENDOR@write:1", "errVENDOR@write:2"])
  func `errVENDOR of a board that has been read is a refusal`(fault: String) throws {
    var board = SimulatedBoard(
      try #require(.named("st-usbd")), faults: try FaultPlan(parsing: [fault]))
    board.load(Firmware.program(9000, at: 0x0800_C000), at: 0x0800_C000)
    sandbox.bus = SimulatedBus([board])
    try sandbox.write(
      Firmware.program(9000, at: 0x0800_C000).map { $0 ^ 0x10 }, to: "fw.bin")
    let run = sandbox.run("flash", "@fw.bin", "--address", "0x0800C000")
    #expect(run.status == .protocolError)
    #expect(run.error.contains(" refused: "))
    #expect(run.error.contains("write protected"))
    #expect(!run.error.contains("unprotect"))
  }

  // MARK: - Boards that cannot be read

  /// ST's device library without upload, as it says or not; state 15 after each one that is tried.
  private func unreadable(says: Bool) throws -> SimulatedBus {
    let known = try #require(SimulatedChip.named("st-usbd"))
    var profile = known.profile
    profile.quirks.refusesUploads = true
    if says { profile.usb.attributes = 0x09 }
    let bus = SimulatedBus([SimulatedBoard(SimulatedChip("unreadable", profile: profile))])
    sandbox.bus = bus
    return bus
  }

  @Test func `a board that refuses every upload names what helps`() throws {
    let bus = try unreadable(says: false)
    try sandbox.write(Firmware.program(9000, at: 0x0800_C000), to: "fw.bin")
    let words = ["flash", "@fw.bin", "--address", "0x0800C000", "--stay"]
    let run = sandbox.run(words)
    #expect(run.status == .protocolError)
    #expect(run.error.contains("does not let its Internal Flash be read"))
    #expect(run.error.contains("--full --no-verify"))
    #expect(!run.error.contains("run the same command again"))
    #expect(bus.board(at: "1-1")?.counters.count(.write) == 0)
    let unread = sandbox.run(words + ["--full", "--no-verify"])
    #expect(unread.status == .success)
    #expect(
      bus.board(at: "1-1")?.read(9000, at: 0x0800_C000)
        == Firmware.program(9000, at: 0x0800_C000))
    for words in [["read", "-o", "@r.bin"], ["verify", "@fw.bin", "--address", "0800C000"]] {
      let run = sandbox.run(words)
      #expect(run.status == .protocolError)
      #expect(run.error.contains("--full --no-verify"))
      #expect(!run.error.contains("run the same command again"))
    }
  }

  @Test func `a board that says it cannot be read is believed`() throws {
    let bus = try unreadable(says: true)
    try sandbox.write(Firmware.program(9000, at: 0x0800_C000), to: "fw.bin")
    let run = sandbox.run("flash", "@fw.bin", "--address", "0x0800C000", "--stay")
    #expect(run.status == .success)
    #expect(run.error.contains("--full --no-verify"))
    #expect(run.output.contains("not verified, since the memory cannot be read"))
    #expect(sandbox.run("read", "-o", "@r.bin").status == .protocolError)
    #expect(bus.board(at: "1-1")?.counters.count(.upload) == 0)
  }

  @Test func `an erase of a board that cannot be read is not taken for failed`() throws {
    for says in [false, true] {
      _ = try unreadable(says: says)
      let run = sandbox.run("erase", "--all")
      #expect(run.status == .success)
      #expect(run.error.contains("Internal Flash cannot be read"))
    }
  }
}
