import DfuseDevice
import DfuseFormat
import DfuseSimulator
import Testing

@testable import dfuse

/// What `dfuse flash` takes for firmware, and where bytes without an address go.
@Suite struct FlashFileTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus

  init() throws {
    (sandbox, bus) = try Self.setUp()
  }

  private func expectUntouched(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(bus.board(at: "1-1")?.counters.bytesProgrammed == 0, sourceLocation: sourceLocation)
    #expect(bus.board(at: "1-1")?.counters.erases == [:], sourceLocation: sourceLocation)
  }

  @Test func `a web page is no firmware, whatever its name`() throws {
    try sandbox.write(Array("<!DOCTYPE html>".utf8), to: "fw.hex")
    try sandbox.write(Array("<!DOCTYPE html>".utf8), to: "page.bin")
    let promised = flash("@fw.hex")
    #expect(
      promised
        == Sandbox.Run(
          status: .badData, output: "",
          error: """
            error: fw.hex: the name promises Intel HEX, and the file holds a web page (HTML)
              now: nothing on the board was changed
              fix: get the firmware itself; if these bytes are meant, say --format raw

            """))
    #expect(flash("@page.bin").status == .badData)
    for command in ["verify", "info"] {
      #expect(sandbox.run(command, "@fw.hex").status == .badData)
      #expect(sandbox.run(command, "@page.bin").status == .badData)
    }
    #expect(sandbox.run("pack", "@fw.hex").status == .badData)
    #expect(sandbox.run("pack", "-o", "@o.dfu", "-i", "@page.bin", "-a", "0").status == .badData)
    expectUntouched()
  }

  @Test func `a file whose place is stated is data`() throws {
    try sandbox.write(Array("<!DOCTYPE html>".utf8), to: "page.html")
    let run = flash("--stay", "@page.html", "--address", "08010000")
    #expect(run.status == .success)
    #expect(!run.error.contains("warning"))
    #expect(memory(15, at: 0x0801_0000) == Array("<!DOCTYPE html>".utf8))
    let packed = sandbox.run(
      "pack", "-q", "-o", "@p.dfu", "-m", "08010000", "-i", "@page.html", "-a", "0")
    #expect(packed.status == .success)
  }

  @Test func `data over the start of the program is warned of`() throws {
    let warning =
      "warning: data.x covers 0x0800_0000, where programs start, and has no vector table there: "
      + "the reset vector would be 0x0403_0201, which is outside the firmware\n"
    let data: [UInt8] = [0, 0, 0, 0x20, 1, 2, 3, 4] + [UInt8](repeating: 0x55, count: 100)
    try sandbox.write(data, to: "data.x")
    let run = flash("--stay", "@data.x", "--address", "08000000")
    #expect(run.status == .success)
    #expect(run.error.contains(warning))
    try sandbox.write(Firmware.container([(0, 0x0800_0000, data)]), to: "data.dfu")
    #expect(flash("--stay", "@data.dfu").error.contains("has no vector table there"))
    // Beside it, or with a table, nothing is said.
    #expect(!flash("--stay", "@data.x", "--address", "08004000").error.contains("warning"))
    #expect(!flash("--stay", "@fw.bin").error.contains("warning"))
  }

  @Test func `--format raw overrides what a file looks like`() throws {
    try sandbox.write(Array("<!DOCTYPE html>".utf8), to: "fw.hex")
    let run = flash("--stay", "@fw.hex", "--format", "raw", "--address", "08010000")
    #expect(run.status == .success)
    #expect(memory(15, at: 0x0801_0000) == Array("<!DOCTYPE html>".utf8))
  }

  @Test func `damaged records are refused with and without an address`() throws {
    try sandbox.write(Array(":0400200001020304D3\n:00000001FF\n".utf8), to: "bad.bin")
    #expect(flash("@bad.bin").status == .badData)
    #expect(flash("@bad.bin", "--address", "08000000").status == .badData)
    expectUntouched()
  }

  @Test func `a program linked for another place is refused with the place`() throws {
    try sandbox.write(Firmware.program(8192, at: 0x0800_8000), to: "app.bin")
    let run = flash("@app.bin")
    #expect(
      run
        == Sandbox.Run(
          status: .badData, output: "",
          error: """
            error: app.bin is a raw binary, and no program for 0x0800_0000
              why: the reset vector would be 0x0800_8101, which is outside the firmware
              now: nothing on the board was changed
              fix: say where it belongs; it fits
                --address 0x08008000

            """))
    #expect(sandbox.run("verify", "@app.bin").status == .badData)
    #expect(flash("--dry-run", "@app.bin").status == .badData)
    expectUntouched()
    #expect(flash("--stay", "@app.bin", "--address", "0x08008000").status == .success)
  }

  @Test func `bytes that fit nowhere are refused`() throws {
    try sandbox.write([UInt8](repeating: 0xFA, count: 500), to: "data")
    let run = flash("@data")
    #expect(run.status == .badData)
    #expect(
      run.error.hasSuffix(
        "  fix: if it is not a program, say where it belongs with --address; if it is, it was made "
          + "for another board\n"))
    expectUntouched()
  }
}
