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
  }

  /// The work in the memory behind one alternate setting.
  public struct Memory: Hashable, Sendable {
    /// Which memory.
    public var memory: AlternateMemory
    /// The sectors that the image touches, by address.
    public var sectors: [Sector]
    /// What is written and verified.
    var content: WidenedImage

    /// The runs to write and to verify, as a copy: the image's bytes in sectors that are not kept,
    /// widened to the programming unit with the erased value.
    public var runs: [ImageElement] { content.runs }
    /// The addresses of ``runs``.
    public var ranges: [Range<UInt64>] { content.ranges }

    /// The memory's alternate setting.
    public var alternateSetting: UInt8 { memory.alternateSetting }
    /// Its name in the memory map.
    public var name: String { memory.map.name }
    /// What it is for.
    public var kind: MemoryKind { memory.map.kind }
  }

  /// The memories, in the order in which they are written.
  public var memories: [Memory] = []
  /// The first address of the program in flash: its vector table, where leaving starts it.
  public var programStart: UInt32?
  /// Whether one mass erase takes the place of all erases.
  public var usesMassErase = false
  /// Most bytes of a block.
  public var transferSize: Int
  /// The value of an erased byte; blocks of nothing else are not written.
  public var erasedByte: UInt8
  /// How long the whole flash should take, without leaving: the comparison before the plan, which
  /// has been done, and the plan.
  public var expectedTime: Duration = .zero
  /// What is written to memory that is no flash.
  public var directWrites: [DirectWrite] = []
  /// Whether what is written is read back, where it can be.
  public var verifies = true
  /// First addresses of sectors that looked blank before they are erased, where that had to be known:
  /// a look afterwards tells nothing of them (``ChipQuirk/waitWorstCaseErase``).
  var blankBefore: Set<UInt64> = []
  /// What is done, in order.
  public var steps: [FlashStep] = []

  /// Sectors with a given action, over all memories.
  public func count(of action: Action) -> Int {
    sectors(action).count
  }

  /// Bytes that will be erased sector by sector.
  public var bytesToErase: UInt64 {
    sectors(.eraseAndWrite).byteCount
  }

  /// Bytes that will be sent: blocks of nothing but the erased value are left out.
  public var bytesToWrite: UInt64 {
    memories.flatMap { memory in memory.ranges.flatMap { blocks(of: $0, of: memory) } }.byteCount
  }

  /// Bytes that will be read back.
  public var bytesToVerify: UInt64 {
    memories.flatMap(\.ranges).byteCount
  }

  /// Whether the board holds the firmware already.
  public var isEmpty: Bool { memories.allSatisfy(\.ranges.isEmpty) }

  /// The addresses of the blocks of a run that are sent.
  ///
  /// Left out is what holds nothing but the erased value, in sectors that are erased or were found
  /// blank; a run lies in sectors of one sort.
  func blocks(of run: Range<UInt64>, of memory: Memory) -> [Range<UInt64>] {
    let isOverwritten = isOverwritten(run, of: memory)
    return run.blocks(of: transferSize).filter {
      isOverwritten || !memory.content.holdsOnly(erasedByte, in: $0)
    }
  }

  /// Whether a run lies in sectors that are neither erased nor blank.
  private func isOverwritten(_ run: Range<UInt64>, of memory: Memory) -> Bool {
    memory.sectors.contains {
      $0.action == .overwrite && $0.range.contains(run.lowerBound)
    }
  }

  /// The block of a run that holds an address, if it is sent.
  func block(
    at address: UInt64, of run: Range<UInt64>, of memory: Memory
  ) -> Range<UInt64>? {
    run.blocks(of: transferSize).first { $0.contains(address) }.flatMap {
      isOverwritten(run, of: memory) || !memory.content.holdsOnly(erasedByte, in: $0) ? $0 : nil
    }
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
    guard let content = memory(alternateSetting)?.content,
      let run = content.range(holding: range.lowerBound)
    else { return [] }
    return content.bytes(in: range.clamped(to: run))
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
  var bytesKept: UInt64 { sectors(.keep).byteCount }

  func sectors(_ action: Action) -> [Range<UInt64>] {
    memories.flatMap(\.sectors).filter { $0.action == action }.map(\.range)
  }
}

/// A piece of memory that is no flash, written in one go, and what is to be found there afterwards.
public struct DirectWrite: Hashable, Sendable {
  /// Which memory.
  public var memory: AlternateMemory
  /// All that is written: whole option bytes, else words.
  public var range: Range<UInt64>
  /// The firmware's own bytes; what stands beside them is written back as it was.
  public var wanted: [ImageElement]
  /// What was there before; nil when it could not be read.
  public var before: ImageElement?
  /// All the bytes that are written.
  var bytes: ImageElement
}

extension DirectWrite {
  /// What was read back, beside what should be there and what was there before.
  func judge(_ bytes: [UInt8]) -> FlashMachine.Outcome {
    let found = ImageElement(
      address: UInt32(truncatingIfNeeded: range.lowerBound), bytes: bytes)
    var difference: FlashError.Difference?
    for piece in wanted {
      difference.add(
        .init(found.slice(piece.range), instead: piece.bytes[...], at: piece.range.lowerBound))
    }
    guard let difference else { return .found(nil) }
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
    return memory.map.kind == .optionBytes
      ? notTaken(reason, firmware: firmware) : .different(found)
  }

  /// The error for a write that came to nothing.
  func notTaken(
    _ reason: FlashError.Leftover.Reason, firmware: FlashError.Progress
  ) -> FlashError {
    .notTaken(.init(name: memory.map.name, range: range, reason: reason, firmware: firmware))
  }
}

extension Range<UInt64> {
  /// The addresses of a run's blocks, in order; the last may be short.
  ///
  /// No device takes a block of one byte (AN3156): a word of the block before goes with it.
  func blocks(of size: Int) -> [Range<UInt64>] {
    var blocks = stride(from: lowerBound, to: upperBound, by: Swift.max(size, 1)).map {
      $0..<Swift.min($0 + UInt64(size), upperBound)
    }
    if blocks.count > 1, size > 4, let last = blocks.last, last.count == 1 {
      let start = last.lowerBound - 4
      blocks[blocks.count - 2] = blocks[blocks.count - 2].lowerBound..<start
      blocks[blocks.count - 1] = start..<last.upperBound
    }
    return blocks
  }

  /// The run without a part that is written last.
  func parts(without last: Range<UInt64>?) -> [Range<UInt64>] {
    guard let last, overlaps(last) else { return [self] }
    return [
      lowerBound..<Swift.max(lowerBound, last.lowerBound),
      last.upperBound..<Swift.max(last.upperBound, upperBound),
    ]
    .filter { !$0.isEmpty }
  }
}

/// The block with the vector table, which is written last.
struct FinalBlock {
  var memory: FlashPlan.Memory
  /// Its addresses.
  var range: Range<UInt64>
  var address: UInt64 { range.lowerBound }
  /// The sector that holds it, if that can be erased.
  var sector: Range<UInt64>? {
    memory.sectors.first { $0.range.contains(address) && $0.action != .keep }?.range
  }

  /// The first block of the program; nil when it is not written, or holds nothing.
  init?(of plan: FlashPlan) {
    guard let start = plan.programStart,
      let memory = plan.memories.first(where: { $0.kind == .internalFlash }),
      let run = memory.content.range(holding: UInt64(start)),
      let block = plan.block(at: UInt64(start), of: run, of: memory)
    else { return nil }
    self.memory = memory
    range = block
  }
}
