public import DfuseFormat

extension Flasher {
  /// Reads memory.
  ///
  /// - Parameters:
  ///   - range: The addresses; nil for all of the first flash that can be read.
  ///   - alternateSetting: The memory; nil for the first one that holds the range.
  /// - Returns: The bytes with their address.
  /// - Throws: ``FlashError/outsideMemory(_:alternateSetting:memory:found:)`` before anything is
  ///   read; ``FlashError/readProtected``; other ``FlashError``.
  public mutating func read(
    _ range: Range<UInt64>?, alternateSetting: UInt8? = nil
  ) throws(FlashError) -> ImageElement {
    let memory = try memory(for: range, alternateSetting: alternateSetting)
    let start = range?.lowerBound ?? memory.map.segments.map(\.start).min() ?? 0
    let end = range?.upperBound ?? memory.map.readableEnd(from: start)
    guard let address = UInt32(exactly: start), start < end,
      memory.map.readableEnd(from: start) >= end
    else {
      throw .outsideMemory(
        start..<max(start, end), alternateSetting: memory.alternateSetting, memory: memory.map,
        found: nil)
    }
    try enter()
    try select(memory.alternateSetting)
    report(.started(.read, total: end - start))
    let bytes = try read(
      start..<end, alternateSetting: memory.alternateSetting, map: memory.map, reporting: true)
    report(.finished(.read))
    return ImageElement(address: address, bytes: bytes)
  }

  /// Compares the board with firmware, and changes nothing.
  ///
  /// - Returns: Bytes compared: all of the firmware.
  /// - Throws: ``FlashError/different(_:)``; other ``FlashError``.
  public mutating func verify(_ input: FlashInput, ignoreIDs: Bool = false) throws(FlashError)
    -> UInt64
  {
    var options = FlashOptions()
    options.ignoreIDs = ignoreIDs
    options.allowOTP = true
    options.allowOptionBytes = true
    let layout = FlashLayout(
      memories: memories, profile: profile, identity: identity, options: options)
    let work = try layout.work(for: input, forWriting: false)
    for work in work where !isReadable(work) {
      throw .outsideMemory(
        work.runs.first?.range ?? 0..<0, alternateSetting: work.alternateSetting, memory: work.map,
        found: nil)
    }
    try enter()
    let total = work.reduce(0) { $0 + UInt64($1.image.byteCount) }
    report(.started(.verify, total: total))
    var done: UInt64 = 0
    var wrong: [SectorDifference] = []
    for work in work {
      let memory = FlashPlan.Memory(
        alternateSetting: work.alternateSetting, name: work.map.name, kind: work.kind,
        sectors: work.sectors.map { .init(range: $0.range, action: .keep) }, runs: work.image.runs)
      wrong += try differences(work.image.runs, in: memory) { flasher, count in
        done += UInt64(count)
        flasher.report(.advanced(.verify, done: done))
      }
    }
    report(.finished(.verify))
    if var first = wrong.first?.difference {
      first.count = wrong.reduce(0) { $0 + $1.difference.count }
      throw .different(first)
    }
    return total
  }

  /// Reads a range of a memory that is known to hold it.
  mutating func read(
    _ range: Range<UInt64>, alternateSetting: UInt8, map: MemoryMap, reporting: Bool = false
  ) throws(FlashError) -> [UInt8] {
    try select(alternateSetting)
    var bytes: [UInt8] = []
    var upload: UploadRun?
    var address = range.lowerBound
    while address < range.upperBound {
      try checkCancelled()
      let (block, start) = try readBlock(
        at: address, limit: range.upperBound, in: map, upload: &upload)
      bytes += block[Int(address - start)...]
      address = start + UInt64(block.count)
      if reporting { report(.advanced(.read, done: UInt64(bytes.count))) }
    }
    try endUpload(&upload)
    return bytes
  }

  private func memory(
    for range: Range<UInt64>?, alternateSetting: UInt8?
  ) throws(FlashError) -> AlternateMemory {
    guard !memories.isEmpty else { throw .noMemoryMap }
    if let alternateSetting {
      guard let memory = memories.first(where: { $0.alternateSetting == alternateSetting }) else {
        throw .noSuchAlternateSetting(
          alternateSetting, available: memories.map(\.alternateSetting))
      }
      return memory
    }
    let memory =
      if let range {
        memories.first { $0.map.segment(at: range.lowerBound) != nil }
      } else {
        memories.first { $0.map.kind == .internalFlash } ?? memories.first
      }
    guard let memory else {
      let asked = range ?? 0..<0
      throw .outsideMemory(asked, alternateSetting: nil, memory: memories.first?.map, found: nil)
    }
    return memory
  }
}
