import DfuseDevice
import DfuseSimulator
import Synchronization
import Testing

@testable import dfuse

/// Why no bootloader is there, as far as the bus and the kernel's log tell.
@Suite struct BoardLookoutTests {
  let sandbox: Sandbox
  let bus = SimulatedBus()

  init() throws {
    sandbox = try Sandbox()
    sandbox.bus = bus
  }

  private func device(_ vendorID: UInt16, _ productID: UInt16, at path: String) -> DeviceIdentity {
    DeviceIdentity(
      vendorID: vendorID, productID: productID, bcdDevice: 0x0100, path: path, address: 9)
  }

  private func plugInProbe(_ productID: UInt16 = 0x374B, at path: String = "1-2") {
    bus.plugIn(device(0x0483, productID, at: path))
  }

  /// A mouse: something that tells nothing.
  private func plugInMouse(after delay: Duration = .zero) {
    bus.plugIn(device(0x046D, 0xC077, at: "1-9"), after: delay)
  }

  /// What a Blue Pill's owner has to know, who is told last because nothing shows it.
  private let withoutUSB =
    "perhaps it is an STM32F103 (Blue Pill), F030 or G071: the ROM of such parts has no USB, and "
    + "takes firmware over a UART or from an ST-LINK"
  private let fromProbe =
    "parts whose ROM has no USB, such as STM32F103 (Blue Pill), F030 or G071, take firmware from the "
    + "ST-LINK itself (st-flash)"

  private let silent = "3,7,1000000,-;usb 1-1.2: device descriptor read/64, error -71\n"

  // MARK: - ST-LINK

  @Test func `an ST-LINK without a bootloader is on the board's other connector`() {
    plugInProbe()
    #expect(
      sandbox.run("leave")
        == Sandbox.Run(
          status: .noBoard, output: "",
          error: """
            error: no board in its bootloader
              why: 1-2 is an ST-LINK; the bootloader is on the board's other USB connector; \
            \(fromProbe)
              fix: plug that one in as well, then start the board's bootloader (often: hold BOOT0, \
            press reset); --wait waits for it; or see what is in the way: dfuse doctor

            """))
    #expect(
      sandbox.run("list")
        == Sandbox.Run(
          status: .noBoard, output: "",
          error: """
            error: no board is in its bootloader
              why: 1-2 is an ST-LINK; the bootloader is on the board's other USB connector; \
            \(fromProbe)
              fix: plug that one in as well, then start it there (often: hold BOOT0, press reset), \
            and look again; or see what is in the way: dfuse doctor

            """))
  }

  @Test(arguments: DebugProbe.all)
  func `each kind of ST-LINK is known`(probe: DebugProbe) {
    plugInProbe(probe.id.productID)
    #expect(sandbox.run("erase", "--all").error.contains("\n  why: 1-2 is an ST-LINK; "))
  }

  @Test func `several are named together`() {
    plugInProbe(0x374E, at: "1-10")
    plugInProbe(at: "1-2")
    plugInProbe(0x3748, at: "1-3.1")
    #expect(
      sandbox.run("leave").error.contains(
        """
          why: 1-2, 1-3.1 and 1-10 are ST-LINKs; a bootloader is on a board's other USB connector; \
        \(fromProbe)

        """))
  }

  @Test func `beside a board an ST-LINK is not worth a word`() {
    plugInProbe()
    bus.plugIn(SimulatedBoard(.all[0]), path: "1-1")
    let run = sandbox.run("list")
    #expect(run.status == .success)
    #expect(run.error.isEmpty)
    // A choice that does not fit the board that is there is the reason, not the probe.
    #expect(!sandbox.run("leave", "--path", "1-7").error.contains("ST-LINK"))
    #expect(!sandbox.run("list", "--path", "1-7").error.contains("ST-LINK"))
  }

  @Test func `devices that run their application stay named`() {
    sandbox.bus = SurroundedBus(
      [.application],
      BusSurroundings(devices: [device(0x0483, 0x374B, at: "1-2")], log: KernelLog()))
    #expect(
      sandbox.run("leave").error == """
        error: no board in its bootloader
          why: the DFU devices seen are others; 1-2 is an ST-LINK; the bootloader is on the board's \
        other USB connector
          fix: plug that one in as well, then start the board's bootloader (often: hold BOOT0, press \
        reset); --wait waits for it; or see what is in the way: dfuse doctor
            1-4  05ac:821a  Bluetooth Host Controller  (runs its application)

        """)
    // With a choice to leave out, that is what to do.
    let run = sandbox.run("leave", "--device", "0483:df11")
    #expect(run.error.contains("\n  fix: leave the choice out or take one of these:\n"))
    #expect(run.error.contains("1-2 is an ST-LINK"))
  }

  // MARK: - Nothing there

  @Test func `a bus with nothing but hubs is told`() {
    #expect(
      sandbox.run("list").error == """
        error: no board is in its bootloader
          why: no USB device is plugged in but hubs; often the cable only charges; \(withoutUSB)
          fix: try another cable, then start it there (often: hold BOOT0, press reset), and look again; or see what is in the way: dfuse doctor

        """)
    plugInMouse()
    #expect(
      sandbox.run("list").error == """
        error: no board is in its bootloader
          why: \(withoutUSB)
          fix: start it there (often: hold BOOT0, press reset), and look again; or see what is in the way: dfuse doctor

        """)
  }

  @Test func `a wait in which nothing came says so`() {
    plugInMouse()
    #expect(
      sandbox.run("leave", "--wait=5").error == """
        waiting for a board in its bootloader (Ctrl-C stops)
        error: no board in its bootloader, and none came in 5.0 s
          why: nothing new came on the bus while it waited; often the cable only charges, or BOOT0 \
        and reset were not pressed; \(withoutUSB)
          fix: try another cable, then start the board's bootloader (often: hold BOOT0, press reset); \
        --wait waits for it; or see what is in the way: dfuse doctor

        """)
  }

  @Test func `a wait in which something else came does not blame the cable`() {
    plugInMouse(after: .seconds(2))
    let run = sandbox.run("leave", "--wait=5")
    #expect(run.status == .noBoard)
    #expect(!run.error.contains("nothing new came"))
    #expect(!run.error.contains("cable"))
  }

  @Test func `what came and went between two looks is not nothing`() {
    let still = SurroundedBus([], BusSurroundings(devices: [], log: KernelLog()))
    func reason(changes: [Bool]) -> String? {
      var lookout = BoardLookout(still)
      for changed in changes { _ = lookout.news(at: .zero, changed: changed) }
      var failure = Failure(.noBoard, "no board")
      failure = lookout.explaining(failure)
      return failure.why
    }
    #expect(reason(changes: [false, false])?.hasPrefix("nothing new came on the bus") == true)
    #expect(
      reason(changes: [false, true])
        == "no USB device is plugged in but hubs; often the cable only charges; \(withoutUSB)")
  }

  @Test func `a device that is pulled while a board is waited for is not one that came`() {
    let bus = SurroundedBus(
      [], BusSurroundings(devices: [device(0x046D, 0xC077, at: "1-9")], log: KernelLog()))
    bus.later(BusSurroundings(devices: [], log: KernelLog()), from: .seconds(1))
    var lookout = BoardLookout(bus)
    _ = lookout.news(at: .zero, changed: false)
    _ = bus.waitForChange(limit: .seconds(1))
    _ = lookout.news(at: .seconds(1), changed: true)
    var failure = Failure(.noBoard, "no board")
    failure = lookout.explaining(failure)
    #expect(failure.why?.hasPrefix("nothing new came on the bus while it waited") == true)
  }

  @Test func `a wait that Ctrl-C ends says what came`() {
    plugInMouse()
    sandbox.isInterrupted = { true }
    #expect(
      sandbox.run("leave", "--wait").error.hasSuffix(
        """
        error: stopped; no board came
          why: nothing new came on the bus while it waited; often the cable only charges, or BOOT0 \
        and reset were not pressed

        """))
  }

  @Test func `a part without USB in its ROM is not thought of where a port has other trouble`() {
    bus.setKernelLog("3,7,1000000,-;usb usb1-port3: over-current condition\n")
    #expect(!sandbox.run("list").error.contains("STM32F103"))
    #expect(!sandbox.run("flash", "@fw.bin").error.contains("STM32F103"))
  }

  @Test func `devices that run their application are the reason, and no part without USB`() {
    sandbox.bus = SurroundedBus([.application], BusSurroundings(devices: [], log: KernelLog()))
    #expect(!sandbox.run("leave").error.contains("STM32F103"))
  }

  // MARK: - While waiting

  @Test func `what the bus shows is told once while a board is waited for`() {
    plugInProbe()
    bus.plugIn(device(0x0483, 0x3748, at: "1-5"), after: .seconds(3))
    bus.plugIn(SimulatedBoard(.all[0]), path: "1-1", after: .seconds(20))
    let run = sandbox.run("leave", "--force", "--wait=30")
    #expect(run.status == .success)
    #expect(
      run.error.hasPrefix(
        """
        waiting for a board in its bootloader (Ctrl-C stops)
        1-2 is an ST-LINK; the bootloader is on the board's other USB connector
        1-2 and 1-5 are ST-LINKs; a bootloader is on a board's other USB connector

        """))
    #expect(run.error.split(separator: "\n").count { $0.contains("ST-LINK") } == 2)
  }

  @Test func `the log is read again while nothing comes or goes`() {
    let late = SurroundedBus([], BusSurroundings(devices: [], log: KernelLog()))
    late.later(BusSurroundings(devices: [], log: KernelLog(records: silent)), from: .seconds(2))
    // In steps, as on the machine's bus.
    var lookout = BoardLookout(late)
    var told: [String] = []
    for step in 0..<40 {
      told += lookout.news(at: .milliseconds(250 * step), changed: false)
      _ = late.waitForChange(limit: .milliseconds(250))
    }
    #expect(
      told == [
        "what was plugged in at 1-1.2 gave no proper answer (kernel: device descriptor read/64, "
          + "error -71)"
      ])
    #expect(late.looks == 4)
  }

  @Test func `a board that is found is not looked around for`() {
    let listing = USBDeviceListing.board(path: "1-1")
    let surrounded = SurroundedBus([listing], BusSurroundings(devices: [], log: KernelLog()))
    sandbox.bus = surrounded
    _ = sandbox.run("leave", "--wait")
    _ = sandbox.run("list")
    #expect(surrounded.looks == 0)
  }

  // MARK: - The kernel's log

  @Test func `a device that gave no answer is told with its port, and what to try`() {
    bus.setKernelLog(silent)
    #expect(
      sandbox.run("leave").error == """
        error: no board in its bootloader
          why: what was plugged in at 1-1.2 gave no proper answer (kernel: device descriptor read/64, \
        error -71); \(withoutUSB)
          fix: try another cable, another port, no hub between, then start the board's bootloader \
        (often: hold BOOT0, press reset); --wait waits for it; or see what is in the way: dfuse doctor

        """)
  }

  @Test(
    arguments: [
      (
        "usb usb1-port3: Cannot enable. Maybe the USB cable is bad?",
        "the port 1-3 could not be enabled for what was plugged in (kernel: Cannot enable. Maybe the "
          + "USB cable is bad?)",
        "try another cable, another port, no hub between, then "
      ),
      (
        "usb 1-1-port2: over-current condition",
        "too much current was drawn at 1-1.2, and it was switched off (kernel: over-current condition)",
        "unplug what is at that port, try it at another one, then "
      ),
    ])
  func `other trouble has its own words`(message: String, why: String, fix: String) {
    bus.setKernelLog("3,7,1000000,-;\(message)\n")
    let run = sandbox.run("list")
    #expect(run.error.contains("\n  why: \(why)\n"))
    #expect(run.error.contains("\n  fix: \(fix)"))
  }

  @Test func `of many ports three are told`() {
    bus.setKernelLog(
      (1...6).map { "3,\($0),1000000,-;usb usb3-port\($0): over-current condition" }
        .joined(separator: "\n"))
    let run = sandbox.run("list")
    #expect(run.error.contains("at 3-3, "))
    #expect(!run.error.contains("at 3-4, "))
    #expect(run.error.contains("; the kernel's log has more of that, of 3 other ports\n"))
  }

  @Test func `trouble and an ST-LINK are both told, and the cable is not blamed twice`() {
    plugInProbe()
    bus.setKernelLog(silent)
    let run = sandbox.run("leave", "--wait=5")
    #expect(
      run.error.contains(
        "error -71); 1-2 is an ST-LINK; the bootloader is on the board's other USB connector; "
          + "\(fromProbe)\n"))
    #expect(!run.error.contains("nothing new came"))
    #expect(run.error.contains("\n  fix: try another cable, another port, "))
  }

  @Test func `what the kernel says is shown without steering a terminal`() {
    bus.setKernelLog("3,1,1000000,-;usb 1-1: device descriptor read/\u{1B}[2J\n")
    #expect(sandbox.run("list").error.contains("(kernel: device descriptor read/\\x1B[2J)"))
  }

  // MARK: - Other forms

  @Test func `under the name dfu-util it is said as well`() {
    plugInProbe()
    let upload = sandbox.run(
      "-a", "0", "-U", "@out.bin", "-s", "0x08000000:64", program: "dfu-util")
    #expect(upload.status == .inputOutput)
    #expect(upload.error.contains("1-2 is an ST-LINK; the bootloader is on the board's other USB"))
  }

  @Test func `under the name dfu-util its options are the ones that help`() {
    let upload = ["-a", "0", "-U", "@out.bin", "-s", "0x08000000:64"]
    plugInProbe()
    let run = sandbox.run(upload, program: "dfu-util")
    #expect(run.error.contains("(often: hold BOOT0, press reset); -w waits for it; or see"))
    // Devices that run their application do not take the reason's place.
    sandbox.bus = SurroundedBus(
      [.application],
      BusSurroundings(devices: [device(0x0483, 0x374B, at: "1-2")], log: KernelLog()))
    #expect(
      sandbox.run(["-d", "0483:df11"] + upload, program: "dfu-util").error.contains(
        "\n  why: the DFU devices seen are others; 1-2 is an ST-LINK; the bootloader is on"))
    #expect(
      sandbox.run(upload, program: "dfu-util").error.contains(
        "\n  why: it runs its application, and dfuse does not send it into its bootloader; 1-2 is an "
          + "ST-LINK; the bootloader is on"))
    sandbox.bus = nil
    let none = sandbox.run(upload, program: "dfu-util")
    #expect(
      none.error.hasSuffix(
        "\n  fix: in a container, pass /dev/bus/usb through; or see what is in the way: dfuse doctor\n"
      ))
  }

  @Test func `in JSON it is the error's why`() {
    plugInProbe()
    let run = sandbox.run("leave", "--json")
    #expect(run.output.contains("\"why\":\"1-2 is an ST-LINK; the bootloader is on the board's"))
  }
}

/// A bus that shows one set of devices and surroundings, and counts how often one looked around.
final class SurroundedBus: USBBus {
  private struct State {
    var surroundings: BusSurroundings
    var later: (BusSurroundings, from: Duration)?
    var looks = 0
    var now = Duration.zero
  }

  private let listings: [USBDeviceListing]
  private let state: Mutex<State>

  init(_ listings: [USBDeviceListing], _ surroundings: BusSurroundings) {
    self.listings = listings
    state = Mutex(State(surroundings: surroundings))
  }

  /// Shows something else from a moment on.
  func later(_ surroundings: BusSurroundings, from moment: Duration) {
    state.withLock { $0.later = (surroundings, moment) }
  }

  var looks: Int { state.withLock { $0.looks } }
  var now: Duration { state.withLock { $0.now } }

  func devices() throws(USBError) -> [USBDeviceListing] { listings }
  func open(_ board: Board) throws(USBError) -> any USBTransport { throw .disconnected }

  func waitForChange(limit: Duration) -> Bool {
    state.withLock { $0.now += limit }
    return false
  }

  func surroundings() -> BusSurroundings? {
    state.withLock { state in
      state.looks += 1
      if let (later, moment) = state.later, state.now >= moment { return later }
      return state.surroundings
    }
  }
}
