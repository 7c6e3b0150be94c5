/// A board in its bootloader, and all that is known of it before it is asked anything.
///
/// Made once, when the bus has found it, from its descriptors and strings; whoever needs to know
/// what a board is takes it from here.
public struct Board: Hashable, Sendable {
  /// Which device it is, and where: port, generation, ids, strings.
  public let identity: DeviceIdentity
  /// Its DFU interface with all alternate settings.
  public let interface: DFUInterface
  /// Which protocol the interface speaks.
  public let dfuProtocol: DFUProtocol
  /// The memories behind the alternate settings, corrected where they are known to be wrong.
  public let memories: [AlternateMemory]
  /// What is known of the chip.
  public let chip: ChipProfile
  /// The bootloader, if it is a program in flash that is known.
  public let bootloader: ApplicationBootloader?
  /// How blocks are numbered, and how long one may be.
  public let blocks: BlockNumbering

  /// Makes the board of a device and one of its interfaces.
  ///
  /// - Parameters:
  ///   - identity: The device, with its strings if they could be read.
  ///   - interface: A DFU interface of it in DFU mode.
  ///   - namesAreKnown: Whether the device was asked for the names of its alternate settings.
  public init(
    identity: DeviceIdentity, interface: DFUInterface, namesAreKnown: Bool = true
  ) {
    self.identity = identity
    self.interface = interface
    dfuProtocol = interface.dfuProtocol(on: identity, namesAreKnown: namesAreKnown)
    memories = interface.memories(of: identity)
    chip = ChipProfile.identify(identity, maps: memories.map(\.map))
    bootloader = ApplicationBootloader.running(on: identity)
    let unit = chip.programmingUnit
    blocks =
      interface.functional?.blocks(unit: unit) ?? BlockNumbering(transferSize: 0, unit: unit)
  }

  /// The memory that programs are in: where the bootloader's programs are known to be, else the
  /// first flash of the chip, else the first one outside it.
  public var programMemory: AlternateMemory? {
    let flashes = memories.filter { !$0.map.segments.isEmpty && $0.map.kind.isFlash }
    let start = bootloader?.programStart.map(UInt64.init)
    return flashes.first { memory in start.map { memory.map.segment(at: $0) != nil } ?? false }
      ?? flashes.first { $0.map.kind == .internalFlash } ?? flashes.first
  }

  /// Port and generation.
  public var place: DeviceIdentity.Place { identity.place }
  /// Bytes from the address of one block number to that of the next; nil when nobody knows.
  public var stride: Int? { blocks.stride }
  /// Most bytes of a block; at least 1.
  public var blockLength: Int { blocks.length }
  /// Whether memory can be read (bitCanUpload); what has no functional descriptor is tried.
  public var canUpload: Bool { interface.functional?.canUpload ?? true }
}

extension [AlternateMemory] {
  /// The chip's flash: one entry for each map, whatever alternate settings show it.
  var internalFlash: [AlternateMemory] {
    var shown: Set<String> = []
    return filter { $0.map.kind == .internalFlash && shown.insert($0.map.text).inserted }
  }
}
