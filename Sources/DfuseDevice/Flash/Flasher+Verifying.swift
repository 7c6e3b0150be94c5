import DfuseFormat

/// A sector that does not hold what it should.
struct SectorDifference: Equatable {
  var memory: FlashPlan.Memory
  var sector: FlashPlan.Sector
  var difference: FlashError.Difference
}

extension Flasher {
  /// Whether a memory's sectors can be read back.
  func canVerify(_ memory: FlashPlan.Memory) -> Bool {
    guard canUpload, let map = map(of: memory) else { return false }
    return memory.sectors.allSatisfy {
      map.readableEnd(from: $0.range.lowerBound) >= $0.range.upperBound
    }
  }

  /// Reads back everything but the last block, and does again what differs.
  mutating func verify(
    _ memories: [FlashPlan.Memory], _ plan: FlashPlan, except last: FinalBlock?
  ) throws(FlashError) {
    let readable = memories.filter { canVerify($0) }
    let total =
      readable.flatMap(\.runs).reduce(0) { $0 + UInt64($1.bytes.count) }
      - UInt64(last.map { canVerify($0.memory) ? $0.count : 0 } ?? 0)
    guard total > 0 else { return }
    report(.started(.verify, total: total))
    var done: UInt64 = 0
    var wrong: [SectorDifference] = []
    for memory in readable {
      let runs = memory.runs.flatMap { $0.parts(without: last) }
      wrong += try differences(runs, in: memory) { flasher, count in
        done += UInt64(count)
        flasher.report(.advanced(.verify, done: done))
      }
    }
    report(.finished(.verify))
    try repeatSectors(wrong, except: last)
  }

  /// Reads back runs of a memory and compares them.
  ///
  /// No block is read over the pointer it was written over: a device that counts in a way of its
  /// own would answer its own mistake. With `oneByOne` each block gets an address of its own.
  mutating func differences(
    _ runs: [ImageElement], in memory: FlashPlan.Memory, oneByOne: Bool = false,
    done: (inout Flasher, Int) -> Void
  ) throws(FlashError) -> [SectorDifference] {
    guard let map = map(of: memory) else { return [] }
    try select(memory.alternateSetting)
    var wrong: [SectorDifference] = []
    var upload: UploadRun?
    for (run, isApart) in runs.flatMap({ readBackOrder(of: $0, in: map) }) {
      var address = run.range.lowerBound
      while address < run.range.upperBound {
        try checkCancelled()
        if oneByOne { try endUpload(&upload) }
        let (bytes, start) = try readBlock(
          at: address, limit: run.range.upperBound, isApart: isApart && !oneByOne, in: map,
          upload: &upload)
        let end = start + UInt64(bytes.count)
        let found = bytes[Int(address - start)..<Int(end - start)]
        memory.note(found, at: address, expected: run, in: &wrong)
        result.bytesVerified += end - address
        done(&self, Int(end - address))
        address = end
      }
    }
    try endUpload(&upload)
    return wrong
  }

  /// The parts of a run as they are read back, and whether the pointer is to be a block lower.
  ///
  /// A block by itself is right however the device counts. A longer run at the very start of its
  /// segment has no room before it: its second block becomes the pointer, and the first comes last.
  private func readBackOrder(
    of run: ImageElement, in map: MemoryMap
  ) -> [(part: ImageElement, isApart: Bool)] {
    let (start, length) = (run.range.lowerBound, UInt64(session.blocks.length))
    guard session.blocks.isContinuous, run.range.count > length else { return [(run, false)] }
    guard let segment = map.segment(at: start), start - segment.start < length else {
      return [(run, true)]
    }
    return [start + length..<run.range.upperBound, start..<start + length]
      .compactMap { run.part($0).map { ($0, false) } }
  }

  /// Erases and writes once more the sectors that differ, each block with an address of its own.
  ///
  /// - Throws: ``FlashError/different(_:)`` when a sector differs again.
  mutating func repeatSectors(
    _ wrong: [SectorDifference], except last: FinalBlock?, andFinish: Bool = false
  ) throws(FlashError) {
    // The sector with the vector table is the last to become whole.
    let isLast = { (wrong: SectorDifference) in
      last.map { wrong.sector.range.contains($0.address) } ?? false
    }
    for wrong in wrong.filter({ !isLast($0) }) + wrong.filter(isLast) {
      try checkCancelled()
      report(.repeating(sector: wrong.sector.range))
      result.sectorsRepeated += 1
      let runs = wrong.memory.runs.compactMap { $0.part(wrong.sector.range) }
      // A block may hold several sectors: only what was erased is written again.
      var written = runs.flatMap { $0.parts(without: last) }
      if andFinish, let part = last?.run.part(wrong.sector.range) { written.append(part) }
      try redo(wrong, written)
      let again = try differences(written, in: wrong.memory, oneByOne: true) { _, _ in }
      if var difference = again.first?.difference {
        // A bit that does not program is one difference; flash that keeps its contents is many.
        difference.looksProtected =
          difference.address == wrong.difference.address
          && difference.found == wrong.difference.found && difference.count > 8
        difference.progress = unfinished
        throw .different(difference)
      }
    }
  }

  /// Erases a sector and writes it; from the start again when a transfer fails.
  private mutating func redo(
    _ wrong: SectorDifference, _ runs: [ImageElement]
  ) throws(FlashError) {
    try select(wrong.memory.alternateSetting)
    while true {
      do {
        if map(of: wrong.memory)?.isErasable(wrong.sector.range) == true {
          try eraseSector(wrong.sector.range, for: wrong.memory.runs)
        }
        progress = unfinished
        for run in runs { try writeCarefully(run) }
        return
      } catch .device(let error, let progress) {
        guard recover(from: error) else { throw .device(error, progress) }
      }
    }
  }

  /// Writes every block, blank or not, at an address that is set for it: slow, and right on
  /// devices that count blocks in a way of their own.
  private mutating func writeCarefully(_ run: ImageElement) throws(FlashError) {
    for block in WriteBlock.blocks(of: run, transferSize: session.transferSize) {
      let address = run.address &+ UInt32(block.offset)
      let bytes = Array(block.bytes(in: run))
      try attemptAgain { session throws(DFUError) in try session.setAddress(address) }
      _ = try attempt { session throws(DFUError) in
        try session.write(block: BlockNumbering.first, data: bytes)
      }
      result.bytesWritten += UInt64(bytes.count)
    }
  }

  func map(of memory: FlashPlan.Memory) -> MemoryMap? {
    memories.first { $0.alternateSetting == memory.alternateSetting }?.map
  }
}

extension MemoryMap {
  /// Whether the sector that a range is may be erased.
  func isErasable(_ sector: Range<UInt64>) -> Bool {
    segment(at: sector.lowerBound)?.access.contains(.erasable) == true
  }
}

extension ImageElement {
  /// The run without the block that is written last.
  func parts(without last: FinalBlock?) -> [ImageElement] {
    guard let last, range.overlaps(last.run.range) else { return [self] }
    return [
      part(range.lowerBound..<max(range.lowerBound, last.run.range.lowerBound)),
      part(min(range.upperBound, last.run.range.upperBound)..<range.upperBound),
    ].compactMap { $0 }
  }
}

extension FlashPlan.Memory {
  /// Compares what was read with a run, and adds what differs to the sectors that differ.
  fileprivate func note(
    _ found: ArraySlice<UInt8>, at address: UInt64, expected run: ImageElement,
    in wrong: inout [SectorDifference]
  ) {
    let skipped = Int(address - run.range.lowerBound)
    let wanted = run.bytes[skipped..<(skipped + found.count)]
    guard !found.elementsEqual(wanted) else { return }
    for (index, pair) in zip(found, wanted).enumerated() where pair.0 != pair.1 {
      let place = address + UInt64(index)
      if let known = wrong.lastIndex(where: { $0.sector.range.contains(place) }) {
        wrong[known].difference.count += 1
      } else if let sector = sectors.first(where: { $0.range.contains(place) }) {
        wrong.append(
          SectorDifference(
            memory: self, sector: sector,
            difference: .init(address: place, expected: pair.1, found: pair.0, count: 1)))
      }
    }
  }
}
