import Foundation
import Testing

@testable import dfuse

/// The files that keep simulated boards between runs.
@Suite struct BoardStateFileTests {
  let sandbox: Sandbox
  private let board: String

  init() throws {
    sandbox = try Sandbox()
    board = "f405:" + sandbox.path("b.state")
    try sandbox.write(Firmware.program(3000), to: "fw.bin")
  }

  private func flash() {
    #expect(sandbox.run("flash", "@fw.bin", "--simulate", board).status == .success)
  }

  @Test func `commands that only read make no file`() {
    for words in [
      ["list"], ["read", "-o", "@out.bin"], ["verify", "@fw.bin"],
      ["flash", "--dry-run", "@fw.bin"],
      ["flash", "--dry-run", "--all", "@fw.bin"],
    ] {
      _ = sandbox.run(words + ["--simulate", board])
      #expect(!sandbox.files.contains("b.state"), "\(words)")
    }
  }

  @Test(
    arguments: [
      ["list"], ["read", "-o", "@out.bin"], ["verify", "@fw.bin"],
      ["flash", "--dry-run", "@fw.bin"], ["flash", "@fw.bin"],
    ])
  func `a file is not written when nothing changed`(words: [String]) throws {
    flash()
    let before = FileFacts.of(sandbox.path("b.state"))
    #expect(sandbox.run(words + ["--simulate", board]).status == .success)
    #expect(FileFacts.of(sandbox.path("b.state")) == before)
  }

  @Test func `a file is written when something changed`() throws {
    flash()
    let before = try sandbox.read("b.state")
    #expect(sandbox.run("erase", "--all", "--simulate", board).status == .success)
    #expect(try sandbox.read("b.state") != before)
  }

  @Test func `an empty file is a new board`() throws {
    try sandbox.write([], to: "b.state")
    flash()
    #expect(sandbox.run("verify", "@fw.bin", "--simulate", board).status == .success)
  }

  @Test func `the output is never the state file`() throws {
    let fix = "\n  fix: name another file with -o\n"
    #expect(sandbox.run("read", "-o", "@b.state", "--simulate", board).status == .usage)
    flash()
    let before = try sandbox.read("b.state")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("link.bin"), withDestinationPath: "b.state")
    let run = sandbox.run("read", "-o", "@link.bin", "--simulate", board)
    #expect(run.status == .usage)
    #expect(
      run.error.hasPrefix("error: the output link.bin is the state file of the simulated board"))
    #expect(run.error.hasSuffix(fix))
    #expect(try sandbox.read("b.state") == before)
  }

  @Test(arguments: ["/dev/zero", "/dev/null", "/dev/full", "pipe", "to-the-pipe"])
  func `a link to a device keeps no board`(device: String) throws {
    try #require(unsafe mkfifo(sandbox.path("pipe"), 0o600) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("to-the-pipe"), withDestinationPath: "pipe")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("b.state"), withDestinationPath: device)
    for words in [["list"], ["flash", "@fw.bin"]] {
      let run = sandbox.run(words + ["--simulate", board])
      #expect(run.status == .badData)
      #expect(
        run.error.hasPrefix("error: b.state is no file, and cannot keep a simulated board\n"))
    }
  }

  @Test func `a pipe and a folder keep no board`() throws {
    try #require(unsafe mkfifo(sandbox.path("b.state"), 0o600) == 0)
    for words in [["list"], ["flash", "@fw.bin"]] {
      #expect(sandbox.run(words + ["--simulate", board]).status == .badData)
    }
    try FileManager.default.removeItem(atPath: sandbox.path("b.state"))
    try Folder.make(sandbox.path("b.state"))
    for words in [["list"], ["flash", "@fw.bin"]] {
      let run = sandbox.run(words + ["--simulate", board])
      #expect([.noInput, .cannotCreate].contains(run.status))
      #expect(run.error.contains("b.state: Is a directory"))
    }
  }

  @Test func `a link to where no file is yet is followed, and stays a link`() throws {
    try Folder.make(sandbox.path("folder"))
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("b.state"), withDestinationPath: "folder/real.state")
    flash()
    #expect(PathFacts.of(sandbox.path("b.state"))?.target == "folder/real.state")
    #expect(PathFacts.of(sandbox.path("folder/real.state")) == PathFacts(kind: .file))
    #expect(sandbox.run("verify", "@fw.bin", "--simulate", board).status == .success)
  }

  @Test func `a file that is too large is refused at once`() throws {
    try sandbox.write([], to: "b.state")
    let file = try #require(FileHandle(forWritingAtPath: sandbox.path("b.state")))
    try file.truncate(atOffset: 1 << 40)
    try file.close()
    let run = sandbox.run("list", "--simulate", board)
    #expect(run.status == .badData)
    #expect(run.error.contains("b.state has 1099511627776 bytes (1048576 MiB)"))
  }

  @Test func `a folder that is not there is an error before the work`() {
    let run = sandbox.run(
      "flash", "@fw.bin", "--simulate", "f405:" + sandbox.path("none/b.state"))
    #expect(run.status == .cannotCreate)
    #expect(run.error.hasPrefix("error: cannot write none/b.state: No such file or directory\n"))
    #expect(run.error.contains("  fix: make its folder first: mkdir -p "))
  }

  @Test func `a second command is told whose the board is`() throws {
    try sandbox.write(Firmware.program(900_000), to: "large.bin")
    let error = try BuiltProgram.Pipe()
    let first = try BuiltProgram(
      ["flash", "--full", "--trace", "large.bin", "--simulate", "stm32f405:b.state"],
      in: sandbox.path(""), error: .descriptor(error.writer))
    _ = error.reader.text(until: "erased ")
    // The trace of the blocks is longer than the pipe: the first cannot be done.
    for words in [["flash", "@fw.bin"], ["erase", "--all"], ["list"], ["verify", "@fw.bin"]] {
      let run = sandbox.run(words + ["--simulate", board])
      #expect(run.status == .inputOutput)
      #expect(
        run.error == """
          error: b.state is in use by process \(first.process)
            why: another command works on this simulated board
            fix: wait until it has ended, or name another state file

          """)
    }
    _ = error.reader.text()
    #expect(first.end() == 0)
    #expect(
      sandbox.run("verify", "--address", "08000000", "@large.bin", "--simulate", board).status
        == .success)
  }

  @Test func `of many flashes at once, those that say verified are`() throws {
    for _ in 0..<3 {
      for seed in 1...4 {
        try sandbox.write(
          Firmware.program(3000, at: 0x0800_0000 + UInt32(seed) << 17, seed: UInt64(seed)),
          to: "\(seed).bin")
      }
      let programs = try (1...4).map { seed in
        try BuiltProgram(
          [
            "flash", "--stay", "--address", String(0x0800_0000 + seed << 17, radix: 16),
            "\(seed).bin", "--simulate", "stm32f405:many.state",
          ], in: sandbox.path(""))
      }
      let ends = programs.map { $0.end() }
      #expect(Set(ends).isSubset(of: [0, 74]))
      for (seed, end) in zip(1..., ends) where end == 0 {
        let run = sandbox.run(
          "verify", "--address", String(0x0800_0000 + seed << 17, radix: 16), "@\(seed).bin",
          "--simulate", "f405:" + sandbox.path("many.state"))
        #expect(run.status == .success, "\(run.error)")
      }
      try? FileManager.default.removeItem(atPath: sandbox.path("many.state"))
    }
  }
}
