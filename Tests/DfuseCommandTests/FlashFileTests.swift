import DfuseDevice
import DfuseFormat
import DfuseSimulator
import DfuseTestSupport
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
              fix: get the firmware itself

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

  @Test(
    arguments: [
      ("page.bin", "<!DOCTYPE html><html></html>", "a web page (HTML)"),
      ("firmware", "<!DOCTYPE html><html></html>", "a web page (HTML)"),
      ("fw.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a Git LFS pointer"),
      ("fw.uf2", "UF2\nWQ]\u{1E}", "text"),
    ])
  func `what stands in for a file is nobody's data, wherever it is to go`(
    name: String, content: String, kind: String
  ) throws {
    var bytes = Array(content.utf8)
    var kind = kind
    if name.hasSuffix("uf2") {
      (bytes, kind) = ([0x55, 0x46, 0x32, 0x0A, 0x57, 0x51, 0x5D, 0x9E, 0, 0], "a UF2 file")
    }
    try sandbox.write(bytes, to: name)
    for command in ["flash", "verify"] {
      let run = sandbox.run(command, "@\(name)", "--address", "08010000")
      #expect(run.status == .badData)
      #expect(run.error.contains("error: \(name): this is \(kind)"), "\(run.error)")
      #expect(run.error.contains("  fix: "))
    }
    let packed = sandbox.run(
      "pack", "-q", "-o", "@p.dfu", "-m", "08010000", "-i", "@\(name)", "-a", "0")
    #expect(packed.status == .badData)
    expectUntouched()
    let meant = flash("--stay", "@\(name)", "--address", "08010000", "--format", "raw")
    #expect(meant.status == .success)
    #expect(memory(bytes.count, at: 0x0801_0000) == bytes)
  }

  @Test func `a file that is something else does not go where programs start`() throws {
    try sandbox.write(Array("PK\u{3}\u{4}aaaaaaaaaaaa".utf8), to: "files.bin")
    let run = flash("@files.bin", "--address", "08000000")
    #expect(
      run
        == Sandbox.Run(
          status: .badData, output: "",
          error: """
            error: files.bin is a zip archive, and would go to 0x0800_0000, where programs start
              now: nothing on the board was changed
              fix: get the firmware itself, or say where this belongs; if it is meant, say --format raw

            """))
    expectUntouched()
    #expect(flash("--stay", "@files.bin", "--address", "08010000").status == .success)
    let meant = flash("--stay", "@files.bin", "--address", "08000000", "--format", "raw")
    #expect(meant.status == .success)
    #expect(meant.error.contains("has no vector table there"))
  }

  @Test(
    arguments: [
      ("stm32f405", 40, ""), ("gd32vf103", 243, ""), ("gd32vf103", 40, ""),
      ("stm32f405", 243, "a RISC-V processor"),
      ("stm32f405", 3, "another kind of processor (e_machine 3)"),
    ] as [(String, UInt16, String)])
  func `a program for another processor is refused`(
    chip: String, machine: UInt16, name: String
  ) throws {
    var elf = ELFBuilder(
      segments: [
        .init(
          offset: 0x100, virtualAddress: 0x0800_0000, physicalAddress: 0x0800_0000, fileSize: 600)
      ], sections: nil, content: Firmware.program(600))
    elf.machine = machine
    try sandbox.write(elf.bytes, to: "fw.elf")
    let run = sandbox.run("flash", "@fw.elf", "--simulate", chip)
    #expect(run.status == (name.isEmpty ? .success : .badData), "\(run)")
    #expect(name.isEmpty || run.error.contains("fw.elf is a program for \(name), and "), "\(run)")
  }

  @Test func `a snapshot is put back and compared by commands of its own`() throws {
    let board = "stm32f405:\(sandbox.path("b.state"))"
    #expect(sandbox.run("snapshot", "-o", "@s.dfu", "--simulate", board).status == .success)
    #expect(sandbox.run("flash", "-q", "@fw.bin", "--simulate", board).status == .success)
    let refused = sandbox.run("flash", "@s.dfu", "--simulate", board)
    #expect(refused.status == .usage)
    #expect(
      refused.error.contains(
        "  fix: put it back with 'dfuse restore', which knows what each memory needs\n"))
    #expect(!refused.error.contains("--allow"))
    try sandbox.write(
      Firmware.container([(0, 0x0800_0000, Firmware.program(40_000))]), to: "p.dfu")
    #expect(!sandbox.run("verify", "@p.dfu", "--simulate", board).error.contains("snapshot"))
    #expect(sandbox.run("snapshot", "-o", "@t.dfu", "--simulate", board).status == .success)
    let held = sandbox.run("verify", "@t.dfu", "--simulate", board)
    #expect(held.status == .success)
    #expect(held.error.contains("t.dfu is a snapshot, and what was blank is not compared here"))
    #expect(held.output.contains(" holds t.dfu but for blank parts: "), "\(held)")
  }

  @Test func `a program is warned of that goes to another place than it was linked for`() throws {
    let run = flash("--stay", "@fw.bin", "--address", "08008000")
    #expect(run.status == .success)
    #expect(
      run.error.contains(
        "warning: fw.bin goes to 0x0800_8000, and its vectors are for 0x0800_0000: it does not run "
          + "from here\n"), "\(run.error)")
    try sandbox.write(Firmware.program(8192, at: 0x0800_8000), to: "app.bin")
    #expect(!flash("--stay", "@app.bin", "--address", "08008000").error.contains("goes to"))
    // An update waits in its slot for MCUboot, which moves it to where it runs.
    let header: [UInt8] =
      [0x3D, 0xB8, 0xF3, 0x96, 0, 0, 0, 0, 0, 2] + [UInt8](repeating: 0, count: 502)
    try sandbox.write(header + Firmware.program(8192, at: 0x0800_8200), to: "slot.bin")
    #expect(!flash("--stay", "@slot.bin", "--address", "08040000").error.contains("goes to"))
  }

  @Test(arguments: ["08000001", "08000002"])
  func `no program runs from between two words`(address: String) {
    let run = flash("@fw.bin", "--address", address)
    #expect(run.status == .success)
    #expect(run.error.contains("is no multiple of 4, and no program begins there"))
    #expect(!run.output.contains("running"), "\(run.output)")
  }

  @Test func `no one is told to write a piece of a program into option bytes`() {
    let run = flash("-a", "option", "--address", "1FFFC000", "@fw.bin")
    #expect(run.status == .badData)
    #expect(run.error.contains("  fix: leave -a out: these bytes are no Option Bytes\n"), "\(run)")
    #expect(!run.error.contains("--skip-outside"))
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

  // MARK: - Nothing to flash, or not here

  @Test func `nothing to flash is no success`() throws {
    let none: [UInt8] = [
      0x44, 0x66, 0x75, 0x53, 0x65, 0x01, 0x0B, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0x11, 0xDF,
      0x83,
      0x04, 0x1A, 0x01, 0x55, 0x46, 0x44, 0x10, 0xE9, 0x3A, 0x0E, 0xF0,
    ]
    try sandbox.write(none, to: "none.dfu")
    try sandbox.write(Array(":00000001FF\n".utf8), to: "none.hex")
    try sandbox.write([], to: "none.bin")
    for file in ["@none.dfu", "@none.hex", "@none.bin"] {
      for command in ["flash", "verify"] {
        #expect(sandbox.run(command, file).status == .badData)
      }
    }
    #expect(try bus.devices().count == 1)
    expectUntouched()
  }

  @Test func `ids of 0 are not stated`() throws {
    try sandbox.write(
      Firmware.container([(0, 0x0800_0000, Firmware.program(512))], productID: 0), to: "fw.dfu")
    #expect(flash("@fw.dfu", "--stay").status == .success)
  }

  @Test(
    arguments: [
      (0x2000_0000, "RAM"), (0x1000_0000, "core-coupled RAM"), (0x9000_0000, "external memory"),
      (0x0000_0000, "another address of the flash, which is written at 0x0800_0000"),
      (0x0C00_0000, "another address of the flash, which is written at 0x0800_0000"),
    ] as [(UInt32, String)])
  func `bytes outside the flash are named, and left out on request`(
    address: UInt32, words: String
  ) throws {
    let elf = ELFBuilder(
      segments: [
        .init(
          offset: 0x100, virtualAddress: 0x0800_0000, physicalAddress: 0x0800_0000, fileSize: 512),
        .init(offset: 0x300, virtualAddress: address, physicalAddress: address, fileSize: 4),
      ], sections: nil, content: Firmware.program(512) + [1, 2, 3, 4]
    ).bytes
    try sandbox.write(elf, to: "fw.elf")
    let refused = flash("@fw.elf")
    #expect(refused.status == .badData)
    let place = (UInt64(address)..<(UInt64(address) + 4)).addressText
    #expect(
      refused.error.hasPrefix(
        "error: fw.elf has \(place), which is \(words), "
          + "and nothing that STM32F2/F4 (1 MiB) at 1-1 offers\n"))
    #expect(refused.error.contains("--skip-outside"))
    expectUntouched()
    let run = flash("@fw.elf", "--skip-outside", "--stay")
    #expect(run.status == .success)
    #expect(run.error.contains("left out (--skip-outside): \(place)"))
    #expect(memory(512) == Firmware.program(512))
    #expect(sandbox.run("verify", "@fw.elf", "--skip-outside").status == .success)
  }

  /// HEX knows no targets, so that other programs pack option bytes into the one for the flash.
  private let optionBytes: (address: UInt32, bytes: [UInt8]) = (
    0x1FFF_C000, [0xEF, 0xAA, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
  )

  @Test func `option bytes in the target for the flash go to their own memory`() throws {
    let parts = [
      (UInt8(0), UInt32(0x0800_0000), Firmware.program(512)),
      (UInt8(0), optionBytes.address, optionBytes.bytes),
    ]
    try sandbox.write(
      DfuseFormat.Firmware(targets: [
        .init(
          alternateSetting: 0, elements: parts.map { ImageElement(address: $0.1, bytes: $0.2) })
      ]).encoded(), to: "fw.dfu")
    let refused = flash("@fw.dfu")
    #expect(refused.status == .usage)
    #expect(refused.error.contains("--allow-option-bytes"))
    expectUntouched()
    let plan = flash("--dry-run", "--allow-option-bytes", "@fw.dfu")
    #expect(plan.status == .success)
    #expect(
      plan.error.contains(
        "0x1fff_c000-0x1fff_c007 goes to Option Bytes (alternate setting 1): Internal Flash does not "
          + "have it"))
    #expect(plan.output.contains("Option Bytes, alternate setting 1"))
  }

  @Test func `a target for a memory that is not there stays an error`() throws {
    try sandbox.write(Firmware.container([(9, 0x0800_0000, Firmware.program(512))]), to: "fw.dfu")
    #expect(flash("@fw.dfu").status == .badData)
    expectUntouched()
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
