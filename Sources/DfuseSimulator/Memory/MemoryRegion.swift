/// A stretch of a chip's address space that its bootloader serves.
///
/// The sectors are those of the silicon, which the memory map string may describe wrongly.
package struct MemoryRegion: Hashable, Sendable {
  /// What kind of memory it is: this decides what an erase and a write do.
  package enum Kind: UInt8, Hashable, Sendable {
    /// Program memory, erased sector by sector.
    case flash
    /// Data memory that is overwritten in place (L0, L1).
    case eeprom
    /// Option bytes: written as one block, or from any word on where they are modelled.
    case optionBytes
    /// One-time programmable: bits only ever go from 1 to 0.
    case otp
    /// The F2/F4/F7 Device Feature word; lost at power-off.
    case deviceFeature
    /// RAM; lost at power-off.
    case ram
    /// Readable, never written: engineering bytes, a bootloader's own sectors.
    case readOnly
  }

  /// Equal sectors in a row.
  struct Run: Hashable, Sendable {
    /// How many.
    var count: Int
    /// Bytes in each.
    var size: Int

    init(_ count: Int, _ size: Int) {
      self.count = count
      self.size = size
    }
  }

  /// The kind.
  package var kind: Kind
  /// First address.
  package var start: UInt32
  /// The sectors in the order of their addresses.
  var runs: [Run]
  /// The value of a byte that was never written.
  var erased: UInt8

  /// A memory of sectors in rows.
  init(_ kind: Kind, at start: UInt32, _ runs: [Run], erased: UInt8 = 0xFF) {
    self.kind = kind
    self.start = start
    self.runs = runs
    self.erased = erased
  }

  /// A memory of one sector.
  init(_ kind: Kind, at start: UInt32, _ size: Int) { self.init(kind, at: start, [.init(1, size)]) }

  /// Program memory of sectors in rows.
  static func flash(_ runs: [Run], at start: UInt32 = 0x0800_0000) -> MemoryRegion {
    MemoryRegion(.flash, at: start, runs)
  }

  /// Program memory of equal sectors.
  static func flash(_ count: Int, _ size: Int, at start: UInt32 = 0x0800_0000) -> MemoryRegion {
    flash([.init(count, size)], at: start)
  }

  /// Length in bytes.
  package var size: Int { runs.reduce(0) { $0 + $1.count * $1.size } }

  /// All addresses.
  package var range: Range<UInt64> { UInt64(start)..<(UInt64(start) + UInt64(size)) }

  /// The sector that holds `address`, or nil when it is outside.
  package func sector(at address: UInt64) -> Range<UInt64>? {
    guard range.contains(address) else { return nil }
    var first = UInt64(start)
    for run in runs {
      let size = UInt64(run.size)
      let end = first + size * UInt64(run.count)
      if address < end {
        let begin = first + (address - first) / size * size
        return begin..<(begin + size)
      }
      first = end
    }
    return nil
  }
}

/// How a chip's flash takes data.
struct FlashRules: Hashable, Sendable {
  /// What happens when a unit is programmed that is not blank.
  enum Rewrite: Hashable, Sendable {
    /// Bits go from 1 to 0, the rest stays: F2, F4, F7.
    case clearsBits
    /// Refused unless all zero is written: F0, F1, F3, L4, G0, G4, WB.
    case zeroOnly
    /// Refused: L0, L1, H7, H5, U5.
    case never
  }

  /// Bytes that are programmed at once.
  var unit: Int
  /// What the bootloader wants an address to be a multiple of (AN2606 Rev 70 table 7).
  var alignment: Int?
  /// Whether a unit carries ECC, so that a programmed unit counts as used whatever it holds.
  var hasECC = false
  /// Rule for units that are not blank.
  var rewrite: Rewrite
  /// The `bStatus` at the second DFU_GETSTATUS after a refusal.
  ///
  /// Nil where the bootloader reports success and the memory keeps its content: AN3156 lists no
  /// status for it, and says of write protection that there is no error.
  var failure: UInt8?
  /// Whether writing option bytes resets the chip at once, where they are mere bytes.
  var optionWriteResets = true
}
