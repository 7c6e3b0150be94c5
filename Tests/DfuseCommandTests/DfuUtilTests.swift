import DfuseDevice
import DfuseFormat
import DfuseSimulator
import Testing

@testable import dfuse

/// The program under the name `dfu-util`: its options, statuses and limits.
///
/// Statuses are those of dfu-util 0.11 (src/main.c, src/dfuse.c); Tests/Kernel/35-as-dfu-util.sh
/// holds both programs to them.
@Suite struct DfuUtilTests {
  let sandbox: Sandbox
  private let bus = SimulatedBus()
  private let program = Firmware.program(5000)

  init() throws {
    sandbox = try Sandbox()
    bus.plugIn(SimulatedBoard(try #require(.named("f405"))))
    sandbox.bus = bus
    try sandbox.write(program, to: "fw.bin")
  }

  private func run(_ words: String...) -> Sandbox.Run {
    sandbox.run(words, program: "dfu-util")
  }

  private func memory(_ count: Int, at address: UInt32 = 0x0800_0000) -> [UInt8]? {
    bus.board(at: "1-1")?.read(count, at: address)
  }

  /// Not a comparison of bytes in the test: a failing one would print them all.
  private var holdsProgram: Bool { memory(program.count) == program }

  private var isBlank: Bool { memory(1 << 20)?.allSatisfy { $0 == 0xFF } ?? false }

  // MARK: - What is said

  @Test func `a flash says what dfuse says and what callers of dfu-util look for`() throws {
    let run = run("-a", "0", "-s", "0x08000000:leave", "-D", "@fw.bin").timeless
    #expect(
      run
        == Sandbox.Run(
          status: .success,
          output: """
            dfu-util 0.11

            dfuse 1.0.0 under the name of dfu-util

            flashed 4.9 KiB to STM32F2/F4 (1 MiB) at 1-1 in T: verified; the firmware is \
            running (the board came back as 0483:5740 (STM32 Virtual ComPort))
            Download done.
            File downloaded successfully

            """,
          error: """
            compared 16 KiB in T
            wrote 2.9 KiB in T
            verified 2.9 KiB in T
            wrote the first block last: 2 KiB in T

            """))
  }

  @Test func `help is on standard output, status 0`() {
    let run = run("--help")
    #expect(run.status == .success)
    #expect(run.output.hasPrefix("Usage: dfu-util"))
    for option in DfuUtilOption.allCases { #expect(run.output.contains("-\(option.rawValue)")) }
  }

  // MARK: - Mistakes

  /// A command line that dfu-util 0.11 refuses, its status, and words of ours.
  struct Mistake: CustomTestStringConvertible {
    var line: [String]
    var status: Status
    var words: String
    var testDescription: String { line.joined(separator: " ") }
  }

  @Test(arguments: [
    Mistake(line: [], status: .usage, words: "You need to specify one of -D or -U"),
    Mistake(line: ["fw.bin"], status: .usage, words: "Unexpected argument: fw.bin"),
    Mistake(line: ["--frobnicate"], status: .usage, words: "unknown option --frobnicate"),
    Mistake(line: ["-q"], status: .usage, words: "unknown option -q"),
    Mistake(line: ["-D"], status: .usage, words: "-D/--download needs a value"),
    Mistake(line: ["-c", "one", "-l"], status: .usage, words: "is not a number"),
    Mistake(
      line: ["-s", "08000000", "-D", "@fw.bin"], status: .usage,
      words: "did you mean 0x08000000?"),
    Mistake(
      line: ["-s", "0x08000000:go", "-D", "@fw.bin"], status: .usage,
      words: "Invalid dfuse modifier: go"),
    Mistake(
      line: ["-a", "0", "-D", "@missing.bin"], status: .noInput, words: "cannot read missing.bin"),
    Mistake(
      line: ["-a", "0", "-D", "@fw.bin"], status: .usage,
      words: "say the address: -s 0x08000000:leave"),
    Mistake(
      line: ["-a", "0", "-s", "0x08000000:mass-erase", "-D", "@fw.bin"], status: .usage,
      words: "The mass erase command can only be used with force"),
    Mistake(
      line: ["-a", "0", "-s", ":unprotect"], status: .usage,
      words: "The read unprotect command can only be used with force"),
    Mistake(
      line: ["-a", "0", "-s", "0x20000000", "-D", "@fw.bin"], status: .usage,
      words: "0x2000_0000-"),
    Mistake(
      line: ["-a", "0", "-s", "0x20000000:16", "-U", "@r.bin"], status: .usage,
      words: "0x2000_0000"),
    Mistake(
      line: ["-a", "7", "-s", "0x08000000", "-D", "@fw.bin"], status: .inputOutput,
      words: "No DFU capable USB device available"),
    Mistake(
      line: ["-a", "Internal", "-s", "0x08000000", "-D", "@fw.bin"], status: .inputOutput,
      words: "No DFU capable USB device available"),
    Mistake(
      line: ["-d", "1234:5678,1234:5678", "-s", "0x08000000", "-D", "@fw.bin"],
      status: .inputOutput, words: "No DFU capable USB device available"),
    Mistake(
      line: ["-S", "nobody", "-s", "0x08000000", "-D", "@fw.bin"], status: .inputOutput,
      words: "No DFU capable USB device available"),
    Mistake(
      line: ["-a", "0", "-s", "0x08000000", "-U", "@fw.bin"], status: .cannotCreate,
      words: "it is there already"),
    Mistake(
      line: ["-d", "st:dfu", "-l"], status: .usage, words: "is not a pair of USB ids"),
  ]) func `a mistake has dfu-util's status and changes nothing`(_ mistake: Mistake) {
    let run = sandbox.run(mistake.line, program: "dfu-util")
    #expect(run.status == mistake.status)
    #expect(run.error.contains(mistake.words), "\(run.error)")
    #expect(!run.output.contains("done"))
    #expect(isBlank)
    #expect(sandbox.files == ["fw.bin"])
  }

  @Test func `a container is no raw file, and records are no raw bytes`() throws {
    try sandbox.write(Firmware.container([(0, 0x0800_0000, program)]), to: "fw.dfu")
    #expect(run("-a", "0", "-s", "0x08000000", "-D", "@fw.dfu").status == .usage)
    try sandbox.write(Array(":0400000000000220DA\n:00000001FF\n".utf8), to: "fw.hex")
    let hex = run("-a", "0", "-s", "0x08000000:mass-erase:force:leave", "-D", "@fw.hex")
    #expect(hex.status == .usage)
    #expect(isBlank)
    let alone = run("-a", "0", "-D", "@fw.hex")
    #expect(alone.status == .usage)
    #expect(alone.error.contains("dfuse flash "))
  }

  @Test func `a damaged container without an address is refused as a raw file is`() throws {
    var bytes = try Firmware.container([(0, 0x0800_0000, program)])
    bytes[400] ^= 1
    try sandbox.write(bytes, to: "fw.dfu")
    #expect(run("-a", "0", "-D", "@fw.dfu").status == .usage)
    #expect(isBlank)
  }

  @Test func `a container for another device is refused`() throws {
    try sandbox.write(
      Firmware.container([(0, 0x0800_0000, program)], productID: 0x1234), to: "fw.dfu")
    #expect(run("-a", "0", "-D", "@fw.dfu").status == .usage)
    #expect(isBlank)
  }

  @Test func `targets that -a leaves out are told`() throws {
    try sandbox.write(
      Firmware.container([(0, 0x0800_0000, program), (2, 0x1FFF_7800, [0, 0])]), to: "fw.dfu")
    let run = run("-a", "0", "-D", "@fw.dfu")
    #expect(run.status == .success)
    #expect(
      run.error.contains(
        "what is for alternate setting 2 is left out, because of -a 0"))
    #expect(holdsProgram)
  }

  @Test func `two boards are more than one`() throws {
    bus.plugIn(SimulatedBoard(try #require(.named("f405")), serial: "OTHER"))
    let run = run("-s", "0x08000000", "-D", "@fw.bin")
    #expect(run.status == .inputOutput)
    #expect(run.error.contains("More than one DFU capable USB device found"))
    #expect(run.error.contains("--path 1-2"))
    #expect(self.run("-S", ",OTHER", "-s", "0x08000000", "-D", "@fw.bin").status == .success)
    #expect(isBlank)
    #expect(bus.board(at: "1-2")?.read(program.count, at: 0x0800_0000) == program)
    // On the simulated bus each port counts by itself: this gives the other board another number.
    bus.unplug("1-2")
    bus.plugBack("1-2")
    let number = try #require(try bus.devices().first).identity.address
    #expect(
      self.run("-n", "\(number)", "-s", "0x08000000", "-D", "@fw.bin").status == .success)
    #expect(holdsProgram)
  }

  @Test func `the ids of a bootloader mean that bootloader`() throws {
    let sandbox = try Sandbox()
    let bus = SimulatedBus([SimulatedBoard(try #require(.named("gd32vf103")))])
    sandbox.bus = bus
    try sandbox.write(program, to: "fw.bin")
    let words = ["-s", "0x08000000", "-D", "@fw.bin"]
    let run = sandbox.run(["-d", "0483:df11"] + words, program: "dfu-util")
    #expect(run.status == .inputOutput)
    #expect(run.error.contains("28e9:0189"))
    // The ids of an application say nothing about its bootloader.
    #expect(
      sandbox.run(["-d", "1234:5678"] + words, program: "dfu-util").status == .success)
  }

  // MARK: - Boards that are not there, or closed

  @Test func `a list without boards is empty, status 0`() {
    sandbox.bus = StubBus([])
    let empty = run("-l")
    #expect(empty.status == .success)
    #expect(!empty.output.contains("Found"))
    sandbox.bus = nil
    #expect(run("-l").status == .success)
    #expect(run("-s", "0x08000000", "-D", "@fw.bin").status == .inputOutput)
  }

  @Test func `a closed board is told in dfu-util's words`() {
    sandbox.bus = StubBus([.board(path: "1-1", openError: .accessDenied)])
    let sentence = "Cannot open DFU device 0483:df11 found on devnum 5 (LIBUSB_ERROR_ACCESS)"
    let list = run("-l")
    #expect(list.status == .success)
    #expect(list.error.contains(sentence))
    let flash = run("-a", "0", "-s", "0x08000000", "-D", "@fw.bin")
    #expect(flash.status == .inputOutput)
    #expect(flash.error.contains(sentence))
    #expect(flash.error.contains("No DFU capable USB device available"))
    #expect(flash.error.contains("sudo dfuse udev install"))
  }

  @Test func `an application is listed and cannot be detached`() {
    sandbox.bus = StubBus([.application])
    #expect(
      run("-l").output.contains(
        "Found Runtime: [05ac:821a] ver=0100, devnum=3, cfg=1, intf=3, path=\"1-4\", alt=0, "
          + "name=\"UNKNOWN\", serial=\"UNKNOWN\""))
    for words in [["-e"], ["-s", "0x08000000", "-D", "@fw.bin"]] {
      let run = sandbox.run(words, program: "dfu-util")
      #expect(run.status == .inputOutput)
      #expect(run.error.contains("dfuse does not send it into its bootloader"))
    }
    #expect(!run("-d", ",", "-l").output.contains("Found"))
  }

  /// A device with plain DFU is listed, and no request is sent to it; the first line is Klipper's
  /// and QMK's for the Maple bootloader, but for the number of its setting.
  @Test(arguments: [
    ("maple", ["-d", "1eaf:0003", "-R", "-a", "0", "-D", "@fw.bin"]),
    ("tinyusb-dfu", ["-s", "0x08000000:leave", "-D", "@fw.bin"]),
  ]) func `plain DFU is an error that says so`(_ chip: String, _ words: [String]) throws {
    sandbox.bus = SimulatedBus([SimulatedBoard(try #require(.named(chip)))])
    #expect(run("-l").output.contains("Found DFU"))
    let run = sandbox.run(words, program: "dfu-util")
    #expect(run.status == .inputOutput)
    #expect(run.error.contains("No DFU capable USB device available"))
    #expect(run.error.contains("plain DFU takes the original dfu-util"))
  }

  @Test func `-e on a bootloader has nothing to do`() {
    let run = run("-a", "0", "-d", "0483:df11", "-s", "0x08000000", "-e")
    #expect(run.status == .success)
    #expect(run.error.contains("there is nothing to detach"))
  }

  // MARK: - Reading

  @Test(arguments: [
    (["-s", "0x08000004:16"], 0x0800_0004, 16),
    // To the end of the segment, the four sectors of 16 KiB.
    (["-a", "0", "-s", "0x08000000"], 0x0800_0000, 0x10000),
    (["-a", "0", "-s", "0x0800FFF0"], 0x0800_FFF0, 16),
    (["-a", "0"], 0x0800_0000, 0x4000),
    (["-a0", "-s", "0x8000000:8:leave"], 0x0800_0000, 8),
    (["-Z", "32", "-s", "0x08000000:0x20"], 0x0800_0000, 32),
    (["-s", "134217728:020"], 0x0800_0000, 16),
  ]) func `-U reads what dfu-util reads`(
    _ words: [String], _ address: UInt32, _ count: Int
  ) throws {
    bus.changeBoard(at: "1-1") { [program] in $0.load(program, at: 0x0800_0000) }
    let wanted = try #require(memory(count, at: address))
    // Raw bytes whatever the name: dfu-util knows no other form.
    let run = sandbox.run(words + ["-U", "@r.dfu"], program: "dfu-util")
    #expect(run.status == .success, "\(run.error)")
    #expect(run.output.contains("Upload done.\n"))
    #expect(try sandbox.read("r.dfu") == wanted)
    #expect(
      run.output.contains("the firmware is running") == words.contains { $0.contains("leave") })
  }

  // MARK: - -s alone, and what is beside it

  @Test func `-s alone leaves, erases and unprotects`() throws {
    bus.changeBoard(at: "1-1") { [program] in $0.load(program, at: 0x0800_0000) }
    let left = run("-a", "0", "-s", ":leave")
    #expect(left.status == .success)
    #expect(left.output.contains("the firmware is running"))
    bus.unplug("1-1")
    bus.plugBack("1-1")
    #expect(run("-a", "0", "-s", ":mass-erase:force").status == .success)
    #expect(isBlank)
    let unprotected = run("-a", "0", "-s", "0x1FFFC000:16:unprotect:force", "-D", "@fw.bin")
    #expect(unprotected.status == .success, "\(unprotected.error)")
    #expect(unprotected.output.contains("Device disconnects, erases flash and resets now"))
    // As with dfu-util, nothing is flashed by the same command.
    #expect(isBlank)
  }

  @Test func `-R resets a board that stays`() {
    #expect(run("-R", "-a", "0", "-s", "0x08000000", "-D", "@fw.bin").status == .success)
    #expect(holdsProgram)
  }

  @Test func `-t, -E and -Z are taken`() {
    let run = run(
      "-t", "1024", "-E", "3", "-Z", "10", "-a", "0", "-s", "0x08000000", "-vD", "@fw.bin")
    #expect(run.status == .success)
    #expect(run.error.contains("-t 1024 changes nothing"))
    #expect(holdsProgram)
  }

  @Test func `a suffix of plain DFU is taken off`() throws {
    var bytes = program + [0, 0, 0x11, 0xDF, 0x83, 0x04, 0, 1] + Array("UFD".utf8) + [16]
    let crc = CRC32.checksum(of: bytes)
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: crc >> (8 * $0)) }
    try sandbox.write(bytes, to: "fw.bin")
    #expect(run("-a", "0", "-s", "0x08000000", "-D", "@fw.bin").status == .success)
    #expect(memory(program.count + 16) == program + Array(repeating: 0xFF, count: 16))
    #expect(run("-a", "0", "-D", "@fw.bin").status == .usage)
  }

  // MARK: - Option bytes

  @Test func `option bytes need will-reset or force`() throws {
    let options = try #require(memory(16, at: 0x1FFF_C000))
    try sandbox.write(options, to: "options.bin")
    let refused = run("-a", "1", "-s", "0x1FFFC000", "-D", "@options.bin")
    #expect(refused.status == .usage)
    #expect(refused.error.contains("add :force behind the address of -s"))
    #expect(
      run("-a", "1", "-s", "0x1FFFC000:will-reset", "-D", "@options.bin").status == .success)
  }

  // MARK: - The command line

  @Test func `the words are split as getopt_long splits them`() throws {
    let items = try DfuUtilArguments([
      "-vla0", "-d,0483:df11", "--alt=1", "--dfuse", "0x1:leave", "--upload-s", "5", "--conf", "1",
      "--wait",
    ]).items
    #expect(
      items.map(\.option) == [
        .verbose, .list, .alternateSetting, .device, .alternateSetting, .dfuseAddress,
        .uploadSize, .configuration, .wait,
      ])
    #expect(items.map(\.value) == ["", "", "0", ",0483:df11", "1", "0x1:leave", "5", "1", ""])
    #expect(throws: Failure.self) { _ = try DfuUtilArguments(["--de", "1"]) }
  }

  @Test(
    arguments: [
      ("16", 16), ("0x10", 16), ("010", 8), ("0", 0), ("08", nil), ("0x", nil), ("", nil),
      ("-1", nil), ("1x", nil), ("+1", nil), ("99999999999999999999", nil),
    ] as [(String, Int64?)]) func `numbers are C's`(_ text: String, _ value: Int64?)
  {
    #expect(CNumber.parse(text) == value)
  }

  /// The man page's examples of `-d`.
  @Test(arguments: [
    ("1457:51ab,951:26", false, true, false), ("1457:51ab,:2bc", false, false, true),
    ("1457:51ab", false, true, true), (",951:26", true, true, false), (",", true, true, true),
  ]) func `-d is read as the man page says`(
    _ text: String, _ ignoresRunTime: Bool, _ fits951: Bool, _ fits1457: Bool
  ) throws {
    var match = DfuUtilMatch()
    try match.take(ids: text)
    let application = USBID(vendorID: 0x1457, productID: 0x51AB)
    #expect(match.runTime.fits(application) == !ignoresRunTime)
    let bootloaders = match.bootloader
    #expect(
      bootloaders.contains { $0.fits(USBID(vendorID: 0x951, productID: 0x26)) } == fits951)
    #expect(
      bootloaders.contains { $0.fits(USBID(vendorID: 0x1457, productID: 0x2BC)) } == fits1457)
  }

  @Test func `any application and no bootloader`() throws {
    var match = DfuUtilMatch()
    try match.take(ids: "*,-")
    #expect(match.runTime.fits(.stBootloader))
    #expect(!match.bootloader.contains { $0.fits(.stBootloader) })
  }
}
