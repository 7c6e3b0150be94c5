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
  public mutating func verify(
    _ firmware: Firmware, ignoreIDs: Bool = false
  ) throws(FlashError) -> UInt64 {
    var options = FlashOptions()
    options.ignoreIDs = ignoreIDs
    options.allowOTP = true
    options.allowOptionBytes = true
    let layout = FlashLayout(
      memories: memories, profile: profile, identity: identity, options: options)
    let work = try layout.work(for: firmware, forWriting: false)
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

/// Reads memory in blocks: an upload that goes on as far as its numbers reach, and the block that
/// was read last, which may hold what is asked for next.
struct BlockReader {
  private var upload: UploadRun?
  private var last: (start: UInt64, bytes: [UInt8]) = (0, [])

  /// Reads a range.
  ///
  /// `pointer` is where a new upload starts, if the one that is going on does not reach the range;
  /// nothing is asked for from `end` on.
  mutating func read(
    _ range: Range<UInt64>, from pointer: UInt32, end: UInt64, in map: MemoryMap,
    _ session: inout DFUSession
  ) throws(DFUError) -> [UInt8] {
    var bytes: [UInt8] = []
    var address = range.lowerBound
    while address < range.upperBound {
      let block = try block(at: address, from: pointer, limit: end, in: map, &session)
      bytes += block.bytes[Int(address - block.start)...].prefix(Int(range.upperBound - address))
      address = range.lowerBound + UInt64(bytes.count)
    }
    return bytes
  }

  /// Reads the block that holds an address, in the upload that is going on or in a new one.
  ///
  /// At least one byte from `address` on, and none from `limit` on.
  mutating func block(
    at address: UInt64, from pointer: UInt32, limit: UInt64, in map: MemoryMap,
    _ session: inout DFUSession
  ) throws(DFUError) -> (start: UInt64, bytes: [UInt8]) {
    if last.start <= address, address < last.start + UInt64(last.bytes.count) { return last }
    if upload?.block(holding: address) == nil {
      try end(&session)
      var next = UploadRun(
        pointer: pointer, blocks: session.blocks, end: map.readableEnd(from: address))
      if next.block(holding: address) == nil { next.pointer = UInt32(truncatingIfNeeded: address) }
      upload = next
      try session.beginUpload(at: next.pointer)
    }
    guard let upload, let block = upload.block(holding: address) else {
      throw .shortBlock(found: 0, expected: 1, address: address)
    }
    let range = upload.range(of: block).clamped(to: 0..<max(limit, address + 1))
    // A block has at least two bytes: for a last one alone, one more is asked for and dropped.
    let bytes = try session.read(block: block, length: max(range.count, 2))
    guard bytes.count >= range.count else {
      throw .shortBlock(found: bytes.count, expected: range.count, address: range.lowerBound)
    }
    last = (range.lowerBound, Array(bytes.prefix(range.count)))
    return last
  }

  /// Ends the upload that is going on, if there is one; what was read last may be old from here on.
  mutating func end(_ session: inout DFUSession) throws(DFUError) {
    last = (0, [])
    guard upload != nil else { return }
    try session.endUpload()
    upload = nil
  }
}

/// A run of reads: one address pointer, and block numbers that may jump.
///
/// A block begins at a multiple of the stride from the pointer, and is cut short at the end of the
/// readable memory. Where numbers do not count, only the block at the pointer can be read.
struct UploadRun: Equatable {
  /// The address pointer.
  var pointer: UInt32
  /// How the device counts.
  var blocks: BlockNumbering
  /// Behind the last address that may be read.
  var end: UInt64

  /// The number of the block that holds an address, or nil when it is out of reach.
  func block(holding address: UInt64) -> UInt16? {
    guard address >= UInt64(pointer), address < end else { return nil }
    let index = (address - UInt64(pointer)) / UInt64(blocks.length)
    let start = UInt64(pointer) + index * UInt64(blocks.length)
    return blocks.number(at: start, pointer: pointer)
  }

  /// The addresses of a block that ``block(holding:)`` has named.
  func range(of block: UInt16) -> Range<UInt64> {
    let start = blocks.address(of: block, pointer: pointer) ?? end
    return min(start, end)..<min(start + UInt64(blocks.length), end)
  }
}
