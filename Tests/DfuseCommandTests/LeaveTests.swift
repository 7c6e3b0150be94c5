import DfuseSimulator
import Testing

@testable import dfuse

/// `dfuse leave`: it looks first whether there is a program.
@Suite struct LeaveTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  /// Puts a board on the bus that holds these bytes where they are said to be.
  private func plugIn(
    _ chip: String, _ bytes: [UInt8], at address: UInt32 = 0x0800_0000, faults: String...
  ) throws -> SimulatedBus {
    let chip = try #require(SimulatedChip.named(chip))
    var board = SimulatedBoard(chip, faults: try FaultPlan(parsing: faults))
    board.load(bytes, at: address)
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    return bus
  }

  @Test func `a program is started, and what came back is told`() throws {
    _ = try plugIn("f405", Firmware.program(3000))
    #expect(
      sandbox.run("leave")
        == Sandbox.Run(
          status: .success,
          output: """
            STM32F2/F4 (1 MiB) at 1-1: the firmware is running (the board came back as \
            0483:5740 (STM32 Virtual ComPort))

            """, error: ""))
  }

  @Test func `a blank chip is not left`() throws {
    let bus = try plugIn("f405", [])
    #expect(
      sandbox.run("leave")
        == Sandbox.Run(
          status: .badData, output: "",
          error: """
            error: there is no program at 0x0800_0000 of STM32F2/F4 (1 MiB) at 1-1
              why: the place is blank
              now: the board is as it was, and stays in its bootloader
              fix: flash a program, say with --address where another begins, or leave all the same \
            with --force

            """))
    #expect(try bus.devices().count == 1)
    #expect(sandbox.run("leave", "--force").status == .success)
  }

  @Test func `an erased byte may be zero`() throws {
    let bus = try plugIn("l072", [])
    #expect(sandbox.run("leave").error.contains("the place is blank"))
    #expect(bus.board(at: "1-1")?.counters.count(.leave) == 0)
  }

  @Test func `what is no vector table is not started`() throws {
    _ = try plugIn("f405", Array("<!DOCTYPE html><html lang=en>".utf8))
    let run = sandbox.run("leave")
    #expect(run.status == .badData)
    #expect(run.error.contains("  why: the reset vector would be 0x5059_5443, which is outside"))
    #expect(sandbox.run("leave", "--force").status == .success)
  }

  @Test func `where a program begins can be said`() throws {
    _ = try plugIn("f405", Firmware.program(3000, at: 0x0800_8000), at: 0x0800_8000)
    #expect(sandbox.run("leave").status == .badData)
    #expect(sandbox.run("leave", "--address", "08008400").status == .badData)
    #expect(sandbox.run("leave", "--address", "08008000").status == .success)
  }

  @Test(arguments: ["rdp=1", "stall@upload:1+", "errVENDOR@upload:1+"])
  func `where nothing can be read, the board is left all the same`(fault: String) throws {
    let bus = try plugIn("f405", [], faults: fault)
    let run = sandbox.run("leave")
    #expect(run.status == .success, "\(run)")
    #expect(bus.board(at: "1-1")?.counters.count(.leave) == 1)
  }

  @Test func `an application bootloader knows other forms of programs`() throws {
    _ = try plugIn("mboot", [1, 2, 3, 4, 5, 6, 7, 8], at: 0x0802_0000)
    #expect(!sandbox.run("leave", "--address", "08020000").error.contains("no program"))
  }

  @Test func `where the programs of a bootloader begin is not always known`() throws {
    // What stands at the start of its flash is the bootloader; its programs are further up.
    let bus = try plugIn("st-usbd", [])
    #expect(sandbox.run("leave").status == .success)
    #expect(bus.board(at: "1-1")?.counters.count(.leave) == 1)
    _ = try plugIn("st-usbd", [])
    #expect(sandbox.run("leave", "--address", "0800C000").error.contains("the place is blank"))
  }

  /// How long a command takes on a board of whose firmware nothing, or something, is seen.
  private func time(_ words: [String], _ afterLeave: AfterLeave) throws -> Duration {
    let bus = SimulatedBus()
    var board = SimulatedBoard(try #require(.named("f405")))
    board.load(Firmware.program(3000), at: 0x0800_0000)
    board.afterLeave = afterLeave
    bus.plugIn(board)
    sandbox.bus = bus
    let run = sandbox.run(words)
    #expect(run.status == .success, "\(run)")
    return bus.now
  }

  @Test func `a flash ends 300 ms after the board has left, or when something is back`() throws {
    try sandbox.write(Firmware.program(3000), to: "fw.bin")
    let flash = ["flash", "@fw.bin", "--address", "08000000"]
    let stay = try time(flash + ["--stay"], .nothing)
    // The time until it leaves comes on top.
    let away = try time(flash, .nothing) - stay
    #expect(away > .milliseconds(300) && away < .milliseconds(400), "\(away)")
    #expect(try time(flash, .application) - stay <= away)
    // Who wants to know waits.
    let leave = try time(["leave"], .nothing)
    #expect(leave > .seconds(1))
  }

  @Test func `RISC-V parts have no vector table`() throws {
    _ = try plugIn("gd32vf103", [0x6F, 0x00, 0x40, 0x01, 0x13, 0x00, 0x00, 0x00])
    #expect(sandbox.run("leave").status == .success)
  }

  @Test func `under the name dfu-util the board is left as dfu-util leaves it`() throws {
    let bus = try plugIn("f405", [])
    let run = sandbox.run(
      "-d", "0483:df11", "-a", "0", "-s", "0x08000000:leave", program: "dfu-util")
    #expect(run.status == .success, "\(run)")
    #expect(bus.board(at: "1-1")?.counters.count(.leave) == 1)
  }
}
