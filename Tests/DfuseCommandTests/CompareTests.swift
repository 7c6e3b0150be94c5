import DfuseDevice
import DfuseFormat
import DfuseSimulator
import Testing

@testable import dfuse

/// `dfuse compare`: files and boards, in any pairing.
@Suite struct CompareTests {
  let sandbox: Sandbox
  private let bus = SimulatedBus()
  private let program = Firmware.program(5000)
  /// The same but for four bytes at 0x0800_1000.
  private let changed: [UInt8]

  init() throws {
    sandbox = try Sandbox()
    var bytes = program
    for index in 0x1000..<0x1004 { bytes[index] ^= 0xFF }
    changed = bytes
    for serial in ["AAAAAAAAAAAA", "BBBBBBBBBBBB"] {
      var board = SimulatedBoard(try #require(.named("f405")), serial: serial)
      board.load(program, at: 0x0800_0000)
      bus.plugIn(board)
    }
    sandbox.bus = bus
    try sandbox.write(program, to: "old.bin")
    try sandbox.write(changed, to: "new.bin")
    try sandbox.write(Firmware.container([(0, 0x0800_0000, program)]), to: "old.dfu")
    try sandbox.write(Firmware.container([(0, 0x0800_0000, changed)]), to: "new.dfu")
  }

  private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }

  @Test func `two files that are the same`() {
    let run = sandbox.run("compare", "@old.dfu", "@old.bin", "--address", "08000000")
    #expect(
      run
        == Sandbox.Run(
          status: .success, output: "old.dfu and old.bin are the same: 4.9 KiB compared\n",
          error: ""))
  }

  @Test func `two files that differ`() {
    let run = sandbox.run("compare", "@old.dfu", "@new.dfu")
    #expect(
      run
        == Sandbox.Run(
          status: .different,
          output: """
            old.dfu and new.dfu differ in 4 bytes of 4.9 KiB compared
              0x0800_1000-0x0800_1003  4 bytes
                old.dfu: \(hex(program[0x1000..<0x1004]))
                new.dfu: \(hex(changed[0x1000..<0x1004]))

            """, error: ""))
    #expect(sandbox.run("compare", "-q", "@old.dfu", "@new.dfu").output == "")
    #expect(sandbox.run("compare", "-q", "@old.dfu", "@new.dfu").status == .different)
  }

  @Test func `what one file lacks counts as blank`() throws {
    let padded = program + [0xFF, 0xFF, 0xFF, 0xFF]
    try sandbox.write(Firmware.container([(0, 0x0800_0000, padded)]), to: "padded.dfu")
    #expect(sandbox.run("compare", "@old.dfu", "@padded.dfu").status == .success)
    let longer = program + [0xFF, 0x00]
    try sandbox.write(Firmware.container([(0, 0x0800_0000, longer)]), to: "longer.dfu")
    #expect(sandbox.run("compare", "@old.dfu", "@longer.dfu").status == .different)
  }

  @Test func `vector tables are shown`() throws {
    var other = program
    other[1] = 0x80
    other[4] ^= 2
    try sandbox.write(Firmware.container([(0, 0x0800_0000, other)]), to: "other.dfu")
    let run = sandbox.run("compare", "@old.dfu", "@other.dfu")
    #expect(
      run.output.contains(
        """
          vector table at 0x0800_0000
            old.dfu: stack 0x2002_0000, reset 0x0800_0101
            other.dfu: stack 0x2002_8000, reset 0x0800_0103
        """), "\(run.output)")
  }

  @Test func `a file and a board`() throws {
    let same = sandbox.run("compare", "@old.bin", "board:1-1")
    #expect(same.status == .success, "\(same)")
    #expect(same.output == "old.bin and STM32F2/F4 (1 MiB) at 1-1 are the same: 4.9 KiB compared\n")
    // The other way round, by its serial number.
    let run = sandbox.run("compare", "board:BBBBBBBBBBBB", "@new.dfu")
    #expect(run.status == .different)
    #expect(
      run.output.hasPrefix(
        """
        STM32F2/F4 (1 MiB) at 1-2 and new.dfu differ in 4 bytes of 4.9 KiB compared
          1 sector: 0x0800_0000-0x0800_3fff
          0x0800_1000-0x0800_1003  4 bytes

        """), "\(run.output)")
    // With one file alone, the board that the options choose.
    #expect(sandbox.run("compare", "@old.dfu", "--path", "1-1").status == .success)
    #expect(sandbox.run("compare", "@old.dfu").status == .noBoard)
  }

  @Test func `two boards`() throws {
    let same = sandbox.run("compare", "board:1-1", "board:1-2")
    #expect(same.status == .success, "\(same)")
    #expect(same.output.hasSuffix(" are the same: 1.0 MiB compared\n"))
    bus.changeBoard(at: "1-2") {
      $0.load([0xAA, 0x55, 0x12, 0xED], at: 0x1FFF_C008)
      $0.load([7], at: 0x0804_0000)
      $0.load([7], at: 0x1FFF_7800)
    }
    let run = sandbox.run("compare", "board:1-1", "board:1-2")
    #expect(run.status == .different)
    for line in [
      "  1 sector: 0x0804_0000-0x0805_ffff\n", "  0x0804_0000  1 byte\n", "  0x1fff_7800  1 byte\n",
      "  option bytes\n    WRP0-11  STM32F2/F4 (1 MiB) at 1-1: 0xFFF (none protected)  ",
      "STM32F2/F4 (1 MiB) at 1-2: 0x5AA (protected: 0 2 4 6 9 11)\n",
      // Bits that are no field's.
      "    0x1fff_c008  STM32F2/F4 (1 MiB) at 1-1: 0x",
      "  STM32F2/F4 (1 MiB) at 1-2: 0xED1255AA\n",
    ] {
      #expect(run.output.contains(line), "\(line) in \(run.output)")
    }
  }

  @Test func `a snapshot is all that a board holds`() throws {
    #expect(sandbox.run("snapshot", "-q", "-o", "@s.dfu", "--path", "1-1").status == .success)
    #expect(sandbox.run("compare", "@s.dfu", "board:1-2").status == .success)
    // Firmware is compared where it has bytes.
    #expect(sandbox.run("compare", "@old.dfu", "@s.dfu").status == .success)
    // What the snapshot leaves out is blank.
    bus.changeBoard(at: "1-2") { $0.load([7], at: 0x080F_FFFF) }
    let run = sandbox.run("compare", "@s.dfu", "board:1-2")
    #expect(run.status == .different)
    #expect(run.output.contains("  0x080f_ffff  1 byte\n    s.dfu: ff\n"), "\(run.output)")
  }

  /// RM0090 3.9.1: user options and level in the first word, write protection in the second.
  @Test func `option bytes are compared by field`() throws {
    #expect(sandbox.run("snapshot", "-q", "-o", "@s.dfu", "--path", "1-1").status == .success)
    #expect(
      sandbox.run("options", "set", "-p", "1-2", "BOR_LEV=1", "nRST_STOP=0").status == .success)
    let run = sandbox.run("compare", "@s.dfu", "board:1-2")
    #expect(run.status == .different)
    #expect(
      run.output.hasSuffix(
        """
          option bytes
            BOR_LEV  s.dfu: 3 (off)  STM32F2/F4 (1 MiB) at 1-2: 1 (2.4 V)
            nRST_STOP  s.dfu: 1 (no reset)  STM32F2/F4 (1 MiB) at 1-2: 0 (entering it resets the chip)

        """), "\(run.output)")
    let json = sandbox.run("compare", "--json", "@s.dfu", "board:1-2").output
    #expect(
      json.contains(
        #""optionFields":[{"address":536854528,"left":{"meaning":"off","value":3},"name":"BOR_LEV","#
          + #""right":{"meaning":"2.4 V","value":1}},"#), "\(json)")
    #expect(sandbox.run("snapshot", "-q", "-o", "@t.dfu", "--path", "1-2").status == .success)
    // What is known of two files stands beside them.
    let files = sandbox.run("compare", "@s.dfu", "@t.dfu")
    #expect(files.output.contains("\n    BOR_LEV  s.dfu: 3 (off)  t.dfu: 1 (2.4 V)\n"))
  }

  @Test func `a board that is not there is said`() throws {
    let run = sandbox.run("compare", "@old.dfu", "board:9-9")
    #expect(run.status == .noBoard)
    #expect(run.error.contains("no board has the port or the serial number 9-9"))
  }

  @Test func `memories that only one has are named`() throws {
    #expect(sandbox.run("snapshot", "-q", "-o", "@s.dfu", "--path", "1-1").status == .success)
    bus.plugIn(SimulatedBoard(try #require(.named("l072"))))
    let run = sandbox.run("compare", "@s.dfu", "board:1-3")
    #expect(run.status == .different)
    #expect(
      run.output.contains(
        "  not compared, since only s.dfu has it: 0x0803_0000-0x0807_ffff, "
          + "0x0808_1800-0x080f_ffff, 0x1fff_7800-0x1fff_7a0f"),
      "\(run.output)")
  }

  @Test func `JSON has it all in one line`() throws {
    let run = sandbox.run("compare", "--json", "@old.dfu", "@new.dfu")
    #expect(run.status == .different)
    #expect(
      run.output.hasPrefix(
        #"{"command":"compare","details":{"comparison":{"bytesCompared":5000,"bytesDiffering":4,"#),
      "\(run.output)")
    #expect(run.output.contains(#""status":1,"verdict":"old.dfu and new.dfu differ in 4 bytes of"#))
    let none = sandbox.run("compare", "--json", "@old.dfu", "@none.dfu")
    #expect(none.status == .noInput)
    #expect(none.output.contains(#""status":66"#))
  }

  @Test func `what cannot be compared is refused`() {
    #expect(sandbox.run("compare", "board", "board").status == .usage)
    #expect(sandbox.run("compare", "board:", "@old.dfu").status == .usage)
    #expect(sandbox.run("compare", "@old.dfu", "@old.dfu", "@old.dfu").status == .usage)
    let raw = sandbox.run("compare", "@old.dfu", "@new.bin")
    #expect(raw.status == .usage)
    #expect(raw.error.contains("fix: if it begins where old.dfu begins: --address 0x08000000"))
    #expect(sandbox.run("compare", "@old.bin", "@new.bin").status == .different)
    #expect(sandbox.run("compare", "@old.dfu", "board:9-9").status == .noBoard)
  }

  @Test func `simulated boards with state files are compared`() throws {
    let one = "f405:\(sandbox.path("one"))"
    let two = "f405:\(sandbox.path("two"))"
    for (state, file) in [(one, "@old.dfu"), (two, "@new.dfu")] {
      #expect(sandbox.run("flash", "-q", file, "--simulate", state).status == .success)
    }
    let boards = ["--simulate", one, "--simulate", two]
    #expect(sandbox.run(["compare", "board:1-1", "board:1-2"] + boards).status == .different)
    #expect(sandbox.run(["compare", "board:1-2", "@new.dfu"] + boards).status == .success)
  }
}
