import DfuseFormat
import DfuseSimulator
import Testing

@testable import dfuse

/// `dfuse flash A B`: a bootloader with its application, or the programs of two cores.
@Suite struct SeveralFilesTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus

  init() throws {
    (sandbox, bus) = try Self.setUp()
    try sandbox.write(Firmware.program(5000), to: "boot.bin")
    try sandbox.write(Firmware.program(9000, at: 0x0800_8000), to: "app.bin")
    try sandbox.write(
      Firmware.container([(0, 0x0800_8000, Firmware.program(9000, at: 0x0800_8000))]),
      to: "app.dfu")
  }

  private func expectBoth(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(memory(5000) == Firmware.program(5000), sourceLocation: sourceLocation)
    #expect(
      memory(9000, at: 0x0800_8000) == Firmware.program(9000, at: 0x0800_8000),
      sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    ["@boot.bin", "@app.dfu"], ["@app.dfu", "@boot.bin"],
    ["--address", "08000000", "--address", "08008000", "@boot.bin", "@app.bin"],
    ["--address", "08008000", "@app.dfu", "@app.bin", "--stay"],
    ["--address", "08000000", "@app.dfu", "@boot.bin"],
  ])
  func `files go to the board together, each to its place`(words: [String]) throws {
    let isApplicationTwice = words.contains("--stay")
    if isApplicationTwice {
      bus.changeBoard(at: "1-1") { $0.load(Firmware.program(5000), at: 0x0800_0000) }
    }
    let run = sandbox.run(["flash"] + words).timeless
    #expect(run.status == .success, "\(run)")
    expectBoth()
    if !isApplicationTwice { bus.plugBack("1-1") }
    let verified = sandbox.run(["verify"] + words.filter { $0 != "--stay" }).timeless
    #expect(verified.status == .success, "\(verified)")
    #expect(verified.output.contains(" holds "), "\(verified)")
  }

  @Test func `the program that is started is the first one`() throws {
    let run = flash("@app.dfu", "@boot.bin")
    #expect(run.output.contains("the firmware is running"), "\(run)")
    #expect(run.output.hasPrefix("flashed 13.7 KiB to "))
  }

  @Test func `bytes that both have and that are equal are no conflict`() throws {
    let whole = Firmware.program(5000)
    try sandbox.write(Firmware.container([(0, 0x0800_0000, whole)]), to: "a.dfu")
    try sandbox.write(Firmware.container([(0, 0x0800_0400, Array(whole[1024...]))]), to: "b.dfu")
    #expect(flash("@a.dfu", "@b.dfu").status == .success)
    #expect(memory(5000) == whole)
  }

  @Test func `bytes that differ are an error that names both files and the address`() throws {
    try sandbox.write(Firmware.container([(0, 0x0800_1000, [1, 2, 3, 4])]), to: "b.dfu")
    let run = flash("@app.dfu", "@boot.bin", "@b.dfu")
    let first = Firmware.program(5000)[0x1000...].prefix(4)
    let address = zip([1, 2, 3, 4], first).enumerated().first { $0.1.0 != $0.1.1 }
    #expect(
      run.error.hasSuffix(
        """
        error: boot.bin and b.dfu have different bytes for 0x0800_100\(address?.offset ?? 9)
          now: nothing on the board was changed
          fix: flash files that belong together, or one after the other

        """), "\(run)")
    #expect(run.status == .badData)
    #expect(bus.board(at: "1-1")?.counters.bytesProgrammed == 0)
  }

  @Test func `two raw files without addresses are refused`() {
    #expect(
      flash("@boot.bin", "@app.bin")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: boot.bin and app.bin are raw binaries, and nothing says where each belongs
              fix: say --address once for each, in their order

            """))
    #expect(
      flash("--address", "08000000", "--address", "08008000", "@boot.bin", "@app.dfu").error
        == """
        error: 2 times --address for 1 raw file
          fix: say --address once for each raw file, in their order

        """)
    #expect(
      flash("-", "-").error == "error: standard input is named twice, and can be read once\n")
  }

  @Test func `an address behind the file is told to be one`() {
    #expect(
      flash("@boot.bin", "0x08000000")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: 0x08000000 is an address, and no file
              fix: to say where a raw file belongs: --address 0x08000000

            """))
    #expect(
      flash("").error == """
        error: the name of the file is empty
          why: a variable such as $FIRMWARE is not set

        """)
  }

  @Test func `what two files have counts once`() {
    #expect(flash("@app.dfu", "@app.dfu").output.hasPrefix("flashed 8.8 KiB to "))
  }

  @Test func `ids that are another device's are refused, whichever file has them`() throws {
    try sandbox.write(
      Firmware.container([(0, 0x0800_0000, Firmware.program(500))], productID: 0x1234), to: "o.dfu")
    for words in [["@app.dfu", "@o.dfu"], ["@o.dfu", "@app.dfu"]] {
      let run = sandbox.run(["flash"] + words)
      #expect(run.status == .badData || run.status == .usage)
      #expect(run.error.contains("0483:1234"), "\(run)")
    }
    #expect(flash("--ignore-ids", "@o.dfu", "@app.dfu").status == .success)
  }

  @Test func `a file that is damaged or missing is named, and nothing is changed`() throws {
    try sandbox.write(Array(":10000000".utf8), to: "cut.hex")
    #expect(flash("@app.dfu", "@cut.hex").error.hasPrefix("error: cut.hex: "))
    #expect(flash("@app.dfu", "@none.hex").status == .noInput)
    #expect(bus.board(at: "1-1")?.counters.bytesProgrammed == 0)
  }
}
