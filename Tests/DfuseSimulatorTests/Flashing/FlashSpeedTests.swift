import DfuseDevice
import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseSimulator

/// What makes a flash fast, by counts and not by the clock.
@Suite struct FlashSpeedTests {
  @Test func `telling the supply voltage halves the chip's work`() throws {
    var options = FlashOptions()
    options.full = true
    let input = Firmware.random(64 << 10)
    let slow = try FlashRig("stm32f405")
    try slow.flash(input, options: options)
    options.supply = .from2700mV
    let fast = try FlashRig("stm32f405")
    let result = try fast.flash(input, options: options)
    #expect(result.isVerified)
    #expect(try fast.board.counters.busyTime * 3 < slow.board.counters.busyTime * 2)
    #expect(try fast.board.read(4, at: 0xFFFF_0000).first == 3)
  }

  @Test func `a board that cannot be told its supply is refused before anything is sent`() throws {
    var options = FlashOptions()
    options.supply = .from2700mV
    let rig = try FlashRig("stm32g431")
    #expect(throws: FlashError.noSupplySetting) { try rig.flash(.random(4096), options: options) }
    #expect(try rig.requests == 0)
  }

  @Test func `a whole chip is erased at once where that is quicker`() throws {
    let rig = try FlashRig("stm32g431") { board in
      board.load([UInt8](repeating: 0, count: 128 << 10), at: 0x0800_0000)
    }
    let result = try rig.flash(.random(128 << 10))
    #expect(result.isVerified)
    #expect(try rig.board.counters.massErases == 1)
    #expect(try rig.board.counters.erases.isEmpty)
  }

  @Test func `part of a chip is erased sector by sector`() throws {
    let rig = try FlashRig("stm32g431") { board in
      board.load([UInt8](repeating: 0, count: 128 << 10), at: 0x0800_0000)
    }
    let result = try rig.flash(.random(64 << 10))
    #expect(result.sectorsErased == 32)
    #expect(try rig.board.counters.massErases == 0)
    #expect(try rig.memory(0x0801_0000..<0x0801_1000).allSatisfy { $0 == 0 })
  }
}
