public import DfuseFormat

extension Flasher {
  /// Decides what has to be done to put firmware on the board, and changes nothing there.
  ///
  /// Checks every byte against the board's memory maps, then reads the board as far as is needed
  /// to find sectors that hold their bytes already, or are blank.
  /// - Throws: ``FlashError``; the board is as it was.
  public mutating func plan(
    _ firmware: Firmware, options: FlashOptions
  ) throws(FlashError) -> FlashPlan {
    let start = session.transport.now
    let work = try FlashLayout(board: board, options: options).work(for: firmware)
    try checkErasable(work)
    guard !options.massErase || work.contains(where: { board.flash.contains($0.memory) }) else {
      throw .nothingForFlash
    }
    if options.supply != nil { try checkSupply() }
    try enter()
    let states = try states(of: work, options: options)
    try readVersion(erasing: sectorsToErase(for: work, states, options: options))
    let chip = board.chip.withTimes(at: options.supply)
    var planner = FlashPlanner(board: board, chip: chip, usesMassErase: options.massErase)
    var lost: UInt64 = 0
    for (work, states) in zip(work, states) {
      if !options.preserve { lost += try bytesLost(work, states) }
      if work.memory.map.kind.isFlash {
        let kept = try preserving(work, states, options: options)
        planner.add(try wholeWords(kept, states), states)
      } else {
        planner.add(work.memory, try planDirect(work))
      }
    }
    var plan = planner.finished()
    plan.verifies = options.verify
    if plan.usesMassErase { spareBootloader(unless: options.allowBootloader) }
    plan.steps = FlashSteps(plan: plan, board: board).list(
      options: options, sparing: bootloaderSectors,
      byOneCommand: massEraseWorks(allowBootloader: options.allowBootloader))
    plan.blankBefore = try blankBefore(plan)
    try seeReportedTimes(before: plan)
    plan.expectedTime = session.transport.now - start + timeToRun(plan, on: chip)
    if lost > 0 { report(.note(.bytesLost(lost))) }
    report(.planned(plan))
    return plan
  }

  /// Has the device show what it reports of its times, where nobody knows that and nothing was read
  /// that has shown it.
  ///
  /// Set Address moves a pointer and nothing else. One that is refused is no reason to refuse a plan:
  /// what is wrong shows, and is told, at the first step.
  private mutating func seeReportedTimes(before plan: FlashPlan) throws(FlashError) {
    guard session.seen.setAddress == nil, board.chip.reported == nil || board.chip.sharesItsID,
      let memory = plan.memories.first(where: { !$0.ranges.isEmpty }),
      let run = memory.ranges.first
    else { return }
    try select(memory.alternateSetting)
    do {
      try session.beginUpload(at: UInt32(truncatingIfNeeded: run.lowerBound))
    } catch {
      if session.state != .dfuIDLE { try enter() }
    }
  }

  /// The sectors that will be erased one by one.
  private func sectorsToErase(
    for work: [MemoryWork], _ states: [[SectorState]], options: FlashOptions
  ) -> [Range<UInt64>] {
    if options.massErase {
      return massEraseWorks(allowBootloader: options.allowBootloader)
        ? [] : board.flash.flatMap { $0.map.erasableSectors }
    }
    return zip(work, states).flatMap { work, states in
      zip(work.sectors, states).filter { $1 == .different || $1 == .unread }.map(\.0)
    }
  }

  /// Makes sure that some memory takes the supply voltage.
  private func checkSupply() throws(FlashError) {
    let takesIt = memories.first { $0.map.kind == .deviceFeature }?.map.segments.contains {
      $0.access.contains(.writable)
    }
    guard takesIt == true else { throw .noSupplySetting }
  }

  private func checkErasable(_ work: [MemoryWork]) throws(FlashError) {
    for work in work where work.memory.map.kind == .internalFlash {
      if let sector = work.sectors.first(where: { !work.memory.map.allows(.erasable, in: $0) }) {
        throw .notErasable(sector)
      }
    }
  }

  private mutating func states(
    of work: [MemoryWork], options: FlashOptions
  ) throws(FlashError) -> [[SectorState]] {
    let total = work.filter { compares($0, options) }.flatMap(\.sectors).byteCount
    if total > 0 { report(.started(.compare, total: total)) }
    var done: UInt64 = 0
    var states: [[SectorState]] = []
    for work in work {
      if compares(work, options) {
        states.append(try compare(work, reporting: &done))
      } else {
        states.append(work.sectors.map { _ in .unread })
        let isAsked = !options.full || options.verify
        if isAsked, work.memory.map.kind.isFlash, !isReadable(work) {
          report(.note(.notReadable(name: work.memory.map.name)))
        }
      }
    }
    if total > 0 { report(.finished(.compare)) }
    return states
  }

  private func compares(_ work: MemoryWork, _ options: FlashOptions) -> Bool {
    !options.full && !options.massErase && work.memory.map.kind.isFlash && isReadable(work)
  }

  /// Adds to the image what stands beside it in the sectors that will be erased.
  private mutating func preserving(
    _ work: MemoryWork, _ states: [SectorState], options: FlashOptions
  ) throws(FlashError) -> MemoryWork {
    guard options.preserve else { return work }
    var work = work
    for (sector, state) in zip(work.sectors, states) where !work.isCovered(sector) {
      guard state == .different || state == .unread else { continue }
      guard board.canUpload, work.memory.map.allows(.readable, in: sector) else {
        throw .cannotPreserve(sector)
      }
      work.widened.preserve(try element(sector, of: work.memory))
    }
    return work
  }

  /// Counts what will be lost: bytes that are not blank, beside the image in sectors that are erased.
  ///
  /// Of sectors that were not read, because all is to be erased anyway, nothing is known.
  private mutating func bytesLost(
    _ work: MemoryWork, _ states: [SectorState]
  ) throws(FlashError) -> UInt64 {
    var lost = 0
    for (sector, state) in zip(work.sectors, states)
    where state == .different && work.memory.map.allows(.erasable, in: sector) {
      for (area, gaps) in work.gaps(in: sector, joining: board.blocks.length) {
        guard work.memory.map.allows(.readable, in: area) else { continue }
        let there = try element(area, of: work.memory)
        for gap in gaps {
          let bytes = there.slice(gap)
          guard !bytes.holdOnly(board.chip.erasedByte) else { continue }
          lost += bytes.count { $0 != board.chip.erasedByte }
        }
      }
    }
    return UInt64(lost)
  }

  /// Widens what goes into memory that is not erased to whole words, by what is there: such words
  /// are written back as they were.
  private mutating func wholeWords(
    _ work: MemoryWork, _ states: [SectorState]
  ) throws(FlashError) -> MemoryWork {
    var widened = work
    for (sector, state) in zip(work.sectors, states)
    where !work.memory.map.allows(.erasable, in: sector) && state != .same {
      var done = sector.lowerBound
      for run in work.image.runs.compactMap({ $0.part(sector) }) {
        let whole = run.range.rounded(to: MemoryWork.wordSize)
        let (start, end) = (max(whole.lowerBound, done), min(whole.upperBound, sector.upperBound))
        guard start < end else { continue }
        done = end
        guard (start..<end) != run.range else { continue }
        guard board.canUpload, work.memory.map.allows(.readable, in: sector) else {
          // A block has at least two bytes.
          guard run.bytes.count > 1 else { throw .cannotPreserve(start..<end) }
          continue
        }
        widened.widened.preserve(try element(start..<end, of: work.memory))
      }
    }
    return widened
  }

  /// Plans memory that is neither erased nor written in blocks: option bytes, OTP, EEPROM.
  ///
  /// What is written is whole words, and whole option blocks, so that what stands beside the image
  /// are read and written back.
  private mutating func planDirect(_ work: MemoryWork) throws(FlashError) -> [DirectWrite] {
    try select(work.memory.alternateSetting)
    var pieces: [DirectWrite] = []
    for range in work.directRanges(unit: UInt64(board.chip.programmingUnit)) {
      guard let address = UInt32(exactly: range.lowerBound) else { continue }
      var before: ImageElement?
      if board.canUpload, work.memory.map.allows(.readable, throughout: range) {
        before = try element(range, of: work.memory)
      } else if !work.widened.ranges.contains(where: { $0.contains(range) }) {
        throw .cannotPreserve(range)
      }
      var bytes =
        before ?? ImageElement(address: address, bytes: [UInt8](repeating: 0, count: range.count))
      for run in work.widened.runs(in: range) { bytes.replace(run) }
      if work.memory.map.kind == .otp, let before { try checkOTP(before, bytes) }
      pieces.append(
        DirectWrite(
          memory: work.memory, range: range,
          wanted: work.image.runs.compactMap { $0.part(range) }, before: before, bytes: bytes))
    }
    return pieces
  }

  /// What a range of a memory holds.
  private mutating func element(
    _ range: Range<UInt64>, of memory: AlternateMemory
  ) throws(FlashError) -> ImageElement {
    ImageElement(
      address: UInt32(truncatingIfNeeded: range.lowerBound), bytes: try read(range, of: memory))
  }

  private func checkOTP(_ before: ImageElement, _ wanted: ImageElement) throws(FlashError) {
    for (index, pair) in zip(before.bytes, wanted.bytes).enumerated()
    where pair.0 & pair.1 != pair.1 {
      throw .alreadyProgrammed(
        address: before.range.lowerBound + UInt64(index), found: pair.0, wanted: pair.1)
    }
  }
}

extension MemoryWork {
  /// What is written at once: whole option blocks, else words, or what the chip aligns to.
  func directRanges(unit: UInt64) -> [Range<UInt64>] {
    if memory.map.kind == .optionBytes {
      // Each option block by itself, even where two of them touch.
      return memory.map.segments.map(\.range).filter { segment in
        widened.ranges.contains { $0.overlaps(segment) }
      }
    }
    let unit = max(unit, Self.wordSize)
    var ranges: [Range<UInt64>] = []
    for run in widened.ranges {
      var address = run.lowerBound
      while address < run.upperBound, let segment = memory.map.segment(at: address) {
        let whole = (address..<run.upperBound).rounded(to: unit)
        let low = max(segment.start, whole.lowerBound)
        let range = low..<min(segment.end, max(whole.upperBound, low + unit))
        ranges.append(range)
        address = max(range.upperBound, address + 1)
      }
    }
    return ranges.joined
  }

  /// What the firmware leaves out of a sector: parts, and the areas in which to read them together,
  /// as those are that less than `length` bytes lie between.
  func gaps(
    in sector: Range<UInt64>, joining length: Int
  ) -> [(area: Range<UInt64>, gaps: [Range<UInt64>])] {
    var areas: [(area: Range<UInt64>, gaps: [Range<UInt64>])] = []
    var start = sector.lowerBound
    let end = sector.upperBound
    let ends = image.runs.compactMap { $0.part(sector)?.range } + [end..<end]
    for run in ends {
      let gap = start..<max(run.lowerBound, start)
      start = run.upperBound
      guard !gap.isEmpty else { continue }
      if let last = areas.last, gap.lowerBound - last.area.upperBound < length {
        areas[areas.count - 1] = (last.area.lowerBound..<gap.upperBound, last.gaps + [gap])
      } else {
        areas.append((gap, [gap]))
      }
    }
    return areas
  }

  /// The least that memory which is not erased is written in: AN2606 writes words.
  static let wordSize: UInt64 = 4
}

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
      if work.sectors[index].overlaps(range) { compare(index, bytes, range) }
    }
  }

  private mutating func compare(_ index: Int, _ bytes: [UInt8], _ range: Range<UInt64>) {
    let shared = work.sectors[index].clamped(to: range)
    // Whole arrays are compared at once.
    func found(_ run: Range<UInt64>) -> [UInt8] {
      let part = run.clamped(to: shared)
      return Array(bytes.dropFirst(Int(part.lowerBound - range.lowerBound)).prefix(part.count))
    }
    if mayBeSame[index] {
      mayBeSame[index] = work.image.runs.allSatisfy { Array($0.slice(shared)) == found($0.range) }
    }
    if mayBeBlank[index] {
      mayBeBlank[index] = work.widened.ranges(in: shared).allSatisfy {
        found($0).holdOnly(erasedByte)
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
    try select(work.memory.alternateSetting)
    var comparison = SectorComparison(work, erasedByte: board.chip.erasedByte)
    // A block may hold many sectors, as on an L0: what was read once serves them all.
    reader = BlockReader()
    for (index, sector) in work.sectors.enumerated() {
      for run in work.widened.ranges(in: sector) where comparison.isOpen(index) {
        let whole = work.image.runs.first { $0.range.contains(run.lowerBound) }
        let likely = whole?.range.upperBound ?? 0
        try readBlocks(run, toEnd: false, likely: likely, in: work.memory.map) {
          _, bytes, address in
          comparison.take(bytes, at: address)
          return comparison.isOpen(index)
        }
      }
      done += UInt64(sector.count)
      report(.advanced(.compare, done: done))
    }
    try endReading()
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
