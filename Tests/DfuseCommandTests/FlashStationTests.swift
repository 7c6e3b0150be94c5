import DfuseDevice
import DfuseSimulator
import Synchronization
import Testing

@testable import dfuse

/// `dfuse flash --all` and `--loop`: several boards.
@Suite struct FlashStationTests {
  let sandbox: Sandbox
  private let program = Firmware.program(3000)

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Firmware.container([(0, 0x0800_0000, Firmware.program(3000))]), to: "fw.dfu")
  }

  private func board(_ number: Int, faults: String...) throws -> SimulatedBoard {
    let chip = try #require(SimulatedChip.named("f405"))
    return SimulatedBoard(
      chip, serial: chip.serial(ofBoard: number), faults: try FaultPlan(parsing: faults))
  }

  @Test func `--all flashes every board`() throws {
    let bus = SimulatedBus(try (0..<5).map { try board($0) })
    sandbox.bus = bus
    let run = sandbox.run("flash", "@fw.dfu", "--all")
    #expect(run.status == .success)
    let lines = run.timeless.output.split(separator: "\n").map(String.init)
    #expect(
      lines.prefix(5).sorted()
        == (1...5).map {
          "flashed 2.9 KiB to STM32F2/F4 (1 MiB) at 1-\($0) in T: verified; the firmware is "
            + "running (the board came back as 0483:5740 (STM32 Virtual ComPort))"
        })
    #expect(lines[5] == "port  serial        chip                result             time")
    for number in 1...5 {
      #expect(lines[5 + number].hasPrefix("1-\(number)   315A"))
      #expect(lines[5 + number].contains("  STM32F2/F4 (1 MiB)  verified, running  "))
    }
    #expect(lines[11...] == ["flashed 5 boards"])
    for number in 1...5 {
      #expect(bus.board(at: "1-\(number)")?.read(3000, at: 0x0800_0000) == program)
    }
  }

  @Test func `one board that fails does not stop the others`() throws {
    let bus = SimulatedBus([
      try board(0), try board(1, faults: "errWRITE@write:2"), try board(2),
    ])
    sandbox.bus = bus
    let run = sandbox.run("flash", "@fw.dfu", "--all")
    #expect(run.status == .protocolError)
    #expect(
      run.error.contains(
        """
        error: STM32F2/F4 (1 MiB) at 1-2: writing 2048 bytes at 0x0800_0000 failed: the \
        device reports errWRITE in dfuERROR
          why: that sector is probably write protected
          now: the firmware on the board is incomplete, and does not start

        """))
    #expect(
      run.error.hasSuffix(
        """
        error: 1 of 3 boards failed (see above)
          fix: the others are flashed; plug this one in again and run the same command again

        """))
    #expect(bus.board(at: "1-1")?.read(3000, at: 0x0800_0000) == program)
    #expect(bus.board(at: "1-3")?.read(3000, at: 0x0800_0000) == program)
  }

  @Test func `a board that cannot be opened fails by itself`() throws {
    let bus = SimulatedBus([try board(0), try board(1)])
    bus.setOpenError(.accessDenied, at: "1-2")
    sandbox.bus = bus
    let run = sandbox.run("flash", "@fw.dfu", "--all")
    #expect(run.status == .noPermission)
    #expect(run.error.contains("error: the board at 1-2 cannot be opened: no permission\n"))
    #expect(bus.board(at: "1-1")?.read(3000, at: 0x0800_0000) == program)
  }

  @Test func `what failed is counted as one would say it`() throws {
    let faults = "errWRITE@write:2"
    sandbox.bus = SimulatedBus([try board(0, faults: faults)])
    #expect(
      sandbox.run("flash", "@fw.dfu", "--all").error.hasSuffix(
        """
        error: the board failed (see above)
          fix: plug it in again and run the same command again

        """))
    sandbox.bus = SimulatedBus([try board(0, faults: faults), try board(1, faults: faults)])
    #expect(
      sandbox.run("flash", "@fw.dfu", "--all").error.hasSuffix(
        """
        error: 2 of 2 boards failed (see above)
          fix: plug them in again and run the same command again

        """))
  }

  @Test func `a table says how it ended with each board`() throws {
    sandbox.bus = SimulatedBus([try board(0), try board(1, faults: "errWRITE@write:2")])
    let run = sandbox.run("flash", "@fw.dfu", "--all", "--stay")
    #expect(
      run.output.hasSuffix(
        """
        port  serial        chip                result                                                                time
        1-1   315A28A0B956  STM32F2/F4 (1 MiB)  verified, in its bootloader                                           382 ms
        1-2   315A29A0B956  STM32F2/F4 (1 MiB)  FAILED: writing 2048 bytes at 0x0800_0000 failed: the device report…  -

        """), "\(run.output)")
    #expect(!sandbox.run("flash", "@fw.dfu", "--all", "--stay", "-q").output.contains("port"))
  }

  @Test func `fewer or more boards than were meant are an error before anything is erased`() throws
  {
    let bus = SimulatedBus([try board(0), try board(1)])
    bus.plugIn(try board(2), path: "1-3", after: .seconds(3))
    sandbox.bus = bus
    let fewer = sandbox.run("flash", "@fw.dfu", "--all", "--boards", "3")
    #expect(fewer.status == .noBoard)
    #expect(
      fewer.error.hasSuffix(
        """
        error: 2 boards fit, and 3 were meant
          now: nothing on any board was changed
          fix: plug in the others, or let --wait wait for them; these are there:
            1-1  0483:df11  STM32  BOOTLOADER  serial 315A28A0B956
            1-2  0483:df11  STM32  BOOTLOADER  serial 315A29A0B956

        """), "\(fewer.error)")
    let more = sandbox.run("flash", "@fw.dfu", "--all", "--boards", "1")
    #expect(more.error.contains("2 boards fit, and 1 were meant"))
    for number in 1...2 {
      #expect(bus.board(at: "1-\(number)")?.read(1, at: 0x0800_0001) == [0xFF])
    }
    let wait = sandbox.run("flash", "@fw.dfu", "--all", "--boards", "3", "--wait=10")
    #expect(wait.output.hasSuffix("flashed 3 boards\n"), "\(wait)")
  }

  @Test(arguments: [
    (["--jobs", "0", "--all"], "--jobs 0 is not a number of boards"),
    (["--boards", "2"], "--boards is for several boards, and one is flashed"),
    (["--jobs", "2"], "--jobs is for several boards, and one is flashed"),
    (["--boards", "2", "--loop"], "--loop and --boards do not go together"),
  ])
  func `what makes no sense is refused`(words: [String], message: String) throws {
    sandbox.bus = SimulatedBus([try board(0)])
    let run = sandbox.run(["flash", "@fw.dfu"] + words)
    #expect(run.status == .usage)
    #expect(run.error.contains(message), "\(run.error)")
  }

  @Test func `ports of a fixture are chosen by a pattern`() throws {
    let bus = SimulatedBus()
    for (number, port) in ["1-1", "1-1.1", "1-1.2", "1-1.10", "2-1.1"].enumerated() {
      bus.plugIn(try board(number), path: port)
    }
    sandbox.bus = bus
    let run = sandbox.run("flash", "@fw.dfu", "--all", "--jobs", "1", "--path", "1-1.*")
    #expect(run.output.hasSuffix("flashed 3 boards\n"), "\(run)")
    #expect(bus.board(at: "1-1")?.read(1, at: 0x0800_0001) == [0xFF])
    #expect(bus.board(at: "2-1.1")?.read(1, at: 0x0800_0001) == [0xFF])
    #expect(sandbox.run("list", "--path", "1-1.?").output.contains("1-1.2") == false)
  }

  @Test func `Ctrl-C stops each board, and the table says where each stands`() throws {
    sandbox.bus = SimulatedBus([try board(0), try board(1), try board(2)])
    let asked = Mutex(0)
    // In the middle of the first board's work.
    sandbox.isInterrupted = {
      asked.withLock { count in
        count += 1
        return count > 6
      }
    }
    let run = sandbox.run("flash", "@fw.dfu", "--all", "--jobs", "1")
    #expect(run.status == .interrupted, "\(run)")
    let rows = run.output.split(separator: "\n").filter { $0.hasPrefix("1-") }
    #expect(rows.count == 3)
    #expect(rows.allSatisfy { $0.contains("  stopped; ") }, "\(run.output)")
    #expect(rows.dropFirst().allSatisfy { $0.contains("nothing on the board was changed") })
    #expect(run.error.contains("error: 1-3: stopped before its turn came\n"), "\(run.error)")
    asked.withLock { $0 = 0 }
    let live = sandbox.run("flash", "@fw.dfu", "--all", "--jobs", "1", "--full", terminal: true)
    #expect(
      live.error.contains(
        "stopping each board at a safe point; Ctrl-C again ends dfuse at once\nport "),
      "\(live.error)")
  }

  @Test func `boards with one serial number are told of, and flashed`() throws {
    let bus = SimulatedBus([try board(0), try board(0), try board(1)])
    sandbox.bus = bus
    let run = sandbox.run("flash", "@fw.dfu", "--all")
    #expect(run.status == .success)
    #expect(
      run.error.hasPrefix(
        "warning: 2 boards have the serial number 315A28A0B956 (1-1, 1-2): their ports tell them "
          + "apart\n"), "\(run.error)")
  }

  @Test func `on a terminal a table is drawn again and again, and stands at the end`() throws {
    sandbox.bus = SimulatedBus([try board(0), try board(1, faults: "errWRITE@write:2")])
    let run = sandbox.run("flash", "@fw.dfu", "--all", terminal: true)
    #expect(run.error.contains("1-1   315A28A0B956  STM32F2/F4 (1 MiB)  waiting\n"))
    // Cursor up by the head and two boards, and the rest of the screen erased.
    #expect(run.error.contains("\u{1B}[3A\r\u{1B}[J"))
    // No phase is a line of its own there, but what failed stands above in full.
    #expect(!run.error.contains("1-1: wrote"))
    #expect(run.error.contains("\u{1B}[J\u{1B}[1;31merror:\u{1B}[0m STM32F2/F4 (1 MiB) at 1-2"))
    let lines = run.error.split(separator: "\n").map { $0.split(separator: "\u{1B}[J").last ?? "" }
    #expect(lines.allSatisfy { $0.count < 80 || !$0.hasPrefix("1-") })
    #expect(run.output.contains("  verified, running  "))
  }

  @Test func `--all chooses like everything else`() throws {
    let bus = SimulatedBus([try board(0), try board(1)])
    sandbox.bus = bus
    #expect(sandbox.run("flash", "-q", "@fw.dfu", "--all", "--path", "1-2").status == .success)
    #expect(bus.board(at: "1-1")?.read(1, at: 0x0800_0001) == [0xFF])
    #expect(bus.board(at: "1-2")?.read(3000, at: 0x0800_0000) == program)
  }

  @Test func `--all without a board is an error`() {
    sandbox.bus = SimulatedBus()
    #expect(sandbox.run("flash", "@fw.dfu", "--all").status == .noBoard)
  }

  @Test func `lines in JSON name their board, and the last one sums up`() throws {
    sandbox.bus = SimulatedBus([try board(0), try board(1, faults: "stall@write:1+")])
    let run = sandbox.run("flash", "@fw.dfu", "--all", "--json")
    #expect(run.status == .inputOutput)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.count { $0.contains(#""event":"result""#) } == 2)
    #expect(lines.contains { $0.contains(#""board":"1-1""#) && $0.contains(#""status":0"#) })
    #expect(lines.contains { $0.contains(#""board":"1-2""#) && $0.contains(#""status":74"#) })
    #expect(
      lines.last.map { $0 } == #"{"command":"flash","error":{"fix":"the other is flashed; plug "#
        + #"this one in again and run the same command again","what":"1 of 2 boards failed (see "#
        + #"above)"},"event":"summary","failed":1,"flashed":1,"status":74}"#)
  }

  @Test func `--loop flashes each board that is plugged in`() throws {
    let bus = SimulatedBus([try board(0)])
    for number in 1...3 {
      bus.plugIn(try board(number), path: "1-\(number + 1)", after: .seconds(100 * number))
    }
    sandbox.bus = bus
    let run = sandbox.run("flash", "@fw.dfu", "--loop")
    #expect(run.status == .success)
    #expect(run.output.hasSuffix("flashed 4 boards\n"))
    for number in 1...4 {
      #expect(bus.board(at: "1-\(number)")?.read(3000, at: 0x0800_0000) == program)
    }
  }

  @Test func `--loop flashes a board that is plugged in again`() throws {
    let bus = SimulatedBus([try board(0)])
    sandbox.bus = bus
    let counter = Counter()
    // Once the first flash has started its firmware, the board is reset into its bootloader.
    sandbox.isInterrupted = {
      if bus.board(at: "1-1")?.counters.count(.leave) == 1, counter.next() == 1 {
        bus.plugBack("1-1", after: .seconds(50))
      }
      return false
    }
    let run = sandbox.run("flash", "@fw.dfu", "--loop")
    #expect(run.status == .success)
    #expect(run.output.contains(" holds this firmware already "))
    #expect(run.output.hasSuffix("flashed 2 boards\n"))
  }

  @Test func `a board that stays in its bootloader is flashed once`() throws {
    sandbox.bus = SimulatedBus([try board(0)])
    let run = sandbox.run("flash", "@fw.dfu", "--loop", "--stay")
    #expect(run.output.hasSuffix("flashed 1 board\n"))
  }

  // MARK: - A bus as libusb shows it

  @Test func `a board with BOOT0 still set is flashed once`() throws {
    // A blank program area: the chip resets, and BOOT0 leads back into the bootloader.
    let inner = SimulatedBus([try board(0)])
    sandbox.bus = LibUSBLikeBus(inner)
    let counter = Counter()
    sandbox.isInterrupted = {
      // Pressed again and again by a chip that does not start.
      if let leaves = inner.board(at: "1-1")?.counters.count(.leave), leaves > 0 {
        if counter.next() == 1 { inner.plugBack("1-1", after: .milliseconds(300)) }
      }
      return false
    }
    let run = sandbox.run("flash", "@fw.dfu", "--loop")
    #expect(inner.board(at: "1-1")?.counters.count(.leave) == 1)
    #expect(run.output.contains("flashed 1 board\n"))
    #expect(run.error.contains("is not flashed again until it is plugged in anew"))
  }

  @Test func `seventy boards with one serial number on one port are all flashed`() throws {
    let inner = SimulatedBus([try board(0)])
    sandbox.bus = LibUSBLikeBus(inner)
    let chip = try #require(SimulatedChip.named("f405"))
    let serial = chip.serial(ofBoard: 0)
    let count = Counter()
    let flashed = Mutex(0)
    sandbox.isInterrupted = {
      guard let board = inner.board(at: "1-1"), board.counters.count(.leave) == 1 else {
        return false
      }
      flashed.withLock { $0 += 1 }
      if count.next() < 70 {
        inner.plugIn(SimulatedBoard(chip, serial: serial), path: "1-1", after: .seconds(30))
        return false
      }
      return false
    }
    let run = sandbox.run("flash", "-q", "@fw.dfu", "--loop", "--json")
    #expect(run.output.contains(#""flashed":70"#), "\(run.output.suffix(300))")
  }

  @Test func `a board that another program holds for a moment has not failed`() throws {
    let inner = SimulatedBus([try board(0)])
    inner.setOpenError(.busy, at: "1-1")
    sandbox.bus = LibUSBLikeBus(inner)
    sandbox.isInterrupted = {
      if inner.now > .seconds(2) { inner.setOpenError(nil, at: "1-1") }
      return false
    }
    let run = sandbox.run("flash", "@fw.dfu", "--loop")
    #expect(run.status == .success, "\(run.error)")
    #expect(run.output.hasSuffix("flashed 1 board\n"))
  }

  @Test func `a board that stays closed has failed, until it can be opened after all`() throws {
    let inner = SimulatedBus([try board(0)])
    inner.setOpenError(.busy, at: "1-1")
    sandbox.bus = LibUSBLikeBus(inner)
    let failed = sandbox.run("flash", "@fw.dfu", "--loop")
    #expect(failed.status == .inputOutput)
    #expect(failed.error.contains("error: the board at 1-1 cannot be opened: it is in use\n"))
    #expect(failed.error.hasSuffix("plug it in again and run the same command again\n"))
  }

  @Test func `a list that cannot be had does not abandon boards at work`() throws {
    let inner = SimulatedBus([try board(0)])
    let bus = LibUSBLikeBus(inner)
    sandbox.bus = bus
    let counter = Counter()
    sandbox.isInterrupted = {
      if counter.next() == 2 { bus.failNext(20) }
      return false
    }
    let run = sandbox.run("flash", "@fw.dfu", "--loop")
    #expect(run.status == .success, "\(run.error)")
    #expect(run.output.hasSuffix("flashed 1 board\n"))
    #expect(inner.board(at: "1-1")?.read(3000, at: 0x0800_0000) == program)
  }

  @Test func `a list that is old starts nothing twice`() throws {
    let inner = SimulatedBus([try board(0)])
    let bus = LibUSBLikeBus(inner)
    sandbox.bus = bus
    let counter = Counter()
    sandbox.isInterrupted = {
      if counter.next() == 2 { bus.beStale(for: 5) }
      return false
    }
    let run = sandbox.run("flash", "@fw.dfu", "--loop")
    #expect(run.status == .success, "\(run.error)")
    #expect(run.output.hasSuffix("flashed 1 board\n"))
  }

  @Test(arguments: ["flash", "leave"])
  func `what a board is after leaving is the same over such a bus`(command: String) throws {
    for blank in [false, true] {
      var board = try board(0)
      if !blank { board.load(Firmware.program(3000), at: 0x0800_0000) }
      let words = command == "flash" ? ["flash", "@fw.dfu", "--json"] : ["leave", "--json"]
      sandbox.bus = SimulatedBus([board])
      let plain = sandbox.run(words)
      sandbox.bus = LibUSBLikeBus(SimulatedBus([board]))
      let like = sandbox.run(words)
      #expect(plain.status == like.status)
      func departure(_ run: Sandbox.Run) -> Substring? {
        run.output.split(separator: #""departure":"#).last?.prefix(12)
      }
      #expect(departure(plain) == departure(like))
    }
  }

  @Test func `Ctrl-C ends the loop`() throws {
    sandbox.bus = SimulatedBus()
    sandbox.isInterrupted = { true }
    let run = sandbox.run("flash", "@fw.dfu", "--loop")
    #expect(
      run
        == Sandbox.Run(
          status: .success,
          output: """
            flashed 0 boards

            """,
          error: """
            flashing each board that is plugged in (Ctrl-C ends it)

            """))
  }
}
