import DfuseFormat
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// Flashes of chips that misbehave: the host knows, and copes.
@Suite struct FlashQuirkTests {
  private static let secondBank: UInt32 = 0x0810_0000

  /// A rig whose bank 2 begins with `count` bytes of 0.
  private static func rig(_ chip: String, zeros count: Int = 128 << 10) throws -> FlashRig {
    try FlashRig(chip) { $0.load([UInt8](repeating: 0, count: count), at: secondBank) }
  }

  @Test func `an H743 that stays busy beyond 1 MiB is freed and flashed`() throws {
    let rig = try Self.rig("stm32h743")
    let result = try rig.flash(.random(4096, at: Self.secondBank))
    #expect(result.isVerified)
    #expect(result.sectorsRepeated == 0)
    #expect(try rig.board.counters.count(.clrstatus) == 2)
    #expect(try rig.holds(.random(4096, at: Self.secondBank)))
  }

  @Test func `an H743 whose erase of bank 2 goes on behind its back is waited for`() throws {
    let rig = try Self.rig("stm32h743-v9.1")
    let result = try rig.flash(.random(4096, at: Self.secondBank))
    #expect(result.isVerified)
    #expect(result.sectorsRepeated == 0)
    #expect(try rig.board.counters.refusedPrograms.isEmpty)
    #expect(try rig.board.counters.erases == [Self.secondBank: 1])
    #expect(try rig.holds(.random(4096, at: Self.secondBank)))
  }

  @Test func `an F427 that does not erase bank 2 is given up before anything is written`() throws {
    let rig = try Self.rig("stm32f427-v9.0", zeros: 4096)
    let left = FlashError.Difference(
      address: UInt64(Self.secondBank), expected: 0xFF, found: 0, count: 64, looksProtected: true,
      progress: .erased)
    #expect(throws: FlashError.different(left)) {
      try rig.flash(.random(4096, at: Self.secondBank))
    }
    #expect(try rig.board.counters.count(.write) == 0)
    #expect(try rig.memory(0x0810_0000..<0x0810_1000).allSatisfy { $0 == 0 })
  }

  @Test func `a sound F427 is flashed in bank 2`() throws {
    let rig = try Self.rig("stm32f427")
    let result = try rig.flash(.random(4096, at: Self.secondBank))
    #expect(result.isVerified)
    #expect(result.sectorsErased == 1)
  }

  @Test(arguments: [257, 1027, 2047, 3001])
  func `an L476 gets whole double words`(count: Int) throws {
    let rig = try FlashRig("stm32l476")
    let result = try rig.flash(.random(count))
    #expect(result.isVerified)
    #expect(result.sectorsRepeated == 0)
    #expect(try rig.holds(.random(count)))
  }

  @Test func `an L476 is asked for its status when it is done, and so never stalls`() throws {
    let rig = try FlashRig("stm32l476") { board in
      board.load([UInt8](repeating: 0, count: 64 << 10), at: 0x0800_0000)
    }
    let result = try rig.flash(.random(64 << 10), leave: false)
    #expect(result.sectorsErased == 32)
    let counters = try rig.board.counters
    #expect(counters.count(.getstatus) == 1 + 2 * counters.count(.dnload))
    #expect(counters.earlyPolls.isEmpty)
  }

  @Test func `a mass erase of an F405 is waited for, whatever it reports`() throws {
    let rig = try FlashRig("stm32f405") { board in
      board.load([UInt8](repeating: 0, count: 1 << 20), at: 0x0800_0000)
    }
    var flasher = try rig.flasher()
    #expect(try flasher.eraseAll() == 0)
    #expect(try rig.board.counters.massErases == 1)
    #expect(try rig.memory(0x0800_0000..<0x0810_0000).allSatisfy { $0 == 0xFF })
  }

  @Test(arguments: [("stm32l072", 128), ("stm32l152", 256)])
  func `an L0 and an L1 erase small pages to zero`(chip: String, page: Int) throws {
    let rig = try FlashRig(chip) { board in
      board.load([UInt8](repeating: 0x55, count: 4 * page), at: 0x0800_0000)
    }
    // A page and a piece of the next; the rest of that one is lost, and the others stay.
    let count = page + page / 2 + 3
    let result = try rig.flash(.random(count))
    #expect(result.isVerified)
    #expect(result.sectorsErased == 2)
    #expect(try rig.holds(.random(count)))
    let start: UInt64 = 0x0800_0000
    #expect(
      try rig.memory((start + UInt64(count))..<(start + UInt64(2 * page))).allSatisfy { $0 == 0 })
    #expect(
      try rig.memory((start + UInt64(2 * page))..<(start + UInt64(4 * page)))
        .allSatisfy { $0 == 0x55 })
  }

  /// Chips whose strings, descriptors or ways to leave are odd.
  @Test(arguments: [
    ("gd32vf103", 0x0800_0000), ("at32f435", 0x0800_8000), ("apm32f103", 0x0800_0000),
    ("f105-clone", 0x0800_0000), ("stm32f767-dual", 0x0810_0000), ("stm32c562", 0x0800_0000),
    ("stm32f429", 0x0800_0000), ("stm32g0b1", 0x0800_0000), ("stm32h7a3-v9.0", 0x0810_0000),
    ("stm32f407-v2.1", 0x0800_0000), ("mboot", 0x0800_8000), ("st-usbd", 0x0800_C000),
  ])
  func `an odd chip is flashed over other content, and left`(chip: String, start: UInt32) throws {
    let rig = try FlashRig(chip) { $0.load([UInt8](repeating: 0, count: 16 << 10), at: start) }
    let input = Firmware.random(10_000, at: start)
    var flasher = try rig.flasher()
    let plan = try flasher.plan(input, options: FlashOptions())
    let result = try flasher.run(plan)
    #expect(result.isVerified)
    #expect(result.sectorsRepeated == 0)
    guard case .left = try flasher.leave(to: plan.programStart) else {
      Issue.record("it stayed")
      return
    }
    #expect(try rig.holds(.random(10_000, at: start)))
    #expect(try rig.board.counters.refusedPrograms.isEmpty)
  }

  @Test func `a clone without a DFU version speaks DfuSe all the same`() throws {
    let rig = try FlashRig("f105-clone")
    let device = try #require(try rig.bus.devices().first)
    let interface = try #require(device.interfaces.first)
    #expect(interface.functional?.bcdDFUVersion == 0x0100)
    #expect(interface.dfuProtocol(on: device.identity) == .dfuse)
    var other = device.identity
    other.vendorID = 0x1234
    // By the name of its alternate setting alone.
    #expect(interface.dfuProtocol(on: other) == .dfuse)
  }

  @Test func `a device that reports no time and is busy for ever is given up`() throws {
    let rig = try FlashRig("stm32f072", faults: "poll=0", "busy@erase:1") { board in
      board.load([UInt8](repeating: 0, count: 2048), at: 0x0800_0000)
    }
    do {
      try rig.flash(.random(2048))
      Issue.record("the flash succeeded")
    } catch FlashError.device(.stillBusy(_, let activity), let progress) {
      #expect(activity == .erasing(address: 0x0800_0000, size: 2048))
      #expect(progress == .erased)
    }
    #expect(try rig.requests < 10_000)
  }

  @Test func `a minute is waited when a device reports a minute`() throws {
    let rig = try FlashRig("stm32f303", faults: "poll=60000")
    let result = try rig.flash(.random(4096))
    #expect(result.isVerified)
    #expect(try rig.board.counters.earlyPolls.isEmpty)
  }

  @Test func `no more than a minute is waited when a device reports hours`() throws {
    let rig = try FlashRig("stm32f303", faults: "poll=16777215")
    let result = try rig.flash(.random(4096))
    #expect(result.isVerified)
    let waits = try rig.board.counters.earlyPolls.map(\.waited)
    #expect(!waits.isEmpty)
    #expect(waits.allSatisfy { $0 >= .seconds(60) && $0 < .seconds(61) })
  }
}
