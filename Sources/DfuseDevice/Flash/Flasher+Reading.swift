public import DfuseFormat

extension Flasher {
  /// Reads memory.
  ///
  /// - Parameters:
  ///   - range: The addresses.
  ///   - alternateSetting: The memory; nil for the first one that holds the range.
  /// - Returns: The bytes with their address.
  /// - Throws: ``FlashError/outsideMemory(_:alternateSetting:memory:found:)`` before anything is
  ///   read; ``FlashError/readProtected``; other ``FlashError``.
  public mutating func read(
    _ range: Range<UInt64>, alternateSetting: UInt8? = nil
  ) throws(FlashError) -> ImageElement {
    let memory = try memory(for: range, alternateSetting: alternateSetting)
    guard !memory.map.segments.isEmpty else { throw .nothingThere(memory) }
    guard !range.isEmpty, memory.map.readableEnd(from: range.lowerBound) >= range.upperBound else {
      throw .outsideMemory(
        range, alternateSetting: memory.alternateSetting, memory: memory.map, found: nil)
    }
    return try read([range], of: memory).first ?? ImageElement(address: 0, bytes: [])
  }

  /// Reads all of a memory: each part that can be read, whatever lies between.
  ///
  /// Option bytes often have two groups, far from each other.
  ///
  /// - Parameter alternateSetting: The memory; nil for the first flash.
  /// - Returns: The bytes with their addresses, in rising order; at least one part.
  /// - Throws: ``FlashError/notReadable(name:_:)`` when nothing of it can be read, and as
  ///   ``read(_:alternateSetting:)``.
  public mutating func readAll(
    alternateSetting: UInt8? = nil
  ) throws(FlashError) -> [ImageElement] {
    let memory = try memory(for: nil, alternateSetting: alternateSetting)
    guard !memory.map.segments.isEmpty else { throw .nothingThere(memory) }
    let ranges = memory.map.readableRanges
    guard !ranges.isEmpty else { throw .notReadable(name: memory.map.name, .untouched) }
    return try read(ranges, of: memory)
  }

  private mutating func read(
    _ ranges: [Range<UInt64>], of memory: AlternateMemory
  ) throws(FlashError) -> [ImageElement] {
    guard canUpload else { throw .notReadable(name: memory.map.name, .untouched) }
    try enter()
    try select(memory.alternateSetting)
    report(.started(.read, total: ranges.reduce(0) { $0 + UInt64($1.count) }))
    var elements: [ImageElement] = []
    var done: UInt64 = 0
    for range in ranges {
      guard let address = UInt32(exactly: range.lowerBound) else { continue }
      let bytes = try read(
        range, alternateSetting: memory.alternateSetting, map: memory.map, reportingFrom: done)
      elements.append(ImageElement(address: address, bytes: bytes))
      done += UInt64(bytes.count)
    }
    report(.finished(.read))
    return elements
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
      throw .notReadable(name: work.map.name, .untouched)
    }
    try enter()
    let total = work.reduce(0) { $0 + UInt64($1.image.byteCount) }
    report(.started(.verify, total: total))
    var done: UInt64 = 0
    var difference: FlashError.Difference?
    for work in work {
      try select(work.alternateSetting)
      var reader = BlockReader()
      for run in work.image.runs {
        try readBlocks(run.range, in: work.map, &reader) { flasher, bytes, address in
          let expected = run.part(address..<address + UInt64(bytes.count))?.bytes ?? []
          if let found = FlashError.Difference(bytes, instead: expected, at: address) {
            difference = difference ?? found
            if difference != found { difference?.count += found.count }
          }
          done += UInt64(bytes.count)
          flasher.report(.advanced(.verify, done: done))
          return true
        }
      }
      try attemptAgain { session throws(DFUError) in try reader.end(&session) }
    }
    report(.finished(.verify))
    if let difference { throw .different(difference) }
    return total
  }

  /// Reads a range of a memory that is known to hold it.
  mutating func read(
    _ range: Range<UInt64>, alternateSetting: UInt8, map: MemoryMap,
    reportingFrom done: UInt64? = nil
  ) throws(FlashError) -> [UInt8] {
    try select(alternateSetting)
    var bytes: [UInt8] = []
    var reader = BlockReader()
    try readBlocks(range, in: map, &reader) { flasher, block, _ in
      bytes += block
      if let done { flasher.report(.advanced(.read, done: done + UInt64(bytes.count))) }
      return true
    }
    try attemptAgain { session throws(DFUError) in try reader.end(&session) }
    return bytes
  }

  /// Reads a range block by block, as long as the blocks are wanted.
  ///
  /// A transfer that fails for no lasting reason is done again; errVENDOR, from a chip of which
  /// nothing was read before, means that it is read protected.
  mutating func readBlocks(
    _ range: Range<UInt64>, toEnd: Bool = true, in map: MemoryMap, _ reader: inout BlockReader,
    take: (inout Flasher, [UInt8], UInt64) -> Bool
  ) throws(FlashError) {
    guard map.readableEnd(from: range.lowerBound) > range.lowerBound else {
      throw .outsideMemory(range, alternateSetting: nil, memory: map, found: nil)
    }
    var address = range.lowerBound
    while address < range.upperBound {
      try checkCancelled()
      do {
        let pointer = UInt32(truncatingIfNeeded: address)
        let (start, bytes) = try reader.block(
          at: address, from: pointer, limit: toEnd ? range.upperBound : .max, in: map, &session)
        retries.worked()
        (isOpen, hasRead) = (true, true)
        let wanted = Array(
          bytes[Int(address - start)...].prefix(Int(range.upperBound - address)))
        guard take(&self, wanted, address) else { return }
        address += UInt64(wanted.count)
      } catch .device(.errVENDOR, _, _, _) where !isOpen {
        throw .readProtected
      } catch {
        guard recover(from: error) else {
          if !hasRead, error.refusesReading {
            throw .notReadable(name: map.name, .untouched)
          }
          throw failure(error)
        }
        reader = BlockReader()
      }
    }
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

extension FlashError {
  /// The failure for a memory without sectors.
  static func nothingThere(_ memory: AlternateMemory) -> FlashError {
    .nothingThere(alternateSetting: memory.alternateSetting, name: memory.map.name)
  }
}
