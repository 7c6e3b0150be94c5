/// The sectors of a flash, looked at for what tells families apart.
struct FlashShape {
  private let segments: [MemorySegment]

  /// The shape of a chip's whole flash.
  ///
  /// Nil when the map does not start where flash starts, or has parts that cannot be written: then
  /// it is no ROM's, and says little of the chip.
  init?(_ map: MemoryMap) {
    guard map.kind == .internalFlash, map.segments.first?.start == 0x0800_0000 else { return nil }
    let all: MemoryAccess = [.readable, .erasable, .writable]
    guard map.segments.allSatisfy({ $0.access == all }) else { return nil }
    segments = map.segments
  }

  /// The size of all sectors, or nil when they differ.
  var sectorSize: UInt64? {
    guard let first = segments.first else { return nil }
    return segments.allSatisfy { $0.sectorSize == first.sectorSize } ? first.sectorSize : nil
  }

  /// Bytes of the flash, without gaps.
  var size: UInt64 {
    segments.reduce(0) { $0 + $1.sectorSize * $1.sectorCount }
  }

  /// Number of sectors.
  var sectorCount: UInt64 {
    segments.reduce(0) { $0 + $1.sectorCount }
  }

  /// How many times the flash is 4 × `unit`, `unit` × 4 and at least one of `unit` × 8, in KiB.
  ///
  /// 16 is the bank of F4, F2 and dual-bank F7; 32 that of F7. Nil for any other shape.
  func banks(unit: UInt64) -> Int? {
    let small = unit * 1024
    guard !segments.isEmpty, segments.count.isMultiple(of: 3) else { return nil }
    for start in stride(from: 0, to: segments.count, by: 3) {
      let bank = segments[start..<start + 3]
      guard bank.map(\.sectorSize) == [small, small * 4, small * 8],
        bank.prefix(2).map(\.sectorCount) == [4, 1]
      else { return nil }
    }
    return segments.count / 3
  }
}
