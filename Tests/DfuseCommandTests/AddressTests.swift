import DfuseSimulator
import Testing

@testable import dfuse

/// One spelling of an address: `0x0800_4000` in sentences, `0x08004000` in commands and traces; both
/// are read wherever an address is.
@Suite struct AddressTests {
  private static let spellings = [
    "0x08004000", "08004000", "0x0800_4000", "0800_4000", "0X0800_4000",
  ]
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Firmware.program(64, at: 0x0800_4000), to: "fw.bin")
  }

  @Test(arguments: spellings)
  func `every option that takes an address takes each spelling`(address: String) throws {
    let board = ["--simulate", "f405:" + sandbox.path("board")]
    for words in [
      ["pack", "-o", "@x.dfu", "-m", address, "-i", "@fw.bin", "-a", "0"],
      ["pack", "-o", "@y.dfu", "--address", address, "-i", "@fw.bin", "-a", "0"],
      ["flash", "--address", address, "@fw.bin"] + board,
      ["verify", "--address", address, "@fw.bin"] + board,
      ["read", "--address", address, "--length", "0x0000_0040", "-o", "@r.bin"] + board,
      ["leave", "--address", address] + board,
      ["erase", "--address", address, "--length", "64"] + board,
    ] {
      let run = sandbox.run(words)
      #expect(run.status == .success, "\(words): \(run.error)")
    }
    #expect(try sandbox.read("r.bin") == sandbox.read("fw.bin"))
    #expect(try sandbox.read("x.dfu") == sandbox.read("y.dfu"))
    #expect(try sandbox.read("x.dfu")[285..<289] == [0x00, 0x40, 0x00, 0x08])
  }

  @Test(arguments: ["wrp=0x0800_4000", "wrp=0x08004000"])
  func `faults take both`(fault: String) throws {
    let plan = try FaultPlan(parsing: [fault, "stuckbit@0x0800_0123:4"])
    #expect(plan.writeProtected == [0x0800_4000])
    #expect(plan.stuckBits == [0x0800_0123: 0x10])
  }

  @Test(arguments: ["_08004000", "0x_08004000", "08004000_", "0800__4000", "_", "0x", ""])
  func `an underscore stands between digits`(address: String) {
    #expect(sandbox.run("erase", "--address=\(address)", "--simulate", "f405").status == .usage)
  }

  @Test(arguments: ["008000000", "0x008000000", "0x0_0800_0000"])
  func `a digit too many is refused, though it is a zero`(address: String) {
    for words in [
      ["erase", "--simulate", "f405", "--length", "4", "--address"],
      ["flash", "@fw.bin", "--simulate", "f405", "--address"],
      ["leave", "--simulate", "f405", "--address"],
      ["pack", "-o", "@z.dfu", "-i", "@fw.bin", "-a", "0", "-m"],
      ["pack", "-o", "@z.dfu", "-i", "@fw.bin", "-a", "0", "--address"],
    ] {
      let run = sandbox.run(words + [address])
      #expect(run.status == .usage, "\(words): \(run.error)")
      #expect(run.error.contains("0x00800000 or 0x08000000"), "\(words): \(run.error)")
    }
  }

  @Test func `an address between two words is told`() throws {
    let board = ["--simulate", "f405:" + sandbox.path("board")]
    for words in [["flash", "@fw.bin"], ["verify", "@fw.bin"], ["leave"]] {
      for (address, isTold) in [("0x08004001", true), ("0x08004002", true), ("08004004", false)] {
        let run = sandbox.run(words + ["--address", address] + board)
        #expect(
          run.error.contains(
            "warning: --address \(address) is no multiple of 4, and no program begins there\n")
            == isTold)
      }
    }
  }

  @Test func `sentences have groups, and what can be pasted has none`() throws {
    let board = ["--simulate", "f405:" + sandbox.path("board")]
    let flash = ["flash", "--full", "--verbose", "--address", "08004000", "@fw.bin"]
    let run = sandbox.run(flash + board)
    #expect(run.error.contains("erase the sector at 0x08004000\n"))
    #expect(run.error.contains("set address 0x08004000\n"))
    #expect(run.error.contains("write 64 bytes at 0x08004000\n"))
    let plan = sandbox.run(flash + ["--dry-run"] + board)
    #expect(plan.output.contains("0x0800_4000-0x0800_7fff  1 sector"))
    try sandbox.write(
      Firmware.container([(0, 0x0800_4000, Firmware.program(64))]), to: "fw.dfu")
    #expect(sandbox.run("unpack", "@fw.dfu", "-d", "@parts").output.contains("-m 0x08004000 -i "))
  }
}
