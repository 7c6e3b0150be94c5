import DfuseDevice
import DfuseSimulator
import Testing

@testable import dfuse

/// What `dfuse flash` does with one board, and what it says.
@Suite struct FlashTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus

  init() throws {
    (sandbox, bus) = try Self.setUp()
  }

  @Test func `a raw file goes to the start of the flash, and that is said`() {
    let run = flash("@fw.bin")
    #expect(
      run
        == Sandbox.Run(
          status: .success,
          output: """
            flashed 39.1 KiB to STM32F2/F4 (1 MiB) at 1-1 in T: verified; the firmware is \
            running (the board came back as 0483:5740 (STM32 Virtual ComPort))

            """,
          error: """
            fw.bin is a raw binary: it goes to 0x0800_0000, the start of Internal Flash; --address \
            changes that
            compared 48 KiB in T
            wrote 37.1 KiB in T
            verified 37.1 KiB in T
            wrote the first block last: 2 KiB in T

            """))
    #expect(memory(40_000) == Firmware.program(40_000))
  }

  @Test func `firmware that is there already is not written again`() {
    _ = flash("-q", "--stay", "@fw.bin", "--address", "08000000")
    let before = bus.board(at: "1-1")?.counters
    let run = flash("@fw.bin", "--address", "08000000", "--stay")
    #expect(
      run.output == """
        STM32F2/F4 (1 MiB) at 1-1 holds this firmware already (39.1 KiB compared in T); \
        the board stays in its bootloader

        """)
    #expect(run.error == "compared 48 KiB in T\n")
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

        """)
    #expect(
      run.output == """
        flashed 39.1 KiB to STM32F2/F4 (1 MiB) at 1-1 in T (2 of 3 sectors held their \
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
        fw.bin on STM32F2/F4 (1 MiB) at 1-1:
          Internal Flash, alternate setting 0
            0x0800_0000-0x0800_bfff  3 sectors of 16 KiB  write
          erase 0 bytes, write 39.1 KiB, read back 39.1 KiB; about T
          in this order:
            1. write 37.1 KiB in 0x0800_0800-0x0800_9c3f: the board does not hold it
            2. read back 37.1 KiB in 0x0800_0800-0x0800_9c3f: what was written is checked
            3. write 2 KiB in 0x0800_0000-0x0800_07ff: the start of the program comes last, when \
        all else has been read back
            4. read back 2 KiB in 0x0800_0000-0x0800_07ff: what was written is checked
        STM32F2/F4 (1 MiB) at 1-1: nothing was changed (--dry-run)

        """)
    #expect(run.error == "compared 48 KiB in T\n")
    #expect(bus.board(at: "1-1")?.counters.bytesProgrammed == 0)
  }

  @Test func `--stay keeps the bootloader`() throws {
    let run = flash("--stay", "@fw.bin")
    #expect(run.output.hasSuffix(": verified; the board stays in its bootloader\n"))
    #expect(try bus.devices().count == 1)
  }

  @Test func `--no-verify is said`() {
    let run = flash("--no-verify", "--stay", "@fw.bin")
    #expect(run.output.contains(": not verified; "))
    #expect(!run.error.contains("\nverified"))
  }

  @Test func `--verbose shows the operations, --trace the transfers`() throws {
    try sandbox.write(Firmware.program(1024), to: "small.bin")
    #expect(
      flash("--verbose", "--full", "--address", "0x08000000", "@small.bin").error == """
        select alternate setting 0
        erase the sector at 0x08000000
        erased 16 KiB in T
        set address 0x08000000
        write 1024 bytes at 0x08000000
        set address 0x08000000
        abort
        read 1024 bytes at 0x08000000
        abort
        wrote the first block last: 1 KiB in T
        set address 0x08000000
        leave DFU mode

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
    #expect(lines[0].hasPrefix(#"{"board":"1-1","device":{"chip":"STM32F2/F4 (1 MiB)","#))
    #expect(
      lines.dropFirst().filter { !$0.contains(#""event":"progress""#) } == [
        #"{"board":"1-1","event":"note","message":"fw.bin is a raw binary: it goes to "#
          + #"0x0800_0000, the start of Internal Flash; --address changes that"}"#,
        #"{"board":"1-1","event":"start","phase":"compare","time":T,"total":49152}"#,
        #"{"board":"1-1","event":"finish","phase":"compare","time":T}"#,
        #"{"board":"1-1","event":"plan","plan":{"bytesToErase":0,"bytesToVerify":40000,"#
          + #""bytesToWrite":40000,"expectedSeconds":T,"massErase":false,"memories":"#
          + #"[{"alternateSetting":0,"name":"Internal Flash","sectors":[{"action":"write","#
          + #""address":134217728,"count":3,"sectorSize":16384}]}],"programStart":134217728,"steps":["#
          + #"{"action":"write","alternateSetting":0,"bytes":37952,"count":19,"#
          + #""range":{"address":134219776,"size":37952},"reason":"missing"},"#
          + #"{"action":"verify","alternateSetting":0,"bytes":37952,"count":19,"#
          + #""range":{"address":134219776,"size":37952},"reason":"written"},"#
          + #"{"action":"write","alternateSetting":0,"bytes":2048,"count":1,"#
          + #""range":{"address":134217728,"size":2048},"reason":"vectorTableLast"},"#
          + #"{"action":"verify","alternateSetting":0,"bytes":2048,"count":1,"#
          + #""range":{"address":134217728,"size":2048},"reason":"written"}]},"time":T}"#,
        #"{"board":"1-1","event":"start","phase":"write","time":T,"total":37952}"#,
        #"{"board":"1-1","event":"finish","phase":"write","time":T}"#,
        #"{"board":"1-1","event":"start","phase":"verify","time":T,"total":37952}"#,
        #"{"board":"1-1","event":"finish","phase":"verify","time":T}"#,
        #"{"board":"1-1","event":"start","phase":"finish","time":T,"total":2048}"#,
        #"{"board":"1-1","event":"finish","phase":"finish","time":T}"#,
        #"{"board":"1-1","chip":"STM32F2/F4 (1 MiB)","command":"flash","details":"#
          + #"{"bytesVerified":40000,"bytesWritten":40000,"departure":"stayed","seconds":T,"#
          + #""sectorsErased":0,"sectorsKept":0,"sectorsRepeated":0,"size":40000,"#
          + #""verified":true},"event":"result","port":"1-1","serial":"315A28A0B956","#
          + #""status":0,"verdict":"flashed 39.1 KiB to "#
          + #"STM32F2/F4 (1 MiB) at 1-1 in T: verified; the board stays in its "#
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
      run.output.hasPrefix(#"{"command":"flash","error":{"fix":"see what is there: ls -l "#))
    #expect(
      run.output.hasSuffix(
        #","what":"cannot read missing.bin: No such file or directory"},"event":"result","#
          + #""status":66}"# + "\n"))
  }
}
