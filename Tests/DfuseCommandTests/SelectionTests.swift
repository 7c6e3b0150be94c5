import DfuseDevice
import DfuseSimulator
import Synchronization
import Testing

@testable import dfuse

/// Finding the board that is meant.
@Suite struct SelectionTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func leave(_ words: String...) -> Sandbox.Run {
    sandbox.run(["leave", "--force"] + words)
  }

  @Test func `several boards are listed with the option that picks each`() {
    sandbox.bus = StubBus([.board(path: "1-1.3"), .board(path: "1-2", serial: "206A36B25435")])
    #expect(
      leave()
        == Sandbox.Run(
          status: .noBoard, output: "",
          error: """
            error: 2 boards fit, and one was meant
              fix: choose one:
                --path 1-1.3  0483:df11  STM32  BOOTLOADER  serial 315A28A0B956
                --path 1-2  0483:df11  STM32  BOOTLOADER  serial 206A36B25435

            """))
  }

  @Test func `no board says what to do, and what else was seen`() {
    sandbox.bus = StubBus([.application])
    #expect(
      leave()
        == Sandbox.Run(
          status: .noBoard, output: "",
          error: """
            error: no board in its bootloader
              why: the DFU devices seen are others
              fix: start the board's bootloader (often: hold BOOT0, press reset); --wait waits for it; or see what is in the way: dfuse doctor
                1-4  05ac:821a  Bluetooth Host Controller  (runs its application)

            """))
  }

  @Test func `a choice that fits no board shows those that are there`() {
    sandbox.bus = StubBus([.board(path: "1-1")])
    let run = leave("--serial", "ABC", "--path", "1-9", "--device", "28E9:0189")
    #expect(
      run.error == """
        error: no board in its bootloader with the ids 28e9:0189 and the serial number ABC and the \
        port 1-9
          why: the DFU devices seen are others
          fix: leave the choice out or take one of these:
            1-1  0483:df11  STM32  BOOTLOADER  serial 315A28A0B956  (another one)

        """)
    #expect(run.status == .noBoard)
  }

  @Test func `a board without permission names the command that gives it`() {
    sandbox.bus = StubBus([.board(path: "1-1", openError: .accessDenied)])
    #expect(
      leave()
        == Sandbox.Run(
          status: .noPermission, output: "",
          error: """
            error: the board at 1-1 (0483:df11) cannot be opened: no permission
              why: the system lets this user not open its USB node
              fix: let udev give it to you, and plug it in again: sudo dfuse udev install

            """))
  }

  @Test(
    arguments: [
      (.busy, .inputOutput), (.noDriver, .inputOutput), (.timedOut, .inputOutput),
      (.accessDenied, .noPermission), (.noNode, .noPermission), (.stall, .inputOutput),
      (.other(call: "libusb_open", code: -99, name: "LIBUSB_ERROR_OTHER"), .inputOutput),
    ] as [(USBError, Status)])
  func `a board that cannot be opened has its status`(error: USBError, status: Status) {
    sandbox.bus = StubBus([.board(path: "1-1", openError: error)])
    let run = leave()
    #expect(run.status == status)
    #expect(run.error.contains("\n  fix: "))
  }

  @Test func `a board without a node has not left the bus`() {
    sandbox.bus = StubBus([.board(path: "1-1", openError: .noNode)])
    #expect(
      leave()
        == Sandbox.Run(
          status: .noPermission, output: "",
          error: """
            error: the board at 1-1 (0483:df11) cannot be opened: its node in /dev/bus/usb is missing
              why: the kernel has it; a container sees only the nodes that are passed in
              fix: pass the whole of /dev/bus/usb to the container, or run outside of it; or see what is in the way: dfuse doctor

            """))
  }

  @Test func `a board that goes before it is opened`() {
    sandbox.bus = StubBus([.board(path: "1-1")])
    let run = leave()
    #expect(run.status == .inputOutput)
    #expect(run.error.hasPrefix("error: the board at 1-1 has left the bus\n"))
  }

  @Test(arguments: ["0483", "0483:df11:1", "x:y", "12345:1"])
  func `ids that are none are refused`(ids: String) {
    let run = leave("--device", ids, "--simulate", "f405")
    #expect(
      run
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: --device '\(ids)' is not a pair of USB ids
              fix: write vendor and product in hexadecimal: --device 0483:df11

            """))
  }

  @Test(
    arguments: [
      (["--device", "0483:"], "1-1"), (["--device", "28E9:"], "1-2"),
      (["--device", "28e9:0189", "--device", "1234:5678"], "1-2"),
      (["--device", "1234:,0483:df11"], "1-1"), (["-d", "0483:1", "-d", "28e9:"], "1-2"),
    ])
  func `several ids may be named, and all of a vendor's`(words: [String], path: String) {
    sandbox.bus = StubBus([
      .board(path: "1-1"), .board(path: "1-2", vendorID: 0x28E9, productID: 0x0189),
    ])
    // The stub opens nothing; that it was asked to shows which one was taken.
    #expect(
      sandbox.run(["leave"] + words).error.hasPrefix("error: the board at \(path) has left the bus")
    )
  }

  @Test func `several ids that no board has are all told`() {
    sandbox.bus = StubBus([])
    #expect(
      leave("--device", "0483:,28e9:0189").error.hasPrefix(
        "error: no board in its bootloader with the ids 0483: or 28e9:0189\n"))
  }

  @Test(arguments: ["0483:df11,", ",", ":", ":df11", "00483:df11", "0483:df11,x"])
  func `of several ids each has to be one`(ids: String) {
    #expect(leave("--device=\(ids)", "--simulate", "f405").status == .usage)
  }

  @Test(arguments: [["0483:"], ["0483:df11", "2e3c:"]])
  func `plain DFU is taken for DfuSe only where both ids are named`(ids: [String]) {
    sandbox.bus = StubBus([])
    let run = sandbox.run(["leave", "--assume-dfuse"] + ids.flatMap { ["--device", $0] })
    #expect(run.status == .usage)
    #expect(run.error.hasPrefix("error: --assume-dfuse needs --device VID:PID\n"))
  }

  // MARK: - Waiting

  @Test func `--wait takes the board that comes`() {
    let bus = SimulatedBus()
    bus.plugIn(SimulatedBoard(.all[0]), after: .seconds(20))
    sandbox.bus = bus
    let run = leave("--wait=30")
    #expect(run.status == .success)
    #expect(run.error.hasPrefix("waiting for a board in its bootloader (Ctrl-C stops)\n"))
  }

  @Test func `--wait alone waits until a board comes`() {
    let bus = SimulatedBus()
    bus.plugIn(SimulatedBoard(.all[0]), after: .seconds(7200))
    sandbox.bus = bus
    #expect(leave("--wait").status == .success)
  }

  @Test func `--wait ends with its time`() {
    let bus = StubBus([])
    sandbox.bus = bus
    let run = leave("--wait=5")
    #expect(run.status == .noBoard)
    #expect(
      run.error.contains("error: no board in its bootloader, and none came in 5.0 s\n"))
    #expect(bus.waitedTime == .seconds(5))
  }

  @Test func `a board that has just come may be closed for a moment`() {
    sandbox.bus = StubBus(
      [], [.board(path: "1-1", openError: .accessDenied)],
      [.board(path: "1-1", openError: .accessDenied)], [.board(path: "1-1")])
    // The stub opens nothing; that the board was opened at all shows that it was taken.
    #expect(leave("--wait").error.contains("error: the board at 1-1 has left the bus\n"))
  }

  @Test func `a board that stays closed ends the wait`() {
    let bus = StubBus([.board(path: "1-1", openError: .accessDenied)])
    sandbox.bus = bus
    let run = leave("--wait")
    #expect(run.status == .noPermission)
    #expect(bus.waitedTime == .seconds(2))
  }

  @Test func `Ctrl-C ends a wait`() {
    sandbox.bus = StubBus([])
    sandbox.isInterrupted = { true }
    let run = leave("--wait")
    #expect(run.status == .interrupted)
    #expect(run.error.hasSuffix("error: stopped; no board came\n"))
  }

  @Test(arguments: ["-1", "x", "9999999"])
  func `a wait that is no time is refused`(text: String) {
    sandbox.bus = StubBus([])
    let run = leave("--wait=\(text)")
    #expect(
      run
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: --wait=\(text) is not a number of seconds
              fix: write --wait=30, or --wait alone to wait until Ctrl-C

            """))
  }

  // MARK: - Simulated boards

  @Test func `a chip that cannot be simulated is refused with those that can`() {
    let run = leave("--simulate", "stm32f999")
    #expect(run.status == .usage)
    #expect(
      run.error.hasPrefix(
        """
        error: there is no simulated chip 'stm32f999'
          fix: choose one; 'dfuse simulate --list' describes them:
            stm32f042 stm32f072 stm32f070 stm32f107 stm32f105 stm32f303 stm32f302
        """))
  }

  @Test func `a chip without a USB bootloader is told from one that is not known`() {
    let run = leave("--simulate", "STM32F103C8T6")
    #expect(run.status == .usage)
    #expect(
      run.error.hasPrefix(
        """
        error: the ROM of STM32F103C8T6 has no USB bootloader
          why: ST's AN2606 lists none; boards with it have one in flash, such as maple or st-usbd
          fix: choose one; 'dfuse simulate --list' describes them:
            stm32f042 
        """))
  }

  @Test func `a chip may be called what is printed on it`() {
    #expect(leave("--simulate", "STM32F405RG").status == .success)
  }

  @Test(arguments: [
    ("write:9", "there were 2 such requests"), ("masserase", "there were 0 such requests"),
    ("leave:2", "there was 1 such request"),
  ])
  func `a fault that was not reached is a note`(request: String, count: String) throws {
    try sandbox.write(Firmware.program(3000), to: "fw.bin")
    let fault = "stall@" + request
    let words = ["flash", "@fw.bin", "--simulate", "f405", "--fault", fault, "--fault", "poll=1"]
    for more in [[], ["--all"]] {
      let run = sandbox.run(words + more)
      #expect(run.status == .success)
      #expect(run.error.contains("--fault \(fault) was not reached: \(count)\n"))
      #expect(run.error.split(separator: "\n").count { $0.contains("not reached") } == 1)
    }
    #expect(!sandbox.run(words + ["-q"]).error.contains("not reached"))
  }

  @Test func `a fault that was reached is not told`() {
    let run = leave("--simulate", "f405", "--fault", "stall@getstatus:1")
    #expect(!run.error.contains("not reached"))
  }

  @Test func `a fault that does not exist is refused`() {
    let run = leave("--simulate", "f405", "--fault", "explode@write:1")
    #expect(
      run
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: --fault: fault 'explode@write:1': there is no action 'explode'
              fix: for example stall@write:3, disconnect@erase:1, start=dfuERROR, rdp=1

            """))
  }

  @Test func `faults are for simulated boards`() {
    sandbox.bus = StubBus([.board(path: "1-1")])
    #expect(leave("--fault", "stall@write:1").status == .usage)
  }

  @Test func `a damaged state file is refused`() throws {
    try sandbox.write([1, 2, 3], to: "b.state")
    let run = sandbox.run(
      "leave", "--simulate", "f405:" + sandbox.path("b.state"))
    #expect(run.status == .badData)
    #expect(run.error.contains("b.state: the state file ends inside signature at byte 0\n"))
    #expect(try sandbox.read("b.state") == [1, 2, 3])
  }

  @Test func `the state of another chip is refused`() {
    let state = sandbox.path("b.state")
    #expect(sandbox.run("leave", "--force", "--simulate", "f405:\(state)").status == .success)
    let run = sandbox.run("leave", "--simulate", "l072:\(state)")
    #expect(run.status == .badData)
    #expect(
      run.error.contains("the state file is of a simulated stm32f405, not stm32l072"))
  }
}
