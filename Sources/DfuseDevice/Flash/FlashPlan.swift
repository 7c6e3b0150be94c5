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
