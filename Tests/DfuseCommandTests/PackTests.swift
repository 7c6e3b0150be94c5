import DfuseFormat
import Testing

@testable import dfuse

/// `dfuse pack` does what the tool that it succeeds promised.
@Suite struct PackTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Array("DATA".utf8), to: "image.bin")
    try sandbox.write([0x00, 0x50, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08], to: "boot.bin")
    try sandbox.write(Array("code".utf8), to: "code.bin")
    try sandbox.write([0xAA, 0x55], to: "options.bin")
  }

  private func container(_ name: String = "firmware.dfu") throws -> DfuseFormat.Firmware {
    try DfuseFormat.Firmware(reading: sandbox.read(name))
  }

  // MARK: - The original's own examples

  @Test func `the minimal example works with all defaults`() throws {
    let run = sandbox.run("pack", "-o", "@firmware.dfu", "-i", "@image.bin", "-a", "0")
    #expect(run.status == .success)
    #expect(
      run.error == """
        warning: image.bin: the bytes go to address 0x0000_0000, where an STM32 has nothing to \
        write; its flash begins at 0x0800_0000

        """)
    #expect(
      run.output == """
        packed firmware.dfu  313 bytes, CRC 0xD18438C0
          vendor 0x0483  product 0xDF11  version 0xFFFF
          alternate setting 0, no name
            0x0000_0000-0x0000_0003  4 bytes  image.bin

        """)
    // The checksum of the same container, worked out with other tools.
    #expect(try sandbox.read("firmware.dfu").suffix(4) == [0xC0, 0x38, 0x84, 0xD1])
    #expect(try container().isSame(as: ContainerOf.unnamedData))
  }

  @Test func `the example with two targets and three images works`() throws {
    let run = sandbox.run(
      "pack", "-f", "0x0100", "-p", "0xdf11", "-v", "0x0483", "-o", "@firmware.dfu",
      "-n", "INTERNAL FLASH of my awesome app v0.1.0",
      "-m", "0x08000000", "-i", "@boot.bin", "-m", "0x08005000", "-i", "@code.bin", "-a", "0",
      "-n", "OPTION BYTES of my awesome app v0.1.0",
      "-m", "0x1ffff800", "-i", "@options.bin", "-a", "1")
    #expect(run.status == .success)
    #expect(
      try container().isSame(
        as: DfuseFormat.Firmware(
          suffix: DFUSuffix(deviceVersion: 0x0100),
          targets: [
            .init(
              alternateSetting: 0, name: "INTERNAL FLASH of my awesome app v0.1.0",
              elements: [
                ImageElement(address: 0x0800_0000, bytes: sandbox.read("boot.bin")),
                ImageElement(address: 0x0800_5000, bytes: sandbox.read("code.bin")),
              ]),
            .init(
              alternateSetting: 1, name: "OPTION BYTES of my awesome app v0.1.0",
              elements: [ImageElement(address: 0x1FFF_F800, bytes: [0xAA, 0x55])]),
          ])))
    #expect(
      run.output.hasSuffix(
        """
        packed firmware.dfu  613 bytes, CRC 0x\(try checksum())
          vendor 0x0483  product 0xDF11  version 0x0100
          alternate setting 0 "INTERNAL FLASH of my awesome app v0.1.0"
            0x0800_0000-0x0800_0007  8 bytes  boot.bin
            0x0800_5000-0x0800_5003  4 bytes  code.bin
          alternate setting 1 "OPTION BYTES of my awesome app v0.1.0"
            0x1fff_f800-0x1fff_f801  2 bytes  options.bin

        """))
  }

  private func checksum() throws -> String {
    try sandbox.read("firmware.dfu").suffix(4).reversed()
      .map { String($0, radix: 16, uppercase: true) }
      .map { $0.count < 2 ? "0" + $0 : $0 }.joined()
  }

  @Test func `under the original's name it takes the original's options`() throws {
    let run = sandbox.run(
      "-o", "@firmware.dfu", "-i", "@image.bin", "-a", "0", program: "/usr/bin/dfuse_pack")
    #expect(run.status == .success)
    #expect(try container().isSame(as: ContainerOf.unnamedData))
  }

  @Test func `short options combine as getopt has it`() throws {
    let run = sandbox.run("pack", "-qo\(sandbox.path("firmware.dfu"))", "-i", "@image.bin", "-a0")
    #expect(run == Sandbox.Run(status: .success, output: "", error: run.error))
    #expect(try container().isSame(as: ContainerOf.unnamedData))
  }

  @Test func `long options work, with a space and with an equals sign`() throws {
    let run = sandbox.run(
      "pack", "--output=\(sandbox.path("firmware.dfu"))", "--version-id", "100", "--product=1",
      "--vendor", "0x2", "--name", "n", "--address=8000000", "--image", "@boot.bin", "--alt", "7",
      "--quiet")
    #expect(run.status == .success)
    #expect(
      try container().isSame(
        as: DfuseFormat.Firmware(
          suffix: DFUSuffix(deviceVersion: 0x0100, productID: 1, vendorID: 2),
          targets: [
            .init(
              alternateSetting: 7, name: "n",
              elements: [ImageElement(address: 0x0800_0000, bytes: sandbox.read("boot.bin"))])
          ])))
  }

  @Test func `a value may look like an option`() throws {
    let run = sandbox.run(
      "pack", "-q", "-o", "@firmware.dfu", "-n", "-a", "-i", "@image.bin", "-a", "0")
    #expect(run.status == .success)
    #expect(try container().targets[0].name == "-a")
  }

  @Test func `an address that waits for its image crosses a target, as in the original`() throws {
    let run = sandbox.run(
      "pack", "-q", "-o", "@firmware.dfu", "-i", "@image.bin", "-m", "100", "-a", "0",
      "-i", "@code.bin", "-a", "1")
    #expect(run.status == .success)
    #expect(try container().targets[1].elements[0].address == 0x100)
  }

  @Test func `the address is used for one image only`() throws {
    let run = sandbox.run(
      "pack", "-q", "-o", "@firmware.dfu", "-m", "0x100", "-i", "@image.bin", "-i", "@code.bin",
      "-a", "0")
    #expect(run.status == .success)
    #expect(try container().targets[0].elements.map(\.address) == [0x100, 0])
  }

  @Test func `help is printed on standard output`() {
    let run = sandbox.run("-h", program: "dfuse_pack")
    #expect(run.status == .success)
    #expect(run.output.contains("dfuse pack -o OUT"))
    #expect(run.error.isEmpty)
  }

  // MARK: - What the original gets wrong

  struct Wrong: CustomTestStringConvertible {
    var testDescription: String
    var words: [String]
    var status: Status
    var error: String

    init(_ name: String, _ words: [String], _ status: Status, _ error: String) {
      testDescription = name
      self.words = words
      self.status = status
      self.error = error
    }
  }

  static let wrongs: [Wrong] = [
    Wrong(
      "alternate setting 300", ["-o", "@f.dfu", "-i", "@image.bin", "-a", "300"], .usage,
      "error: -a 300 is not an alternate setting: those go from 0 to 255\n"),
    Wrong(
      "a hexadecimal alternate setting", ["-o", "@f.dfu", "-i", "@image.bin", "-a", "0x1"], .usage,
      "error: -a '0x1' is not an alternate setting: a decimal number from 0 to 255\n"),
    Wrong(
      "the slip in the original's example",
      ["-o", "@f.dfu", "-m", "0x1ffff8000", "-i", "@options.bin", "-a", "1"], .usage,
      """
      error: -m 0x1ffff8000 does not fit into 32 bits
        fix: did you mean 0x1ffff800 or 0xffff8000?

      """),
    Wrong(
      "a product of five digits", ["-p", "0xdf110", "-o", "@f.dfu", "-i", "@image.bin", "-a", "0"],
      .usage,
      """
      error: -p 0xdf110 does not fit into 16 bits
        fix: did you mean 0xdf11 or 0xf110?

      """),
    Wrong(
      "no address", ["-o", "@f.dfu", "-m", "", "-i", "@image.bin", "-a", "0"], .usage,
      "error: -m '' is not an address such as 0x08000000 (hexadecimal)\n"),
    Wrong(
      "an address with a slip",
      ["-o", "@f.dfu", "-m", "0x0800000O", "-i", "@image.bin", "-a", "0"],
      .usage, "error: -m '0x0800000O' is not an address such as 0x08000000 (hexadecimal)\n"),
    Wrong(
      "images after the last -a",
      ["-o", "@f.dfu", "-i", "@image.bin", "-a", "0", "-i", "@code.bin"], .usage,
      """
      error: image code.bin is not closed by -a
        fix: add the alternate setting it is for: -i code.bin -a 0

      """),
    Wrong(
      "a name of 256 bytes",
      ["-o", "@f.dfu", "-n", String(repeating: "n", count: 256), "-i", "@image.bin", "-a", "0"],
      .usage,
      "error: -n: the name has 256 bytes, a target's name takes at most 255 bytes of UTF-8\n"),
    Wrong(
      "a missing image", ["-o", "@f.dfu", "-i", "@nothing.bin", "-a", "0"], .noInput,
      "error: cannot read nothing.bin: No such file or directory\n  fix: see what is there: ls -l FOLDER\n"
    ),
    Wrong(
      "a folder as image", ["-o", "@f.dfu", "-i", "@.", "-a", "0"], .noInput,
      "error: cannot read .: Is a directory\n  fix: name a file in it: ls -l .\n"),
    Wrong(
      "an output in no folder", ["-o", "@no/f.dfu", "-m", "100", "-i", "@image.bin", "-a", "0"],
      .cannotCreate,
      "error: cannot create no/f.dfu: No such file or directory\n  fix: make its folder first: mkdir -p no\n"
    ),
    Wrong(
      "a target without an image", ["-o", "@f.dfu", "-n", "x", "-a", "4"], .usage,
      """
      error: at least one image [-i] needed for -a 4
        fix: images stand before their alternate setting: -i IMAGE -a 4

      """),
    Wrong(
      "no output", ["-i", "@image.bin", "-a", "0"], .usage,
      """
      error: at least one target [-a] and an output [-o] needed
        fix: say both, as -o OUT -m 0x08000000 -i IMAGE -a 0; 'dfuse pack --help' has examples

      """),
    Wrong(
      "an unknown option", ["-o", "@f.dfu", "-x"], .usage,
      "error: unknown option -x\n  fix: see 'dfuse pack --help'\n"),
    Wrong(
      "an unknown long option", ["--adress", "1"], .usage,
      "error: unknown option --adress\n  fix: see 'dfuse pack --help'\n"),
    Wrong(
      "an option without its value", ["-i", "@image.bin", "-o"], .usage,
      "error: -o needs a value\n  fix: see 'dfuse pack --help'\n"),
    Wrong(
      "an address without its image",
      ["-o", "@f.dfu", "-i", "@image.bin", "-a", "0", "-m", "0x08000000"], .usage,
      """
      error: -m 0x08000000 has no image
        fix: an address stands before its image: -m 0x08000000 -i IMAGE

      """),
    Wrong(
      "a name without its target",
      ["-o", "@f.dfu", "-i", "@image.bin", "-a", "0", "-n", "late"], .usage,
      """
      error: the last -n has no target
        fix: a name stands before its target: -n NAME -i IMAGE -a 0

      """),
    Wrong(
      "a word too many", ["-o", "@f.dfu", "-i", "@image.bin", "-a", "0", "extra"], .usage,
      """
      error: unexpected argument 'extra'
        fix: an image is named by -i, a name with spaces needs quotes

      """),
    Wrong(
      "the output is an input", ["-o", "@image.bin", "-i", "@image.bin", "-a", "0"], .usage,
      """
      error: the output image.bin is the input image.bin
        why: packing would destroy the image
        fix: name another file with -o

      """),
    Wrong(
      "images that overlap",
      [
        "-o", "@f.dfu", "-m", "0x08000100", "-i", "@image.bin", "-m", "0x08000102", "-i",
        "@code.bin", "-a", "0",
      ], .badData,
      """
      error: code.bin (0x0800_0102-0x0800_0105) overlaps image.bin (0x0800_0100-0x0800_0103)
        fix: give each image addresses of its own with -m, or leave one out

      """),
    Wrong(
      "an image past the last address",
      ["-o", "@f.dfu", "-m", "0xfffffffe", "-i", "@image.bin", "-a", "0"], .badData,
      "error: image.bin: 4 bytes at 0xffff_fffe go beyond the last address, 0xffff_ffff\n"),
    Wrong(
      "an unknown format", ["--format", "bin", "-o", "@f.dfu", "-i", "@image.bin", "-a", "0"],
      .usage,
      "error: --format 'bin' is unknown\n  fix: use auto, raw, hex, srec or elf\n"),
    Wrong(
      "standard input twice", ["-o", "@f.dfu", "-i", "-", "-i", "-", "-a", "0"], .usage,
      "error: standard input can be only one of the images\n"),
    Wrong(
      "the short form with a raw binary", ["@image.bin"], .usage,
      """
      error: image.bin is a raw binary, which says no address
        fix: dfuse pack -o firmware.dfu -m 0x08000000 -i image.bin -a 0

      """),
    Wrong(
      "nothing", [], .usage,
      """
      error: nothing to pack
        fix: name a file, or more as -o OUT -i IMAGE -a 0; 'dfuse pack --help' has examples

      """),
  ]

  @Test(arguments: wrongs)
  func `a slip is an error that says what to do, and leaves no file`(wrong: Wrong) {
    let before = sandbox.files
    var run = sandbox.run(["pack"] + wrong.words)
    let folder = sandbox.path("")
    run.error = run.error.replacing(folder + "/", with: "").replacing(folder, with: "FOLDER")
    #expect(run == Sandbox.Run(status: wrong.status, output: "", error: wrong.error))
    #expect(sandbox.files == before)
  }

  @Test func `two images and two targets end with status 0`() {
    let run = sandbox.run(
      "pack", "-q", "-o", "@f.dfu", "-m", "100", "-i", "@image.bin", "-m", "200", "-i",
      "@code.bin", "-a", "0", "-i", "@code.bin", "-a", "1")
    #expect(run.status == .success)
  }

  @Test func `the size field counts the prefix and every target`() throws {
    let run = sandbox.run(
      "pack", "-q", "-o", "@f.dfu", "-i", "@image.bin", "-a", "0", "-i", "@code.bin", "-a", "1")
    #expect(run.status == .success)
    // 11 + 2 * (274 + 8 + 4)
    #expect(try sandbox.read("f.dfu")[6..<10] == [0x47, 0x02, 0, 0])
  }

  @Test func `an option given twice takes the last value and is warned of`() throws {
    let run = sandbox.run(
      "pack", "-o", "@x.dfu", "-o", "@f.dfu", "-m", "100", "-m", "200", "-i", "@image.bin", "-a",
      "0")
    #expect(run.status == .success)
    #expect(
      run.error.hasPrefix(
        """
        warning: -o was given twice; the last one counts, since the container has one
        warning: -m was given twice; the last one counts, since an image has one address

        """))
    #expect(try container("f.dfu").targets[0].elements[0].address == 0x200)
    #expect(!sandbox.files.contains("x.dfu"))
  }
}

/// Containers that several tests expect.
enum ContainerOf {
  static let unnamedData = DfuseFormat.Firmware(targets: [
    .init(
      alternateSetting: 0, elements: [ImageElement(address: 0, bytes: Array("DATA".utf8))])
  ])
}
