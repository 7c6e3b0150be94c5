/// A board in its bootloader, and all that is known of it before it is asked anything.
///
/// Made once, when the bus has found it, from its descriptors and strings; whoever needs to know
/// what a board is takes it from here.
public struct Board: Hashable, Sendable {
  /// Which device it is, and where: port, generation, ids, strings.
  public internal(set) var identity: DeviceIdentity
  /// Its DFU interface with all alternate settings.
  public internal(set) var interface: DFUInterface
  /// Which protocol the interface speaks.
  public internal(set) var dfuProtocol: DFUProtocol
  /// The memories behind the alternate settings, corrected where they are known to be wrong.
  public internal(set) var memories: [AlternateMemory]
  /// What is known of the chip.
  public internal(set) var chip: ChipProfile
  /// The bootloader, if it is a program in flash that is known.
  public internal(set) var bootloader: ApplicationBootloader?
  /// How blocks are numbered, and how long one may be.
  public internal(set) var blocks: BlockNumbering

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
    blocks = BlockNumbering(
      transferSize: interface.functional?.wTransferSize ?? 0, unit: chip.programmingUnit)
  }

  /// The memory that programs are in: where the bootloader's programs are known to be, else the
  /// first flash of the chip, else the first one outside it.
  public var programMemory: AlternateMemory? {
    let flashes = memories.filter { !$0.map.segments.isEmpty && $0.map.kind.isFlash }
    let start = bootloader?.programStart.map(UInt64.init)
    return flashes.first { memory in start.map { memory.map.segment(at: $0) != nil } ?? false }
      ?? flashes.first { $0.map.kind == .internalFlash } ?? flashes.first
  }

  /// The flash that "all of the flash" means: the chip's own, one entry for each map, whatever
  /// alternate settings show it; where it shows none, the memory that programs are in.
  var flash: [AlternateMemory] {
    var shown: Set<String> = []
    let inside = memories.filter {
      $0.map.kind == .internalFlash && shown.insert($0.map.text).inserted
    }
    return inside.isEmpty ? programMemory.map { [$0] } ?? [] : inside
  }

  /// The size of its flash by its map, in KiB; nil without one.
  var flashKibibytes: UInt64? { flash.map(\.map).kibibytes }

  /// The memory behind an alternate setting, or nil.
  func memory(_ alternateSetting: UInt8) -> AlternateMemory? {
    memories.first { $0.alternateSetting == alternateSetting }
  }

  /// The memory behind an alternate setting, which has to be there.
  func existing(_ alternateSetting: UInt8) throws(FlashError) -> AlternateMemory {
    guard let memory = memory(alternateSetting) else {
      throw .noSuchAlternateSetting(
        alternateSetting, available: memories.map(\.alternateSetting))
    }
    return memory
  }

  /// Port and generation.
  public var place: DeviceIdentity.Place { identity.place }
  /// Whether memory can be read (bitCanUpload); what has no functional descriptor is tried.
  public var canUpload: Bool { interface.functional?.canUpload ?? true }
}
