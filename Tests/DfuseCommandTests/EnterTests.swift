import DfuseDevice
import DfuseSimulator
import Synchronization
import Testing

@testable import dfuse

/// Running boards, taken into their bootloaders and back by one command.
@Suite struct EnterTests {
  let sandbox: Sandbox
  private let program = Firmware.program(3000)

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(program, to: "fw.bin")
  }

  private func bus(
    _ face: ApplicationFace, on chip: String = "stm32f405", faults: String...
  ) throws -> SimulatedBus {
    let board = SimulatedBoard(
      try #require(SimulatedChip.named(chip)), faults: try FaultPlan(parsing: faults),
      application: face)
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    return bus
  }

  private func holdsProgram(
    _ bus: SimulatedBus, at path: String = "1-1", from start: UInt32 = 0x0800_0000
  ) -> Bool {
    bus.board(at: path)?.read(3000, at: start) == Firmware.program(3000, at: start)
  }

  // MARK: - Each way

  /// A firmware, and what takes it into its bootloader.
  struct Case: Sendable {
    var face: ApplicationFace
    /// Empty for the way that is taken by itself.
    var options: [String]
    var way: String
  }

  static let cases: [Case] = [
    Case(face: .dfuRuntime, options: ["--enter"], way: "dfu"),
    Case(face: .dfuRuntimeReset, options: ["--enter"], way: "dfu"),
    Case(face: .dfuRuntimeWrong, options: ["--enter"], way: "dfu"),
    Case(face: .candlelight, options: ["--enter"], way: "dfu"),
    Case(face: .klipper, options: ["--enter=klipper"], way: "klipper"),
    Case(face: .klipper, options: ["--enter=klipper-serial"], way: "klipper-serial"),
    Case(face: .micropythonArduino, options: ["--enter"], way: "touch"),
    Case(face: .circuitpython, options: ["--enter=touch"], way: "touch"),
    Case(face: .touch, options: ["--enter=touch", "--path", "1-1"], way: "touch"),
    Case(face: .betaflight, options: ["--enter"], way: "msp"),
    Case(face: .emuflight, options: ["--enter"], way: "msp"),
    Case(face: .inav, options: ["--enter"], way: "msp"),
    Case(face: .inavOld, options: ["--enter"], way: "msp-cli"),
    Case(face: .repl, options: ["--enter"], way: "micropython"),
    Case(face: .flipper, options: ["--enter"], way: "flipper"),
    Case(face: .nanovna, options: ["--enter=chibios"], way: "chibios"),
    Case(face: .tinysa, options: ["--enter"], way: "chibios"),
    Case(face: .espruino, options: ["--enter=espruino"], way: "espruino"),
    Case(face: .rusefi, options: ["--enter=rusefi"], way: "rusefi"),
    Case(face: .panda, options: ["--enter=panda"], way: "panda"),
    Case(face: .crazyflie, options: ["--enter=crazyflie"], way: "crazyflie"),
    Case(
      face: .cdc, options: ["--enter=serial:bootloader\\r", "--path", "1-1"],
      way: "serial:bootloader\\r"),
    Case(
      face: .cdc, options: ["--enter=control:40:b0:0:0", "--path", "1-1"],
      way: "control:40:b0:0:0"),
  ]

  @Test(arguments: cases)
  func `running to running with one command, verified`(the: Case) throws {
    let bus = try bus(the.face)
    let before = try #require(try bus.pluggedDevices().first).identity
    // A Crazyflie's firmware stands behind a bootloader of its own.
    let start: UInt32 = the.face == .crazyflie ? 0x0800_4000 : 0x0800_0000
    try sandbox.write(Firmware.program(3000, at: start), to: "fw.bin")
    let run = sandbox.run(["flash", "@fw.bin"] + the.options)
    #expect(run.status == .success, "\(run)")
    #expect(run.output.contains(": verified; the firmware is running (the board came back as "))
    #expect(run.error.contains("taking \(before.runningName) into its bootloader: "))
    #expect(holdsProgram(bus, from: start))
    let after = try #require(try bus.pluggedDevices().first).identity
    #expect(after.usbID == before.usbID && after.generation == before.generation + 2 + extra(the))
    #expect(bus.board(at: "1-1")?.applicationCounters.softResets == 0)
  }

  /// How often a board comes up between its firmware and its bootloader.
  private func extra(_ the: Case) -> UInt64 { the.face == .panda ? 1 : 0 }

  @Test(arguments: cases)
  func `enter leaves the board in its bootloader, and says how it came there`(the: Case) throws {
    let bus = try bus(the.face)
    let before = try #require(try bus.pluggedDevices().first).identity.usbID
    let options = the.options.filter { $0 != "--enter" }
    let run = sandbox.run(["enter", "--json"] + options)
    #expect(run.status == .success, "\(run)")
    let last = try #require(run.output.split(separator: "\n").last)
    #expect(last.contains("\"enteredBy\":\"\(the.way.replacing("\\", with: "\\\\"))\""))
    #expect(last.contains("\"enteredFrom\":\"\(before)\""))
    #expect(try bus.devices().first?.identity.usbID == .stBootloader)
  }

  @Test(arguments: cases)
  func `a firmware that is deaf while DTR is low is told all the same`(the: Case) throws {
    let bus = try bus(the.face, faults: "enter=needs-dtr")
    let run = sandbox.run(["enter"] + the.options.map { $0 == "--enter" ? "--json" : $0 })
    #expect(run.status == .success, "\(run)")
    #expect(try bus.devices().first?.identity.usbID == .stBootloader)
    #expect(bus.board(at: "1-1")?.applicationCounters.entries == 1)
  }

  /// A board is half a second away each time that it leaves.
  ///
  /// One that says that it leaves by itself
  /// and does not has to be given its time-out and two seconds more before its port is reset.
  @Test(arguments: cases)
  func `the way there costs a second at most beside the board's own absence`(the: Case) throws {
    let start: UInt32 = the.face == .crazyflie ? 0x0800_4000 : 0x0800_0000
    try sandbox.write(Firmware.program(3000, at: start), to: "fw.bin")
    let bus = try bus(the.face)
    let elapsed = { (words: [String]) in
      let begin = bus.now
      let run = self.sandbox.run(["flash", "@fw.bin", "--full"] + words)
      #expect(run.status == .success, "\(run)")
      return bus.now - begin
    }
    let entered = elapsed(the.options)
    bus.plugBack("1-1", boot0: true)
    let place = the.face == .crazyflie ? ["--address", "0x08004000"] : []
    let flashed = elapsed(place)
    let absence = Duration.milliseconds(500) * (1 + Double(extra(the)))
    let lie = the.face == .dfuRuntimeWrong ? Duration.seconds(3) : .zero
    #expect(entered - flashed >= absence)
    #expect(entered - flashed <= absence + lie + .seconds(1), "\(entered) and \(flashed)")
  }

  @Test func `Arduino's boards go to their own bootloader, where programs begin elsewhere`() throws
  {
    let chip = try #require(
      SimulatedChip.others.first { $0.name.contains("portenta") }, "the board's name")
    let bus = try bus(.touch, on: chip.name)
    #expect(
      try bus.pluggedDevices().first?.identity.usbID == USBID(vendorID: 0x2341, productID: 0x025B))
    try sandbox.write(Firmware.program(3000, at: 0x0804_0000), to: "sketch.bin")
    let run = sandbox.run("flash", "--enter", "@sketch.bin")
    #expect(run.status == .success, "\(run)")
    #expect(
      bus.board(at: "1-1")?.read(3000, at: 0x0804_0000) == Firmware.program(3000, at: 0x0804_0000))
  }

  @Test func `other commands take a board there as well, and start its firmware again`() throws {
    let bus = try bus(.betaflight)
    let read = sandbox.run("read", "--enter", "-o", "@all.bin", "--length", "16")
    #expect(read.status == .success, "\(read)")
    #expect(read.output.contains("; the firmware is running"))
    #expect(sandbox.run("flash", "--enter", "@fw.bin").status == .success)
    let verify = sandbox.run("verify", "--enter", "@fw.bin")
    #expect(verify.status == .success)
    #expect(verify.output.contains("; the firmware is running"))
    // There is nothing to start any more.
    let erase = sandbox.run("erase", "--enter", "--all")
    #expect(erase.status == .success)
    #expect(erase.output.hasSuffix("; the board stays in its bootloader\n"))
    #expect(try bus.devices().first?.board != nil)
  }

  @Test func `a dry run starts the firmware again`() throws {
    let bus = try bus(.betaflight)
    let run = sandbox.run("flash", "--enter", "--dry-run", "@fw.bin")
    #expect(run.status == .success, "\(run)")
    #expect(run.output.contains("nothing was changed (--dry-run); the firmware is running"))
    #expect(!holdsProgram(bus))
    #expect(try bus.devices().isEmpty)
  }

  @Test func `work that fails says that the board is in its bootloader`() throws {
    let bus = try bus(.betaflight, faults: "errWRITE@write:1")
    let run = sandbox.run("flash", "--enter", "@fw.bin")
    #expect(run.status == .protocolError)
    #expect(run.error.contains("; the board is in its bootloader\n"), "\(run)")
    bus.changeBoard(at: "1-1") { $0.faults = FaultPlan() }
    #expect(sandbox.run("flash", "--enter", "@fw.bin").status == .success)
    #expect(holdsProgram(bus))
  }

  // MARK: - Which board

  @Test func `a board that is in its bootloader is used as it is`() throws {
    let bus = SimulatedBus([SimulatedBoard(try #require(.named("f405")))])
    sandbox.bus = bus
    let run = sandbox.run("flash", "--enter", "@fw.bin", "--stay")
    #expect(run.status == .success, "\(run)")
    #expect(
      sandbox.run("enter").timeless.output.hasSuffix(" at 1-1 is in its bootloader already\n"))
    // The ids of what ran there do not matter where the port is named.
    let again = sandbox.run(
      "flash", "--enter=msp", "--device", "0483:5740", "--path", "1-1", "@fw.bin")
    #expect(again.status == .success, "\(again)")
  }

  @Test func `one in its bootloader and one that runs are two`() throws {
    let bus = try bus(.betaflight)
    bus.plugIn(SimulatedBoard(try #require(.named("f405"))))
    let run = sandbox.run("flash", "--enter", "@fw.bin")
    #expect(run.status == .noBoard)
    #expect(run.error.contains("error: 2 boards fit, and one was meant\n  fix: choose one:\n"))
    #expect(run.error.contains("--path 1-1  0483:5740"))
    #expect(sandbox.run("flash", "--enter", "@fw.bin", "--path", "1-1").status == .success)
    #expect(!holdsProgram(bus, at: "1-2"))
  }

  @Test func `of several ways none is taken, and what may be dangerous has to be named`() throws {
    let bus = try bus(.klipper)
    let run = sandbox.run("enter")
    #expect(run.status == .noBoard)
    #expect(
      run.error == """
        error: no way into a bootloader is taken here without being named
          fix: name it, if it is the right one:
            --enter=klipper --path 1-1  1-1 (1d50:614e, stm32f405xx): Klipper's 1200 baud touch; on \
        some printer boards heaters, fans or motors are on while the bootloader runs, and a print \
        that runs is lost
            --enter=klipper-serial --path 1-1  1-1 (1d50:614e, stm32f405xx): Klipper's serial \
        request; on some printer boards heaters, fans or motors are on while the bootloader runs, \
        and a print that runs is lost

        """)
    #expect(bus.board(at: "1-1")?.applicationCounters.entries == 0)
  }

  @Test func `nothing is sent to a device that is not known, unless it and the way are named`()
    throws
  {
    let bus = try bus(.cdc)
    for words in [
      ["enter"], ["enter", "--via", "touch"], ["enter", "--via", "serial:bootloader\\r"],
    ] {
      let run = sandbox.run(words)
      #expect(run.status == .noBoard, "\(run)")
    }
    #expect(bus.board(at: "1-1")?.applicationCounters.entries == 0)
    #expect(
      sandbox.run("enter", "--via", "serial:bootloader\\r", "--device", "0483:5740").status
        == .success)
  }

  @Test func `--enter takes its way behind an equals sign`() throws {
    _ = try bus(.betaflight)
    let run = sandbox.run("flash", "--enter", "msp", "@fw.bin")
    #expect(run.status == .usage)
    #expect(
      run.error == """
        error: 'msp' is a way into the bootloader, and stands where a file belongs
          fix: write --enter=msp

        """)
    let unknown = sandbox.run("enter", "--via", "magic")
    #expect(unknown.status == .usage)
    #expect(unknown.error.hasPrefix("error: there is no way 'magic' into a bootloader\n"))
    #expect(unknown.error.contains("\n    msp "))
  }

  @Test(arguments: ["--all", "--loop"])
  func `with several boards, how and which have to be said`(option: String) throws {
    let bus = try bus(.betaflight)
    let how = sandbox.run("flash", "--enter", option, "@fw.bin", "--path", "1-1")
    #expect(how.status == .usage)
    #expect(how.error.hasPrefix("error: --enter with \(option) does not say how\n"))
    let which = sandbox.run("flash", "--enter=msp", option, "@fw.bin")
    #expect(which.status == .usage)
    #expect(
      which.error.hasPrefix(
        "error: --enter with \(option) does not say which running boards are meant\n"))
    #expect(bus.board(at: "1-1")?.applicationCounters.entries == 0)
  }

  // MARK: - Safety

  @Test func `a flight controller that is armed is not restarted`() throws {
    let bus = try bus(.betaflightArmed)
    let run = sandbox.run("flash", "--enter", "@fw.bin")
    #expect(run.status == .noBoard)
    #expect(
      run.error == """
        error: 1-1 (0483:5740, Betaflight - STM32F405) is not restarted now
          why: it is armed
          now: the board is as it was, and runs its firmware
          fix: disarm it, or start the bootloader by hand (often: hold BOOT0, press reset)

        """)
    #expect(bus.board(at: "1-1")?.applicationCounters.rebootsWhileArmed == 0)
    #expect(!holdsProgram(bus))
  }

  @Test func `what is not a flight controller is asked, and left alone`() throws {
    let bus = try bus(.cdc)
    let run = sandbox.run("enter", "--via", "msp", "--path", "1-1")
    #expect(run.status == .noBoard)
    #expect(run.error.contains("gave no answer\n  why: it was asked which flight controller it is"))
    #expect(bus.board(at: "1-1")?.applicationCounters == ApplicationCounters())
  }

  @Test func `a way that is given up leaves the serial port as it was`() throws {
    let bus = try bus(.cdc)
    for way in ["msp", "micropython", "flipper", "chibios"] {
      let run = sandbox.run("enter", "--via", way, "--path", "1-1")
      #expect(run.status == .noBoard, "\(run)")
      let port = try #require(bus.serialPort(at: "1-1"))
      #expect(port.lines == 0 && port.speed == 9600 && !port.isOpen, "\(way): \(port)")
    }
  }

  @Test func `what stands beside a firmware in the flash is not overwritten`() throws {
    let bus = try bus(.crazyflie)
    let run = sandbox.run("flash", "--enter=crazyflie", "@fw.bin")
    #expect(run.status == .badData, "\(run)")
    let data = sandbox.run(
      "flash", "--enter=crazyflie", "@fw.bin", "--address", "0x08000000")
    #expect(data.status == .usage, "\(data)")
    #expect(data.error.contains(", which is the Crazyflie bootloader's own\n"))
    #expect(!holdsProgram(bus))
  }

  // MARK: - Faults

  @Test func `another bootloader is called by its name`() throws {
    _ = try bus(.klipper, faults: "enter=other")
    let run = sandbox.run("flash", "--enter=klipper", "@fw.bin")
    #expect(run.status == .noBoard)
    #expect(
      run.error.contains(
        "came back as 1d50:6177 (Katapult), which is no DfuSe bootloader\n"))
  }

  @Test(arguments: [
    (
      "enter=nothing", 1,
      "has not left the bus within 3.0 s (MSP reboot (Betaflight, EmuFlight, INAV from 9.1 on))"
    ),
    ("enter=gone", 1, "left the bus, and nothing came back at its port in 10.0 s (MSP reboot"),
    ("enter=other", 1, "came back as 1209:0002, which is no DfuSe bootloader"),
  ])
  func `a board that does not come is told of, and is as it was`(
    fault: String, tries: Int, what: String
  ) throws {
    let bus = try bus(.betaflight, faults: fault)
    let run = sandbox.run("flash", "--enter", "@fw.bin")
    #expect(run.status == .noBoard)
    #expect(run.error.contains(what), "\(run.error)")
    #expect(run.error.contains("\n  fix: "))
    // The next run works, once what was wrong is over.
    bus.changeBoard(at: "1-1") { $0.faults = FaultPlan() }
    bus.plugBack("1-1")
    #expect(sandbox.run("flash", "--enter", "@fw.bin").status == .success)
    #expect(holdsProgram(bus))
  }

  @Test(arguments: ["enter=again", "enter=again2"])
  func `one that comes back as it was is told again, up to three times`(fault: String) throws {
    let bus = try bus(.betaflight, faults: fault)
    let run = sandbox.run("flash", "--enter", "@fw.bin")
    #expect(run.status == .success, "\(run)")
    #expect(run.error.contains("1-1 came back as it was; trying again (2)"))
    #expect(holdsProgram(bus))
    #expect(bus.board(at: "1-1")?.applicationCounters.entries == (fault == "enter=again" ? 2 : 3))
  }

  @Test func `one that takes ten seconds is waited for`() throws {
    // The absence is counted from when the port is empty.
    let bus = try bus(.betaflight, faults: "enter=slow")
    let run = sandbox.run("flash", "--enter", "@fw.bin", "--wait", "30")
    #expect(run.status == .success || run.error.contains("nothing came back at its port in 10.0 s"))
    // Either way the next run finds it there.
    _ = bus.waitForChange(limit: .seconds(5))
    #expect(sandbox.run("flash", "--enter", "@fw.bin").status == .success)
    #expect(holdsProgram(bus))
  }

  @Test func `ModemManager, which looks at each new port, is waited for`() throws {
    let bus = try bus(.repl, faults: "enter=held")
    let run = sandbox.run("flash", "--enter", "@fw.bin")
    #expect(run.status == .success, "\(run)")
    #expect(run.error.hasPrefix("waiting for /dev/ttyACM0, which ModemManager has open\n"))
    #expect(holdsProgram(bus))
  }

  @Test func `a port that another program keeps is told of`() throws {
    let bus = try bus(.repl)
    bus.setOpenError(.busy, at: "1-1")
    let run = sandbox.run("flash", "--enter", "@fw.bin")
    #expect(run.status == .inputOutput)
    #expect(
      run.error == """
        waiting for /dev/ttyACM0, which another program has open
        error: /dev/ttyACM0 of 1-1 (f055:9800, Pyboard Virtual Comm Port in FS Mode) is in use
          why: another program has it open
          now: the board is as it was, and runs its firmware
          fix: end that program, and run the same command again

        """)
    bus.setOpenError(nil, at: "1-1")
    #expect(sandbox.run("flash", "--enter", "@fw.bin").status == .success)
  }

  @Test func `a port that may not be opened names the group`() throws {
    let bus = try bus(.repl)
    bus.setOpenError(.accessDenied, at: "1-1")
    let run = sandbox.run("enter")
    #expect(run.status == .noPermission)
    #expect(run.error.contains("  why: only members of the group dialout may\n"))
    #expect(run.error.contains("  fix: sudo usermod -aG dialout \"$USER\", and log in again\n"))
  }

  // MARK: - Several

  @Test func `sixteen boards with one serial number, running, a hundred rounds`() throws {
    // Small sectors: a flash is done with few transfers.
    let chip = try #require(SimulatedChip.named("f072"))
    let bus = SimulatedBus(
      (0..<16).map { _ in
        SimulatedBoard(chip, serial: chip.serial(ofBoard: 0), application: .micropythonArduino)
      })
    sandbox.bus = bus
    for round in 0..<100 {
      let program = Firmware.program(600, seed: UInt64(round + 2))
      try sandbox.write(program, to: "fw.bin")
      let run = sandbox.run(
        "flash", "--enter=touch", "--all", "--device", "2341:045b", "@fw.bin")
      try #require(run.status == .success, "round \(round): \(run)")
      for number in 1...16 {
        let board = try #require(bus.board(at: "1-\(number)"))
        #expect(board.read(600, at: 0x0800_0000) == program)
        #expect(board.applicationCounters.entries == round + 1)
      }
    }
  }

  @Test func `a board that comes at another port is found by its serial number`() throws {
    let bus = try bus(.betaflight)
    bus.setReturnPort("2-1", for: "1-1")
    let run = sandbox.run("flash", "--enter", "@fw.bin", "--stay")
    #expect(run.status == .success, "\(run)")
    #expect(run.output.contains(" at 2-1 "))
    // A Flipper's serial number is its name, which the ROM does not know.
    let other = try self.bus(.flipper)
    other.setReturnPort("2-1", for: "1-1")
    let lost = sandbox.run("flash", "--enter", "@fw.bin")
    #expect(lost.status == .noBoard)
    #expect(lost.error.contains("if it is one of these, which came elsewhere, choose it:"))
    #expect(lost.error.contains("    --path 2-1  0483:df11"))
  }

  // MARK: - List

  @Test func `list shows what runs, and the way`() throws {
    _ = try bus(.betaflight)
    let run = sandbox.run("list")
    #expect(run.status == .noBoard)
    #expect(
      run.output == """
        running, with a way into the bootloader:
          1-1  0483:5740  Betaflight - STM32F405  serial 315A28A0B956
            --enter=msp  MSP reboot (Betaflight, EmuFlight, INAV from 9.1 on)
            --enter=msp-cli  the command line of older INAV

        """)
    #expect(
      run.error == """
        error: no board is in its bootloader; what is shown above runs its firmware
          fix: dfuse enter --path 1-1

        """)
  }

  @Test func `in JSON they have an array of their own`() throws {
    _ = try bus(.nanovna)
    let run = sandbox.run("list", "--json")
    #expect(run.status == .noBoard)
    #expect(run.output.contains("\"devices\" : [\n\n  ],"))
    #expect(run.output.contains("\"way\" : \"chibios\""))
    #expect(run.output.contains("\"certain\" : false"))
    #expect(run.output.contains("\"automatic\" : false"))
  }

  // MARK: - After

  @Test func `a board that comes back as something else fails, though it is verified`() throws {
    let bus = try bus(.betaflight)
    let right = sandbox.run("flash", "--enter", "@fw.bin", "--expect", "0483:5740")
    #expect(right.status == .success, "\(right)")
    let wrong = sandbox.run("flash", "--enter", "@fw.bin", "--expect", "1209:0001", "--json")
    #expect(wrong.status == .noBoard)
    let last = try #require(wrong.output.split(separator: "\n").last)
    #expect(last.contains("\"verified\":true"))
    #expect(
      last.contains("\"what\":\"STM32F2/F4 (1 MiB) at 1-1 has not come back as 1209:0001\""))
    #expect(last.contains("\"status\":69"))
    #expect(holdsProgram(bus))
  }
}
