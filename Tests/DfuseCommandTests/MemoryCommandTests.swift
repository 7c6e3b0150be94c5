import DfuseDevice
import DfuseFormat
import DfuseSimulator
import Testing

@testable import dfuse

/// `dfuse read`, `verify`, `erase`, `leave` and `unprotect`.
@Suite struct MemoryCommandTests {
  let sandbox: Sandbox
  private let bus = SimulatedBus()
  private let program = Firmware.program(5000)

  init() throws {
    sandbox = try Sandbox()
    var board = SimulatedBoard(try #require(.named("f405")))
    board.load(program, at: 0x0800_0000)
    bus.plugIn(board)
    sandbox.bus = bus
    try sandbox.write(program, to: "fw.bin")
  }

  private func memory(_ count: Int, at address: UInt32 = 0x0800_0000) -> [UInt8]? {
    bus.board(at: "1-1")?.read(count, at: address)
  }

  /// Gives the board faults.
  private func break_(_ faults: String...) throws {
    let plan = try FaultPlan(parsing: faults)
    bus.changeBoard(at: "1-1") { $0.faults = plan }
  }

  // MARK: - read

  @Test func `a part of the memory is read`() throws {
    let run = sandbox.run(
      "read", "-o", "@r.bin", "--address", "0x08000004", "--length", "0x10")
    #expect(
      run.timeless
        == Sandbox.Run(
          status: .success,
          output: """
            read 16 bytes (0x0800_0004-0x0800_0013) of STM32F2/F4 (1 MiB) at 1-1 in T into \
            r.bin, as raw bytes

            """,
          error: """
            read 16 bytes in T

            """))
    #expect(try sandbox.read("r.bin") == Array(program[4..<20]))
  }

  @Test(arguments: [
    ("r.hex", ", as Intel HEX\n"), ("R.S19", ", as S-records\n"), ("r.srec", ", as S-records\n"),
    ("r.dfu", ", a DfuSe container\n"),
  ])
  func `the file's name says what is written`(_ name: String, _ words: String) throws {
    let read = sandbox.run(
      "read", "-o", "@\(name)", "--address", "0x08000000", "--length", "5000")
    #expect(read.status == .success)
    #expect(read.output.hasSuffix(words))
    // What was read says where it belongs.
    #expect(sandbox.run("verify", "@\(name)").status == .success)
    #expect(sandbox.run("flash", "--stay", "@\(name)").status == .success)
  }

  @Test func `no ELF file is made of what a board holds`() {
    let run = sandbox.run("read", "-o", "@r.elf")
    #expect(run.status == .usage)
    #expect(run.error.contains("an ELF file cannot be made of what a board holds"))
    #expect(sandbox.files.contains("r.elf") == false)
  }

  @Test func `without an address the whole flash is read`() throws {
    #expect(sandbox.run("read", "-q", "-o", "@r.bin").status == .success)
    let bytes = try sandbox.read("r.bin")
    #expect(bytes.count == 1 << 20)
    #expect(bytes.starts(with: program))
  }

  @Test func `without a length the memory is read to its end`() throws {
    #expect(sandbox.run("read", "-o", "@r.bin", "--address", "080ffff0").status == .success)
    #expect(try sandbox.read("r.bin") == Array(repeating: 0xFF, count: 16))
  }

  @Test func `-a reads another memory`() throws {
    #expect(sandbox.run("read", "-o", "@r.bin", "-a", "option bytes").status == .success)
    #expect(try sandbox.read("r.bin").count == 16)
  }

  @Test func `a .dfu output is a container with the address`() throws {
    let run = sandbox.run(
      "read", "-o", "@r.dfu", "--address", "0x08000000", "--length", "1K")
    #expect(run.status == .success)
    let container = try DfuseFormat.Firmware(reading: sandbox.read("r.dfu"))
    #expect(
      container.targets == [
        .init(
          alternateSetting: 0, name: "Internal Flash",
          elements: [ImageElement(address: 0x0800_0000, bytes: Array(program[..<1024]))])
      ])
    #expect(sandbox.run("verify", "@r.dfu").status == .success)
  }

  @Test func `standard output gets the bytes and nothing else`() {
    let run = sandbox.run("read", "-o", "-", "--address", "0x08000003", "--length", "1")
    #expect(run.output == " ")
    #expect(sandbox.run("read", "-o", "-", "--json").status == .usage)
    #expect(sandbox.run("read", "-o", "-", "--length", "1", terminal: true).status == .usage)
  }

  @Test func `addresses that are not there are refused`() {
    let run = sandbox.run(
      "read", "-o", "@r.bin", "--address", "0x080ffff0", "--length", "17")
    #expect(run.status == .badData)
    #expect(
      run.error.hasPrefix(
        "error: the range has 0x080f_fff0-0x0810_0000, which is not in Internal Flash of "))
    #expect(!sandbox.files.contains("r.bin"))
  }

  @Test func `a read-protected chip says so`() throws {
    try break_("errVENDOR@read:1+")
    let run = sandbox.run("read", "-o", "@r.bin", "--length", "16")
    #expect(run.status == .protocolError)
    #expect(run.error.contains("dfuse unprotect --yes"))
    #expect(!sandbox.files.contains("r.bin"))
  }

  @Test(arguments: ["0", "x", "4097M", "K", "12 K", "0x", "-1"])
  func `a length that is none is refused`(length: String) {
    #expect(
      sandbox.run("read", "-o", "@r.bin", "--length=\(length)").status == .usage)
  }

  @Test(
    arguments: [
      ("16384", 16384), ("0x4000", 16384), ("16K", 16384), ("16kib", 16384), ("1M", 1 << 20),
      ("2MiB", 2 << 20), ("4096M", 1 << 32), ("1", 1),
    ] as [(String, UInt64)])
  func `a length may have a unit`(text: String, bytes: UInt64) throws {
    #expect(try NumberText.length(text, option: "--length") == bytes)
  }

  // MARK: - verify

  @Test func `equal memory is said to be`() {
    let run = sandbox.run("verify", "@fw.bin", "--address", "08000000")
    #expect(
      run.timeless
        == Sandbox.Run(
          status: .success,
          output: """
            STM32F2/F4 (1 MiB) at 1-1 holds fw.bin: 4.9 KiB compared in T

            """,
          error: """
            verified 4.9 KiB in T

            """))
  }

  @Test func `a difference ends with status 1 and says where`() throws {
    var other = program
    other[4000] = program[4000] ^ 0xFF
    other[4001] = program[4001] ^ 0xFF
    try sandbox.write(other, to: "fw.bin")
    let run = sandbox.run("verify", "@fw.bin", "--address", "08000000")
    #expect(run.status == .different)
    #expect(!run.error.contains("verified"))
    let (found, expected) = (program[4000].hex, other[4000].hex)
    #expect(
      run.error.hasSuffix(
        """
        error: STM32F2/F4 (1 MiB) at 1-1 differs from fw.bin: 0x0800_0fa0 holds \(found) \
        instead of \(expected); 2 bytes differ
          now: nothing on the board was changed
          fix: put it right: dfuse flash --address 08000000 fw.bin

        """))
  }

  // MARK: - erase

  @Test func `sectors are erased whole`() {
    let run = sandbox.run("erase", "--address", "0x08003fff", "--length", "2")
    #expect(
      run.timeless
        == Sandbox.Run(
          status: .success,
          output: """
            erased 32 KiB (0x0800_0000-0x0800_7fff) of STM32F2/F4 (1 MiB) at 1-1 in T

            """,
          error: """
            erased 32 KiB in T
            verified 32 KiB in T

            """))
    #expect(memory(5000) == Array(repeating: 0xFF, count: 5000))
    #expect(bus.board(at: "1-1")?.counters.erases == [0x0800_0000: 1, 0x0800_4000: 1])
  }

  @Test func `what would be erased is shown, and stays`() throws {
    let some = sandbox.run("erase", "--dry-run", "--address", "08004000", "--length", "0x4001")
    #expect(some.status == .success)
    #expect(
      some.output
        == "would erase 2 sectors of STM32F2/F4 (1 MiB) at 1-1, 32 KiB: 0x0800_4000-0x0800_bfff\n")
    let all = sandbox.run("erase", "--dry-run", "--all")
    #expect(
      all.output
        == "would erase 12 sectors of STM32F2/F4 (1 MiB) at 1-1, 1 MiB: 0x0800_0000-0x080f_ffff\n")
    #expect(sandbox.run("erase", "--dry-run", "--address", "1FFF0000").status == .badData)
    #expect(memory(5000) == program)
    #expect(bus.board(at: "1-1")?.counters.erases == [:])
  }

  @Test func `--all erases everything`() {
    let run = sandbox.run("erase", "--all")
    #expect(run.status == .success)
    #expect(run.output.contains("erased the whole flash of STM32F2/F4 (1 MiB) at 1-1 in "))
    #expect(memory(5000) == Array(repeating: 0xFF, count: 5000))
  }

  @Test func `nothing is erased without a word of what`() {
    let run = sandbox.run("erase")
    #expect(
      run.timeless
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: nothing says what to erase
              fix: --all for the whole flash, or --address A --length N for some sectors

            """))
    #expect(sandbox.run("erase", "--all", "--address", "0").status == .usage)
    #expect(memory(5000) == program)
  }

  @Test func `a range beyond the last address is refused`() {
    let run = sandbox.run("erase", "--address", "ffffffff", "--length", "2")
    #expect(
      run.error
        == "error: 2 bytes from 0xffff_ffff go beyond the last address, 0xffff_ffff\n")
  }

  @Test func `a write-protected sector is found not blank`() throws {
    var board = SimulatedBoard(
      try #require(.named("f405")), faults: try FaultPlan(parsing: ["wrp=0x08000000"]))
    board.load(program, at: 0x0800_0000)
    sandbox.bus = SimulatedBus([board])
    let run = sandbox.run("erase", "--address", "0x08000000")
    #expect(run.status == .different)
    #expect(
      run.error.hasSuffix(
        """
        error: STM32F2/F4 (1 MiB) at 1-1 is not blank: 0x0800_0000 holds 0x00
          why: the sector was erased, and read back; it is probably write protected
          now: some sectors are erased, others are as they were
          fix: clear the write protection, then run the same command again; which fields it is shows: \
        dfuse options

        """))
  }

  // MARK: - leave

  @Test func `leave in JSON`() {
    let output = sandbox.run("leave", "--json").output
    #expect(
      output.hasSuffix(
        #"{"board":"1-1","chip":"STM32F2/F4 (1 MiB)","command":"leave","details":"#
          + #"{"departure":"running"},"event":"result","port":"1-1","serial":"315A28A0B956","#
          + #""status":0,"verdict":"STM32F2/F4 (1 MiB) at 1-1: the firmware is running "#
          + #"(the board came back as 0483:5740 (STM32 Virtual ComPort))"}"# + "\n"))
  }

  // MARK: - unprotect

  @Test func `unprotect does nothing without --yes`() {
    #expect(
      sandbox.run("unprotect")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: removing the read protection erases everything on the chip
              why: flash is cleared by the chip itself, and option bytes get their default values
              fix: say --yes if that is meant

            """))
    #expect(memory(5000) == program)
  }

  @Test func `unprotect erases the chip`() throws {
    let board = SimulatedBoard(
      try #require(.named("f405")), faults: try FaultPlan(parsing: ["rdp=1"]))
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    let run = sandbox.run("unprotect", "--yes")
    #expect(run.status == .success)
    #expect(run.output.contains("at 1-1: the read protection is removed; "))
    #expect(bus.board(at: "1-1")?.state.readProtection == 0)
  }

  @Test func `a bootloader without the command says so`() {
    let run = sandbox.run("unprotect", "--yes", "--simulate", "st-usbd")
    #expect(run.status == .protocolError)
    #expect(run.error.contains("bootloaders that are programs in flash cannot do this\n"))
  }
}
