import DfuseDevice
import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseSimulator

/// How many requests a flash takes.
///
/// 512 KiB on an STM32F405 with blocks of 2048 bytes, leaving
/// included. dfu-util 0.11 takes 1,567 for the same without verifying anything.
@Suite struct FlashCountTests {
  private let image = MemoryImage.random(512 << 10)
  private var input: Firmware { Firmware(image) }

  private static func full(verify: Bool) -> FlashOptions {
    var options = FlashOptions()
    options.full = true
    options.verify = verify
    return options
  }

  @Test func `a full flash without verification takes at most 810`() throws {
    let rig = try FlashRig("stm32f405")
    try rig.flash(input, options: Self.full(verify: false))
    #expect(try rig.holds(image))
    #expect(try rig.requests <= 810)
  }

  @Test func `a full flash with verification takes at most 1080`() throws {
    let rig = try FlashRig("stm32f405")
    let result = try rig.flash(input, options: Self.full(verify: true))
    #expect(try rig.holds(image))
    #expect(result.isVerified)
    #expect(try rig.requests <= 1080)
  }

  @Test func `a board that holds something else takes at most 1130 with verification`() throws {
    let rig = try FlashRig("stm32f405") { board in
      var random = SplitMix64(seed: 99)
      board.load(random.bytes(1 << 20), at: 0x0800_0000)
    }
    let result = try rig.flash(input)
    #expect(try rig.holds(image))
    #expect(result.isVerified)
    #expect(try rig.requests <= 1130)
    #expect(try rig.board.counters.erases.values.allSatisfy { $0 == 1 })
    #expect(try rig.board.counters.erases.count == 8)
  }

  @Test func `the same image again is neither erased nor written`() throws {
    let rig = try FlashRig("stm32f405")
    try rig.flash(input)
    rig.bus.plugBack("1-1")
    let before = try rig.board.counters
    let result = try rig.flash(input)
    let after = try rig.board.counters
    #expect(after.erases == before.erases)
    #expect(after.bytesProgrammed == before.bytesProgrammed)
    #expect(result.isVerified)
    #expect(result.sectorsKept == 8)
  }

  @Test func `one changed sector is one erase, and its own bytes`() throws {
    let rig = try FlashRig("stm32f405")
    try rig.flash(input)
    rig.bus.plugBack("1-1")
    let before = try rig.board.counters
    var bytes = image.runs[0].bytes
    bytes[0x6_0000] ^= 0xFF
    let result = try rig.flash(Firmware(.of(bytes, at: 0x0800_0000)))
    let after = try rig.board.counters
    #expect(try rig.holds(.of(bytes, at: 0x0800_0000)))
    #expect(result.sectorsErased == 1)
    #expect(after.erases.values.reduce(0, +) - before.erases.values.reduce(0, +) == 1)
    #expect(after.bytesProgrammed - before.bytesProgrammed == 128 << 10)
    #expect(result.isVerified)
  }

  @Test func `a blank board is written without an erase`() throws {
    let rig = try FlashRig("stm32f405")
    let result = try rig.flash(input)
    #expect(result.sectorsErased == 0)
    #expect(result.isVerified)
    #expect(try rig.holds(image))
  }

  @Test func `blank blocks are not written, and verified all the same`() throws {
    var bytes = image.runs[0].bytes
    for index in (64 << 10)..<(448 << 10) { bytes[index] = 0xFF }
    let sparse = MemoryImage.of(bytes, at: 0x0800_0000)
    let rig = try FlashRig("stm32f405") { board in
      board.load([UInt8](repeating: 0, count: 512 << 10), at: 0x0800_0000)
    }
    let result = try rig.flash(Firmware(sparse))
    #expect(try rig.holds(sparse))
    #expect(result.bytesWritten == 128 << 10)
    #expect(result.bytesVerified == 512 << 10)
  }
}
