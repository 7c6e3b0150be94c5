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
    guard !range.isEmpty, memory.map.allows(.readable, throughout: range) else {
      throw .outside(range, memory)
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
    let ranges = memory.map.ranges(.readable)
    guard !ranges.isEmpty else { throw .notReadable(name: memory.map.name, .untouched) }
    return try read(ranges, of: memory)
  }

  private mutating func read(
    _ ranges: [Range<UInt64>], of memory: AlternateMemory
  ) throws(FlashError) -> [ImageElement] {
    guard board.canUpload else { throw .notReadable(name: memory.map.name, .untouched) }
    try enter()
    try select(memory.alternateSetting)
    report(.started(.read, total: ranges.byteCount))
    var elements: [ImageElement] = []
    var done: UInt64 = 0
    for range in ranges {
      guard let address = UInt32(exactly: range.lowerBound) else { continue }
      let bytes = try read(range, of: memory, reportingFrom: done)
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
    let work = try FlashLayout(board: board, options: options)
      .work(for: firmware, forWriting: false)
    for work in work where !isReadable(work) {
      throw .notReadable(name: work.memory.map.name, .untouched)
    }
    try enter()
    let total = work.reduce(0) { $0 + UInt64($1.image.byteCount) }
    report(.started(.verify, total: total))
    var done: UInt64 = 0
    var difference: FlashError.Difference?
    for work in work {
      try select(work.memory.alternateSetting)
      reader = BlockReader()
      for run in work.image.runs {
        try readBlocks(run.range, in: work.memory.map) { flasher, bytes, address in
          let expected = run.slice(address..<address + UInt64(bytes.count))
          difference.add(.init(bytes[...], instead: expected, at: address))
          done += UInt64(bytes.count)
          flasher.report(.advanced(.verify, done: done))
          return true
        }
      }
      try endReading()
    }
    if let difference { throw .different(difference) }
    report(.finished(.verify))
    return total
  }

  /// Reads back what was written directly, as after the board has come back from a reset.
  ///
  /// The firmware's own bytes count; the chip may have put right what stands beside them.
  ///
  /// - Parameters:
  ///   - write: From ``FlashResult/toCheck``.
  ///   - firmware: What is in the flash, for the error.
  /// - Throws: ``FlashError/notTaken(_:)`` when they are not there; ``FlashError/readProtected``;
  ///   other ``FlashError``.
  public mutating func check(
    _ write: DirectWrite, firmware: FlashError.Progress = .complete
  ) throws(FlashError) {
    guard board.memory(write.memory.alternateSetting) != nil else { return }
    if session.state == nil { try enter() }
    let bytes: [UInt8]
    do {
      bytes = try read(write.range, of: write.memory)
    } catch .refused(.device(.errVENDOR, _, _, during: .reading), _) {
      // It was open before: the level that was written is in force.
      throw .readProtected
    }
    if let error = write.failure(write.judge(bytes), firmware: firmware) { throw error }
  }

  /// Reads a range of a memory that is known to hold it.
  mutating func read(
    _ range: Range<UInt64>, of memory: AlternateMemory, reportingFrom done: UInt64? = nil
  ) throws(FlashError) -> [UInt8] {
    try select(memory.alternateSetting)
    var bytes: [UInt8] = []
    reader = BlockReader()
    try readBlocks(range, in: memory.map) { flasher, block, _ in
      bytes += block
      if let done { flasher.report(.advanced(.read, done: done + UInt64(bytes.count))) }
      return true
    }
    try endReading()
    return bytes
  }

  /// Reads a range block by block, as long as the blocks are wanted.
  ///
  /// A transfer that fails for no lasting reason is done again; errVENDOR, from a chip of which
  /// nothing was read before, means that it is read protected.
  ///
  /// Without `toEnd` they may stop being wanted at any of them, and it may go on up to `likely`.
  mutating func readBlocks(
    _ range: Range<UInt64>, toEnd: Bool = true, likely: UInt64 = 0, in map: MemoryMap,
    take: (inout Flasher, [UInt8], UInt64) -> Bool
  ) throws(FlashError) {
    guard map.end(of: .readable, from: range.lowerBound) > range.lowerBound else {
      throw .outsideMemory(range, alternateSetting: nil, memory: map, found: nil)
    }
    var address = range.lowerBound
    while address < range.upperBound {
      try checkCancelled()
      do {
        let pointer = UInt32(truncatingIfNeeded: address)
        let (start, bytes) = try reader.block(
          at: address, from: pointer, limit: toEnd ? range.upperBound : .max,
          likely: session.seen.isSlowLink ? likely : 0, in: map, &session)
        retries.worked()
        (isOpen, hasRead) = (true, true)
        let wanted = Array(
          bytes[Int(address - start)...].prefix(Int(range.upperBound - address)))
        guard take(&self, wanted, address) else { return }
        address += UInt64(wanted.count)
      } catch .usb(.cancelled, _) {
        settle()
        throw .cancelled(.untouched)
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
    guard let first = memories.first else { throw .noMemoryMap }
    if let alternateSetting { return try board.existing(alternateSetting) }
    guard let range else { return memories.first { $0.map.kind == .internalFlash } ?? first }
    guard let memory = memories.first(where: { $0.map.segment(at: range.lowerBound) != nil })
    else {
      throw .outsideMemory(range, alternateSetting: nil, memory: first.map, found: nil)
    }
    return memory
  }
}

/// Reads memory in blocks: an upload that goes on as far as its numbers reach, and the blocks that
/// were read last, which may hold what is asked for next.
struct BlockReader {
  /// Blocks that are asked for at once.
  ///
  /// Between two lots the work can be stopped: 16 blocks of 2 KiB take a tenth of a second.
  private static let mostAtOnce = 16

  private var upload: UploadRun?
  private var held: [(start: UInt64, bytes: [UInt8])] = []
  /// How many blocks were read without a gap, and where they end.
  private var streak: (blocks: Int, end: UInt64) = (0, 0)

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
  /// At least one byte from `address` on, and none from `limit` on. All up to there is going to be
  /// asked for, unless it is `max`: so much may be read at once. Up to `likely` it may be asked for:
  /// of that, no more is read at once than has been wanted so far.
  mutating func block(
    at address: UInt64, from pointer: UInt32, limit: UInt64, likely: UInt64 = 0, in map: MemoryMap,
    _ session: inout DFUSession
  ) throws(DFUError) -> (start: UInt64, bytes: [UInt8]) {
    if let known = held.firstIndex(where: {
      $0.start <= address && address < $0.start + UInt64($0.bytes.count)
    }) {
      held.removeFirst(known)
      return held[0]
    }
    if upload?.block(holding: address) == nil {
      try end(&session)
      var next = UploadRun(
        pointer: pointer, blocks: session.blocks, end: map.end(of: .readable, from: address))
      if next.block(holding: address) == nil { next.pointer = UInt32(truncatingIfNeeded: address) }
      upload = next
      try session.beginUpload(at: next.pointer)
    }
    let row = row(from: address, limit: limit, likely: likely)
    held = []
    // A block has at least two bytes: for a last one alone, one more is asked for and dropped.
    let blocks = try session.read(row.map { ($0.block, max($0.range.count, 2)) })
    for ((_, range), bytes) in zip(row, blocks) {
      guard bytes.count >= range.count else {
        held = []
        throw .shortBlock(found: bytes.count, expected: range.count, address: range.lowerBound)
      }
      held.append((range.lowerBound, Array(bytes.prefix(range.count))))
    }
    guard let first = held.first, let last = held.last else {
      throw .shortBlock(found: 0, expected: 1, address: address)
    }
    streak = (
      (first.start == streak.end ? streak.blocks : 0) + held.count,
      last.start + UInt64(last.bytes.count)
    )
    return first
  }

  /// The blocks from an address on that the upload reaches, and that are worth being asked for.
  private func row(
    from address: UInt64, limit: UInt64, likely: UInt64
  ) -> [(block: UInt16, range: Range<UInt64>)] {
    guard let upload else { return [] }
    var row: [(block: UInt16, range: Range<UInt64>)] = []
    let isCertain = limit < .max
    let end = isCertain ? limit : likely
    let isGoingOn =
      upload.block(holding: address).map { upload.range(of: $0).lowerBound } == streak.end
    let most = isCertain ? Self.mostAtOnce : min(isGoingOn ? streak.blocks : 1, Self.mostAtOnce)
    var next = address
    while let block = upload.block(holding: next) {
      let range = upload.range(of: block).clamped(to: 0..<max(limit, next + 1))
      row.append((block, range))
      next = range.upperBound
      guard next < end, row.count < most else { break }
    }
    return row
  }

  /// Ends the upload that is going on, if there is one; what was read last may be old from here on.
  mutating func end(_ session: inout DFUSession) throws(DFUError) {
    held = []
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
