import Foundation
import SystemPackage
import Testing

@testable import dfuse

/// Whoever reads the output may go at any moment, and so may the terminal: the board must not suffer.
@Suite struct LostOutputTests {
  let sandbox: Sandbox
  private let board: String
  private let folder: String

  init() throws {
    sandbox = try Sandbox()
    folder = sandbox.path("")
    board = "stm32f405:board.state"
    try sandbox.write(Firmware.program(900_000), to: "fw.bin")
    try sandbox.write(Firmware.container([(0, 0x0800_0000, Firmware.program(3000))]), to: "fw.dfu")
  }

  private func start(
    _ words: String..., output: BuiltProgram.Stream = .null, error: BuiltProgram.Stream = .null,
    terminal: String? = nil, ignoring: Int32? = nil
  ) throws -> BuiltProgram {
    try BuiltProgram(
      words, in: folder, output: output, error: error, terminal: terminal, ignoring: ignoring)
  }

  /// Whether the simulated board holds `fw.bin`.
  private func holdsFirmware() throws -> Bool {
    try start("verify", "--address", "08000000", "fw.bin", "--simulate", board).end() == 0
  }

  private func report() -> String? {
    try? String(contentsOfFile: sandbox.path("dfuse-report.txt"), encoding: .utf8)
  }

  // MARK: - Only the reader is gone

  @Test(arguments: [[], ["--json"], ["--verbose"], ["--trace"], ["--json", "--all"]])
  func `a flash whose reader is gone goes on to its end`(options: [String]) throws {
    let gone = try BuiltProgram.Pipe.withoutReader()
    let both = try BuiltProgram.Pipe.withoutReader()
    let program = try BuiltProgram(
      ["flash", "--full", "fw.bin", "--simulate", board] + options, in: folder,
      output: .descriptor(gone), error: .descriptor(both))
    #expect(program.end() == 0)
    #expect(try holdsFirmware())
    #expect(report() == nil)
  }

  @Test(arguments: ["head -n 1", "grep -m1 phase", "true"])
  func `a flash goes on when its reader has seen enough`(reader: String) throws {
    for pipe in ["|", "2>&1 |"] {
      let shell = Process()
      shell.executableURL = URL(fileURLWithPath: "/bin/bash")
      shell.currentDirectoryURL = URL(fileURLWithPath: folder)
      let flash = "'\(BuiltProgram.path)' flash --full --json fw.bin --simulate \(board)"
      shell.arguments = ["-c", "\(flash) \(pipe) \(reader); exit ${PIPESTATUS[0]}"]
      shell.standardOutput = FileHandle.nullDevice
      shell.standardError = FileHandle.nullDevice
      try shell.run()
      shell.waitUntilExit()
      #expect(shell.terminationReason == .exit)
      #expect(shell.terminationStatus == 0)
      #expect(try holdsFirmware())
    }
  }

  @Test(arguments: [(BuiltProgram.Stream.closed, "closed"), (.null, "discarded")])
  func `streams that were closed from the start are no files and no boards`(
    output: BuiltProgram.Stream, _: String
  ) throws {
    #expect(
      try start("flash", "--json", "fw.bin", "--simulate", board, output: output, error: .closed)
        .end() == 0)
    #expect(try holdsFirmware())
    #expect(
      try start("pack", "-o", "x.dfu", "-i", "fw.bin", "-a", "0", output: output, error: .closed)
        .end() == 0)
    #expect(try sandbox.read("x.dfu").count == 900_000 + 309)
    #expect(
      try start("info", "fw.dfu", output: output, error: .closed).end() == 0)
  }

  @Test(
    arguments: [
      ["info", "fw.dfu"], ["info", "--json", "fw.dfu"], ["list", "--simulate", "f405"],
      ["simulate", "--list"], ["--help"], ["help", "flash"], ["udev", "print"],
      ["pack", "-o", "-", "-i", "fw.bin", "-a", "0"], ["read", "-o", "-", "--simulate", "f405"],
      ["verify", "--json", "fw.dfu", "--simulate", "f405:flashed"],
      ["erase", "--json", "--all", "--simulate", "f405"],
      ["leave", "--json", "--simulate", "f405:flashed"],
      ["unprotect", "--json", "--yes", "--simulate", "f405"],
    ])
  func `what is shown ends quietly when nobody looks`(words: [String]) throws {
    #expect(try start("flash", "fw.dfu", "--simulate", "f405:flashed").end() == 0)
    let gone = try BuiltProgram.Pipe.withoutReader()
    let error = try BuiltProgram.Pipe()
    let program = try BuiltProgram(
      words, in: folder, output: .descriptor(gone), error: .descriptor(error.writer))
    let text = error.reader.text()
    #expect(program.end() == 0)
    #expect(!text.contains("error:"))
  }

  @Test func `a failure keeps its status when nobody looks`() throws {
    try sandbox.write(Array(try sandbox.read("fw.dfu").dropLast()), to: "cut.dfu")
    let gone = try BuiltProgram.Pipe.withoutReader()
    #expect(try start("info", "cut.dfu", output: .descriptor(gone)).end() == 65)
    // Data for a standard output that is not there are lost, and nobody chose that.
    #expect(try start("read", "-o", "-", "--simulate", "f405", output: .closed).end() == 73)
  }

  @Test func `a failure that nobody could read is kept in a file`() throws {
    let gone = try BuiltProgram.Pipe.withoutReader()
    let program = try start(
      "flash", "--full", "fw.bin", "--simulate", board, "--fault", "errWRITE@write:9",
      error: .descriptor(gone))
    #expect(program.end() == 76)
    let report = try #require(self.report())
    #expect(report.contains("flash --full fw.bin"))
    #expect(report.contains("now: the firmware on the board is incomplete"))
    #expect(report.contains("fix: "))
  }

  // MARK: - Signals

  @Test(arguments: [(SIGHUP, 129), (SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
  func `a signal stops between two blocks, and says what is on the chip`(
    number: Int32, status: Int32
  ) throws {
    let error = try BuiltProgram.Pipe()
    let program = try start(
      "flash", "--full", "--trace", "fw.bin", "--simulate", board, error: .descriptor(error.writer))
    _ = error.reader.text(until: "erased ")
    // The trace of the blocks is longer than the pipe: it cannot be done.
    program.send(number)
    // A shell and the kernel both say that a terminal is gone.
    if number == SIGHUP { program.send(number) }
    let text = error.reader.text()
    #expect(program.end() == status)
    #expect(text.contains("error: stopped on request"))
    // Which it is depends on how far the flash had come.
    #expect(
      text.contains("now: the firmware on the board is incomplete")
        || text.contains("now: the old program may be erased"))
    #expect(report() == nil)
    #expect(try !holdsFirmware())
    #expect(try start("flash", "fw.bin", "--simulate", board).end() == 0)
    #expect(try holdsFirmware())
  }

  @Test func `the last line of JSON has the status of the signal`() throws {
    let output = try BuiltProgram.Pipe()
    let error = try BuiltProgram.Pipe()
    let program = try start(
      "flash", "--full", "--json", "--trace", "fw.bin", "--simulate", board,
      output: .descriptor(output.writer), error: .descriptor(error.writer))
    _ = output.reader.text(until: #""finish","phase":"erase""#)
    program.send(SIGHUP)
    _ = error.reader.text()
    let text = output.reader.text()
    #expect(program.end() == 129)
    let last = try #require(text.split(separator: "\n").last)
    #expect(last.contains(#""event":"result""#))
    #expect(last.contains(#""status":129"#))
  }

  @Test func `nohup means that a closed terminal stops nothing`() throws {
    let error = try BuiltProgram.Pipe()
    let program = try start(
      "flash", "--full", "--trace", "fw.bin", "--simulate", board, error: .descriptor(error.writer),
      ignoring: SIGHUP)
    _ = error.reader.text(until: "erased ")
    program.send(SIGHUP)
    _ = error.reader.text()
    #expect(program.end() == 0)
    #expect(try holdsFirmware())
  }

  #if os(Linux)
    @Test func `a closed terminal stops the flash, and the report is in a file`() throws {
      let master = try Terminal()
      let program = try start(
        "flash", "--full", "--trace", "fw.bin", "--simulate", board, terminal: master.name)
      _ = master.descriptor.text(until: "erased ")
      try master.descriptor.close()
      #expect(program.end() == 129)
      let report = try #require(self.report())
      #expect(report.contains("flash --full --trace fw.bin"))
      #expect(report.contains("error: stopped on request\n  why: SIGHUP came"))
      #expect(
        report.contains("now: the firmware on the board is incomplete")
          || report.contains("now: the old program may be erased"))
      #expect(try !holdsFirmware())
    }

    @Test func `a terminal that is gone without a word stops nothing`() throws {
      let master = try Terminal()
      let program = try start(
        "flash", "--full", "--trace", "fw.bin", "--simulate", board, terminal: master.name,
        ignoring: SIGHUP)
      _ = master.descriptor.text(until: "erased ")
      try master.descriptor.close()
      #expect(program.end() == 0)
      #expect(try holdsFirmware())
    }

    /// The side of a pseudo-terminal that a terminal emulator has.
    private struct Terminal {
      let descriptor: FileDescriptor
      let name: String

      init() throws {
        descriptor = try FileDescriptor.open(
          "/dev/ptmx", .readWrite,
          options: FileDescriptor.OpenOptions(rawValue: O_NOCTTY | O_CLOEXEC))
        var (lock, number) = (Int32(0), UInt32(0))
        // TIOCSPTLCK and TIOCGPTN
        try #require(unsafe ioctl(descriptor.rawValue, 0x4004_5431, &lock) == 0)
        try #require(unsafe ioctl(descriptor.rawValue, 0x8004_5430, &number) == 0)
        name = "/dev/pts/\(number)"
      }
    }
  #endif
}
