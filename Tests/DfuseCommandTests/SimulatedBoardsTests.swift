import Testing

@testable import dfuse

/// `--simulate`, for one board or for several.
@Suite struct SimulatedBoardsTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Firmware.program(3000), to: "fw.bin")
  }

  @Test func `several boards are on the ports of one bus, with serial numbers of their own`() {
    let run = sandbox.run(
      "list", "--simulate", "f405", "--simulate", "stm32f405", "--simulate", "l072")
    let boards = run.output.split(separator: "\n").filter { !$0.hasPrefix(" ") }
    #expect(
      boards == [
        "1-1  0483:df11  STM32F2/F4 (1 MiB)  serial 315A28A0B956",
        "1-2  0483:df11  STM32F2/F4 (1 MiB)  serial 315A29A0B956",
        "1-3  0483:df11  STM32L07x/08x  serial 7FB4A4356231",
      ])
  }

  @Test func `one of them is chosen, or all are flashed, each into its file`() throws {
    let boards = [
      "--simulate", "f405:\(sandbox.path("a"))", "--simulate", "f405:\(sandbox.path("b"))",
    ]
    #expect(sandbox.run(["flash", "@fw.bin"] + boards).status == .noBoard)
    #expect(sandbox.run(["flash", "@fw.bin", "--path", "1-2"] + boards).status == .success)
    #expect(sandbox.run(["verify", "@fw.bin", "--path", "1-1"] + boards).status == .different)
    #expect(sandbox.run(["verify", "@fw.bin", "--path", "1-2"] + boards).status == .success)
    #expect(sandbox.run(["flash", "@fw.bin", "--all"] + boards).status == .success)
    #expect(sandbox.run(["verify", "@fw.bin", "--path", "1-1"] + boards).status == .success)
  }

  @Test func `a fault counts on each board, and is unreached if no board came to it`() {
    let boards = ["--simulate", "f405", "--simulate", "l072"]
    let reached = sandbox.run(
      ["flash", "@fw.bin", "--all", "--fault", "stall@write:2"] + boards)
    #expect(!reached.error.contains("not reached"), "\(reached)")
    let unreached = sandbox.run(
      ["flash", "@fw.bin", "--all", "--fault", "stall@write:2000"] + boards)
    #expect(unreached.error.contains("--fault stall@write:2000 was not reached"), "\(unreached)")
  }

  @Test func `two boards cannot have one state file`() {
    let boards = [
      "--simulate", "f405:\(sandbox.path("a"))", "--simulate", "l072:\(sandbox.path("a"))",
    ]
    #expect(
      sandbox.run(["list"] + boards)
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: two simulated boards have the state file a
              fix: name a file of its own for each

            """))
  }

  @Test func `the output is none of their state files`() throws {
    let boards = ["--simulate", "f405", "--simulate", "f405:\(sandbox.path("b"))"]
    #expect(sandbox.run(["read", "-o", "@b", "--path", "1-1"] + boards).status == .usage)
  }
}
