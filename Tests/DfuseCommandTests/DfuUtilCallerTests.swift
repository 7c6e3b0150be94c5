import DfuseFormat
import DfuseSimulator
import Testing

@testable import dfuse

/// Command lines of the programs and scripts that call dfu-util, as they stand there, with variables
/// filled in.
@Suite struct DfuUtilCallerTests {
  /// A line that flashes a file.
  struct Caller: CustomTestStringConvertible {
    var source: String
    var line: String
    var chip = "f405"
    /// Where the file's bytes are to be afterwards.
    var address: UInt32 = 0x0800_0000
    var leaves = true

    var testDescription: String { "\(source): \(line)" }
  }

  static let callers: [Caller] = [
    Caller(
      source: "PlatformIO, platform-ststm32 builder/main.py",
      line: "dfu-util -d 0x0483:0xDF11 -a 0 -s 0x08000000:leave -D fw.bin"),
    Caller(
      source: "PlatformIO, a board with several ids in build.hwids",
      line:
        "dfu-util -d 0x1EAF:0x0003,0x0483:0xDF11,0x1EAF:0x0004 -a 0 -s 0x08000000:leave -D fw.bin"),
    Caller(
      source: "Marlin, buildroot/share/PlatformIO/scripts, *_DFU environments",
      line: "dfu-util -d 0483:df11 -s 0x08001000:leave -D fw.bin", chip: "f303",
      address: 0x0800_1000),
    Caller(
      source: "ArduinoCore-mbed, platform.txt, tools.dfu-util.upload.pattern, Portenta H7",
      line: "dfu-util --device 2341:035b -D fw.bin -a0 --dfuse-address=0x08040000:leave",
      chip: "portenta-h7", address: 0x0804_0000),
    Caller(
      source: "Arduino GIGA, its ids with 0x",
      line: "dfu-util --device 0x2341:0x0366 -D fw.bin -a0 --dfuse-address=0x08040000:leave",
      chip: "giga-r1", address: 0x0804_0000),
    Caller(
      source: "JerryScript, targets/particle: Photon",
      line: "dfu-util -d 2b04:d006 -a 0 -i 0 -s 0x80A0000:leave -D fw.bin",
      chip: "particle-photon", address: 0x080A_0000),
    Caller(
      source: "NuttX for LEGO hubs",
      line: "dfu-util -d 0694:0008 -a 0 -s 0x08008000:leave -D fw.bin", chip: "lego-hub",
      address: 0x0800_8000),
    Caller(
      source: "libDaisy, core/Makefile, APP_TYPE=BOOT_QSPI",
      line: "dfu-util -a 0 -s 0x90040000:leave -D fw.bin -d ,0483:df11", chip: "daisy",
      address: 0x9004_0000),
    Caller(
      source: "QMK, lib/python/qmk/flashers.py",
      line: "dfu-util -a 0 -d 0483:df11 -s 0x08000000:leave -D fw.bin", chip: "f303"),
    Caller(
      source: "QMK, flashers.py, apm32-dfu",
      line: "dfu-util -a 0 -d 314b:0106 -s 0x08000000:leave -D fw.bin", chip: "apm32f103"),
    Caller(
      source: "QMK, flashers.py, gd32v-dfu",
      line: "dfu-util -a 0 -d 28e9:0189 -s 0x08000000:leave -D fw.bin", chip: "gd32vf103"),
    Caller(
      source: "QMK, flash.mk with the DFU_ARGS of builddefs/bootloader.mk and SERIAL",
      line: "dfu-util -d 0483:DF11 -a 0 -s 0x08000000:leave -S 315A28A0B956 -D fw.bin"),
    Caller(
      source: "Klipper, scripts/flash_usb.py, make flash FLASH_DEVICE=0483:df11",
      line: "dfu-util -d ,0483:df11 -R -a 0 -s 0x8000000:leave -D fw.bin"),
    Caller(
      source: "Klipper, scripts/flash_usb.py, a board behind Katapult, by its port",
      line: "dfu-util -p 1-1 -R -a 0 -s 0x8002000:leave -D fw.bin", chip: "f072",
      address: 0x0800_2000),
    Caller(
      source: "Zephyr, scripts/west_commands/runners/dfu.py, --dfuse",
      line: "dfu-util -d,0483:df11 -s 0x8000000:leave -a 0 -D fw.bin"),
    Caller(
      source: "Zephyr, boards/sipeed/longan_nano/board.cmake",
      line: "dfu-util -d,28e9:0189 -s 0x8000000:leave -a 0 -D fw.bin", chip: "gd32vf103"),
    Caller(
      source: "libDaisy, core/Makefile, program-dfu",
      line: "dfu-util -a 0 -s 0x08000000:leave -D fw.bin -d ,0483:df11", chip: "h743"),
    Caller(
      source: "MicroPython, ports/stm32/Makefile, deploy",
      line: "dfu-util -a 0 -d 0483:df11 -D fw.dfu", leaves: false),
    Caller(
      source: "Betaflight targets' instructions; Chimaera, Makefile, update",
      line: "dfu-util -a 0 -s :leave -D fw.dfu"),
    Caller(
      source: "Flipper Zero, ReadMe.md",
      line: "dfu-util -D fw.dfu -a 0", chip: "wb55", leaves: false),
    Caller(
      source: "Rust Makefiles with several boards, dfu-upload mass-erase=true",
      line: "dfu-util -d 0483:df11 -a 0 -s :mass-erase:force:leave -D fw.dfu"),
    Caller(
      source: "libopencm3 projects, Makefile, dfu",
      line: "dfu-util -a 0 -D fw.bin -s 0x08000000:leave -R", chip: "f072"),
    Caller(
      source: "comma.ai panda, board/Makefile",
      line: "dfu-util -d 0483:df11 -a 0 -s 0x08004000 -D fw.bin", address: 0x0800_4000,
      leaves: false),
    Caller(
      source: "CANable, candleLight: with configuration and interface",
      line: "dfu-util -d 0483:df11 -c 1 -i 0 -a 0 -s 0x08000000 -D fw.bin", chip: "f072",
      leaves: false),
    Caller(
      source: "usbd-dfu-rt, example script: long names, --reset",
      line:
        "dfu-util --device 0483:df11 --alt 0 --dfuse-address 0x08000000:leave --download fw.bin --reset"
    ),
    Caller(
      source: "Katapult guides, PX4's for Kakute H7: mass erase first",
      line:
        "dfu-util -a 0 -D fw.bin --dfuse-address 0x08000000:force:mass-erase:leave -d 0483:df11"),
    Caller(
      source: "GD32VF103 keyboards and ChibiOS demos: no -a, -w last",
      line: "dfu-util -d 28e9:0189 -s 0x08000000:leave -D fw.bin -w", chip: "gd32vf103"),
    Caller(
      source: "RoboJackets: the memory by its whole name, the vendor alone",
      line:
        "dfu-util -d 0483 -a '@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg' -D fw.bin -s 0x08000000:leave"
    ),
    Caller(
      source: "rulos: the application's ids before the comma",
      line: "dfu-util -d 1209:71c5,0483:df11 -a 0 -s 0x08000000:leave -D fw.bin"),
  ]

  @Test(arguments: callers) func `a caller's line flashes the board`(_ caller: Caller) throws {
    let sandbox = try Sandbox()
    let bus = SimulatedBus([SimulatedBoard(try #require(.named(caller.chip)))])
    sandbox.bus = bus
    let program = Firmware.program(6000, at: caller.address)
    try sandbox.write(program, to: "fw.bin")
    try sandbox.write(Firmware.container([(0, caller.address, program)]), to: "fw.dfu")
    // The sandbox takes a word that begins with @ for a file of its own.
    let line = caller.line.replacing("-a '@", with: "-a'@")
    let words = try OutsideShell.words(line).dropFirst().map {
      sandbox.files.contains($0) ? "@\($0)" : $0
    }
    let run = sandbox.run(words, program: "/usr/bin/dfu-util")
    #expect(run.status == .success, "\(run.error)")
    let isThere = bus.board(at: "1-1")?.read(program.count, at: caller.address) == program
    #expect(isThere)
    // Callers and their users look for these on standard output.
    #expect(run.output.contains("Download done.\n"))
    #expect(run.output.contains("File downloaded successfully\n"))
    #expect(run.error.contains("verified"))
    #expect(run.output.contains("the board stays in its bootloader") != caller.leaves)
  }

  // MARK: - Scrapers of -l

  /// `grep -q "Found DFU"` (QMK flash.mk), `grep '0483:df11'`, and the two patterns of west's
  /// `find_device`.
  @Test(arguments: [
    "Found DFU", "0483:df11", ", alt=0,",
    ", name=\"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg\",",
  ]) func `a scraper finds its pattern in the list`(_ pattern: String) throws {
    let sandbox = try Sandbox()
    sandbox.bus = SimulatedBus([SimulatedBoard(try #require(.named("f405")))])
    let run = sandbox.run("-d,0483:df11", "-l", program: "dfu-util")
    #expect(run.status == .success)
    #expect(run.output.contains(pattern))
    #expect(run.error.isEmpty)
  }

  /// `dfu-util -l | grep "@Internal Flash" | sed -nr 's/.*serial="([^"]*)"/\1/p'`, and
  /// `(devnum|path|alt|name|serial)=` of JavaScript and Python wrappers.
  @Test func `the fields of a list line are dfu-util's`() throws {
    let sandbox = try Sandbox()
    sandbox.bus = SimulatedBus([SimulatedBoard(try #require(.named("f405")))])
    let line = try #require(
      sandbox.run("-l", program: "dfu-util").output.split(separator: "\n")
        .first { $0.contains("@Internal Flash") })
    let pattern =
      #/^Found DFU: \[([0-9a-f]{4}):([0-9a-f]{4})\] ver=([0-9a-f]{4}), devnum=([0-9]+), cfg=([0-9]+), intf=([0-9]+), path="([^"]*)", alt=([0-9]+), name="([^"]*)", serial="([^"]*)"$/#
    let match = try #require(try pattern.wholeMatch(in: line))
    #expect(match.1 == "0483")
    #expect(match.2 == "df11")
    #expect(match.3 == "2200")
    #expect(match.7 == "1-1")
    #expect(match.8 == "0")
    #expect(match.9 == "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg")
    #expect(match.10 == "315A28A0B956")
  }

  /// `dfu-util --version | head -n1`, as installers and CI scripts ask.
  @Test(arguments: ["--version", "-V"]) func `the version is on the first line`(
    _ option: String
  ) throws {
    let run = try Sandbox().run(option, program: "dfu-util")
    #expect(run.status == .success)
    #expect(run.output.split(separator: "\n").first == "dfu-util 0.11")
    #expect(run.output.contains("dfuse 1.0.0"))
  }
}
