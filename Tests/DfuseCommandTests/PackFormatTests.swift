import DfuseFormat
import Testing

@testable import dfuse

/// `dfuse pack` with images that bring their own addresses.
@Suite struct PackFormatTests {
  let sandbox: Sandbox
  private static let hex = """
    :020000040800F2
    :080010001011121314151617 4C
    :0400200001020304D2
    :00000001FF

    """.split(separator: " ").joined()

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Array(Self.hex.utf8), to: "fw.hex")
    try sandbox.write(Array(Self.hex.utf8), to: "text.bin")
  }

  private var twoRuns: [ImageElement] {
    [
      ImageElement(address: 0x0800_0010, bytes: Array(0x10...0x17)),
      ImageElement(address: 0x0800_0020, bytes: [1, 2, 3, 4]),
    ]
  }

  private func elements(_ name: String) throws -> [ImageElement] {
    try DfuseFormat.Firmware(reading: sandbox.read(name)).targets[0].elements
  }

  @Test func `each contiguous run becomes an element`() throws {
    let run = sandbox.run("pack", "-o", "@f.dfu", "-i", "@fw.hex", "-a", "0")
    #expect(run.status == .success)
    #expect(try elements("f.dfu") == twoRuns)
    #expect(
      run.output.contains("    0x0800_0020-0x0800_0023  4 bytes  fw.hex\n"))
  }

  @Test func `the short form writes beside its input`() throws {
    #expect(sandbox.run("pack", "-q", "@fw.hex").status == .success)
    #expect(try elements("fw.dfu") == twoRuns)
  }

  @Test func `the short form takes an output, an alternate setting and a name`() throws {
    let run = sandbox.run("pack", "@fw.hex", "-o", "@f.dfu", "--alt", "3", "-n", "app", "-q")
    #expect(run.status == .success)
    let container = try DfuseFormat.Firmware(reading: sandbox.read("f.dfu"))
    #expect(container.targets[0].alternateSetting == 3)
    #expect(container.targets[0].name == "app")
  }

  @Test(arguments: [
    ["@text.bin", "--address", "0x08000000", "-o", "@f.dfu"],
    ["-m", "08000000", "@text.bin", "-o", "@f.dfu"], ["-o@f.dfu", "@text.bin", "-m8000000"],
  ])
  func `the short form takes a raw file with its address, as flash does`(
    _ words: [String]
  ) throws {
    let words = words.map { $0 == "-o@f.dfu" ? "--output=\(sandbox.path("f.dfu"))" : $0 }
    #expect(sandbox.run(["pack", "-q"] + words).status == .success)
    #expect(
      try elements("f.dfu")
        == [ImageElement(address: 0x0800_0000, bytes: Array(Self.hex.utf8))])
  }

  @Test func `a file that brings its addresses takes no other in the short form`() {
    let run = sandbox.run("pack", "-m", "08000000", "@fw.hex")
    #expect(run.status == .usage)
    #expect(run.error.contains("brings its own addresses"))
  }

  /// Build systems ask a program so whether it is there (meson's find_program).
  @Test(arguments: ["dfuse_pack", "dfuse"])
  func `the packer says its version`(_ program: String) {
    let words = program == "dfuse" ? ["pack", "--version"] : ["--version"]
    let run = sandbox.run(words, program: program)
    #expect(run.status == .success)
    #expect(run.output.wholeMatch(of: /dfuse \d+\.\d+\.\d+\n/) != nil)
  }

  @Test func `a name that ends in .bin is raw, whatever is in it`() throws {
    let run = sandbox.run("pack", "-q", "-o", "@f.dfu", "-m", "100", "-i", "@text.bin", "-a", "0")
    #expect(run.status == .success)
    #expect(try elements("f.dfu") == [ImageElement(address: 0x100, bytes: Array(Self.hex.utf8))])
  }

  @Test func `--format decides`() throws {
    let run = sandbox.run(
      "pack", "-q", "-o", "@f.dfu", "-i", "@text.bin", "-a", "0", "--format", "hex")
    #expect(run.status == .success)
    #expect(try elements("f.dfu") == twoRuns)
  }

  @Test func `--format given twice is for the images behind it`() throws {
    let run = sandbox.run(
      "pack", "-q", "-o", "@f.dfu", "--format", "hex", "-i", "@text.bin", "-a", "0",
      "--format", "raw", "-m", "0", "-i", "@fw.hex", "-a", "1")
    #expect(run.status == .success)
    let container = try DfuseFormat.Firmware(reading: sandbox.read("f.dfu"))
    #expect(container.targets[0].elements == twoRuns)
    #expect(container.targets[1].elements[0].bytes == Array(Self.hex.utf8))
  }

  @Test func `an address for a file that brings its own is refused`() {
    let run = sandbox.run("pack", "-o", "@f.dfu", "-m", "08000000", "-i", "@fw.hex", "-a", "0")
    #expect(
      run
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: -m 0x08000000 before fw.hex: an Intel HEX file brings its own addresses
              fix: leave -m out, or say --format raw to pack the file's bytes as they are

            """))
  }

  @Test func `a damaged line is named by line and column`() throws {
    try sandbox.write(Array(":0400200001020304D3\n:00000001FF\n".utf8), to: "bad.hex")
    let run = sandbox.run("pack", "@bad.hex")
    #expect(run.status == .badData)
    #expect(run.error.hasPrefix("error: bad.hex: line 1, column 18: "))
    #expect(!sandbox.files.contains("bad.dfu"))
  }

  @Test func `a container is not packed into another`() throws {
    _ = sandbox.run("pack", "-q", "@fw.hex")
    let run = sandbox.run("pack", "-o", "@f.dfu", "-i", "@fw.dfu", "-a", "0")
    #expect(
      run
        == Sandbox.Run(
          status: .badData, output: "",
          error: """
            error: fw.dfu: this is a DfuSe container, not firmware
              fix: look into it with 'dfuse info', take it apart with 'dfuse unpack'

            """))
  }

  @Test func `a plain DFU file is not packed as firmware`() throws {
    let plain: [UInt8] =
      Array(0x00...0x0F) + [
        0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10, 0xCC, 0x41, 0xC6,
        0xB1,
      ]
    try sandbox.write(plain, to: "plain.bin")
    let run = sandbox.run("pack", "-o", "@f.dfu", "-m", "100", "-i", "@plain.bin", "-a", "0")
    #expect(run.status == .badData)
    #expect(
      run.error.hasPrefix(
        "error: plain.bin: this is a DFU file (it ends in a DFU suffix), not firmware\n"))
  }
}
