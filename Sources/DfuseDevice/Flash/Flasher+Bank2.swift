extension Flasher {
  /// How much of a sector's beginning and end tells that it is blank.
  private static let sample: UInt64 = 64
  /// Wait between two looks at a sector that is not yet blank.
  private static let pause: Duration = .milliseconds(100)

  /// Looks at an erased sector of bank 2, on chips that report the erase as done when it is not.
  ///
  /// Its two ends are read until they are blank: the F42x does nothing, the H74x is not finished
  /// (``ChipQuirks/bank2EraseBroken``, ``ChipQuirks/waitWorstCaseErase``). Where they cannot be
  /// read the longest erase time is waited instead.
  /// - Throws: ``FlashError/different(_:)`` when the sector still holds something.
  mutating func checkBank2(
    _ sector: Range<UInt64>, longestErase: Duration
  ) throws(FlashError) {
    let mayGoOn = profile.quirks.contains(.waitWorstCaseErase)
    guard sector.lowerBound >= ChipQuirks.bank2Start,
      mayGoOn || profile.quirks.contains(.bank2EraseBroken)
    else { return }
    guard canUpload,
      let map = memories.first(where: { $0.alternateSetting == alternateSetting })?.map,
      map.readableEnd(from: sector.lowerBound) >= sector.upperBound
    else {
      if mayGoOn { session.transport.wait(longestErase) }
      return
    }
    let start = session.transport.now
    while let left = try remains(in: sector, map) {
      guard mayGoOn, session.transport.now - start < longestErase else { throw .different(left) }
      session.transport.wait(Self.pause)
    }
  }

  /// The first byte at one of the sector's ends that is not erased.
  private mutating func remains(
    in sector: Range<UInt64>, _ map: MemoryMap
  ) throws(FlashError) -> FlashError.Difference? {
    var grid: BlockGrid?
    var left: FlashError.Difference?
    for end in [sector.prefix(Int(Self.sample)), sector.suffix(Int(Self.sample))] {
      let (bytes, start) = try readBlock(
        at: end.startIndex, limit: end.endIndex, in: map, grid: &grid)
      guard let index = bytes.firstIndex(where: { $0 != profile.erasedByte }) else { continue }
      left = .init(
        address: start + UInt64(index), expected: profile.erasedByte, found: bytes[index],
        count: UInt64(bytes.count { $0 != profile.erasedByte }), looksProtected: true)
      break
    }
    try attempt { session throws(DFUError) in try session.endUpload() }
    return left
  }
}
