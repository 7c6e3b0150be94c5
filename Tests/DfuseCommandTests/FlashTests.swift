import DfuseDevice
import DfuseFormat
import DfuseSimulator
import Testing

@testable import dfuse

/// `dfuse flash` on one board.
@Suite struct FlashTests {
  let sandbox: Sandbox
  private let bus = SimulatedBus()

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Firmware.program(40_000), to: "fw.bin")
    bus.plugIn(SimulatedBoard(try #require(.named("f405"))))
    sandbox.bus = bus
  }

  private func flash(_ words: String...) -> Sandbox.Run {
    sandbox.run(["flash"] + words).timeless
  }

  private func memory(_ count: Int, at address: UInt32 = 0x0800_0000) -> [UInt8]? {
    bus.board(at: "1-1")?.read(count, at: address)
  }

  // MARK: - What it says

  @Test func `a raw file goes to the start of the flash, and that is said`() {
    let run = flash("@fw.bin")
    #expect(
      run
        == Sandbox.Run(
          status: .success, output: "",
          error: """
            fw.bin is a raw binary: it goes to 0x0800_0000, the start of Internal Flash; --address \
            changes that
            compared 48 KiB in T
            wrote 37.1 KiB in T
            verified 37.1 KiB in T
            wrote the first block last: 2 KiB in T
            flashed 39.1 KiB to STM32F405/407/415/417 at 1-1 in T: verified; the firmware is \
            running (the board came back as 0483:5740 (STM32 Virtual ComPort))

            """))
    #expect(memory(40_000) == Firmware.program(40_000))
  }

  @Test func `firmware that is there already is not written again`() {
    _ = flash("-q", "--stay", "@fw.bin", "--address", "08000000")
    let before = bus.board(at: "1-1")?.counters
    let run = flash("@fw.bin", "--address", "08000000", "--stay")
    #expect(
      run.error == """
        compared 48 KiB in T
        STM32F405/407/415/417 at 1-1 holds this firmware already (39.1 KiB compared in T); \
        the board stays in its bootloader

        """)
    let after = bus.board(at: "1-1")?.counters
    #expect(after?.bytesProgrammed == before?.bytesProgrammed)
    #expect(after?.erases == before?.erases)
  }

  @Test func `only the sectors that changed are written`() throws {
    _ = flash("-q", "--stay", "@fw.bin")
    var changed = Firmware.program(40_000)
    changed[20_000] ^= 1
    try sandbox.write(changed, to: "fw.bin")
    let run = flash("@fw.bin", "--stay", "--address", "08000000")
    #expect(
      run.error == """
        compared 48 KiB in T
        erased 16 KiB in T
        wrote 16 KiB in T
        verified 16 KiB in T
        flashed 39.1 KiB to STM32F405/407/415/417 at 1-1 in T (2 of 3 sectors held their \
        bytes already): verified; the board stays in its bootloader

        """)
    #expect(memory(40_000) == changed)
    #expect(bus.board(at: "1-1")?.counters.erases == [0x0800_4000: 1])
  }

  @Test func `-q says nothing`() {
    #expect(flash("-q", "@fw.bin") == Sandbox.Run(status: .success, output: "", error: ""))
  }

  @Test func `--dry-run shows the plan and changes nothing`() {
    let run = flash("--dry-run", "@fw.bin", "--address", "0x08000000")
    #expect(run.status == .success)
    #expect(
      run.output == """
        fw.bin on STM32F405/407/415/417 at 1-1:
          Internal Flash, alternate setting 0
            0x0800_0000-0x0800_bfff  3 sectors of 16 KiB  write
          erase 0 bytes, write 39.1 KiB, read back 39.1 KiB; about T

        """)
    #expect(
      run.error == """
        compared 48 KiB in T
        STM32F405/407/415/417 at 1-1: nothing was changed (--dry-run)

        """)
    #expect(bus.board(at: "1-1")?.counters.bytesProgrammed == 0)
  }

  @Test func `--stay keeps the bootloader`() throws {
    let run = flash("--stay", "@fw.bin")
    #expect(run.error.hasSuffix(": verified; the board stays in its bootloader\n"))
    #expect(try bus.devices().count == 1)
  }

  @Test func `--no-verify is said`() {
    let run = flash("--no-verify", "--stay", "@fw.bin")
    #expect(run.error.contains(": not verified; "))
    #expect(!run.error.contains("\nverified"))
  }

  @Test func `--verbose shows the operations, --trace the transfers`() throws {
    try sandbox.write(Firmware.program(1024), to: "small.bin")
    #expect(
      flash("--verbose", "--full", "--address", "0x08000000", "@small.bin").error == """
        15 KiB beside the firmware, in sectors that are erased, will be lost; --preserve keeps them
        select alternate setting 0
        erase the sector at 0x0800_0000
        erased 16 KiB in T
        set address 0x0800_0000
        write 1024 bytes at 0x0800_0000
        set address 0x0800_0000
        abort
        read 1024 bytes at 0x0800_0000
        abort
        wrote the first block last: 1 KiB in T
        set address 0x0800_0000
        leave DFU mode
        flashed 1 KiB to STM32F405/407/415/417 at 1-1 in T: verified; the firmware is running \
        (the board came back as 0483:5740 (STM32 Virtual ComPort))

        """)
    bus.plugBack("1-1")
    let trace = flash("--trace", "--full", "--address", "0x08000000", "@small.bin").error
      .split(separator: "\n").prefix(6)
    #expect(
      trace == [
        "T  DFU_GETSTATUS -> 00 00 00 00 02 00",
        "T  SET_INTERFACE 0",
        "T  DFU_DNLOAD 0, 5 bytes: 41 00 00 00 08",
        "T  DFU_GETSTATUS -> 00 64 00 00 04 00",
        "T  DFU_GETSTATUS -> 00 00 00 00 05 00",
        "erased 16 KiB in T",
      ])
  }

  @Test func `a terminal gets a bar`() {
    let run = sandbox.run("flash", "@fw.bin", "--address", "0x08000000", terminal: true)
    #expect(run.error.contains("\r\u{1B}[Kwriting   ["))
  }

  @Test func `the JSON lines end with the result`() throws {
    let run = flash("--json", "--stay", "@fw.bin")
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix(#"{"board":"1-1","device":{"chip":"STM32F405/407/415/417","#))
    #expect(
      lines.dropFirst().filter { !$0.contains(#""event":"progress""#) } == [
        #"{"board":"1-1","event":"note","message":"fw.bin is a raw binary: it goes to "#
          + #"0x0800_0000, the start of Internal Flash; --address changes that"}"#,
        #"{"board":"1-1","event":"start","phase":"compare","time":T,"total":49152}"#,
        #"{"board":"1-1","event":"finish","phase":"compare","time":T}"#,
        #"{"board":"1-1","event":"plan","plan":{"bytesToErase":0,"bytesToVerify":40000,"#
          + #""bytesToWrite":40000,"expectedSeconds":T,"massErase":false,"memories":"#
          + #"[{"alternateSetting":0,"name":"Internal Flash","sectors":[{"action":"write","#
          + #""address":134217728,"count":3,"sectorSize":16384}]}],"programStart":134217728},"#
          + #""time":T}"#,
        #"{"board":"1-1","event":"start","phase":"write","time":T,"total":37952}"#,
        #"{"board":"1-1","event":"finish","phase":"write","time":T}"#,
        #"{"board":"1-1","event":"start","phase":"verify","time":T,"total":37952}"#,
        #"{"board":"1-1","event":"finish","phase":"verify","time":T}"#,
        #"{"board":"1-1","event":"start","phase":"finish","time":T,"total":2048}"#,
        #"{"board":"1-1","event":"finish","phase":"finish","time":T}"#,
        #"{"board":"1-1","chip":"STM32F405/407/415/417","command":"flash","details":"#
          + #"{"bytesVerified":40000,"bytesWritten":40000,"departure":"stayed","seconds":T,"#
          + #""sectorsErased":0,"sectorsKept":0,"sectorsRepeated":0,"size":40000,"#
          + #""verified":true},"event":"result","status":0,"verdict":"flashed 39.1 KiB to "#
          + #"STM32F405/407/415/417 at 1-1 in T: verified; the board stays in its "#
          + #"bootloader"}"#,
      ])
    #expect(
      lines.contains(
        #"{"board":"1-1","done":2048,"event":"progress","phase":"write","time":T}"#))
  }

  @Test func `a failure ends the JSON lines too`() {
    let run = flash("--json", "@missing.bin")
    #expect(run.status == .noInput)
    #expect(
      run.output == #"{"command":"flash","error":{"what":"cannot read missing.bin: No such file "#
        + #"or directory"},"event":"result","status":66}"# + "\n")
  }

  // MARK: - Where it goes

  @Test func `an address is taken for raw bytes`() {
    #expect(flash("@fw.bin", "--address", "08004000", "--stay").status == .success)
    #expect(memory(40_000, at: 0x0800_4000) == Firmware.program(40_000))
  }

  @Test func `Intel HEX brings its addresses`() throws {
    try sandbox.write(
      Array(":020000040800F2\n:0400200001020304D2\n:00000001FF\n".utf8), to: "fw.hex")
    let run = flash("@fw.hex", "--stay")
    #expect(run.status == .success)
    #expect(memory(6, at: 0x0800_001F) == [0xFF, 1, 2, 3, 4, 0xFF])
    #expect(
      flash("@fw.hex", "--address", "0")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: --address 0x00000000 for fw.hex: an Intel HEX file brings its own addresses
              fix: leave --address out, or say --format raw to take the file's bytes as they are

            """))
  }

  @Test func `a container is flashed whole, or for one memory`() throws {
    try sandbox.write(
      Firmware.container([
        (0, 0x0800_0000, Firmware.program(512)), (2, 0x1FFF_7800, [0xFE, 0xFF, 0xFF, 0xFF]),
      ]), to: "fw.dfu")
    let refused = flash("@fw.dfu", "--stay")
    #expect(
      refused
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: fw.dfu would write OTP Memory (0x1fff_7800-0x1fff_7803)
              why: one-time programmable memory cannot be undone
              now: nothing on the board was changed
              fix: say --allow-otp if that is meant

            """))
    #expect(memory(4) == [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(flash("@fw.dfu", "--stay", "-a", "internal").status == .success)
    #expect(memory(512) == Firmware.program(512))
    #expect(memory(1, at: 0x1FFF_7800) == [0xFF])
    #expect(flash("@fw.dfu", "--stay", "--allow-otp").status == .success)
    #expect(memory(1, at: 0x1FFF_7800) == [0xFE])
  }

  @Test func `a memory that the board does not have is refused with those it has`() {
    #expect(
      flash("@fw.bin", "-a", "QSPI")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: STM32F405/407/415/417 at 1-1 has no alternate setting 'QSPI'
              fix: it has:
                -a 0  Internal Flash
                -a 1  Option Bytes
                -a 2  OTP Memory
                -a 3  Device Feature

            """))
  }

  @Test func `a container without anything for a memory is refused`() throws {
    try sandbox.write(Firmware.container([(0, 0x0800_0000, [1, 2, 3, 4])]), to: "fw.dfu")
    #expect(
      flash("@fw.dfu", "-a", "1")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: fw.dfu has nothing for alternate setting 1
              fix: it has targets for 0

            """))
  }

  @Test func `a container for another device is refused unless that is ignored`() throws {
    try sandbox.write(
      Firmware.container(
        [(0, 0x0800_0000, Firmware.program(64))], productID: 0xFFFF, vendorID: 0x1234),
      to: "fw.dfu")
    #expect(
      flash("@fw.dfu")
        == Sandbox.Run(
          status: .badData, output: "",
          error: """
            error: fw.dfu is for devices 1234:any, and STM32F405/407/415/417 at 1-1 is 0483:df11
              now: nothing on the board was changed
              fix: flash the file that was made for this board, or say --ignore-ids

            """))
    #expect(flash("@fw.dfu", "--ignore-ids").status == .success)
  }

  @Test func `a damaged container is refused before a board is looked for`() throws {
    var bytes = try Firmware.container([(0, 0x0800_0000, [1, 2, 3, 4])])
    bytes[293] ^= 1
    try sandbox.write(bytes, to: "fw.dfu")
    sandbox.bus = nil
    let run = flash("@fw.dfu")
    #expect(run.status == .badData)
    #expect(run.error.hasPrefix("error: fw.dfu: dwCRC at offset "))
    #expect(
      run.error.hasSuffix(
        "  fix: a damaged file is not flashed; 'dfuse info' shows what can be read of it\n"))
  }

  @Test func `a .dfu file that is none is refused`() throws {
    try sandbox.write(Firmware.program(64), to: "fw.dfu")
    #expect(flash("@fw.dfu").status == .badData)
    #expect(memory(4) == [0xFF, 0xFF, 0xFF, 0xFF])
  }

  /// `plain.dfu` of DFU 1.1: sixteen bytes for 0483:DF11.
  private let plain: [UInt8] =
    Array(0x00...0x0F) + [
      0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10, 0xCC, 0x41, 0xC6,
      0xB1,
    ]

  @Test func `a plain DFU file needs an address`() throws {
    try sandbox.write(plain, to: "plain.dfu")
    #expect(
      flash("@plain.dfu")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: plain.dfu is a plain DFU file, which says no address
              fix: say where it belongs: --address 0x08000000

            """))
    #expect(flash("@plain.dfu", "--address", "0x08004000").status == .success)
    #expect(memory(17, at: 0x0800_4000) == Array(0...15) + [0xFF])
  }

  @Test func `data outside the memory are refused with where it is`() {
    #expect(
      flash("@fw.bin", "--address", "0x90040000")
        == Sandbox.Run(
          status: .badData, output: "",
          error: """
            error: fw.bin has 0x9004_0000-0x9004_9c3f, which is not in Internal Flash of \
            STM32F405/407/415/417 at 1-1
              why: Internal Flash is 0x0800_0000-0x080f_ffff
              now: nothing on the board was changed
              fix: flash a file that was made for this chip

            """))
  }

  @Test func `a digit too many shows both addresses that may be meant`() {
    #expect(
      flash("@fw.bin", "--address", "0x1ffff8000")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: --address 0x1ffff8000 does not fit into 32 bits
              fix: did you mean 0x1ffff800 or 0xffff8000?

            """))
  }

  @Test(
    arguments: [
      ["--all", "--loop"], ["--loop", "--wait"], ["--loop", "--dry-run"],
      ["--preserve", "--mass-erase"],
    ])
  func `options that exclude each other are refused`(options: [String]) {
    let run = sandbox.run(["flash", "@fw.bin"] + options)
    #expect(run.status == .usage)
    #expect(
      run.error.hasPrefix("error: \(options[0]) and \(options[1]) do not go together\n  why: "))
  }

  // MARK: - What goes wrong

  @Test(
    arguments: [
      ("stall@write:1", .inputOutput), ("disconnect@erase:1", .inputOutput),
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
    let plan = try FaultPlan(parsing: ["stall@write:5"])
    bus.changeBoard(at: "1-1") { $0.faults = plan }
    let failed = flash("@fw.bin", "--address", "0x08000000")
    #expect(
      failed
        == Sandbox.Run(
          status: .inputOutput, output: "",
          error: """
            compared 48 KiB in T
            error: STM32F405/407/415/417 at 1-1: writing 2048 bytes at 0x0800_2800 failed: the \
            device refused the request
              now: the firmware on the board is incomplete, and does not start
              fix: run the same command again; the board stays in its bootloader

            """))
    #expect(flash("-q", "@fw.bin").status == .success)
    #expect(memory(40_000) == Firmware.program(40_000))
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
    try sandbox.write(Firmware.program(10_001, seed: 7), to: "x.bin")
    let flashed = sandbox.run("flash", "@x.bin", "--simulate", board)
    #expect(flashed.status == .success, "\(flashed.error)")
    #expect(sandbox.run("verify", "@x.bin", "--simulate", board).status == .success)
    let part = ["--address", start, "--length", "10001", "--simulate", board]
    #expect(sandbox.run(["read", "-o", "@r.bin"] + part).status == .success)
    #expect(try sandbox.read("r.bin") == Firmware.program(10_001, seed: 7))
    #expect(sandbox.run(["erase"] + part).status == .success)
    #expect(sandbox.run("verify", "@x.bin", "--simulate", board).status == .different)
    #expect(sandbox.run("leave", "--simulate", board).status == .success)
  }
}
