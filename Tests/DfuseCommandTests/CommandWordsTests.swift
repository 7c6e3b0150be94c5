import DfuseSimulator
import Testing

@testable import dfuse

/// What is said to somebody who types what the program does not take: the command that does it.
@Suite struct CommandWordsTests {
  private let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Firmware.program(5000), to: "fw.bin")
  }

  private func error(_ words: String...) -> String {
    let run = sandbox.run(words)
    #expect(run.status == .usage)
    #expect(run.output == "")
    return run.error
  }

  @Test(arguments: [
    ("firmware.dfu", "dfuse flash firmware.dfu"), ("flsh firmware.dfu", "dfuse flash firmware.dfu"),
    ("lsit", "dfuse list"), ("write firmware.hex", "dfuse flash firmware.hex"),
    ("program firmware.elf --full", "dfuse flash firmware.elf --full"),
    ("download fw.dfu", "dfuse flash fw.dfu"), ("dump all.bin", "dfuse read -o all.bin"),
    ("reset", "dfuse leave"), ("unlock", "dfuse unprotect"),
  ])
  func `a first word that is no command gets the command`(_ typed: String, _ meant: String) {
    let words = typed.split(separator: " ").map(String.init)
    let run = sandbox.run(words)
    #expect(run.status == .usage)
    #expect(run.error == "error: there is no command '\(words[0])'\n  fix: \(meant)\n")
  }

  @Test func `a file that is there is meant to be flashed, whatever its name`() throws {
    try sandbox.write([1], to: "image")
    let run = sandbox.run(["@image"])
    #expect(run.error.contains("  fix: dfuse flash image\n"))
  }

  @Test func `upload may mean both`() {
    #expect(
      error("upload", "x.bin") == """
        error: there is no command 'upload'
          fix: one of:
            dfuse flash x.bin   # puts it on the board
            dfuse read -o x.bin   # reads the board

        """)
  }

  @Test func `a word that means nothing gets the list`() {
    #expect(
      error("qwertz") == """
        error: there is no command 'qwertz'
          fix: one of these, or 'dfuse --help':
            list enter flash verify read erase leave unprotect identify options snapshot restore compare pack info unpack doctor udev simulate

        """)
  }

  @Test func `help on what is no command is an error`() {
    #expect(error("help", "nonsense").hasPrefix("error: there is no command 'nonsense'\n"))
    #expect(error("help", "flahs").contains("  fix: dfuse help flash\n"))
    #expect(sandbox.run("help", "flash").status == .success)
    #expect(sandbox.run("help").status == .success)
  }

  @Test(arguments: [
    ("-D fw.dfu", "dfuse flash fw.dfu"), ("flash -D fw.dfu", "dfuse flash fw.dfu"),
    ("-a 0 -s 0x08000000:leave -D f.bin", "dfuse flash -a 0 --address 0x08000000 f.bin"),
    (
      "-d 0483:df11 -a 0 -s 0x08004000 -D f.bin -R",
      "dfuse flash -d 0483:df11 -a 0 --address 0x08004000 f.bin"
    ),
    (
      "-s 0x08000000:mass-erase:force -D f.bin",
      "dfuse flash --mass-erase --address 0x08000000 f.bin"
    ),
    ("-U all.bin", "dfuse read -o all.bin"),
    (
      "-s 0x08000000 -Z 1024 -U x.bin",
      "dfuse read --length 1024 -o x.bin --address 0x08000000"
    ),
    ("-l", "dfuse list"), ("list -l", "dfuse list"), ("-R", "dfuse leave"),
    ("flash -w fw.dfu", "dfuse flash fw.dfu"), ("-w -D fw.dfu", "dfuse flash --wait fw.dfu"),
    ("-s :unprotect:force", "dfuse unprotect --yes"),
    ("-a 0 -s :unprotect:force", "dfuse unprotect --yes"),
    (
      "-a 0 -s 0x08000000:131072 -U x.bin",
      "dfuse read -a 0 --length 131072 -o x.bin --address 0x08000000"
    ),
    (
      "-a 1 -s 0x1FFFC000:will-reset -D ob.bin",
      "dfuse flash -a 1 --allow-option-bytes --address 0x1FFFC000 ob.bin"
    ),
    ("dfu-util -a 0 -s 0x08000000:leave -D a.bin", "dfuse flash -a 0 --address 0x08000000 a.bin"),
    ("-e", "dfuse enter"), ("-e -d 0483:5740", "dfuse enter -d 0483:5740"),
    ("-e -a 0 -D fw.dfu", "dfuse flash --enter -a 0 fw.dfu"),
    ("-d ,0483:df11 -D fw.dfu", "dfuse flash -d 0483:df11 fw.dfu"),
    ("-d 1234:5678,0483:df11 -D fw.dfu", "dfuse flash -d 0483:df11 fw.dfu"),
    ("-d,0483:df11 -a0 -D fw.dfu", "dfuse flash -d 0483:df11 -a 0 fw.dfu"),
    ("-a 0 -s 134217728 -D f.bin", "dfuse flash -a 0 --address 0x08000000 f.bin"),
    ("-c 1 -i 0 -a 0 -t 2048 -n 4 -D fw.dfu", "dfuse flash -a 0 fw.dfu"),
    ("-a 0 --dfuse 0x08004000:leave -D f.bin", "dfuse flash -a 0 --address 0x08004000 f.bin"),
    ("--devi 0483:df11 --down f.hex", "dfuse flash --device 0483:df11 f.hex"),
    ("-a 0 -s 0x08000000:leave -D fw.dfu", "dfuse flash -a 0 fw.dfu"),
    ("-s :mass-erase:force", "dfuse erase --all"),
    ("-vl", "dfuse list --verbose"), ("-v -l -v", "dfuse list --verbose"),
    ("-V", "dfuse --version"),
    (
      "--alt=0 --dfuse-address=0x08000000:leave --download f.bin",
      "dfuse flash --alt 0 --address 0x08000000 f.bin"
    ),
    ("--download fw.dfu --reset", "dfuse flash fw.dfu"), ("--list", "dfuse list"),
  ])
  func `an option of dfu-util gets the command that does it`(_ typed: String, _ meant: String) {
    let words = typed.split(separator: " ").map(String.init)
    let run = sandbox.run(words)
    #expect(run.status == .usage)
    #expect(run.error.contains("  fix: \(meant)\n"))
    #expect(run.error.hasPrefix("error: -"))
  }

  @Test(arguments: [
    ("-c port=usb1 -w fw.hex", "dfuse flash fw.hex"), ("-c port=usb1", "dfuse list"),
    (
      "-c port=usb1 sn=2059 -d fw.bin 0x08000000 -v -rst",
      "dfuse flash --serial 2059 --address 0x08000000 fw.bin"
    ),
    ("-c port=usb1 -e all", "dfuse erase --all"),
    ("-c port=usb1 -e all -w a.hex -v", "dfuse flash --mass-erase a.hex"),
    (
      "-c port=usb1 -w a.bin 0x08000000 -e all",
      "dfuse flash --mass-erase --address 0x08000000 a.bin"
    ),
    ("STM32_Programmer_CLI -c port=USB1 -w a.hex", "dfuse flash a.hex"),
    ("-c port=USB1 -hardRst", "dfuse leave"),
    ("-rdu", "dfuse unprotect --yes"),
    (
      "-c port=usb1 -r 0x08000000 0x400 x.bin",
      "dfuse read --address 0x08000000 --length 0x400 -o x.bin"
    ),
    ("-c port=usb1 -g 0x08000000", "dfuse leave --address 0x08000000"),
    (
      "-c port=usb1 -w a.bin 0x08000000 -w b.bin 0x08010000 -v",
      "dfuse flash --address 0x08000000 --address 0x08010000 a.bin b.bin"
    ),
    (
      "-c port=usb1 -d a.bin 0x08000000 b.hex c.bin 0x08020000",
      "dfuse flash --address 0x08000000 --address 0x08020000 a.bin b.hex c.bin"
    ),
    ("-c port=usb1 -w a.elf 0x08000000 -v", "dfuse flash a.elf"),
    (
      "-c port=usb1 -w a.hex 0x08000000 -w b.bin 0x08004000",
      "dfuse flash --address 0x08004000 a.hex b.bin"
    ),
    ("-c port=usb1 -e 2 -w a.bin 0x08000000 -v", "dfuse flash --address 0x08000000 a.bin"),
    ("-c usb1 -w a.hex", "dfuse flash a.hex"),
    ("-c port=usb1 -w a.bin 08000000", "dfuse flash --address 0x08000000 a.bin"),
    ("-c port=usb1 -w a.hex -v fast", "dfuse flash a.hex"),
    ("-c port=usb1 -w a.hex -v after_programming -rst", "dfuse flash a.hex"),
    ("-c port=usb1 -w a.bin 134217728 -s", "dfuse flash --address 0x08000000 a.bin"),
    ("--connect port=usb1 --download a.elf --verify --start", "dfuse flash a.elf"),
    (
      "--connect port=usb1 --write a.bin 0x08000000 --go 0x08000000",
      "dfuse flash --address 0x08000000 a.bin"
    ),
    ("-c port=usb1 --start 0x08000000", "dfuse leave --address 0x08000000"),
    (
      "-c port=usb1 --upload 0x08000000 1024 x.bin",
      "dfuse read --address 0x08000000 --length 1024 -o x.bin"
    ),
    ("-c port=usb1 -cmp a.bin 0x08000000", "dfuse verify --address 0x08000000 a.bin"),
    ("-c port=usb1 -w a.hex -vb 3 -q", "dfuse flash a.hex"),
    (
      "-c port=usb1 -r32 0x08000000 0x20",
      "dfuse read --address 0x08000000 --length 0x20 -o - | od -A x -t x4"
    ),
    (
      "-c port=usb1 -w32 0x08004000 0x20000041 255",
      #"printf '\101\000\000\040\377\000\000\000' | dfuse flash --stay --preserve --format raw "#
        + "--address 0x08004000 -"
    ),
  ])
  func `so does one of ST's programmer`(_ typed: String, _ meant: String) {
    let words = typed.split(separator: " ").map(String.init)
    let run = sandbox.run(words)
    #expect(run.status == .usage)
    #expect(run.error.contains("  fix: \(meant)\n"))
    #expect(run.error.contains("is an option of STM32CubeProgrammer\n"))
  }

  @Test func `option bytes and a file are two commands`() {
    #expect(
      error("-c", "port=usb1", "-ob", "RDP=0xAA", "-w", "a.hex") == """
        error: -c is an option of STM32CubeProgrammer
          fix: one after the other:
            dfuse options set RDP=0xAA
            dfuse flash a.hex

        """)
    // As they were typed: what protects the chip comes last.
    #expect(
      error("-c", "port=usb1", "-w", "a.hex", "-ob", "RDP=0xBB").hasSuffix(
        "    dfuse flash a.hex\n    dfuse options set RDP=0xBB\n"))
    #expect(
      error("-a", "0", "-s", "0x08000000:unprotect:force", "-D", "f.bin").hasSuffix(
        """
          fix: one after the other:
            dfuse unprotect --yes
            dfuse flash -a 0 --address 0x08000000 f.bin

        """))
  }

  @Test func `a word that is nobody's is left out and named`() {
    #expect(
      error("-c", "port=usb1", "-w", "a.hex", "--nonsense", "3") == """
        error: -c is an option of STM32CubeProgrammer
          why: there is nothing here for --nonsense 3, which is left out
          fix: dfuse flash a.hex

        """)
    #expect(error("-D", "a.hex", "--stay").contains("  fix: dfuse flash --stay a.hex\n"))
    // What is left of nothing is no command.
    #expect(
      error("-c", "port=usb1", "-halt") == """
        error: -c is an option of STM32CubeProgrammer
          why: dfuse reaches a board by USB, in its bootloader, and not through a debug probe
          fix: 'dfuse --help' shows what there is

        """)
  }

  @Test(arguments: [
    ("-n 5 -a 0 -D t.dfu", "-n 5", "dfuse flash -a 0 t.dfu"),
    ("-c port=usb2 -w a.hex", "-c port=usb2", "dfuse flash a.hex"),
    ("-c port=usb1 -w a.hex --skipErase", "--skipErase", "dfuse flash a.hex"),
    ("-c port=usb1 -el x.stldr -w a.hex", "-el x.stldr", "dfuse flash a.hex"),
    ("-c port=usb1 -w a.hex -g 0x08004000", "-g 0x08004000", "dfuse flash a.hex"),
    ("-c port=usb1 -otp displ", "-otp displ", "'dfuse --help' shows what there is"),
    ("-c port=usb1 -ob file=ob.csv -w a.hex", "-ob file=ob.csv", "dfuse flash a.hex"),
  ])
  func `what has no counterpart is named`(_ typed: String, _ word: String, _ meant: String) {
    let run = sandbox.run(typed.split(separator: " ").map(String.init))
    #expect(run.error.contains("  why: there is nothing here for \(word)"), "\(run.error)")
    #expect(run.error.contains("  fix: \(meant)\n"), "\(run.error)")
  }

  @Test(arguments: [
    "-w32 0x08004000 0x100000000", "-w8 0x08004000 0x1FF", "-w16 0x08004000 305419896",
    "-w a.hex -w32 0x08004000 1", "-w32 0x08004000 1 -w a.hex", "-w8 0x0800 1 -w8 0x0801 2",
  ])
  func `no value is cut, and no two files share standard input`(_ typed: String) {
    let run = sandbox.run(["-c", "port=usb1"] + typed.split(separator: " ").map(String.init))
    #expect(run.status == .usage)
    #expect(!run.error.contains("printf"), "\(run.error)")
  }

  @Test func `a serial line is none of this program's ways`() {
    #expect(
      error("-c", "port=COM3", "br=115200", "-w", "fw.hex") == """
        error: -c is an option of STM32CubeProgrammer
          why: dfuse reaches a board by USB, and not over COM3
          fix: dfuse flash fw.hex

        """)
  }

  @Test(arguments: [
    ("dfu-suffix -c x.dfu", "dfuse info x.dfu"),
    ("dfu-suffix -v 0483 -p df11 -a x.bin", "dfuse flash x.bin   # it needs no suffix"),
  ])
  func `the tools that come with dfu-util have an answer`(_ typed: String, _ meant: String) {
    let run = sandbox.run(typed.split(separator: " ").map(String.init))
    #expect(run.error.hasSuffix("  fix: \(meant)\n"), "\(run.error)")
  }

  @Test func `an empty word ends nothing and begins nothing`() {
    #expect(error("-l", "usb", "").contains("  fix: dfuse list\n"))
  }

  @Test func `pack's letters are no other tool's`() {
    let words = ["pack", "-o", "x.dfu", "-n", "N", "-m", "0x08000000", "-i", "@fw.bin"]
    let run = sandbox.run(words)
    #expect(run.status == .usage)
    #expect(!run.error.contains("dfu-util"), "\(run.error)")
  }

  @Test func `a debug probe is none of this program's ways`() {
    #expect(
      error("-c", "port=SWD", "-w", "fw.hex") == """
        error: -c is an option of STM32CubeProgrammer
          why: dfuse reaches a board by USB, in its bootloader, and not through a debug probe
          fix: dfuse flash fw.hex

        """)
  }

  @Test func `a proposal is near to what was typed`() {
    #expect(!error("list", "--wait").contains("did you mean"))
    #expect(error("list", "--verbos").contains("did you mean --verbose?"))
    #expect(error("--list").contains("  fix: dfuse list\n"))
    #expect(error("-l", "usb").contains("  fix: dfuse list\n"))
    #expect(error("version").contains("  fix: dfuse --version\n"))
    #expect(error("help", "falsh").contains("  fix: dfuse help flash\n"))
    #expect(error("help", "write").contains("  fix: dfuse help flash\n"))
  }

  @Test func `what no command does is said`() {
    #expect(
      error("-c", "port=usb1", "-e", "0", "1") == """
        error: -c is an option of STM32CubeProgrammer
          fix: give 'dfuse erase' an --address and a --length; 'dfuse list' shows where sectors begin

        """)
    #expect(error("-c", "port=usb1", "-ob", "RDP=0xAA").contains("fix: dfuse options set RDP=0xAA"))
    #expect(error("-ob", "displ").contains("fix: dfuse options\n"))
  }

  @Test func `no opposite is proposed, and the default's own name is taken`() {
    #expect(!error("flash", "--ful", "x.bin").contains("--no"))
    #expect(error("flash", "--ful", "x.bin").contains("did you mean --full?"))
    #expect(!error("flash", "--no-full", "x.bin").contains("mean"))
    for word in ["--verify", "--start"] {
      let run = sandbox.run(
        "flash", word, "--simulate", "f405", "--address", "0x08000000", "@fw.bin")
      #expect(run.status == .success, "\(word)")
    }
  }

  @Test(arguments: [
    ("erase all --simulate f405", "dfuse erase --all --simulate f405"),
    ("erase 0x08004000 --simulate f405", "dfuse erase --address 0x08004000 --simulate f405"),
    ("--simulate f405 list", "dfuse list --simulate f405"),
    ("options get RDP", "dfuse options"),
    ("options get RDP --simulate f405", "dfuse options --simulate f405"),
    ("options --simulate f405 read", "dfuse options --simulate f405"),
    ("flash --leave fw.dfu", "dfuse flash fw.dfu"),
    ("flash fw.dfu --reset", "dfuse flash fw.dfu"),
    ("options set", "'dfuse options set --help' shows what there is"),
    ("options diff", "'dfuse options diff --help' shows what there is"),
    ("udev install --nonsense", "'dfuse udev install --help' shows what there is"),
  ])
  func `what people try has an answer`(_ typed: String, _ meant: String) {
    let run = sandbox.run(typed.split(separator: " ").map(String.init))
    #expect(run.status == .usage)
    #expect(run.error.contains("  fix: \(meant)\n"), "\(run.error)")
  }

  @Test func `the supply is the chip's, and not USB's`() {
    #expect(error("flash", "--supply", "5", "x.bin").contains("never the 5 V of USB"))
  }

  @Test func `a usage error has the form of all errors`() {
    #expect(
      error("flash") == """
        error: missing expected argument '<file> ...'
          fix: 'dfuse flash --help' shows what there is

        """)
  }

  @Test func `what steers a terminal is not echoed`() {
    #expect(!error("flash", "--\u{1B}[2J", "x.bin").contains("\u{1B}"))
    #expect(!error("\u{1B}[2J").contains("\u{1B}"))
  }

  @Test func `with --json a usage error is an object`() {
    let run = sandbox.run("flash", "--json", "--nonsense", "x.bin")
    #expect(run.status == .usage)
    #expect(run.output.hasPrefix(#"{"command":"flash","error":{"#))
    #expect(run.output.contains(#""status":64"#))
    #expect(run.error.contains("unknown option '--nonsense'"))
  }

  @Test(arguments: [["--wait", "5"], ["--wait=5"], ["--wait"]])
  func `--wait takes its seconds in both forms`(_ words: [String]) {
    let run = sandbox.run(
      ["flash"] + words + ["--simulate", "f405", "--address", "0x08000000", "@fw.bin"])
    #expect(run.status == .success)
  }

  @Test(arguments: [
    ("3.3", true), ("3.3V", true), ("3V3", true), ("2.7-3.6", true), ("1.8", true), ("5", false),
    ("3.3A", false), ("nan", false), ("", false),
  ])
  func `--supply takes volts as people write them`(_ text: String, _ isTaken: Bool) {
    let run = sandbox.run(
      "flash", "--supply=\(text)", "--simulate", "f405", "--address", "0x08000000", "@fw.bin")
    #expect(run.status == (isTaken ? .success : .usage))
  }

  @Test func `dfu-util's letters are taken where they mean the same`() throws {
    let bus = SimulatedBus()
    let chip = try #require(SimulatedChip.named("f405"))
    for _ in 0..<2 { bus.plugIn(SimulatedBoard(chip)) }
    sandbox.bus = bus
    let list = sandbox.run("list", "-d", "0483:df11", "-p", "1-2")
    #expect(list.status == .success)
    #expect(!list.output.contains("1-1"))
    let run = sandbox.run("flash", "-v", "-p", "1-2", "--address", "0x08000000", "@fw.bin")
    #expect(run.status == .success)
    #expect(sandbox.run("verify", "-S", "nobody", "@fw.bin").status == .noBoard)
  }

  @Test func `quiet and verbose do not go together`() {
    #expect(
      error("flash", "-q", "--verbose", "x.bin").hasPrefix(
        "error: --quiet and --verbose do not go together\n"))
  }
}
