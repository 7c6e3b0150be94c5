public import DfuseFormat

/// The contents of a board as a container has them: whole memories, of which blank parts may be left
/// out.
///
/// A container is one if each target is named as a memory map is, and has what stands where that map
/// begins: so ``SnapshotLayout`` makes them.
public struct Snapshot: Hashable, Sendable {
  /// One memory.
  public struct Memory: Hashable, Sendable {
    /// Its alternate setting on the board that it is of.
    public var alternateSetting: UInt8
    /// Its memory map.
    public var map: MemoryMap
    /// What can be read of it, in rising order: all of that is known.
    public var ranges: [Range<UInt64>]
    /// The bytes that are there; the others are blank.
    public var image: MemoryImage
  }

  /// The memories, in the order of the file.
  public var memories: [Memory]
  /// Which devices it is for.
  public let suffix: DFUSuffix?
  /// What the maps leave of the chip.
  public let chip: ChipProfile

  /// Takes a container for a snapshot; fails where it is none.
  public init?(_ firmware: Firmware) {
    var memories: [Memory] = []
    let ids = firmware.suffix ?? DFUSuffix()
    let identity = DeviceIdentity(
      vendorID: ids.vendorID, productID: ids.productID, bcdDevice: 0, path: "", address: 0)
    for target in firmware.targets {
      guard let number = target.alternateSetting, let text = target.name,
        let map = MemoryMap.parse(text)?.corrected(for: identity, siblings: []),
        let image = try? MemoryImage(merging: target.elements),
        !memories.contains(where: { $0.alternateSetting == number })
      else { return nil }
      let ranges = map.ranges(.readable)
      guard let start = ranges.first?.lowerBound, image.contains(start),
        image.ranges.allSatisfy({ run in
          ranges.contains { $0.lowerBound <= run.lowerBound && run.upperBound <= $0.upperBound }
        })
      else { return nil }
      memories.append(
        Memory(alternateSetting: number, map: map, ranges: ranges, image: image))
    }
    guard !memories.isEmpty else { return nil }
    self.memories = memories
    suffix = firmware.suffix
    chip = ChipProfile.identify(identity, maps: memories.map(\.map))
  }
}
