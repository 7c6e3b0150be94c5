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
    let layout = FlashLayout(
      memories: memories, profile: profile, identity: identity, options: options)
    let work = try layout.work(for: firmware)
    try checkErasable(work)
    guard !options.massErase || work.contains(where: { $0.kind == .internalFlash }) else {
      throw .nothingForFlash
    }
    if options.supply != nil { _ = try deviceFeature() }
    try enter()
    var planner = FlashPlanner(
      profile: options.supply == .from2700mV ? profile.withWordTimes : profile,
      transferSize: session.transferSize)
    planner.usesMassErase = options.massErase
    var directWrites: [DirectWrite] = []
    let states = try states(of: work, options: options)
    for (work, states) in zip(work, states) {
      let memory =
        work.kind.isFlash
        ? planner.flash(
          try wholeWords(try preserving(work, states, options: options), states), states)
        : try planDirect(work, &directWrites)
      planner.add(memory, image: work.image)
    }
    if planner.massEraseIsQuicker(on: memories) { planner.usesMassErase = true }
    var plan = planner.plan
    plan.directWrites = directWrites
    plan.verifies = options.verify
    if plan.usesMassErase { spareBootloader(unless: options.allowBootloader) }
    plan.steps = steps(of: plan).list(
      options: options, sparing: bootloaderSectors,
      byOneCommand: massEraseWorks(allowBootloader: options.allowBootloader))
    let lost = planner.bytesLost(work, plan)
    if lost > 0, !options.preserve { report(.note(.bytesLost(lost))) }
    report(.planned(plan))
    return plan
  }

  private func checkErasable(_ work: [MemoryWork]) throws(FlashError) {
    for work in work where work.kind == .internalFlash {
      if let sector = work.sectors.first(where: { !$0.access.contains(.erasable) }) {
        throw .notErasable(sector.range)
      }
    }
  }

  private mutating func states(
    of work: [MemoryWork], options: FlashOptions
  ) throws(FlashError) -> [[SectorState]] {
    let total = work.filter { compares($0, options) }.flatMap(\.sectors)
      .reduce(0) { $0 + UInt64($1.range.count) }
    if total > 0 { report(.started(.compare, total: total)) }
    var done: UInt64 = 0
    var states: [[SectorState]] = []
    for work in work {
      if compares(work, options) {
        states.append(try compare(work, reporting: &done))
      } else {
        states.append(work.sectors.map { _ in .unread })
        let isAsked = !options.full || options.verify
        if isAsked, work.kind.isFlash, !isReadable(work) {
          report(.note(.notReadable(name: work.map.name)))
        }
      }
    }
    if total > 0 { report(.finished(.compare)) }
    return states
  }

  private func compares(_ work: MemoryWork, _ options: FlashOptions) -> Bool {
    !options.full && !options.massErase && work.kind.isFlash && isReadable(work)
  }

  /// Adds to the image what stands beside it in the sectors that will be erased.
  private mutating func preserving(
    _ work: MemoryWork, _ states: [SectorState], options: FlashOptions
  ) throws(FlashError) -> MemoryWork {
    guard options.preserve else { return work }
    var work = work
    for (index, sector) in work.sectors.enumerated() where !sector.isCovered {
      guard states[index] == .different || states[index] == .unread else { continue }
      guard canUpload, sector.access.contains(.readable) else {
        throw .cannotPreserve(sector.range)
      }
      let before = try read(sector.range, of: work)
      work.preserve(before, at: sector.range)
      work.sectors[index].isCovered = true
    }
    return work
  }

  /// Widens what goes into memory that is not erased to whole words, by what is there: such words
  /// are written back as they were.
  private mutating func wholeWords(
    _ work: MemoryWork, _ states: [SectorState]
  ) throws(FlashError) -> MemoryWork {
    var widened = work
    for (sector, state) in zip(work.sectors, states)
    where !sector.access.contains(.erasable) && state != .same {
      var done = sector.range.lowerBound
      for run in work.image.runs.compactMap({ $0.part(sector.range) }) {
        let word = MemoryWork.wordSize
        let start = max(run.range.lowerBound / word * word, done)
        let end = min((run.range.upperBound + word - 1) / word * word, sector.range.upperBound)
        guard start < end else { continue }
        done = end
        guard (start..<end) != run.range else { continue }
        guard canUpload, sector.access.contains(.readable) else {
          // A block has at least two bytes.
          guard run.bytes.count > 1 else { throw .cannotPreserve(start..<end) }
          continue
        }
        widened.preserve(try read(start..<end, of: work), at: start..<end)
      }
    }
    return widened
  }

  /// Plans memory that is neither erased nor written in blocks: option bytes, OTP, EEPROM.
  ///
  /// What is written is whole words, and whole option blocks, so that what stands beside the image
  /// are read and written back.
  private mutating func planDirect(
    _ work: MemoryWork, _ directWrites: inout [DirectWrite]
  ) throws(FlashError) -> FlashPlan.Memory {
    try select(work.alternateSetting)
    var memory = FlashPlan.Memory(
      alternateSetting: work.alternateSetting, name: work.map.name, kind: work.kind, sectors: [],
      runs: [])
    for range in work.directRanges(unit: UInt64(profile.programmingUnit)) {
      var wanted: [UInt8]
      let current: [UInt8]?
      if canUpload, work.map.readableEnd(from: range.lowerBound) >= range.upperBound {
        let found = try read(range, of: work)
        current = found
        wanted = found
      } else {
        guard work.runs.contains(where: { $0.range.contains(range) }) else {
          throw .cannotPreserve(range)
        }
        current = nil
        wanted = [UInt8](repeating: 0, count: range.count)
      }
      for run in work.runs(in: range) {
        wanted.replaceSubrange(
          Int(
            run.range.lowerBound - range.lowerBound)..<Int(run.range.upperBound - range.lowerBound),
          with: run.bytes)
      }
      if work.kind == .otp, let current { try checkOTP(current, wanted, at: range.lowerBound) }
      let action: FlashPlan.Action = current == wanted ? .keep : .overwrite
      memory.sectors.append(.init(range: range, action: action))
      if action == .overwrite, let address = UInt32(exactly: range.lowerBound) {
        directWrites.append(
          DirectWrite(
            alternateSetting: work.alternateSetting, name: work.map.name, kind: work.kind,
            range: range, wanted: work.image.runs.compactMap { $0.part(range) },
            before: current.map { ImageElement(address: address, bytes: $0) },
            bytes: ImageElement(address: address, bytes: wanted)))
        memory.runs.append(ImageElement(address: address, bytes: wanted))
      }
    }
    return memory
  }

  private func checkOTP(
    _ current: [UInt8], _ wanted: [UInt8], at address: UInt64
  ) throws(FlashError) {
    for (index, pair) in zip(current, wanted).enumerated() where pair.0 & pair.1 != pair.1 {
      throw .alreadyProgrammed(
        address: address + UInt64(index), found: pair.0, wanted: pair.1)
    }
  }

  /// Reads a whole range of a memory.
  mutating func read(_ range: Range<UInt64>, of work: MemoryWork) throws(FlashError) -> [UInt8] {
    try read(range, alternateSetting: work.alternateSetting, map: work.map)
  }
}

extension MemoryWork {
  /// What is written at once: whole option blocks, else words, or what the chip aligns to.
  func directRanges(unit: UInt64) -> [Range<UInt64>] {
    let unit = max(unit, Self.wordSize)
    var ranges: [Range<UInt64>] = []
    for run in runs {
      var address = run.range.lowerBound
      while address < run.range.upperBound, let segment = map.segment(at: address) {
        let range: Range<UInt64>
        if kind == .optionBytes {
          range = segment.range
        } else {
          let low = max(segment.start, address / unit * unit)
          let high = (run.range.upperBound + unit - 1) / unit * unit
          range = low..<min(segment.end, max(high, low + unit))
        }
        if let last = ranges.last, last.upperBound >= range.lowerBound {
          ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        } else {
          ranges.append(range)
        }
        address = max(range.upperBound, address + 1)
      }
    }
    return kind == .optionBytes ? runs.isEmpty ? [] : wholeSegments : ranges
  }

  /// Each option block by itself, even where two of them touch.
  private var wholeSegments: [Range<UInt64>] {
    map.segments.map(\.range).filter { segment in runs.contains { $0.range.overlaps(segment) } }
  }

  /// The least that memory which is not erased is written in: AN2606 writes words.
  static let wordSize: UInt64 = 4

  /// Takes what a range held before as part of the image.
  mutating func preserve(_ before: [UInt8], at range: Range<UInt64>) {
    var bytes = before
    for run in image.runs.compactMap({ $0.part(range) }) {
      let start = Int(run.range.lowerBound - range.lowerBound)
      bytes.replaceSubrange(start..<(start + run.bytes.count), with: run.bytes)
    }
    guard let address = UInt32(exactly: range.lowerBound) else { return }
    let outside = runs.flatMap { run in
      [0..<range.lowerBound, range.upperBound..<(1 << 32)].compactMap { run.part($0) }
    }
    let all = (outside + [ImageElement(address: address, bytes: bytes)])
      .sorted { $0.address < $1.address }
    runs = all.reduce(into: []) { joined, run in
      if let last = joined.last, last.range.upperBound == run.range.lowerBound {
        joined[joined.count - 1].bytes += run.bytes
      } else {
        joined.append(run)
      }
    }
  }
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
