import DfuseSimulator
import Testing

@testable import dfuse

/// Errors of files and values say what to do.
@Suite struct FileFixTests: FlashSuite {
  let sandbox: Sandbox
  let bus: SimulatedBus

  init() throws {
    (sandbox, bus) = try Self.setUp()
  }

  private func fix(_ words: String...) throws -> String {
    let run = sandbox.run(words)
    #expect(run.status != .success)
    let line = run.error.split(separator: "\n").first { $0.hasPrefix("  fix: ") }
    return String(try #require(line, "\(run.error)").dropFirst("  fix: ".count))
  }

  @Test func `a file that cannot be read`() throws {
    let folder = sandbox.path("")
    #expect(
      try fix("flash", "@missing.bin").hasPrefix("see what is there: ls -l \(folder.dropLast())"))
    #expect(try fix("info", "no-such-file.bin") == "see what is there: ls -l .")
    #expect(
      try fix("info", "/no/such/folder/x.bin")
        == "there is no folder /no/such/folder either: see that the path is right")
    #expect(try fix("flash", "/tmp") == "name a file in it: ls -l /tmp")
    #expect(
      try fix("info", "/etc/passwd/x.bin") == "see that the path is right: a part of it is a file")
  }

  @Test func `a file that cannot be made`() throws {
    #expect(
      try fix("read", "-o", "/no such/folder/x.bin")
        == "make its folder first: mkdir -p '/no such/folder'")
    #expect(try fix("read", "-o", "/tmp") == "name a file in it")
  }

  @Test func `a program for this computer`() throws {
    try sandbox.write(
      Array("\u{7F}ELF".utf8) + [2, 1, 1] + [UInt8](repeating: 0, count: 57), to: "ls")
    #expect(
      try fix("flash", "@ls")
        == "name what the build for the board made: this is for another kind of computer")
    #expect(
      try fix("flash", "--format", "raw", "@ls")
        == "leave --format raw out: it is an ELF program, which says where it belongs")
  }

  @Test func `what is no firmware is not called damaged`() throws {
    try sandbox.write(Array("<!DOCTYPE html>".utf8), to: "page.html")
    let run = sandbox.run("info", "@page.html")
    #expect(run.status == .badData)
    #expect(
      run.error == "error: page.html is no firmware, see above\n  fix: get the firmware itself\n")
  }

  @Test func `an address in decimal`() throws {
    #expect(
      try fix("flash", "--address", "134217728", "@fw.bin")
        == "addresses are hexadecimal; in decimal that would be 0x08000000")
    #expect(
      try fix("flash", "--address", "2415919104", "@fw.bin")
        == "addresses are hexadecimal; in decimal that would be 0x90000000")
    #expect(try fix("flash", "--address", "080000000", "@fw.bin").hasPrefix("did you mean 0x"))
  }

  @Test func `a value that an option byte cannot have`() throws {
    let run = sandbox.run("options", "set", "RDP=1")
    #expect(
      run.error == """
        error: RDP cannot be 0x1
          now: nothing on the board was changed
          fix: its values, of which say one:
            RDP=0xAA   # open, level 0
            RDP=0xBB   # level 1: nothing can be read
            RDP=0xCC   # locked: no way back

        """)
  }

  @Test func `a running board that could be taken into its bootloader`() throws {
    sandbox.bus = nil
    let run = sandbox.run(
      "flash", "--simulate", "f405", "--application", "betaflight", "@fw.bin")
    #expect(
      run
        == Sandbox.Run(
          status: .noBoard, output: "",
          error: """
            error: no board in its bootloader
              why: 1-1 (0483:5740, Betaflight - STM32F405) runs its firmware, and has a way into its bootloader
              fix: say --enter as well, which takes it there

            """))
  }
}
