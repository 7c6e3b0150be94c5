import DfuseFormat
import DfuseTestSupport
import Foundation
import SystemPackage
import Testing

@testable import dfuse

/// How `dfuse pack` reads its images.
@Suite struct PackPieceTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
  }

  /// Reads a file whose size changes when it has been opened.
  private func read(_ size: Int, resizedTo other: UInt64) throws -> [UInt8] {
    let path = try sandbox.write(Array(repeating: 7, count: size), to: "image.bin")
    let file = try FileDescriptor.open(FilePath(path), .readOnly)
    return try file.closeAfter {
      try resize(to: other)
      return try InputFile(name: "image.bin").read(file, size: size)
    }
  }

  private func resize(to size: UInt64) throws {
    let file = try #require(FileHandle(forWritingAtPath: sandbox.path("image.bin")))
    try file.truncate(atOffset: size)
    try file.close()
  }

  @Test(arguments: [1, 122_879, 122_880, 122_881, 5_000_000])
  func `a file of any size is packed as it is`(size: Int) throws {
    var random = SplitMix64(seed: UInt64(size))
    let bytes = random.bytes(size)
    try sandbox.write(bytes, to: "image.bin")
    let run = sandbox.run(
      "pack", "-q", "-o", "@f.dfu", "-m", "0x100", "-i", "@image.bin", "-a", "0")
    #expect(run.status == .success)
    let expected = DfuseFormat.Firmware(targets: [
      .init(alternateSetting: 0, elements: [ImageElement(address: 0x100, bytes: bytes)])
    ])
    // Not compared in the macro, which would print megabytes.
    let isSame = try sandbox.read("f.dfu") == expected.encoded()
    #expect(isSame)
  }

  @Test func `a file that became shorter is not packed`() throws {
    let failure = #expect(throws: Failure.self) { try read(300_000, resizedTo: 200_000) }
    #expect(failure?.status == .noInput)
    #expect(failure?.what == "image.bin became shorter while it was read")
  }

  @Test func `a file that became longer is not packed`() throws {
    let failure = #expect(throws: Failure.self) { try read(300, resizedTo: 301) }
    #expect(failure?.what == "image.bin became longer while it was read")
  }

  @Test func `a file that ends in a DFU suffix is told by all its bytes`() throws {
    let firmware: [UInt8] = Array(repeating: 7, count: 5000)
    // bcdDevice, idProduct, idVendor, bcdDFU, "UFD", bLength.
    let body = firmware + [0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0, 1, 0x55, 0x46, 0x44, 16]
    let checksum = CRC32.checksum(of: body)
    let suffixed = body + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
    try sandbox.write(suffixed, to: "image.bin")
    let refused = sandbox.run("pack", "-q", "-o", "@f.dfu", "-i", "@image.bin", "-a", "0")
    #expect(refused.status == .badData)
    // Bytes that only look like one belong to the firmware.
    try sandbox.write(body + [1, 2, 3, 4], to: "image.bin")
    let packed = sandbox.run(
      "pack", "-q", "-o", "@f.dfu", "-m", "100", "-i", "@image.bin", "-a", "0")
    #expect(packed.status == .success)
  }

  @Test func `records behind more blanks than are looked at are still records`() throws {
    let blanks = String(repeating: "\n", count: 5000)
    try sandbox.write(Array((blanks + ":0100000041BE\n:00000001FF\n").utf8), to: "image.hex")
    let run = sandbox.run("pack", "-q", "-o", "@f.dfu", "-i", "@image.hex", "-a", "0")
    #expect(run.status == .success)
    let container = try DfuseFormat.Firmware(reading: sandbox.read("f.dfu"))
    #expect(container.targets[0].elements == [ImageElement(address: 0, bytes: [0x41])])
  }

  @Test func `a pipe is packed as well`() throws {
    let path = sandbox.path("pipe")
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let writer = Thread {
      FileHandle(forWritingAtPath: path)?.write(Data([1, 2, 3, 4]))
    }
    writer.start()
    let run = sandbox.run("pack", "-q", "-o", "@f.dfu", "-m", "100", "-i", "@pipe", "-a", "0")
    #expect(run.status == .success)
    let container = try DfuseFormat.Firmware(reading: sandbox.read("f.dfu"))
    #expect(container.targets[0].elements == [ImageElement(address: 0x100, bytes: [1, 2, 3, 4])])
  }
}
