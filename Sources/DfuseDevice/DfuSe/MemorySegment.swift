/// A stretch of memory made of equal sectors with one kind of access.
///
/// - SeeAlso: ST UM0424, the memory description string of the DFU chapter.
public struct MemorySegment: Hashable, Sendable {
  /// First address, in 64 bits so that the end of a segment can be 0x1_0000_0000.
  public var start: UInt64
  /// Bytes in each sector; at least 1.
  public var sectorSize: UInt64
  /// Number of sectors; at least 1.
  public var sectorCount: UInt64
  /// What may be done with it.
  public var access: MemoryAccess

  /// Makes a segment.
  public init(start: UInt64, sectorSize: UInt64, sectorCount: UInt64, access: MemoryAccess) {
    self.start = start
    self.sectorSize = sectorSize
    self.sectorCount = sectorCount
    self.access = access
  }

  /// First address behind the segment.
  public var end: UInt64 { start + sectorSize * sectorCount }
  /// All addresses of the segment.
  public var range: Range<UInt64> { start..<end }

  /// The sector that holds `address`, which must be in ``range``.
  public func sector(at address: UInt64) -> Range<UInt64> {
    let first = start + (address - start) / sectorSize * sectorSize
    return first..<(first + sectorSize)
  }
}

/// What may be done with a memory segment: the low three bits of its type letter.
public struct MemoryAccess: OptionSet, Hashable, Sendable {
  /// The bits: 1 readable, 2 erasable, 4 writable.
  public var rawValue: UInt8

  /// Makes an access set from the low three bits of a type letter.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// DFU_UPLOAD is allowed.
  public static let readable = MemoryAccess(rawValue: 1)
  /// The erase command is allowed.
  public static let erasable = MemoryAccess(rawValue: 2)
  /// DFU_DNLOAD of data is allowed.
  public static let writable = MemoryAccess(rawValue: 4)
}
