/// A chip as small as it can be: what stands in each block of it, and how flash behaves.
///
/// Written without a look at the host's code: a block is erased, or holds old, new or wrong bytes.
struct WalkedChip: Hashable {
  enum Block: UInt8, Hashable {
    case old, erased, new, wrong
  }

  /// A sector of one or two blocks.
  struct Sector: Hashable {
    var start: UInt64
    var blocks: Int
    /// Whether it is flash; other memory takes every write.
    var isFlash: Bool
    /// Whether the chip starts from its first block.
    var startsProgram: Bool

    var range: Range<UInt64> { start..<start + UInt64(blocks) * WalkedChip.blockSize }
  }

  static let blockSize: UInt64 = 8

  /// What stands in the blocks, by sector.
  private(set) var contents: [[Block]]

  init(_ contents: [[Block]]) { self.contents = contents }

  mutating func erase(_ sector: Int) {
    contents[sector] = contents[sector].map { _ in .erased }
  }

  /// Power fails, or the erase stops, in the middle.
  mutating func eraseHalf(_ sector: Int) { contents[sector][0] = .wrong }

  mutating func write(_ sector: Int, _ block: Int, isFlash: Bool) {
    let before = contents[sector][block]
    // Bits of flash that is not erased go one way only.
    contents[sector][block] = !isFlash || before == .erased || before == .new ? .new : .wrong
  }

  mutating func spoil(_ sector: Int, _ block: Int) { contents[sector][block] = .wrong }

  /// Whether all blocks hold the firmware.
  var isWhole: Bool { contents.allSatisfy { $0.allSatisfy { $0 == .new } } }
}
