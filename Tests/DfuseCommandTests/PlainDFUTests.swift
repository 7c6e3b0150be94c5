import DfuseDevice
import DfuseSimulator
import Testing

@testable import dfuse

/// Devices in DFU mode that do not speak DfuSe: to them, a DfuSe command is firmware.
@Suite struct PlainDFUTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  static let names = SimulatedChip.plain.map(\.name)
  static let commands = [
    ["leave", "--address", "08000000"], ["leave"], ["unprotect", "--yes"], ["erase", "--all"],
    ["erase", "--address", "08000000"], ["read", "-o", "@out.bin"], ["verify", "@fw.hex"],
    ["flash", "@fw.hex"], ["flash", "@fw.hex", "--full", "--mass-erase"],
    ["flash", "@fw.hex", "--all"], ["flash", "@fw.hex", "--dry-run"],
    ["flash", "@fw.hex", "--loop"],
    ["leave", "--wait=2"], ["leave", "--path", "1-1"], ["list"],
  ]

  private func bus(_ name: String) throws -> SimulatedBus {
    let chip = try #require(SimulatedChip.named(name))
    var board = SimulatedBoard(chip)
    board.load([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88], at: 0x0800_0000)
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    return bus
  }

  @Test(arguments: names, commands)
  func `no command sends it a DNLOAD, or asks for its commands`(
    name: String, command: [String]
  ) throws {
    try sandbox.write(
      Array(":020000040800F2\n:080000000000022001010008CC\n:00000001FF\n".utf8), to: "fw.hex")
    let bus = try bus(name)
    let run = sandbox.run(command)
    #expect(run.status == (command.contains("--loop") ? .success : .noBoard))
    let counters = try #require(bus.board(at: "1-1")).counters
    #expect(counters.count(.any) == 0, "\(run.error)")
  }

  @Test func `the refusal says why, and names the one way round it`() throws {
    _ = try bus("tinyusb-dfu")
    #expect(
      sandbox.run("leave", "--address", "08000000")
        == Sandbox.Run(
          status: .noBoard, output: "",
          error: """
            error: no board in its DfuSe bootloader
              why: the device 0483:df11 at 1-1 speaks plain DFU: it would take DfuSe commands for \
            firmware, and write them over its own
              fix: use a tool for plain DFU, such as dfu-util -D; if it is known to speak DfuSe: \
            --assume-dfuse --device 0483:df11
                1-1  0483:df11  TinyUSB Device  serial 123456  (speaks plain DFU, not DfuSe)

            """))
  }

  @Test func `a known device is called by its name`() throws {
    _ = try bus("uno-r4")
    let run = sandbox.run("flash", "--device", "2341:0369", "@fw.bin")
    #expect(run.status == .noInput)
    try sandbox.write(Firmware.program(100), to: "fw.bin")
    #expect(
      sandbox.run("flash", "--device", "2341:0369", "@fw.bin").error.contains(
        "the device 2341:0369 at 1-1 (Arduino UNO R4 Minima bootloader) speaks plain DFU"))
  }

  @Test func `the Maple bootloader's own command is told`() throws {
    _ = try bus("maple")
    try sandbox.write(Firmware.program(100), to: "fw.bin")
    #expect(
      sandbox.run("flash", "@fw.bin").error.contains(
        "use a tool for plain DFU, such as dfu-util -d 1eaf:0003 -a 2 -R -D FILE (linked for "
          + "0x0800_2000); if it is known"))
  }

  @Test func `a board beside it is taken, and it is left alone`() throws {
    let bus = try bus("tinyusb-dfu")
    bus.plugIn(SimulatedBoard(try #require(SimulatedChip.named("f405"))))
    try sandbox.write(Firmware.program(100), to: "fw.bin")
    #expect(sandbox.run("flash", "@fw.bin").status == .success)
    #expect(bus.board(at: "1-1")?.counters.count(.any) == 0)
  }

  @Test func `--assume-dfuse needs the ids`() throws {
    let bus = try bus("tinyusb-dfu")
    for words in [["leave"], ["list"], ["flash", "@fw.bin", "--path", "1-1"]] {
      try sandbox.write(Firmware.program(100), to: "fw.bin")
      let run = sandbox.run(words + ["--assume-dfuse"])
      #expect(run.status == .usage)
      #expect(run.error.hasPrefix("error: --assume-dfuse needs --device VID:PID\n"))
    }
    #expect(bus.board(at: "1-1")?.counters.count(.any) == 0)
  }

  @Test func `--assume-dfuse with the ids sends what was asked for`() throws {
    let bus = try bus("tinyusb-dfu")
    _ = sandbox.run("leave", "--address", "08000000", "--assume-dfuse", "--device", "0483:df11")
    #expect(try #require(bus.board(at: "1-1")).counters.count(.dnload) > 0)
    // This is what everybody else is spared.
    #expect(bus.board(at: "1-1")?.read(5, at: 0x0800_0000) != [0x11, 0x22, 0x33, 0x44, 0x55])
  }

  @Test func `--assume-dfuse for other ids changes nothing`() throws {
    let bus = try bus("tinyusb-dfu")
    #expect(sandbox.run("leave", "--assume-dfuse", "--device", "1234:0001").status == .noBoard)
    #expect(bus.board(at: "1-1")?.counters.count(.any) == 0)
  }

  @Test(
    arguments: [
      (
        "tinyusb-dfu",
        "1-1  0483:df11  TinyUSB Device  serial 123456\n"
          + "  plain DFU 1.1, not DfuSe: dfuse cannot flash it; dfu-util can\n"
      ),
      (
        "uno-r4",
        "1-1  2341:0369  Arduino UNO R4 Minima bootloader  serial 370B0B185931393864FA33324B572E3F\n"
          + "  plain DFU 1.1, not DfuSe: dfuse cannot flash it; dfu-util can\n"
      ),
      (
        "maple",
        "1-1  1eaf:0003  Maple bootloader  serial LLM 003\n"
          + "  plain DFU 1.1, not DfuSe: dfuse cannot flash it; dfu-util can\n"
          + "  fix: dfu-util -d 1eaf:0003 -a 2 -R -D FILE (linked for 0x0800_2000)\n"
      ),
    ])
  func `list says what it is`(name: String, text: String) throws {
    _ = try bus(name)
    let run = sandbox.run("list")
    #expect(run.output == text)
    #expect(run.status == .noBoard)
    #expect(sandbox.run("list", "--json").output.contains(#""mode" : "dfu""#))
  }

  @Test(
    arguments: [
      "numworks", "opc-20", "at32f415", "apm32f072", "gd32-12k", "x32f103", "redbear-duo",
      "f105-clone",
    ])
  func `a device that speaks DfuSe though its version does not say so is flashed`(
    name: String
  ) throws {
    let bus = try bus(name)
    let chip = try #require(SimulatedChip.named(name))
    let start: UInt32 =
      switch name {
      case "numworks": 0x9000_0000
      case "opc-20": 0
      case "redbear-duo": 0x0802_0000
      case "gd32-12k": 0x0800_3000
      default: 0x0800_0000
      }
    let program = Firmware.program(5000, at: start)
    try sandbox.write(program, to: "fw.bin")
    let run = sandbox.run(
      "flash", "@fw.bin", "--address", String(start, radix: 16))
    #expect(run.status == .success, "\(run.error)")
    #expect(bus.board(at: "1-1")?.read(5000, at: start) == program)
    let list = SimulatedBus([SimulatedBoard(chip)])
    sandbox.bus = list
    #expect(sandbox.run("list").status == .success)
  }
}
