import DfuseFormat

/// Looks at sectors until it is known which of them have to be written.
///
/// A sector is read as far as its first difference, and as far as its first byte that is not
/// erased: then it is different. What is left is the same, or blank. The image's own bytes tell
/// whether it is the same; blank it must be for the padding as well.
struct SectorComparison {
  private let work: MemoryWork
  private let erasedByte: UInt8
  private var mayBeSame: [Bool]
  private var mayBeBlank: [Bool]

  init(_ work: MemoryWork, erasedByte: UInt8) {
    self.work = work
    self.erasedByte = erasedByte
    mayBeSame = work.sectors.map { _ in true }
    mayBeBlank = work.sectors.map { _ in true }
  }

  /// Whether more bytes of the sector could change the verdict.
  func isOpen(_ sector: Int) -> Bool { mayBeSame[sector] || mayBeBlank[sector] }

  /// Takes in what the board holds at `address`.
  mutating func take(_ bytes: [UInt8], at address: UInt64) {
    let range = address..<(address + UInt64(bytes.count))
    for index in work.sectors.indices where isOpen(index) {
      let sector = work.sectors[index].range
      guard sector.overlaps(range) else { continue }
      compare(index, bytes, range)
    }
  }

  private mutating func compare(_ index: Int, _ bytes: [UInt8], _ range: Range<UInt64>) {
    let shared = work.sectors[index].range.clamped(to: range)
    func part(_ run: ImageElement) -> (found: ArraySlice<UInt8>, wanted: ArraySlice<UInt8>) {
      let part = run.range.clamped(to: shared)
      guard !part.isEmpty else { return ([], []) }
      return (
        bytes[Int(part.lowerBound - range.lowerBound)...].prefix(part.count),
        run.bytes[Int(part.lowerBound - run.range.lowerBound)...].prefix(part.count)
      )
    }
    if mayBeSame[index] {
      mayBeSame[index] = work.image.runs.allSatisfy { run in
        let (found, wanted) = part(run)
        return found.elementsEqual(wanted)
      }
    }
    if mayBeBlank[index] {
      mayBeBlank[index] = work.runs.allSatisfy { run in
        part(run).found.allSatisfy { $0 == erasedByte }
      }
    }
  }

  /// The verdicts, once every open sector has been read to its end.
  var states: [SectorState] {
    work.sectors.indices.map { mayBeSame[$0] ? .same : mayBeBlank[$0] ? .blank : .different }
  }
}

extension Flasher {
  /// Reads from the board what is needed to know which sectors differ.
  mutating func compare(
    _ work: MemoryWork, reporting done: inout UInt64
  ) throws(FlashError) -> [SectorState] {
    try select(work.alternateSetting)
    var comparison = SectorComparison(work, erasedByte: profile.erasedByte)
    // A block may hold many sectors, as on an L0: what was read once serves them all.
    var reader = BlockReader()
    for (index, sector) in work.sectors.enumerated() {
      for run in work.runs(in: sector.range) where comparison.isOpen(index) {
        try readBlocks(run.range, toEnd: false, in: work.map, &reader) { _, bytes, address in
          comparison.take(bytes, at: address)
          return comparison.isOpen(index)
        }
      }
      done += UInt64(sector.range.count)
      report(.advanced(.compare, done: done))
    }
    try attemptAgain { session throws(DFUError) in try reader.end(&session) }
    return comparison.states
  }
}

extension DFUError {
  /// Whether the device said no to an upload of memory, or left the states of the specification over
  /// it, as ST's USB device library does.
  var refusesReading: Bool {
    switch self {
    case .usb(.stall, during: .reading), .unknownState(_, during: .reading),
      .device(.errSTALLEDPKT, _, _, during: .reading):
      true
    case .usb, .unknownState, .device, .unexpectedState, .malformedReply, .stillBusy,
      .illegalRequest, .illegalBlock, .shortBlock, .notOffered, .cannotRecover:
      false
    }
  }
}

extension MemoryMap {
  /// Everything that can be read, in rising order; what touches is one range.
  public var readableRanges: [Range<UInt64>] {
    segments.filter { $0.access.contains(.readable) }.map(\.range)
      .sorted { $0.lowerBound < $1.lowerBound }
      .reduce(into: []) { joined, range in
        if let last = joined.last, last.upperBound == range.lowerBound {
          joined[joined.count - 1] = last.lowerBound..<range.upperBound
        } else {
          joined.append(range)
        }
      }
  }

  /// Behind the last address that can be read in one go from `address` on.
  func readableEnd(from address: UInt64) -> UInt64 {
    var end = address
    while let segment = segment(at: end), segment.access.contains(.readable) { end = segment.end }
    return end
  }
}
