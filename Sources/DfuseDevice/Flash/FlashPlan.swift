public import DfuseFormat

/// What will be done to a board, in order: decided and checked before anything is erased.
public struct FlashPlan: Hashable, Sendable {
  /// What is to be done with one sector.
  public enum Action: Hashable, Sendable {
    /// It holds the image's bytes already: nothing.
    case keep
    /// It is blank: written without an erase.
    case write
    /// It is no flash that is erased: each of its bytes is written over what is there.
    case overwrite
    /// Erased, then written.
    case eraseAndWrite
  }

  /// One sector that the image touches.
  public struct Sector: Hashable, Sendable {
    /// Its addresses.
    public var range: Range<UInt64>
    /// What is to be done with it.
    public var action: Action

    /// Makes a planned sector.
    public init(range: Range<UInt64>, action: Action) {
      self.range = range
      self.action = action
    }
  }

  /// The work in the memory behind one alternate setting.
  public struct Memory: Hashable, Sendable {
    /// The memory's alternate setting.
    public var alternateSetting: UInt8
    /// Its name in the memory map.
    public var name: String
    /// What it is for.
    public var kind: MemoryKind
    /// The sectors that the image touches, by address.
    public var sectors: [Sector]
    /// The runs to write and to verify: the image's bytes in sectors that are not kept, widened to
    /// the programming unit with the erased value.
    public var runs: [ImageElement]

    /// Makes the plan of a memory.
    public init(
      alternateSetting: UInt8, name: String, kind: MemoryKind, sectors: [Sector],
      runs: [ImageElement]
    ) {
      self.alternateSetting = alternateSetting
      self.name = name
      self.kind = kind
      self.sectors = sectors
      self.runs = runs
    }
  }

  /// The memories, in the order in which they are written.
  public var memories: [Memory]
  /// The first address of the program in flash: its vector table, where leaving starts it.
  public var programStart: UInt32?
  /// Whether one mass erase takes the place of all erases.
  public var usesMassErase: Bool
  /// Most bytes of a block.
  public var transferSize: Int
  /// The value of an erased byte; blocks of nothing else are not written.
  public var erasedByte: UInt8
  /// How long it should take, by the chip's data.
  public var expectedTime: Duration
  /// What is written to memory that is no flash.
  public var directWrites: [DirectWrite] = []
  /// Whether what is written is read back, where it can be.
  public var verifies = true
  /// What is done, in order.
  public var steps: [FlashStep] = []

  /// Makes a plan.
  public init(
    memories: [Memory], programStart: UInt32?, usesMassErase: Bool, transferSize: Int,
    erasedByte: UInt8, expectedTime: Duration
  ) {
    self.memories = memories
    self.programStart = programStart
    self.usesMassErase = usesMassErase
    self.transferSize = transferSize
    self.erasedByte = erasedByte
    self.expectedTime = expectedTime
  }

  /// Sectors with a given action, over all memories.
  public func count(of action: Action) -> Int {
    memories.reduce(0) { $0 + $1.sectors.count { $0.action == action } }
  }

  /// Bytes that will be erased sector by sector.
  public var bytesToErase: UInt64 {
    memories.flatMap(\.sectors).filter { $0.action == .eraseAndWrite }
      .reduce(0) { $0 + UInt64($1.range.count) }
  }

  /// Bytes that will be sent: blocks of nothing but the erased value are left out.
  public var bytesToWrite: UInt64 {
    memories.reduce(0) { sum, memory in
      memory.runs.reduce(sum) { $0 + bytesToWrite(in: $1, of: memory) }
    }
  }

  /// Bytes that will be read back.
  public var bytesToVerify: UInt64 {
    memories.flatMap(\.runs).reduce(0) { $0 + UInt64($1.bytes.count) }
  }

  /// Whether the board holds the firmware already.
  public var isEmpty: Bool { memories.allSatisfy(\.runs.isEmpty) }

  /// The blocks of a run that are sent.
  ///
  /// Left out is what holds nothing but the erased value, in sectors that are erased or were found
  /// blank; a run lies in sectors of one sort.
  func blocks(of run: ImageElement, of memory: Memory) -> [WriteBlock] {
    let isOverwritten = memory.sectors.contains {
      $0.action == .overwrite && $0.range.contains(run.range.lowerBound)
    }
    return WriteBlock.blocks(of: run, transferSize: transferSize)
      .filter { isOverwritten || !$0.isBlank(in: run, erasedByte: erasedByte) }
  }

  private func bytesToWrite(in run: ImageElement, of memory: Memory) -> UInt64 {
    blocks(of: run, of: memory).reduce(0) { $0 + UInt64($1.count) }
  }

  /// The memory behind an alternate setting.
  func memory(_ alternateSetting: UInt8) -> Memory? {
    memories.first { $0.alternateSetting == alternateSetting }
  }

  /// The touched sector that holds an address.
  func sector(at address: UInt64, in alternateSetting: UInt8) -> Range<UInt64>? {
    memory(alternateSetting)?.sectors.first { $0.range.contains(address) }?.range
  }

  /// The bytes that belong in a range, which lies in one of the runs.
  func bytes(_ range: Range<UInt64>, in alternateSetting: UInt8) -> [UInt8] {
    memory(alternateSetting)?.runs.first { $0.range.contains(range.lowerBound) }?
      .part(range)?.bytes ?? []
  }

  /// Whether the sector with the vector table holds its bytes already: then it stays, and what is
  /// on the board may start before the rest has been replaced.
  var keepsVectorTable: Bool {
    guard let start = programStart else { return false }
    return memories.filter { $0.kind == .internalFlash }.flatMap(\.sectors).contains {
      $0.action == .keep && $0.range.contains(UInt64(start))
    }
  }

  /// Bytes of the image in sectors that hold them already.
  var bytesKept: UInt64 {
    memories.flatMap(\.sectors).filter { $0.action == .keep }
      .reduce(0) { $0 + UInt64($1.range.count) }
  }
}

/// A piece of memory that is no flash, written in one go, and what is to be found there afterwards.
public struct DirectWrite: Hashable, Sendable {
  /// The memory's alternate setting.
  public var alternateSetting: UInt8
  /// The memory's name.
  public var name: String
  /// What the memory is for.
  public var kind: MemoryKind
  /// All that is written: whole option bytes, else words.
  public var range: Range<UInt64>
  /// The firmware's own bytes; what stands beside them is written back as it was.
  public var wanted: [ImageElement]
  /// What was there before; nil when it could not be read.
  public var before: ImageElement?
  /// All the bytes that are written.
  var bytes: ImageElement
}

extension Flasher {
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
    guard let map = map(of: write.alternateSetting) else { return }
    if session.state == nil { try enter() }
    let bytes: [UInt8]
    do {
      bytes = try read(write.range, alternateSetting: write.alternateSetting, map: map)
    } catch .refused(.device(.errVENDOR, _, _, during: .reading), _) {
      // It was open before: the level that was written is in force.
      throw .readProtected
    }
    if let error = write.failure(write.judge(bytes), firmware: firmware) { throw error }
  }

  /// The memory that takes the supply voltage.
  func deviceFeature() throws(FlashError) -> AlternateMemory {
    guard let memory = memories.first(where: { $0.map.kind == .deviceFeature }),
      memory.map.segments.contains(where: { $0.access.contains(.writable) })
    else { throw .noSupplySetting }
    return memory
  }
}

extension DirectWrite {
  /// What was read back, beside what should be there and what was there before.
  func judge(_ bytes: [UInt8]) -> FlashMachine.Outcome {
    let found = ImageElement(
      address: UInt32(truncatingIfNeeded: range.lowerBound), bytes: bytes)
    guard let difference = found.difference(from: wanted) else { return .found(nil) }
    let isUnchanged = before.map { before in
      wanted.allSatisfy { found.part($0.range) == before.part($0.range) }
    }
    return isUnchanged == true ? .unchanged(difference) : .found(difference)
  }

  /// What is wrong, if that is not what should be there.
  func failure(
    _ outcome: FlashMachine.Outcome, firmware: FlashError.Progress
  ) -> FlashError? {
    let (found, reason): (FlashError.Difference, FlashError.Leftover.Reason)
    switch outcome {
    case .found(.some(let difference)): (found, reason) = (difference, .different(difference))
    case .unchanged(let difference): (found, reason) = (difference, .unchanged)
    default: return nil
    }
    return kind == .optionBytes ? notTaken(reason, firmware: firmware) : .different(found)
  }

  /// The error for a write that came to nothing.
  func notTaken(
    _ reason: FlashError.Leftover.Reason, firmware: FlashError.Progress
  ) -> FlashError {
    .notTaken(.init(name: name, range: range, reason: reason, firmware: firmware))
  }
}

extension ImageElement {
  /// The first place where this differs from pieces of it, and how many bytes differ.
  fileprivate func difference(from wanted: [ImageElement]) -> FlashError.Difference? {
    var difference: FlashError.Difference?
    for piece in wanted {
      guard let found = part(piece.range), found.range == piece.range else { continue }
      for (index, pair) in zip(found.bytes, piece.bytes).enumerated() where pair.0 != pair.1 {
        guard difference == nil else {
          difference?.count += 1
          continue
        }
        difference = .init(
          address: piece.range.lowerBound + UInt64(index), expected: pair.1, found: pair.0, count: 1
        )
      }
    }
    return difference
  }
}

/// One block of a run: what a single DFU_DNLOAD carries.
struct WriteBlock: Hashable {
  /// Offset of its first byte in the run.
  var offset: Int
  /// Number of its bytes.
  var count: Int

  /// The blocks of a run, in order; the last may be short.
  ///
  /// No device takes a block of one byte (AN3156): a word of the block before goes with it.
  static func blocks(of run: ImageElement, transferSize: Int) -> [WriteBlock] {
    var blocks = stride(from: 0, to: run.bytes.count, by: max(transferSize, 1)).map {
      WriteBlock(offset: $0, count: min(transferSize, run.bytes.count - $0))
    }
    if blocks.count > 1, let last = blocks.last, last.count == 1, transferSize > 4 {
      blocks[blocks.count - 2].count -= 4
      blocks[blocks.count - 1] = WriteBlock(offset: last.offset - 4, count: 5)
    }
    return blocks
  }

  /// The block's addresses.
  func range(in run: ImageElement) -> Range<UInt64> {
    let start = run.range.lowerBound + UInt64(offset)
    return start..<start + UInt64(count)
  }

  /// The block's bytes.
  func bytes(in run: ImageElement) -> ArraySlice<UInt8> { run.bytes[offset..<(offset + count)] }

  /// Whether writing the block would change nothing in erased flash.
  func isBlank(in run: ImageElement, erasedByte: UInt8) -> Bool {
    bytes(in: run).allSatisfy { $0 == erasedByte }
  }
}

/// The block with the vector table, which is written last.
struct FinalBlock {
  var memory: FlashPlan.Memory
  /// The block's bytes, as a run of its own.
  var run: ImageElement
  var address: UInt64 { run.range.lowerBound }
  var count: Int { run.bytes.count }
  /// The sector that holds it, if that can be erased.
  var sector: Range<UInt64>? {
    memory.sectors.first { $0.range.contains(address) && $0.action != .keep }?.range
  }

  /// The first block of the program; nil when it is not written, or holds nothing.
  init?(of plan: FlashPlan) {
    guard let start = plan.programStart,
      let memory = plan.memories.first(where: { $0.kind == .internalFlash }),
      let run = memory.runs.first(where: { $0.range.contains(UInt64(start)) }),
      let block = plan.blocks(of: run, of: memory).last(where: {
        run.range.lowerBound + UInt64($0.offset) <= UInt64(start)
      }), block.range(in: run).contains(UInt64(start))
    else { return nil }
    self.memory = memory
    self.run = ImageElement(
      address: run.address + UInt32(block.offset), bytes: Array(block.bytes(in: run)))
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
