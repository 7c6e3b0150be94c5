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
    #expect(run.error == "error: cannot write .: it is a folder\n")
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
    #expect(run.error == "error: cannot write /dev/full: No space left on device\n")
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
