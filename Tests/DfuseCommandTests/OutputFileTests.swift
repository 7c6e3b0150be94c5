import Foundation
import Testing

@testable import dfuse

/// Outputs are written whole or not at all.
@Suite struct OutputFileTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.write(Array("DATA".utf8), to: "image.bin")
  }

  private func pack(_ output: String, terminal: Bool = false) -> Sandbox.Run {
    sandbox.run(
      "pack", "-q", "-o", output, "-m", "100", "-i", "@image.bin", "-a", "0", terminal: terminal)
  }

  private func mode(_ name: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: sandbox.path(name))[.posixPermissions] as? Int
  }

  @Test func `an existing file keeps its mode`() throws {
    try sandbox.write([1], to: "f.dfu")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o640], ofItemAtPath: sandbox.path("f.dfu"))
    #expect(pack("@f.dfu").status == .success)
    #expect(try sandbox.read("f.dfu").count == 313)
    #expect(try mode("f.dfu") == 0o640)
  }

  @Test func `no temporary file is left`() {
    #expect(pack("@f.dfu").status == .success)
    #expect(sandbox.files == ["f.dfu", "image.bin"])
  }

  @Test func `an existing file stays as it was when packing fails`() throws {
    try sandbox.write([1, 2, 3], to: "f.dfu")
    let run = sandbox.run(
      "pack", "-q", "-o", "@f.dfu", "-m", "100", "-i", "@image.bin", "-m", "101", "-i",
      "@image.bin", "-a", "0")
    #expect(run.status == .badData)
    #expect(try sandbox.read("f.dfu") == [1, 2, 3])
    #expect(sandbox.files == ["f.dfu", "image.bin"])
  }

  @Test func `a symbolic link stays a link, and its file is replaced`() throws {
    try sandbox.write([1], to: "real.dfu")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("link.dfu"), withDestinationPath: "real.dfu")
    #expect(pack("@link.dfu").status == .success)
    #expect(try sandbox.read("real.dfu").count == 313)
    let target = try FileManager.default.destinationOfSymbolicLink(
      atPath: sandbox.path("link.dfu"))
    #expect(target == "real.dfu")
  }

  @Test func `a link to where no file is yet is followed`() throws {
    try FileManager.default.createDirectory(
      atPath: sandbox.path("deep"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("one.dfu"), withDestinationPath: "deep/two.dfu")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("deep/two.dfu"), withDestinationPath: "../real.dfu")
    #expect(pack("@one.dfu").status == .success)
    #expect(try sandbox.read("real.dfu").count == 313)
    #expect(sandbox.files == ["deep", "image.bin", "one.dfu", "real.dfu"])
  }

  @Test func `a link to itself is refused`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("loop.dfu"), withDestinationPath: "loop.dfu")
    let run = pack("@loop.dfu")
    #expect(run.status == .cannotCreate)
    #expect(
      run.error == "error: cannot write loop.dfu: Too many levels of symbolic links\n")
  }

  @Test(arguments: ["@none/out.bin", "@.", "@image.bin/out.bin"])
  func `the place is tried before a board is read`(output: String) throws {
    let bus = StubBus([.board(path: "1-1")])
    sandbox.bus = bus
    let run = sandbox.run("read", "-o", output)
    // The stub refuses to be opened, which would be another failure.
    #expect(run.status == .cannotCreate, "\(run.error)")
    #expect(sandbox.files == ["image.bin"])
  }

  @Test func `a place that was tried is left as it was`() throws {
    try sandbox.write([1, 2, 3], to: "out.bin")
    sandbox.bus = StubBus([])
    #expect(sandbox.run("read", "-o", "@out.bin").status == .noBoard)
    #expect(sandbox.run("read", "-o", "@new.bin").status == .noBoard)
    #expect(try sandbox.read("out.bin") == [1, 2, 3])
    #expect(sandbox.files == ["image.bin", "out.bin"])
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func `a signal that ends the process removes what is half written`(number: Int32) throws {
    try sandbox.write([1], to: "large.bin")
    let file = try #require(FileHandle(forWritingAtPath: sandbox.path("large.bin")))
    try file.truncate(atOffset: 64 << 20)
    try file.close()
    let program = try BuiltProgram(
      ["pack", "-q", "-o", "x.dfu", "-i", "large.bin", "-a", "0"], in: sandbox.path(""))
    let limit = Date(timeIntervalSinceNow: 60)
    while sandbox.files.count == 2, Date() < limit { usleep(1000) }
    program.send(number)
    let end = program.end()
    // It may have been done already.
    #expect(end == 128 + number || end == 0)
    #expect(sandbox.files.filter { $0 != "x.dfu" } == ["image.bin", "large.bin"])
  }

  @Test func `a file that becomes larger than is allowed is removed`() throws {
    try sandbox.write(Array(repeating: 1, count: 100_000), to: "large.bin")
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/bash")
    shell.currentDirectoryURL = URL(fileURLWithPath: sandbox.path(""))
    shell.arguments = [
      "-c", "ulimit -f 10; '\(BuiltProgram.path)' pack -o x.dfu -i large.bin -a 0 2> /dev/null",
    ]
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 74)
    #expect(sandbox.files == ["image.bin", "large.bin"])
  }

  @Test func `a pipe that nobody reads ends with the first signal`() throws {
    #expect(unsafe mkfifo(sandbox.path("pipe"), 0o600) == 0)
    let error = try BuiltProgram.Pipe()
    let program = try BuiltProgram(
      ["read", "-o", "pipe", "--length", "2K", "--simulate", "f405"], in: sandbox.path(""),
      error: .descriptor(error.writer))
    _ = error.reader.text(until: "read 2 KiB")
    usleep(200_000)
    program.send(SIGINT)
    let text = error.reader.text()
    #expect(program.end() == 130)
    #expect(text.hasSuffix("error: stopped on request\n  why: nobody reads pipe\n"))
  }

  @Test func `an output that is an input by another name is refused`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("link.bin"), withDestinationPath: "image.bin")
    let run = pack("@link.bin")
    #expect(run.status == .usage)
    #expect(try sandbox.read("image.bin") == Array("DATA".utf8))
  }

  @Test func `a folder is no output`() {
    let run = pack("@.")
    #expect(run.status == .cannotCreate)
    #expect(run.error == "error: cannot write .: it is a folder\n  fix: name a file in it\n")
  }

  @Test func `a device is written to, not replaced`() {
    #expect(pack("/dev/null").status == .success)
    #expect(FileFacts.of("/dev/null")?.kind == .other)
  }

  @Test func `a full device is an error`() throws {
    try #require(FileFacts.of("/dev/full") != nil || !isLinux)
    guard isLinux else { return }
    let run = pack("/dev/full")
    #expect(run.status == .inputOutput)
    #expect(
      run.error
        == "error: cannot write /dev/full: No space left on device\n  fix: make room first: df -h /dev\n"
    )
  }

  private var isLinux: Bool {
    #if os(Linux)
      true
    #else
      false
    #endif
  }

  @Test func `standard output gets the container and nothing else`() throws {
    let run = sandbox.run("pack", "-o", "-", "-m", "100", "-i", "@image.bin", "-a", "0")
    #expect(run.status == .success)
    #expect(run.output.hasPrefix("DfuSe"))
    #expect(run.error.hasPrefix("packed standard output  313 bytes"))
  }

  @Test func `a terminal is not given binary data`() {
    let run = pack("-", terminal: true)
    #expect(run.status == .usage)
    #expect(run.output.isEmpty)
    #expect(run.error.contains("will not write a binary file to a terminal"))
  }
}
