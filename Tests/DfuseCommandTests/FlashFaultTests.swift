import DfuseSimulator
import Testing

@testable import dfuse

/// `dfuse flash` on boards that fail, and on every kind of board.
@Suite struct FlashFaultTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus

  init() throws {
    (sandbox, bus) = try Self.setUp()
  }

  @Test(
    arguments: [
      ("stall@write:1+", .inputOutput), ("disconnect@erase:1", .inputOutput),
      ("errWRITE@write:2", .protocolError), ("errVENDOR@write:1", .protocolError),
      ("busy@erase:1", .protocolError), ("wrp=0x08004000", .different),
      ("stuckbit@0x08000000:1", .different), ("rdp=1", .protocolError),
    ] as [(String, Status)])
  func `a fault ends with its status, with what is on the chip, and with a fix`(
    fault: String, status: Status
  ) throws {
    bus.changeBoard(at: "1-1") { board in
      board.load(Firmware.program(1 << 20, seed: 2), at: 0x0800_0000)
    }
    let plan = try FaultPlan(parsing: [fault])
    bus.changeBoard(at: "1-1") { $0.faults = plan }
    if plan.faults.isEmpty {
      // What a chip is made with, instead of what happens to it.
      let chip = try #require(SimulatedChip.named("f405"))
      let bus = SimulatedBus([SimulatedBoard(chip, faults: plan)])
      sandbox.bus = bus
    }
    let run = flash("@fw.bin", "--full")
    #expect(run.status == status)
    #expect(run.error.contains("\n  now: "))
    #expect(run.error.contains("\n  fix: "))
  }

  @Test func `after a fault the same command repairs the board`() throws {
    let plan = try FaultPlan(parsing: ["errWRITE@write:5"])
    bus.changeBoard(at: "1-1") { $0.faults = plan }
    let failed = flash("@fw.bin", "--address", "0x08000000")
    #expect(
      failed
        == Sandbox.Run(
          status: .protocolError, output: "",
          error: """
            compared 48 KiB in T
            error: STM32F2/F4 (1 MiB) at 1-1: writing 2048 bytes at 0x0800_2800 failed: the \
            device reports errWRITE in dfuERROR
              why: that sector is probably write protected
              now: the firmware on the board is incomplete, and does not start
              fix: clear the write protection in the option bytes, then run the same command \
            again; the board stays in its bootloader

            """))
    #expect(flash("-q", "@fw.bin").status == .success)
    #expect(memory(40_000) == Firmware.program(40_000))
  }

  /// dfu-util ticket 141, qmk_firmware#17890.
  @Test(arguments: ["stall@write:1+", "timeout@write:1+", "errVENDOR@write:1+"])
  func `an F411 that takes no block is told what is known of such boards`(fault: String) throws {
    func words(_ chip: String, _ fault: String) -> String {
      sandbox.run("flash", "@fw.bin", "--simulate", chip, "--fault", fault).error
    }
    let known = "some boards with an STM32F401 or F411 fail at the first write, and whole batches"
    let failed = words("stm32f411", fault)
    #expect(failed.contains(known), "\(failed)")
    #expect(failed.contains("; if it fails there again, start the bootloader anew"))
    // Its map is no F411's, or what failed was another thing.
    #expect(!words("stm32f405", fault).contains(known))
    #expect(!words("stm32h743", fault).contains(known))
    #expect(!words("stm32f411", fault.replacing(":1+", with: ":2+")).contains(known))
    #expect(!words("stm32f411", "disconnect@write:1").contains(known))
    #expect(!words("stm32f411", "stall@upload:1+").contains(known))
  }

  @Test func `Ctrl-C stops between two blocks`() {
    let counter = Counter()
    sandbox.isInterrupted = { counter.next() > 50 }
    let run = flash("@fw.bin", "--address", "0x08000000")
    #expect(
      run
        == Sandbox.Run(
          status: .interrupted, output: "",
          error: """
            compared 48 KiB in T
            wrote 37.1 KiB in T
            error: stopped on request
              now: the firmware on the board is incomplete, and does not start
              fix: run the same command again; the board stays in its bootloader

            """))
  }

  @Test(arguments: SimulatedChip.all.map(\.name).filter { $0 != "mboot" })
  func `every simulated bootloader can be flashed, verified, read, erased and left`(
    chip: String
  ) throws {
    let board = "\(chip):" + sandbox.path("board.state")
    // Where the bootloader is a program in flash, others start behind it.
    let start = ["st-usbd": "0800c000", "at32f435": "08008000"][chip] ?? "08000000"
    let program = Firmware.program(10_001, at: UInt32(start, radix: 16) ?? 0, seed: 7)
    try sandbox.write(program, to: "x.bin")
    let flashed = sandbox.run("flash", "@x.bin", "--simulate", board)
    #expect(flashed.status == .success, "\(flashed.error)")
    #expect(sandbox.run("verify", "@x.bin", "--simulate", board).status == .success)
    let part = ["--address", start, "--length", "10001", "--simulate", board]
    #expect(sandbox.run(["read", "-o", "@r.bin"] + part).status == .success)
    #expect(try sandbox.read("r.bin") == program)
    #expect(sandbox.run(["erase"] + part).status == .success)
    #expect(sandbox.run("verify", "@x.bin", "--simulate", board).status == .different)
    #expect(sandbox.run("leave", "--force", "--simulate", board).status == .success)
  }
}
