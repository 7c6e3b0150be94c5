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
    var upload: UploadRun?
    // A block may hold many sectors, as on an L0: what was read once serves them all.
    var last: Range<UInt64> = 0..<0
    for (index, sector) in work.sectors.enumerated() {
      for run in work.runs(in: sector.range) {
        var address = run.range.lowerBound
        while address < run.range.upperBound, comparison.isOpen(index) {
          guard !last.contains(address) else {
            address = last.upperBound
            continue
          }
          try checkCancelled()
          let (bytes, start) = try readBlock(at: address, in: work.map, upload: &upload)
          comparison.take(bytes, at: start)
          last = start..<(start + UInt64(bytes.count))
        }
      }
      done += UInt64(sector.range.count)
      report(.advanced(.compare, done: done))
    }
    try endUpload(&upload)
    return comparison.states
  }

  /// Reads the block that holds `address`, in the upload that is going on or in a new one.
  ///
  /// With `isApart` a new upload begins one block before the address, where it can. There is at
  /// least one byte from `address` on and none from `limit` on; `start` is the first one's address.
  mutating func readBlock(
    at address: UInt64, limit: UInt64 = .max, isApart: Bool = false, in map: MemoryMap,
    upload: inout UploadRun?
  ) throws(FlashError) -> (bytes: [UInt8], start: UInt64) {
    while true {
      do {
        let block = try readBlockOnce(
          at: address, limit: limit, isApart: isApart, in: map, upload: &upload)
        failuresInARow = 0
        (isOpen, hasRead) = (true, true)
        return block
      } catch .device(let error, let progress) {
        guard recover(from: error) else {
          if !hasRead, error.refusesReading { throw .notReadable(name: map.name, progress) }
          throw .device(error, progress)
        }
        upload = nil
      }
    }
  }

  /// Ends the upload that is going on, if there is one.
  mutating func endUpload(_ upload: inout UploadRun?) throws(FlashError) {
    guard upload != nil else { return }
    upload = nil
    do {
      try session.endUpload()
    } catch {
      // A device that has been brought back to dfuIDLE is in no upload any more.
      guard recover(from: error) else { throw failure(error) }
    }
  }

  private mutating func readBlockOnce(
    at address: UInt64, limit: UInt64, isApart: Bool, in map: MemoryMap, upload: inout UploadRun?
  ) throws(FlashError) -> (bytes: [UInt8], start: UInt64) {
    if let current = upload, let block = current.block(holding: address) {
      return try readBlock(block, limit: limit, current)
    }
    let end = map.readableEnd(from: address)
    guard let pointer = UInt32(exactly: address), end > address else {
      throw .outsideMemory(address..<(address + 1), alternateSetting: nil, memory: map, found: nil)
    }
    try endUpload(&upload)
    var next = UploadRun(pointer: pointer, blocks: session.blocks, end: end)
    if isApart, let before = next.oneBlockBefore(in: map) { next = before }
    upload = next
    let start = next.pointer
    try attemptReading { session throws(DFUError) in try session.beginUpload(at: start) }
    return try readBlock(
      next.block(holding: address) ?? BlockNumbering.first, limit: limit, next)
  }

  private mutating func readBlock(
    _ block: UInt16, limit: UInt64, _ upload: UploadRun
  ) throws(FlashError) -> (bytes: [UInt8], start: UInt64) {
    let range = upload.range(of: block).clamped(to: 0..<limit)
    // A block has at least two bytes: for a last one alone, one more is asked for and dropped.
    let bytes = try attemptReading { session throws(DFUError) in
      try session.read(block: block, length: max(range.count, 2))
    }
    guard bytes.count >= range.count else {
      throw .device(
        .shortBlock(found: bytes.count, expected: range.count, address: range.lowerBound), progress)
    }
    return (Array(bytes.prefix(range.count)), range.lowerBound)
  }

  /// Does something that reads; errVENDOR then means that the chip is read protected.
  private mutating func attemptReading<Answer>(
    _ body: (inout DFUSession) throws(DFUError) -> Answer
  ) throws(FlashError) -> Answer {
    do {
      return try body(&session)
    } catch .device(.errVENDOR, _, _, _) where progress == .untouched && !isOpen {
      throw .readProtected
    } catch {
      throw failure(error)
    }
  }
}

extension DFUError {
  /// Whether the device said no to an upload of memory, or left the states of the specification over
  /// it, as ST's USB device library does.
  fileprivate var refusesReading: Bool {
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
