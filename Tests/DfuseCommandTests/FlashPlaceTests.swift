import DfuseDevice
import DfuseSimulator
import Testing

@testable import dfuse

/// Where `dfuse flash` puts what, and what it refuses.
@Suite struct FlashPlaceTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus

  init() throws {
    (sandbox, bus) = try Self.setUp()
  }

  @Test func `an address is taken for raw bytes`() {
    #expect(flash("@fw.bin", "--address", "08004000", "--stay").status == .success)
    #expect(memory(40_000, at: 0x0800_4000) == Firmware.program(40_000))
  }

  @Test func `Intel HEX brings its addresses`() throws {
    try sandbox.write(
      Array(":020000040800F2\n:0400200001020304D2\n:00000001FF\n".utf8), to: "fw.hex")
    let run = flash("@fw.hex", "--stay")
    #expect(run.status == .success)
    #expect(memory(6, at: 0x0800_001F) == [0xFF, 1, 2, 3, 4, 0xFF])
    #expect(
      flash("@fw.hex", "--address", "0")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: --address 0x00000000 for fw.hex: an Intel HEX file brings its own addresses
              fix: leave --address out, or say --format raw to take the file's bytes as they are

            """))
  }

  @Test func `a container is flashed whole, or for one memory`() throws {
    try sandbox.write(
      Firmware.container([
        (0, 0x0800_0000, Firmware.program(512)), (2, 0x1FFF_7800, [0xFE, 0xFF, 0xFF, 0xFF]),
      ]), to: "fw.dfu")
    let refused = flash("@fw.dfu", "--stay")
    #expect(
      refused
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: fw.dfu would write OTP Memory (0x1fff_7800-0x1fff_7803)
              why: one-time programmable memory cannot be undone
              now: nothing on the board was changed
              fix: say --allow-otp if that is meant

            """))
    #expect(memory(4) == [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(flash("@fw.dfu", "--stay", "-a", "internal").status == .success)
    #expect(memory(512) == Firmware.program(512))
    #expect(memory(1, at: 0x1FFF_7800) == [0xFF])
    #expect(flash("@fw.dfu", "--stay", "--allow-otp").status == .success)
    #expect(memory(1, at: 0x1FFF_7800) == [0xFE])
  }

  @Test func `a memory that the board does not have is refused with those it has`() {
    #expect(
      flash("@fw.bin", "-a", "QSPI")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: STM32F2/F4 (1 MiB) at 1-1 has no alternate setting 'QSPI'
              fix: it has:
                -a 0  Internal Flash
                -a 1  Option Bytes
                -a 2  OTP Memory
                -a 3  Device Feature

            """))
  }

  @Test func `a container without anything for a memory is refused`() throws {
    try sandbox.write(Firmware.container([(0, 0x0800_0000, [1, 2, 3, 4])]), to: "fw.dfu")
    #expect(
      flash("@fw.dfu", "-a", "1")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: fw.dfu has nothing for alternate setting 1
              fix: it has targets for 0

            """))
  }

  @Test func `a container for another device is refused unless that is ignored`() throws {
    try sandbox.write(
      Firmware.container(
        [(0, 0x0800_0000, Firmware.program(64))], productID: 0xFFFF, vendorID: 0x1234),
      to: "fw.dfu")
    #expect(
      flash("@fw.dfu")
        == Sandbox.Run(
          status: .badData, output: "",
          error: """
            error: fw.dfu is for devices 1234:any, and STM32F2/F4 (1 MiB) at 1-1 is 0483:df11
              now: nothing on the board was changed
              fix: flash the file that was made for this board, or say --ignore-ids

            """))
    #expect(flash("@fw.dfu", "--ignore-ids").status == .success)
  }

  @Test func `a damaged container is refused before a board is looked for`() throws {
    var bytes = try Firmware.container([(0, 0x0800_0000, [1, 2, 3, 4])])
    bytes[293] ^= 1
    try sandbox.write(bytes, to: "fw.dfu")
    sandbox.bus = nil
    let run = flash("@fw.dfu")
    #expect(run.status == .badData)
    #expect(run.error.hasPrefix("error: fw.dfu: dwCRC at offset "))
    #expect(
      run.error.hasSuffix(
        "  fix: a damaged file is not flashed; 'dfuse info' shows what can be read of it\n"))
  }

  @Test func `a .dfu file that is none is refused`() throws {
    try sandbox.write(Firmware.program(64), to: "fw.dfu")
    #expect(flash("@fw.dfu").status == .badData)
    #expect(memory(4) == [0xFF, 0xFF, 0xFF, 0xFF])
  }

  /// `plain.dfu` of DFU 1.1: sixteen bytes for 0483:DF11.
  private let plain: [UInt8] =
    Array(0x00...0x0F) + [
      0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10, 0xCC, 0x41, 0xC6,
      0xB1,
    ]

  @Test func `a plain DFU file needs an address`() throws {
    try sandbox.write(plain, to: "plain.dfu")
    #expect(
      flash("@plain.dfu")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: plain.dfu is a plain DFU file, which says no address
              fix: say where it belongs: --address 0x08000000

            """))
    #expect(flash("@plain.dfu", "--address", "0x08004000").status == .success)
    #expect(memory(17, at: 0x0800_4000) == Array(0...15) + [0xFF])
  }

  @Test func `data outside the memory are refused with where it is`() {
    #expect(
      flash("@fw.bin", "--address", "0x90040000")
        == Sandbox.Run(
          status: .badData, output: "",
          error: """
            error: fw.bin has 0x9004_0000-0x9004_9c3f, which is external memory, and nothing that \
            STM32F2/F4 (1 MiB) at 1-1 offers
              why: a bootloader in ROM cannot write external memory
              now: nothing on the board was changed
              fix: say an --address that the board has: 'dfuse list' shows its memories

            """))
  }

  @Test func `a digit too many shows both addresses that may be meant`() {
    #expect(
      flash("@fw.bin", "--address", "0x1ffff8000")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: --address 0x1ffff8000 does not fit into 32 bits
              fix: did you mean 0x1ffff800 or 0xffff8000?

            """))
  }

  @Test(
    arguments: [
      ["--all", "--loop"], ["--loop", "--wait"], ["--loop", "--dry-run"],
      ["--preserve", "--mass-erase"],
    ])
  func `options that exclude each other are refused`(options: [String]) {
    let run = sandbox.run(["flash", "@fw.bin"] + options)
    #expect(run.status == .usage)
    #expect(
      run.error.hasPrefix("error: \(options[0]) and \(options[1]) do not go together\n  why: "))
  }

  @Test func `a stack where the chip has no RAM is noted, and flashed all the same`() throws {
    func run(_ chip: String, stack: UInt32) throws -> Sandbox.Run {
      var program = Firmware.program(3000)
      for index in 0..<4 { program[index] = UInt8(truncatingIfNeeded: stack >> (8 * index)) }
      try sandbox.write(program, to: "stack.bin")
      return sandbox.run("flash", "@stack.bin", "--simulate", chip)
    }
    // An H743's RAM, which no F4 has.
    let odd = try run("stm32f405", stack: 0x2408_0000)
    #expect(odd.status == .success)
    #expect(
      odd.error.contains(
        "the stack of stack.bin would begin at 0x2408_0000, where STM32F2/F4 (1 MiB) has no RAM: it "
          + "may have been made for another chip\n"), "\(odd.error)")
    for (chip, stack) in [
      ("stm32h743", 0x2408_0000), ("stm32f405", 0x2002_0000), ("stm32f405", 0x1001_0000),
      // Of these, nobody knows the RAM.
      ("stm32c562", 0x2408_0000), ("gd32vf103", 0x2408_0000),
    ] as [(String, UInt32)] {
      let run = try run(chip, stack: stack)
      #expect(!run.error.contains("has no RAM"), "\(chip): \(run.error)")
    }
  }
}
