import DfuseDevice
import DfuseFormat
import Testing

@testable import DfuseSimulator
@testable import dfuse

/// `dfuse options`: what a person types and reads.
@Suite struct OptionsCommandTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func `every field is shown with its value and what it means`() {
    let run = sandbox.run("options", "--simulate", "stm32f405")
    #expect(run.status == .success)
    #expect(run.error == "")
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(
      lines.first == "option bytes of STM32F2/F4 (1 MiB) at 1-1, as the STM32F40x/41x has them")
    #expect(lines.contains("    BOR_LEV     3         off"))
    #expect(lines.contains("    RDP         0xAA      open, level 0"))
    #expect(lines.contains("    WRP0-11     0xFFF     none protected"))
    // A board as it left the factory has no star.
    #expect(!run.output.contains("*"))
  }

  @Test func `a change is shown, written, read back, and kept`() throws {
    let board = "stm32f405:\(sandbox.path("b.state"))"
    let set = sandbox.run("options", "set", "--simulate", board, "BOR_LEV=1", "nWRP3=0")
    #expect(set.status == .success)
    #expect(set.output == "2 fields of STM32F2/F4 (1 MiB) at 1-1 set: read back and right\n")
    #expect(
      set.error == """
        BOR_LEV  3 -> 1  (off -> 2.4 V)
        WRP0-11  0xFFF -> 0xFF7  (none protected -> protected: 3)

        """)
    let shown = sandbox.run("options", "--simulate", board).output
    #expect(shown.contains("  * BOR_LEV     1         2.4 V (factory 3)\n"))
    #expect(shown.contains("  * WRP0-11     0xFF7     protected: 3 (factory 0xFFF)\n"))
    let again = sandbox.run("options", "set", "--simulate", board, "BOR_LEV=1")
    #expect(again.output.hasSuffix("has these option bytes already; nothing was written\n"))
    let back = sandbox.run("options", "default", "--simulate", board)
    #expect(back.status == .success)
    #expect(!sandbox.run("options", "--simulate", board).output.contains("*"))
  }

  @Test func `a dry run shows the words, and changes nothing`() {
    let board = "stm32f405:\(sandbox.path("b.state"))"
    let run = sandbox.run("options", "set", "--dry-run", "--simulate", board, "-ob", "rdp=0xbb")
    #expect(run.status == .success)
    #expect(
      run.output.contains("RDP  0xAA -> 0xBB  (open, level 0 -> level 1: nothing can be read)"))
    #expect(run.output.contains("written at 0x1fff_c000-0x1fff_c00f: "))
    #expect(sandbox.run("options", "--simulate", board).output.contains("RDP         0xAA"))
  }

  /// ST's programmer lets `FBFFF8AA` stand for 0 (blackmagic#1201): here nothing is taken for zero.
  @Test(arguments: [
    "BOR_LEV", "BOR_LEV=", "BOR_LEV=x", "=1", "BOR_LEV=0x", "BOR_LEV=-1", "RDP=0xZZ",
  ])
  func `what is no setting is refused`(word: String) {
    let run = sandbox.run("options", "set", "--simulate", "stm32f405", word)
    #expect(run.status == .usage)
    #expect(run.error.contains("fix: write"))
  }

  @Test func `hexadecimal without a prefix is said`() {
    let run = sandbox.run("options", "set", "--dry-run", "--simulate", "stm32f405", "RDP=BB")
    #expect(run.error.contains("RDP=BB is taken as hexadecimal, 0xBB\n"))
    #expect(run.output.contains("RDP  0xAA -> 0xBB"))
    for value in ["187", "0xBB", "0xbb"] {
      let run = sandbox.run(
        "options", "set", "--dry-run", "--simulate", "stm32f405", "RDP=\(value)")
      #expect(run.output.contains("RDP  0xAA -> 0xBB"), "\(value)")
    }
  }

  /// However it is written: 0xCC is the end.
  @Test(arguments: ["CC", "204", "0xCC", "0xcc", "cc"])
  func `a level for ever needs the serial number of the board`(value: String) {
    let run = sandbox.run("options", "set", "--simulate", "stm32f405", "RDP=\(value)", "--yes")
    #expect(run.status == .usage)
    #expect(run.error.contains("would lock STM32F2/F4 (1 MiB) at 1-1 for ever"))
    #expect(run.error.contains("now: nothing on the board was changed"))
    let other = sandbox.run(
      "options", "set", "--simulate", "stm32f405", "RDP=\(value)", "--allow-permanent-lock", "1")
    #expect(other.status == .usage)
  }

  @Test func `what closes the way into the bootloader says why`() {
    let run = sandbox.run("options", "set", "--simulate", "stm32g431", "nSWBOOT0=0", "nBOOT0=1")
    #expect(run.status == .usage)
    #expect(run.error.contains("nSWBOOT0 would close the way into the bootloader"))
    #expect(run.error.contains("--allow-no-way-back"))
  }

  @Test func `a name that is none is answered with the nearest`() {
    let run = sandbox.run("options", "set", "--simulate", "stm32g431", "nSWBOOT=0")
    #expect(run.status == .usage)
    #expect(run.error.contains("fix: did you mean nSWBOOT0"))
  }

  @Test func `a chip without a table shows its words`() {
    let run = sandbox.run("options", "--simulate", "at32f435")
    #expect(run.status == .success)
    #expect(run.output.contains(", which are not decoded for this chip"))
    let set = sandbox.run("options", "set", "--simulate", "at32f435", "RDP=0xBB")
    #expect(set.status == .badData)
    #expect(set.error.contains("are not decoded"))
  }

  @Test func `programs get every field`() throws {
    let run = sandbox.run("options", "--json", "--simulate", "stm32f405")
    #expect(run.output.contains(#""layout":"STM32F40x/41x""#))
    #expect(run.output.contains(#""name":"BOR_LEV","present":true,"value":3"#))
    let set = sandbox.run("options", "set", "--json", "--simulate", "stm32f405", "BOR_LEV=2")
    #expect(set.output.contains(#""changed":[{"after":2,"before":3,"name":"BOR_LEV"}]"#))
    #expect(set.output.contains(#""verified":true"#))
  }

  @Test func `a difference to a file is status 1`() throws {
    let board = "stm32f405:\(sandbox.path("b.state"))"
    let read = sandbox.run(
      "read", "-q", "--simulate", board, "-a", "Option Bytes", "-o", "@options.dfu")
    #expect(read.status == .success)
    let same = sandbox.run("options", "diff", "--simulate", board, "@options.dfu")
    #expect(same.status == .success)
    _ = sandbox.run("options", "set", "--simulate", board, "BOR_LEV=0")
    let run = sandbox.run("options", "diff", "--simulate", board, "@options.dfu")
    #expect(run.status == .different)
    #expect(run.error.contains("    BOR_LEV: 0 here, 3 there\n"))
    let two = sandbox.run(
      "options", "diff", "--simulate", board, "--simulate", "stm32f405", "--path", "1-1", "1-2")
    #expect(two.status == .different, "\(two)")
  }

  @Test func `of two boards with one serial number none is taken`() throws {
    let bus = SimulatedBus()
    for _ in 0..<3 {
      bus.plugIn(SimulatedBoard(try #require(.named("f405")), serial: "AAAAAAAAAAAA"))
    }
    sandbox.bus = bus
    let run = sandbox.run("options", "diff", "--path", "1-1", "AAAAAAAAAAAA")
    #expect(run.status == .noBoard, "\(run)")
    #expect(run.error.contains("--path 1-2"))
    #expect(sandbox.run("options", "diff", "--path", "1-1", "1-3").status == .success)
  }

  /// An F072 loads its option bytes at its next start only (RM0091 3.3.5).
  @Test func `a board that shows its old values until its next start is waited for, if asked`()
    throws
  {
    let bus = SimulatedBus()
    let faults = try FaultPlan(parsing: ["options=late"])
    bus.plugIn(SimulatedBoard(try #require(.named("f072")), faults: faults))
    sandbox.bus = bus
    let alone = sandbox.run("options", "set", "--wait=5", "nRST_STOP=0")
    #expect(alone.status == .success, "\(alone)")
    #expect(alone.error.contains("plug it in again, in its bootloader (Ctrl-C ends it)"))
    #expect(alone.output.contains("not verified: they hold when the board is plugged in again"))
    sandbox.bus = PluggingBus(bus)
    let run = sandbox.run("options", "set", "--wait=60", "nRST_STOP=0")
    #expect(run.output.hasSuffix("set: read back and right\n"), "\(run)")
  }

  /// The chip's first start after a rise of its level lets nothing be read.
  @Test func `a rise of the level is told, and what cannot be verified`() {
    let board = "stm32f405:\(sandbox.path("b.state"))"
    let run = sandbox.run("options", "set", "--simulate", board, "RDP=0xBB")
    #expect(run.status == .success)
    #expect(run.error.contains("the chip is read protected afterwards"))
    #expect(run.output.hasSuffix("set, and not verified: the chip is read protected now\n"))
    let shown = sandbox.run("options", "--simulate", board)
    #expect(shown.status == .protocolError)
    #expect(shown.error.contains("dfuse unprotect --yes"))
  }

  @Test func `a running board is taken into its bootloader, and runs again afterwards`() {
    let run = sandbox.run(
      "options", "--enter", "--simulate", "stm32f405", "--application", "betaflight")
    #expect(run.status == .success, "\(run)")
    #expect(run.output.contains("BOR_LEV"))
    let set = sandbox.run(
      "options", "set", "--enter=msp", "--simulate", "stm32f405", "--application", "betaflight",
      "BOR_LEV=2")
    #expect(set.status == .success, "\(set)")
    #expect(set.output.contains("set: read back and right; "))
  }

  /// `--enter` ends with the firmware running; after a failure the board stays, and that is said, as
  /// with `verify`.
  @Test func `a running board runs again after a comparison, and where values wait for a start`()
    throws
  {
    #expect(
      sandbox.run("read", "-q", "--simulate", "stm32f405", "-a", "Option Bytes", "-o", "@o.dfu")
        .status == .success)
    for (change, status) in [(false, Status.success), (true, .different)] {
      var board = SimulatedBoard(
        try #require(SimulatedChip.named("stm32f405")), application: .betaflight)
      if change { board.setOptionWords([0x1FFF_C000: 0xAAE0]) }
      let bus = SimulatedBus([board])
      sandbox.bus = bus
      let run = sandbox.run("options", "diff", "--enter", "@o.dfu")
      #expect(run.status == status, "\(run)")
      #expect(try bus.devices().isEmpty == !change)
      #expect(run.error.contains("the board is in its bootloader") == change)
      #expect(try bus.pluggedDevices().count == 1)
    }
    let bus = SimulatedBus([
      SimulatedBoard(try #require(SimulatedChip.named("stm32h743")), application: .betaflight)
    ])
    sandbox.bus = bus
    let run = sandbox.run("options", "set", "--enter", "BOR_LEV=1")
    #expect(run.output.contains("not verified: "), "\(run)")
    #expect(try bus.devices().isEmpty)
    #expect(try bus.pluggedDevices().count == 1)
  }
}

/// A bus whose board somebody unplugs and plugs in again as soon as it is waited for.
private final class PluggingBus: USBBus {
  private let inner: SimulatedBus

  init(_ inner: SimulatedBus) { self.inner = inner }

  func waitForChange(limit: Duration) -> Bool {
    inner.plugBack("1-1", after: .seconds(2), boot0: true)
    return inner.waitForChange(limit: limit)
  }

  var now: Duration { inner.now }

  func devices() throws(USBError) -> [USBDeviceListing] { try inner.devices() }

  func open(_ board: Board) throws(USBError) -> any USBTransport { try inner.open(board) }
}
