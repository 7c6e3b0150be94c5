import Foundation
import SystemPackage
import Testing

@testable import dfuse

/// No file is read that is larger than firmware can be, and nothing that has no end.
@Suite struct FileSizeTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
  }

  /// A file that takes no room on the disk.
  private func makeSparse(_ name: String, size: UInt64) throws {
    try sandbox.write([], to: name)
    let file = try #require(FileHandle(forWritingAtPath: sandbox.path(name)))
    try file.truncate(atOffset: size)
    try file.close()
  }

  /// Every way to have a file read.
  private static let readers: [[String]] = [
    ["info"], ["unpack", "-d", "@out"], ["pack", "-o", "@out.dfu"],
    ["flash", "--simulate", "f405"],
    ["flash", "--all", "--simulate", "f405"], ["verify", "--simulate", "f405"],
  ]

  @Test(arguments: readers)
  func `a file that is too large is refused at once`(words: [String]) throws {
    try makeSparse("big.bin", size: 1 << 40)
    let run = sandbox.run(words + ["@big.bin"])
    #expect(run.status == .badData)
    #expect(
      run.error.contains(
        """
        error: big.bin has 1099511627776 bytes (1048576 MiB), and at most 4294967605 bytes \
        (4096.0 MiB) are read
          why: no firmware is larger: addresses have 32 bits

        """.dropLast()), "\(run.error)")
    #expect(sandbox.files == ["big.bin"])
  }

  @Test func `one byte more than a container of 4 GiB is too much`() throws {
    try makeSparse("big.bin", size: (1 << 32) + 310)
    #expect(sandbox.run("info", "@big.bin").status == .badData)
    try makeSparse("small.bin", size: 11)
    #expect(throws: Failure.self) {
      try InputFile(name: sandbox.path("small.bin"), limit: 10).read()
    }
    #expect(try InputFile(name: sandbox.path("small.bin"), limit: 11).read().count == 11)
  }

  @Test(arguments: readers.filter { $0[0] != "pack" })
  func `a device without an end is not read for ever`(words: [String]) {
    let run = sandbox.run(words + ["/dev/zero"])
    #expect(run.status == .badData)
    #expect(
      run.error.contains(
        """
        error: /dev/zero has more than 67108864 bytes (64 MiB), and at most 67108864 bytes \
        (64 MiB) are read
          why: a device may have no end

        """.dropLast()), "\(run.error)")
  }

  /// How a command line ends that may have 1 GiB of address space.
  private func endInSmallMemory(_ line: String) throws -> Int32 {
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/bash")
    shell.currentDirectoryURL = URL(fileURLWithPath: sandbox.path(""))
    shell.arguments = ["-c", "ulimit -v 1048576; exec '\(BuiltProgram.path)' \(line)"]
    shell.standardOutput = FileHandle.nullDevice
    shell.standardError = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    return shell.terminationReason == .exit ? shell.terminationStatus : -1
  }

  @Test func `memory of 1 GiB is enough for images of 64 MiB`() throws {
    try makeSparse("big.bin", size: 64 << 20)
    #expect(try endInSmallMemory("pack -o big.dfu -m 08000000 -i big.bin -a 0") == 0)
    #expect(try endInSmallMemory("info - < big.bin") == 0)
    for line in ["flash --skip-outside --stay", "verify --skip-outside"] {
      #expect(try endInSmallMemory("\(line) big.dfu --simulate f405:b.state") == 0)
    }
    // A file for which there is none is an error, and no crash.
    try makeSparse("big.bin", size: 2 << 30)
    #expect(try endInSmallMemory("info big.bin") == 66)
    #expect(try endInSmallMemory("info - < big.bin") == 66)
  }

  @Test func `a stream is read up to the limit`() throws {
    for (size, isRead) in [(10, true), (11, false)] {
      let pipe = try FileDescriptor.pipe()
      try pipe.writeEnd.closeAfter {
        _ = try pipe.writeEnd.writeAll(Array(repeating: 1, count: size))
      }
      let bytes = try? pipe.readEnd.closeAfter {
        try InputFile(name: "-", limit: 10).read(pipe.readEnd)
      }
      #expect(bytes?.count == (isRead ? size : nil))
    }
  }

  @Test func `a stream's text says that there was more`() throws {
    let path = sandbox.path("pipe")
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let writer = Thread { FileHandle(forWritingAtPath: path)?.write(Data([1, 2, 3, 4])) }
    writer.start()
    let failure = #expect(throws: Failure.self) { try InputFile(name: path, limit: 3).read() }
    #expect(failure?.status == .badData)
    #expect(failure?.what.hasSuffix("has more than 3 bytes, and at most 3 bytes are read") == true)
  }

  @Test func `what is there already and is no file is not read to compare it`() throws {
    try sandbox.write(Firmware.container([(0, 0x0800_0000, [1, 2, 3, 4])]), to: "fw.dfu")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("fw-alt0-08000000.bin"), withDestinationPath: "/dev/zero")
    let run = sandbox.run("unpack", "@fw.dfu", "-d", "@.")
    #expect(run.status == .cannotCreate)
    #expect(run.error.contains("fw-alt0-08000000.bin is there already, with other contents"))
  }
}
