import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseSimulator

/// A program that a chip would start: a vector table and random code behind it.
enum TestProgram {
  /// A program in two pieces: one with the vector table, and one near the end of the flash.
  ///
  /// Both leave sectors half covered, and end between two units.
  static func image(
    for chip: SimulatedChip, first: Int = 5001, second: Int = 2999, seed: UInt64 = 7
  ) throws -> MemoryImage {
    let flash = try #require(chip.profile.memory(.flash))
    var random = SplitMix64(seed: seed)
    let start = ImageElement(
      address: flash.start, bytes: vectors(for: flash.start) + random.bytes(first - 8))
    // Bank 2 of this one cannot be erased; it has a test of its own.
    let end = chip.name == "stm32f427-v9.0" ? 0x0810_0000 : flash.range.upperBound
    return try MemoryImage(merging: [
      start, ImageElement(address: UInt32(end - 4096), bytes: random.bytes(second)),
    ])
  }

  /// Stack pointer and entry.
  static func vectors(for start: UInt32) -> [UInt8] { le(UInt32(0x2000_4000)) + le(start + 9) }

  /// A board whose flash holds something else: 0x5A at both ends of every sector, and where the
  /// second piece of the program goes.
  static func usedBoard(_ chip: SimulatedChip, faults: FaultPlan = FaultPlan()) -> SimulatedBoard {
    var board = SimulatedBoard(chip, faults: faults)
    let old = [UInt8](repeating: 0x5A, count: 16)
    for memory in chip.profile.memories where memory.kind == .flash {
      var address = memory.range.lowerBound
      while let sector = memory.sector(at: address) {
        board.load(old, at: UInt32(sector.lowerBound))
        board.load(old, at: UInt32(sector.upperBound - 16))
        if sector.count > 4096 { board.load(old, at: UInt32(sector.upperBound - 4096)) }
        address = sector.upperBound
      }
    }
    return board
  }

  /// A chip by its name, also one whose map nobody has posted.
  static func chip(_ name: String) throws -> SimulatedChip {
    try #require(SimulatedChip.named(name) ?? UnpostedChip.named(name))
  }
}
