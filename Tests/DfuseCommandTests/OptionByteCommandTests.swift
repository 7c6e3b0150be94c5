import DfuseDevice
import DfuseFormat
import Testing

@testable import DfuseSimulator
@testable import dfuse

/// Option bytes: read whole, and what is said when they are not taken.
@Suite struct OptionByteCommandTests {
  let sandbox: Sandbox
  private let program = Firmware.program(3000)

  init() throws { sandbox = try Sandbox() }

  private func plugIn(
    _ name: String, _ change: (inout DeviceProfile) -> Void = { _ in }, faults: String...
  ) throws -> SimulatedBus {
    let chip = try #require(SimulatedChip.named(name))
    var profile = chip.profile
    change(&profile)
    let board = SimulatedBoard(
      SimulatedChip(chip.name, profile: profile), faults: try FaultPlan(parsing: faults))
    let bus = SimulatedBus([board])
    sandbox.bus = bus
    return bus
  }

  private func write(_ elements: ImageElement..., withProgram: Bool = true) throws {
    let flash = DfuseFormat.Firmware.Target(
      alternateSetting: 0, elements: [ImageElement(address: 0x0800_0000, bytes: program)])
    let options = DfuseFormat.Firmware.Target(alternateSetting: 1, elements: elements)
    try sandbox.write(
      DfuseFormat.Firmware(targets: withProgram ? [flash, options] : [options]).encoded(),
      to: "fw.dfu")
  }

  private let flash = ["flash", "@fw.dfu", "--allow-option-bytes", "--stay"]

  // MARK: - Reading

  @Test(
    arguments: [
      ("stm32g474", [(0x1FFF_7800, 48), (0x1FFF_F800, 48)]),
      ("stm32f427", [(0x1FFE_C000, 16), (0x1FFF_C000, 16)]),
      ("stm32l4r5", [(0x1FF0_0000, 40), (0x1FF0_1000, 40)]),
      ("stm32f405", [(0x1FFF_C000, 16)]),
    ] as [(String, [(UInt32, Int)])])
  func `every group is read, into one container`(name: String, groups: [(UInt32, Int)]) throws {
    let bus = try plugIn(name)
    bus.changeBoard(at: "1-1") { board in
      for (address, count) in groups {
        board.load((0..<count).map { UInt8($0) | 0x80 }, at: address)
      }
    }
    let run = sandbox.run("read", "-a", "Option Bytes", "-o", "@o.dfu")
    #expect(run.status == .success)
    let container = try DfuseFormat.Firmware(reading: sandbox.read("o.dfu"))
    #expect(
      container.targets.flatMap(\.elements)
        == groups.map { address, count in
          ImageElement(address: address, bytes: (0..<count).map { UInt8($0) | 0x80 })
        })
    let total = groups.reduce(0) { $0 + $1.1 }
    #expect(run.output.contains("read \(total) bytes (\(UInt64(groups[0].0).addressText)-"))
    #expect(sandbox.run("verify", "@o.dfu").status == .success)
  }

  @Test func `a raw file cannot hold two groups, and says how to read them`() throws {
    _ = try plugIn("stm32g474")
    #expect(
      sandbox.run("read", "-a", "Option Bytes", "-o", "@o.bin")
        == Sandbox.Run(
          status: .usage, output: "",
          error: """
            error: Option Bytes of STM32G47x/48x or G491/4A1 at 1-1 has 2 parts, which a raw file cannot \
            tell apart
              fix: name a file that ends in .dfu or .hex, which keeps them all, or read one part:
                --address 0x1FFF7800 --length 48
                --address 0x1FFFF800 --length 48

            """))
    #expect(sandbox.files.isEmpty)
    let words = ["read", "-a", "1", "-o", "@o.bin", "--address", "0x1FFFF800", "--length", "48"]
    #expect(sandbox.run(words).status == .success)
    #expect(try sandbox.read("o.bin").count == 48)
  }

  // MARK: - Writing

  @Test func `refused option bytes leave the firmware complete`() throws {
    let bus = try plugIn("stm32g431", faults: "errWRITE@write:4")
    try write(ImageElement(address: 0x1FFF_7808, bytes: [0x12]))
    let run = sandbox.run(flash)
    #expect(run.status == .protocolError)
    #expect(
      run.error.contains(
        "  now: the firmware is written and verified; the Option Bytes are as they were\n"))
    #expect(!run.error.contains("incomplete"))
    #expect(!run.error.contains("run the same command again"))
    #expect(bus.board(at: "1-1")?.read(3000, at: 0x0800_0000) == program)
  }

  @Test func `option bytes that read as before were not changed`() throws {
    for withProgram in [true, false] {
      _ = try plugIn("stm32g431") { $0.quirks.ignoresOptionBytes = true }
      try write(ImageElement(address: 0x1FFF_7808, bytes: [0x12]), withProgram: withProgram)
      let run = sandbox.run(flash)
      #expect(run.status == .different)
      #expect(run.error.contains("did not take the Option Bytes: they read as before"))
      #expect(
        run.error.contains(
          withProgram
            ? "  now: the firmware is written and verified; the Option Bytes were not changed\n"
            : "  now: nothing on the board was changed\n"))
    }
  }

  @Test func `a board that resets is waited for, and its option bytes are read back`() throws {
    let bus = try plugIn("stm32f405")
    try write(ImageElement(address: 0x1FFF_C008, bytes: [0x12, 0x34]))
    let run = sandbox.run(flash)
    #expect(run.status == .success)
    #expect(
      run.output.contains(": verified; the board restarted when its option bytes were written\n"))
    #expect(bus.board(at: "1-1")?.read(2, at: 0x1FFF_C008) == [0x12, 0x34])
    let again = sandbox.run(flash + ["--json"])
    #expect(again.output.contains(#""verified":true"#))
  }

  @Test func `a board that resets and did not take them says so`() throws {
    _ = try plugIn("stm32f405") { $0.quirks.ignoresOptionBytes = true }
    try write(ImageElement(address: 0x1FFF_C008, bytes: [0x12, 0x34]))
    let run = sandbox.run(flash)
    #expect(run.status == .different)
    #expect(run.error.contains("they read as before"))
    #expect(run.error.contains("the firmware is written and verified"))
  }

  @Test func `two groups are written one after the other, with a reset between`() throws {
    let bus = try plugIn("stm32f427")
    try write(
      ImageElement(address: 0x1FFF_C008, bytes: [0xFE, 0x0F, 0x01, 0xF0]),
      ImageElement(address: 0x1FFE_C008, bytes: [0xFD, 0x0F, 0x02, 0xF0]))
    let run = sandbox.run(flash)
    #expect(run.status == .success)
    #expect(run.output.contains(": verified; "))
    #expect(bus.board(at: "1-1")?.read(4, at: 0x1FFF_C008) == [0xFE, 0x0F, 0x01, 0xF0])
    #expect(bus.board(at: "1-1")?.read(4, at: 0x1FFE_C008) == [0xFD, 0x0F, 0x02, 0xF0])
  }

  @Test(arguments: [("stm32f405", 0x1FFF_C001), ("stm32g431", 0x1FFF_7800)] as [(String, UInt32)])
  func `a level that keeps them from being read is said`(name: String, address: UInt32) throws {
    let bus = try plugIn(name)
    try write(ImageElement(address: address, bytes: [0xBB]))
    let run = sandbox.run(flash)
    #expect(run.status == .success)
    #expect(
      run.output.contains(
        ": verified but for the option bytes: the chip is read protected now; "))
    #expect(bus.board(at: "1-1")?.state.readProtection == 1)
  }

  // MARK: - Mass erase

  @Test func `--mass-erase with nothing for the flash is refused`() throws {
    let bus = try plugIn("stm32g431")
    bus.changeBoard(at: "1-1") { $0.load([1, 2, 3], at: 0x0800_0000) }
    try write(ImageElement(address: 0x1FFF_7808, bytes: [0x12]), withProgram: false)
    let run = sandbox.run(flash + ["--mass-erase"])
    #expect(run.status == .usage)
    #expect(run.error.contains("dfuse erase --all"))
    #expect(bus.board(at: "1-1")?.read(3, at: 0x0800_0000) == [1, 2, 3])
    #expect(bus.board(at: "1-1")?.counters.count(.any) == 0)
  }

  @Test func `a mass erase that was refused has left nothing behind`() throws {
    _ = try plugIn("stm32g431", faults: "errVENDOR@masserase:1")
    let run = sandbox.run("erase", "--all")
    #expect(run.status == .success)
    #expect(
      run.error.contains("the board refused the mass erase; 64 sectors erased one by one\n"))
    #expect(!run.error.contains("left data behind"))
  }

  @Test(arguments: [
    ["erase", "--all"], ["flash", "@app.bin", "--address", "08008000", "--mass-erase"],
  ])
  func `an application bootloader's board is erased behind the bootloader`(words: [String]) throws {
    let bus = try plugIn("mboot")
    let boot = [UInt8](repeating: 0x11, count: 32 << 10)
    bus.changeBoard(at: "1-1") { board in
      board.load(boot, at: 0x0800_0000)
      for address in stride(from: UInt32(0x0800_8000), to: 0x0810_0000, by: 0x4000) {
        board.load([1, 2, 3, 4], at: address)
      }
    }
    try sandbox.write(Firmware.program(3000, at: 0x0800_8000), to: "app.bin")
    let run = sandbox.run(words)
    #expect(run.status == .success)
    #expect(run.error.contains("0x0800_0000-0x0800_7fff"))
    #expect(bus.board(at: "1-1")?.read(boot.count, at: 0x0800_0000) == boot)
    for address in stride(from: UInt32(0x0800_C000), to: 0x0810_0000, by: 0x4000) {
      #expect(bus.board(at: "1-1")?.read(4, at: address) == [0xFF, 0xFF, 0xFF, 0xFF])
    }
  }

  // MARK: - Addresses that are not there

  @Test func `what there is to read, and to erase, is listed`() throws {
    _ = try plugIn("stm32g474")
    let read = sandbox.run("read", "-o", "@r.bin", "--address", "0x20000000", "--length", "4")
    #expect(read.status == .badData)
    #expect(
      read.error.hasSuffix(
        """
          fix: what can be read:
            0x0800_0000-0x0807_ffff  Internal Flash (-a 0)
            0x1fff_7800-0x1fff_782f  Option Bytes (-a 1)
            0x1fff_f800-0x1fff_f82f  Option Bytes (-a 1)
            0x1fff_7000-0x1fff_73ff  OTP Memory (-a 2)

        """))
    let erase = sandbox.run("erase", "--address", "0x1FFF7800")
    #expect(erase.status == .badData)
    #expect(
      erase.error.hasSuffix(
        """
          fix: what can be erased:
            0x0800_0000-0x0807_ffff  Internal Flash (-a 0)

        """))
    #expect(!(read.error + erase.error).contains("file"))
  }

  @Test func `ranges that touch are listed as one`() {
    let board = ["--simulate", "f405"]
    let erase = sandbox.run(["erase", "--address", "0x1FFF7800"] + board)
    #expect(
      erase.error.hasSuffix(
        """
          fix: what can be erased:
            0x0800_0000-0x080f_ffff  Internal Flash (-a 0)

        """))
    let read = sandbox.run(
      ["read", "--address", "0x30000000", "--length", "4", "-o", "@read.bin"] + board)
    #expect(read.error.contains("    0x0800_0000-0x080f_ffff  Internal Flash (-a 0)\n"))
  }
}
