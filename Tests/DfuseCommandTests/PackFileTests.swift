import DfuseFormat
import Foundation
import Testing

@testable import dfuse

/// What `dfuse pack` makes of files that people have, and `unpack` of containers of other writers.
@Suite struct PackFileTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
  }

  // MARK: - Option bytes

  private func hex(_ image: [(UInt32, [UInt8])]) -> [UInt8] {
    func line(_ type: UInt8, _ address: UInt32, _ data: [UInt8]) -> String {
      let bytes =
        [UInt8(data.count), UInt8(address >> 8 & 0xFF), UInt8(address & 0xFF), type] + data
      let sum = 0 &- bytes.reduce(0, &+)
      return ":" + (bytes + [sum]).map { String(format: "%02X", $0) }.joined()
    }
    let lines = image.flatMap { address, bytes in
      [line(4, 0, [UInt8(address >> 24), UInt8(address >> 16 & 0xFF)]), line(0, address, bytes)]
    }
    return Array((lines + [":00000001FF"]).joined(separator: "\n").utf8)
  }

  @Test func `option bytes get their own target when the chip is told`() throws {
    try sandbox.write(
      hex([(0x0800_0000, [1, 2, 3, 4]), (0x1FFF_C000, [0xEF, 0xAA])]), to: "fw.hex")
    let run = sandbox.run("pack", "-q", "--for", "stm32f405", "@fw.hex")
    #expect(run.status == .success)
    let container = try DfuseFormat.Firmware(reading: sandbox.read("fw.dfu"))
    #expect(container.targets.map(\.alternateSetting) == [0, 1])
    #expect(
      container.targets[1].elements == [ImageElement(address: 0x1FFF_C000, bytes: [0xEF, 0xAA])])
    let blind = sandbox.run("pack", "@fw.hex", "-o", "@blind.dfu")
    #expect(blind.status == .success)
    #expect(
      blind.error.contains(
        "warning: fw.hex: 0x1fff_c000-0x1fff_c001 may be option bytes, which have a target of their "
          + "own: --for CHIP says which"))
    #expect(sandbox.run("pack", "--for", "z80", "@fw.hex").status == .usage)
  }

  // MARK: - Rebuilding

  private func rebuilds(_ container: DfuseFormat.Firmware) throws -> Bool {
    let bytes = try container.encoded(allowsRepeats: true)
    try sandbox.write(bytes, to: "fw.dfu")
    let run = sandbox.run("unpack", "-q", "--force", "@fw.dfu", "-d", "@.")
    #expect(run.status == .success, "\(run.error)")
    let plan = UnpackPlan(container, folder: sandbox.path("."), stem: "fw")
    let result = try OutsideShell.run(plan.packCommand, program: "pack") { words in
      sandbox.run(words).status
    }
    #expect(result == .success)
    return try sandbox.read("fw-rebuilt.dfu") == bytes
  }

  @Test(
    arguments: [
      // Ends as a plain DFU file does, with a right checksum.
      Array(0x00...0x0F) + [
        0xFF, 0xFF, 0x11, 0xDF, 0x83, 0x04, 0x00, 0x01, 0x55, 0x46, 0x44, 0x10, 0xCC, 0x41, 0xC6,
        0xB1,
      ],
      Array("<!DOCTYPE html>".utf8), Array(":0100050055A6\n".utf8), Array("S1FF".utf8),
      [0x7F, 0x45, 0x4C, 0x46, 1, 1, 1], Array("DfuSe".utf8),
    ])
  func `an element that looks like something else is rebuilt`(bytes: [UInt8]) throws {
    #expect(
      try rebuilds(
        DfuseFormat.Firmware(targets: [
          .init(
            alternateSetting: 0, elements: [ImageElement(address: 0x0800_0000, bytes: bytes)])
        ])))
  }

  @Test func `equal targets and long and odd names are rebuilt`() throws {
    let target = DfuseFormat.Firmware.Target(
      alternateSetting: 0, name: "twice",
      elements: [ImageElement(address: 0x0800_0000, bytes: [1, 2, 3])])
    #expect(try rebuilds(DfuseFormat.Firmware(targets: [target, target])))
    for name in [String(repeating: "n", count: 255), "-o", "--help", "--", ""] {
      var named = target
      named.name = name
      #expect(try rebuilds(DfuseFormat.Firmware(targets: [named])))
    }
  }

  @Test func `a container inside a container can be taken out`() throws {
    let inner = try DfuseFormat.Firmware(targets: [
      .init(alternateSetting: 0, elements: [ImageElement(address: 0x0800_0000, bytes: [1, 2, 3])])
    ]).encoded()
    let outer = DfuseFormat.Firmware(targets: [
      .init(alternateSetting: 0, elements: [ImageElement(address: 0x0800_0000, bytes: inner)])
    ])
    try sandbox.write(outer.encoded(), to: "outer.dfu")
    let run = sandbox.run("flash", "@outer.dfu", "--simulate", "f405")
    #expect(run.status == .badData)
    #expect(run.error.contains("\n  fix: dfuse unpack outer.dfu\n"))
    #expect(sandbox.run("info", "@outer.dfu").status == .badData)
    #expect(sandbox.run("unpack", "-q", "@outer.dfu", "-d", "@.").status == .success)
    #expect(try sandbox.read("outer-alt0-08000000.bin") == inner)
  }

  // MARK: - Many files, large files

  @Test func `a thousand images need no thousand open files`() throws {
    try sandbox.write([1, 2, 3, 4], to: "image.bin")
    let images = (0..<1200).map { "-m \(String(0x0800_0000 + $0 * 4, radix: 16)) -i image.bin" }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.currentDirectoryURL = URL(fileURLWithPath: sandbox.path("."))
    process.arguments = [
      "-c",
      "ulimit -n 64; exec '\(BuiltProgram.path)' pack -q -o many.dfu "
        + images.joined(separator: " ") + " -a 0",
    ]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(
      try DfuseFormat.Firmware(reading: sandbox.read("many.dfu")).targets[0].elements.count == 1200)
  }
}
