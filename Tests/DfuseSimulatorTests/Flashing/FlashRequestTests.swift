import DfuseDevice
import DfuseFormat
import Testing

@testable import DfuseSimulator

/// The exact requests of a flash, counted from the image and the chip.
///
/// An operation is DFU_DNLOAD and two DFU_GETSTATUS; a block read is one DFU_UPLOAD; a run of reads
/// begins with an address and DFU_ABORT and ends with DFU_ABORT.
@Suite struct FlashRequestTests {
  /// A chip, its block, and the sectors of the first 512 KiB.
  struct Case: CustomTestStringConvertible, Sendable {
    var chip: String
    var block: Int
    /// Sectors in 512 KiB.
    var sectors: Int
    /// The one that changes.
    var changed: Range<Int>
    var testDescription: String { chip }
  }

  static let cases = [
    Case(chip: "stm32f405", block: 2048, sectors: 8, changed: 0x6_0000..<0x8_0000),
    Case(chip: "stm32f745", block: 2048, sectors: 6, changed: 0x8000..<0x1_0000),
    Case(chip: "stm32h743", block: 1024, sectors: 4, changed: 0x2_0000..<0x4_0000),
    Case(chip: "stm32l4r5", block: 2048, sectors: 128, changed: 0x7000..<0x8000),
    Case(chip: "stm32u575", block: 1024, sectors: 64, changed: 0x7_E000..<0x8_0000),
  ]

  private static let size = 512 << 10
  private static let start: UInt32 = 0x0800_0000

  /// Requests by kind, without those that did not happen.
  private static func requests(
    erases: Int = 0, addresses: Int, writes: Int = 0, reads: Int, aborts: Int
  ) -> [RequestKind: Int] {
    let operations = erases + addresses + writes
    let counts: [RequestKind: Int] = [
      .erase: erases, .setaddress: addresses, .write: writes, .read: reads, .abort: aborts,
      // One more finds the device in dfuIDLE.
      .getstatus: 1 + 2 * operations, .dnload: operations, .upload: reads,
      .any: 1 + 3 * operations + reads + aborts,
    ]
    return counts.filter { $0.value > 0 }
  }

  /// What `work` asks of the board, by kind.
  private static func count(_ rig: FlashRig, _ work: () throws -> Void) throws -> [RequestKind: Int]
  {
    let before = try rig.board.counters
    try work()
    let after = try rig.board.counters
    var counts: [RequestKind: Int] = [:]
    for kind in RequestKind.allCases where kind != .all && kind != .standard {
      counts[kind] = after.count(kind) - before.count(kind)
    }
    return counts.filter { $0.value > 0 }
  }

  private static func rig(_ test: Case, holding bytes: [UInt8]) throws -> FlashRig {
    try FlashRig(test.chip) { $0.load(bytes, at: start) }
  }

  @Test(arguments: cases)
  func `one changed sector is its erase, write and verification, and one read of the rest`(
    test: Case
  ) throws {
    var bytes = MemoryImage.random(Self.size).runs[0].bytes
    let rig = try Self.rig(test, holding: bytes)
    bytes[test.changed.lowerBound] ^= 0xFF
    let counts = try Self.count(rig) {
      let result = try rig.flash(
        Firmware(.of(bytes, at: Self.start)), leave: false)
      #expect(result.isVerified)
    }
    let own = test.changed.count / test.block
    let rest = Self.size / test.block - own
    #expect(
      counts
        == Self.requests(
          erases: 1, addresses: 3, writes: own,
          // The first block of the sector tells that it differs.
          reads: rest + 1 + own, aborts: 4))
    #expect(try rig.holds(.of(bytes, at: Self.start)))
  }

  @Test(arguments: cases)
  func `the same image again is one read of it`(test: Case) throws {
    let image = MemoryImage.random(Self.size)
    let rig = try Self.rig(test, holding: image.runs[0].bytes)
    let counts = try Self.count(rig) {
      let result = try rig.flash(Firmware(image), leave: false)
      #expect(result.isVerified)
    }
    #expect(counts == Self.requests(addresses: 1, reads: Self.size / test.block, aborts: 2))
  }

  @Test(arguments: cases)
  func `a full flash erases each sector, writes each block and reads it back`(test: Case) throws {
    let image = MemoryImage.random(Self.size)
    let rig = try Self.rig(test, holding: MemoryImage.random(Self.size, seed: 2).runs[0].bytes)
    var options = FlashOptions()
    options.full = true
    let counts = try Self.count(rig) {
      let result = try rig.flash(
        Firmware(image), options: options, leave: false)
      #expect(result.isVerified)
    }
    let blocks = Self.size / test.block
    // The block with the vector table is written and read back by itself, last of all.
    #expect(
      counts
        == Self.requests(
          erases: test.sectors, addresses: 4, writes: blocks, reads: blocks, aborts: 4))
    #expect(try rig.holds(image))
  }

  @Test func `a mass erase is looked at with one short read a sector`() throws {
    let rig = try FlashRig("stm32g431") { board in
      board.load([UInt8](repeating: 0, count: 128 << 10), at: Self.start)
    }
    var options = FlashOptions()
    options.full = true
    let counts = try Self.count(rig) {
      try rig.flash(.random(128 << 10), options: options, leave: false)
    }
    #expect(counts[.masserase] == 1)
    #expect(counts[.erase] == nil)
    #expect(counts[.getcommands] == 1)
    #expect(counts[.read] == 64 + 128)
    #expect(counts[.setaddress] == 5)
  }
}
