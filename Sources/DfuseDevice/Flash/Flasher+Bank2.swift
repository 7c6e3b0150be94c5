import DfuseFormat

extension Flasher {
  /// How many bytes at a place tell that it is blank.
  private static let sample: UInt64 = 64
  /// Wait between two looks at a sector that is not yet blank.
  private static let pause: Duration = .milliseconds(100)

  /// Looks at an erased sector of bank 2, on chips that report the erase as done when it is not.
  ///
  /// Its two ends, and where the image has its first pieces in it, are read until they are blank:
  /// an earlier program was likely to have something there. The F42x does nothing, the H74x is not
  /// finished
  /// (``ChipQuirks/bank2EraseBroken``, ``ChipQuirks/waitWorstCaseErase``). Where they cannot be
  /// read the longest erase time is waited instead.
  /// - Throws: ``FlashError/different(_:)`` when the sector still holds something.
  mutating func checkBank2(
    _ sector: Range<UInt64>, for runs: [ImageElement], longestErase: Duration
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
    let places = Self.places(in: sector, runs)
    while let left = try remains(at: places, map) {
      guard mayGoOn, session.transport.now - start < longestErase else { throw .different(left) }
      session.transport.wait(Self.pause)
    }
  }

  /// Where to look, in rising order.
  private static func places(
    in sector: Range<UInt64>, _ runs: [ImageElement]
  ) -> [Range<UInt64>] {
    let starts =
      [sector.lowerBound, sector.upperBound - min(sample, UInt64(sector.count))]
      + runs.compactMap { $0.part(sector)?.range.lowerBound }.prefix(4)
    return Set(starts).sorted().map { $0..<min($0 + sample, sector.upperBound) }
  }

  /// The first byte at one of the places that is not erased.
  private mutating func remains(
    at places: [Range<UInt64>], _ map: MemoryMap
  ) throws(FlashError) -> FlashError.Difference? {
    var upload: UploadRun?
    var left: FlashError.Difference?
    for place in places {
      let (block, first) = try readBlock(
        at: place.lowerBound, limit: place.upperBound, in: map, upload: &upload)
      let (bytes, start) = (
        Array(block[Int(place.lowerBound - first)...]), place.lowerBound
      )
      guard let index = bytes.firstIndex(where: { $0 != profile.erasedByte }) else { continue }
      left = .init(
        address: start + UInt64(index), expected: profile.erasedByte, found: bytes[index],
        count: UInt64(bytes.count { $0 != profile.erasedByte }), looksProtected: true)
      break
    }
    try endUpload(&upload)
    return left
  }
}
