import DfuseFormat
import Testing

@testable import dfuse

/// `dfuse unpack`, and the command that it prints.
@Suite struct UnpackTests {
  let sandbox: Sandbox
  private let container = DfuseFormat.Firmware(
    suffix: DFUSuffix(deviceVersion: 0x0100),
    targets: [
      .init(
        alternateSetting: 0, name: "my app's \"name\"",
        elements: [
          ImageElement(address: 0x0800_0000, bytes: [1, 2, 3]),
          ImageElement(address: 0x0800_4000, bytes: [4]),
        ]),
      .init(alternateSetting: 1, elements: [ImageElement(address: 0x1FFF_F800, bytes: [5, 6])]),
    ])

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(container.encoded(), to: "fw.dfu")
  }

  @Test func `each element becomes a file, and the command is printed`() throws {
    let run = sandbox.run("unpack", "@fw.dfu", "-d", "@out/parts")
    #expect(run.status == .success)
    #expect(try sandbox.read("out/parts/fw-alt0-08000000.bin") == [1, 2, 3])
    #expect(try sandbox.read("out/parts/fw-alt0-08004000.bin") == [4])
    #expect(try sandbox.read("out/parts/fw-alt1-1FFFF800.bin") == [5, 6])
    #expect(
      run.output == """
        dfuse pack -f 0x0100 -p 0xDF11 -v 0x0483 -o out/parts/fw-rebuilt.dfu \
        -n 'my app'\\''s "name"' -m 0x08000000 -i out/parts/fw-alt0-08000000.bin \
        -m 0x08004000 -i out/parts/fw-alt0-08004000.bin -a 0 \
        -m 0x1FFFF800 -i out/parts/fw-alt1-1FFFF800.bin -a 1

        """)
    #expect(
      run.error == """
        out/parts/fw-alt0-08000000.bin  3 bytes
        out/parts/fw-alt0-08004000.bin  1 byte
        out/parts/fw-alt1-1FFFF800.bin  2 bytes

        """)
  }

  @Test func `the printed command rebuilds the same bytes`() throws {
    #expect(sandbox.run("unpack", "-q", "@fw.dfu", "-d", "@.").status == .success)
    let plan = UnpackPlan(container, folder: sandbox.path("."), stem: "fw")
    let result = try OutsideShell.run(plan.packCommand, program: "pack") { words in
      sandbox.run(words).status
    }
    #expect(result == .success)
    #expect(try sandbox.read("fw-rebuilt.dfu") == (try container.encoded()))
  }

  @Test func `files with other contents are not replaced without --force`() throws {
    #expect(sandbox.run("unpack", "@fw.dfu", "-d", "@.").status == .success)
    #expect(sandbox.run("unpack", "@fw.dfu", "-d", "@.").status == .success)
    try sandbox.write([9], to: "fw-alt0-08004000.bin")
    let run = sandbox.run("unpack", "@fw.dfu", "-d", "@.")
    #expect(run.status == .cannotCreate)
    #expect(
      run.error
        == """
        error: fw-alt0-08004000.bin is there already, with other contents
          fix: choose a folder with --directory, or replace it with --force

        """.replacing("error: ", with: "error: ./"))
    #expect(try sandbox.read("fw-alt0-08004000.bin") == [9])
    #expect(sandbox.run("unpack", "--force", "@fw.dfu", "-d", "@.").status == .success)
    #expect(try sandbox.read("fw-alt0-08004000.bin") == [4])
  }

  @Test func `a damaged container is refused and nothing is written`() throws {
    var bytes = try container.encoded()
    bytes[294] ^= 1
    try sandbox.write(bytes, to: "bad.dfu")
    let before = sandbox.files
    let run = sandbox.run("unpack", "@bad.dfu", "-d", "@.")
    #expect(run.status == .badData)
    #expect(run.error.hasPrefix("error: bad.dfu: dwCRC at offset "))
    #expect(sandbox.files == before)
  }

  @Test func `elements with one address get names of their own`() {
    var twice = container
    twice.targets.append(twice.targets[1])
    let plan = UnpackPlan(twice, folder: ".", stem: "fw")
    #expect(
      plan.files.suffix(2).map(\.path) == ["fw-alt1-1FFFF800.bin", "fw-alt1-1FFFF800-2.bin"])
  }

  @Test(arguments: [
    ("plain-1.0_a/b", "plain-1.0_a/b"),
    ("", "''"),
    ("two words", "'two words'"),
    ("it's", "'it'\\''s'"),
    ("$(rm)", "'$(rm)'"),
    ("grün", "'grün'"),
    ("a\nb\u{1B}", "$'a\\012b\\033'"),
  ])
  func `a word is quoted for a shell`(text: String, word: String) throws {
    #expect(text.shellWord == word)
    #expect(try OutsideShell.words("x " + word) == ["x", text])
  }
}
