import DfuseDevice
import DfuseSimulator
import DfuseTestSupport
import Testing

@testable import dfuse

#if os(Linux)
  /// `dfuse doctor`, on a folder made like a machine.
  @Suite struct DoctorCommandTests {
    let sandbox: Sandbox
    let tree: MachineTree

    init() throws {
      sandbox = try Sandbox()
      sandbox.isSystem = true
      tree = MachineTree(root: sandbox.path(""))
      try tree.makeUsual(groups: [46])
      try tree.write("/etc/udev/rules.d/60-dfuse.rules", UdevRules.text)
    }

    private func plugInBoard(openError: USBError? = nil) throws {
      try tree.device("1-1", address: 5, vendor: "0483", product: "df11")
      sandbox.bus = StubBus([.board(path: "1-1", openError: openError)])
    }

    @Test func `a machine on which boards can be used ends with 0`() throws {
      try plugInBoard()
      let run = sandbox.run("doctor")
      #expect(run.status == .success)
      #expect(run.error.isEmpty)
      #expect(
        run.output == """
          ok       usb       1 bus, 1 device besides hubs
          ok       nodes     each device has its node in /dev/bus/usb
          ok       udev      its daemon runs
          ok       rules     /etc/udev/rules.d/60-dfuse.rules is in place
          ok       user      a member of plugdev, whom the rules let in
          ok       programs  none is seen that takes boards (ModemManager, fwupd, virtual machines)
          ok       boards    1-1 (0483:df11, STM32 bootloader) can be used, 12 Mbit/s
          ok       libusb    version \(LibUSBBus.version)
          nothing is in the way of boards

          """)
      #expect(sandbox.run("doctor", "-q") == Sandbox.Run(status: .success, output: "", error: ""))
      #expect(sandbox.toolRuns.isEmpty)
    }

    @Test func `a program that has the board is named, from the files of the machine`() throws {
      try plugInBoard(openError: .busy)
      try tree.program(4711, "VBoxHeadless", open: ["/dev/zero", "/dev/null"])
      let run = sandbox.run("doctor", "-q")
      #expect(
        run
          == Sandbox.Run(
            status: .inputOutput,
            output: """
              problem  boards    1-1 (0483:df11, STM32 bootloader) is in use by VBoxHeadless \
              (process 4711)
                fix: take it from the virtual machine, in its window or settings

              """, error: "error: 1 problem is in the way of boards\n"))
    }

    @Test func `several problems are counted, and the first one is the status`() throws {
      try plugInBoard(openError: .busy)
      try tree.remove("/etc/udev/rules.d")
      try tree.write("/proc/self/status", "Uid:\t1000\t1000\t1000\t1000\nGroups:\t\n")
      sandbox.bus = StubBus([
        .board(path: "1-1", openError: .busy), .board(path: "1-2", openError: .accessDenied),
      ])
      let run = sandbox.run("doctor")
      #expect(run.status == .noPermission)
      #expect(run.error == "error: 3 problems are in the way of boards\n")
      #expect(run.output.contains("\nproblem  rules     none for boards is installed"))
      #expect(run.output.contains("\nproblem  user      neither sits at this machine"))
    }

    @Test func `without USB it says so, and how a container gets it`() throws {
      try tree.remove("/dev/bus")
      try tree.write("/.dockerenv")
      #expect(
        sandbox.run("doctor", "-q")
          == Sandbox.Run(
            status: .noBoard,
            output: """
              problem  nodes     /dev/bus/usb is missing or empty: no device can be opened
                why: it was not passed to this Docker container
                fix: start it again with USB, on its host: docker run -v /dev/bus/usb:/dev/bus/usb \
              --device-cgroup-rule='c 189:* rmw' IMAGE

              """, error: "error: 1 problem is in the way of boards\n"))
    }

    @Test func `libusb's own failure is told where the machine has USB`() {
      sandbox.bus = nil
      let run = sandbox.run("doctor", "-q")
      #expect(run.status == .noBoard)
      #expect(
        run.output == """
          problem  boards    libusb lists no device, though the kernel has some
            fix: see what libusb says of it: LIBUSB_DEBUG=4 dfuse list

          """)
    }

    @Test func `in JSON it is one object, whatever the status`() throws {
      try plugInBoard(openError: .busy)
      let run = sandbox.run("doctor", "--json")
      #expect(run.status == .inputOutput)
      #expect(run.error == "error: 1 problem is in the way of boards\n")
      #expect(
        run.output.hasSuffix(
          """
              {
                "check" : "boards",
                "fixes" : [
                  {
                    "command" : "sudo dfuse doctor",
                    "what" : "see as root which program has it"
                  }
                ],
                "result" : "problem",
                "status" : 74,
                "what" : "1-1 (0483:df11, STM32 bootloader) is in use",
                "why" : "which program has it does not show"
              },
              {
                "check" : "libusb",
                "result" : "ok",
                "what" : "version \(LibUSBBus.version)"
              }
            ],
            "problems" : 1,
            "schema" : 1,
            "status" : 74
          }

          """))
      sandbox.bus = StubBus([.board(path: "1-1")])
      #expect(sandbox.run("doctor", "--json").output.contains("\"problems\" : 0,"))
    }

    @Test func `on a terminal, what is in the way has a colour`() throws {
      try plugInBoard(openError: .busy)
      let run = sandbox.run(["doctor"], terminal: true)
      #expect(run.output.contains("\n\u{1B}[1;31mproblem\u{1B}[0m  boards    1-1 "))
      #expect(run.output.hasPrefix("ok       usb"))
    }

    // MARK: - Errors that name it

    @Test(
      arguments: [
        (.busy, "end the program that uses it, or unplug the board and plug it in again"),
        (.noNode, "pass the whole of /dev/bus/usb to the container, or run outside of it"),
      ] as [(USBError, String)])
    func `an error whose cause is not known names it`(error: USBError, fix: String) throws {
      try plugInBoard(openError: error)
      #expect(
        sandbox.run("leave").error.hasSuffix(
          "\n  fix: \(fix); or see what is in the way: dfuse doctor\n"))
    }

    @Test func `one that has a command of its own does not`() throws {
      try plugInBoard(openError: .accessDenied)
      #expect(!sandbox.run("leave").error.contains("doctor"))
    }

    @Test func `under the name dfu-util it is named as well, beside dfu-util's options`() {
      sandbox.bus = SimulatedBus()
      #expect(
        sandbox.run(
          "-a", "0", "-U", "@out.bin", "-s", "0x08000000:64", program: "dfu-util"
        ).error.hasSuffix("; -w waits for it; or see what is in the way: dfuse doctor\n"))
    }
  }
#endif
