import DfuseFormat

/// What a chip is: by its memory map, and by its own word.
public struct ChipIdentity: Hashable, Sendable {
  /// How something is known.
  public enum Source: String, Hashable, Sendable {
    /// From its descriptors.
    case map
    /// From its memory.
    case read
  }

  /// What its memory map leaves, for people; nil when that is no chip of the table.
  public let nameByMap: String?
  /// The bootloaders that its map leaves.
  public let candidates: [BootloaderROM]
  /// The serial number that it shows.
  public let serialNumber: String?
  /// The size of the flash by its map, in KiB; nil without one.
  public let mapKibibytes: UInt64?
  /// Whether its flash can be read; nil where that was not to be told.
  public let isReadProtected: Bool?
  /// Those of the candidates whose id was found where they have it; all, when none was.
  public private(set) var roms: [BootloaderROM]
  /// The release of the bootloader, if its id was read.
  public private(set) var version: BootloaderVersion?
  /// Where it was read.
  public private(set) var versionAddress: UInt32?
  /// The size of the flash in KiB, if that was read.
  public private(set) var kibibytes: UInt64?
  /// The unique id, if that was read.
  public private(set) var uniqueID: UniqueID?

  init(_ board: Board, isReadProtected: Bool?) {
    nameByMap = board.chip.isKnown ? board.chip.name : nil
    candidates = board.chip.roms
    roms = candidates
    serialNumber = board.identity.serialNumber
    mapKibibytes = board.flashKibibytes
    self.isReadProtected = isReadProtected
  }

  /// How the lines of parts are known.
  public var source: Source { version != nil && roms.count < candidates.count ? .read : .map }

  /// What the chip is, as exactly as it is known.
  public var name: String? {
    source == .map ? nameByMap : ChipProfile.name(of: roms, kibibytes: kibibytes ?? 0)
  }

  /// What AN2606 says does not work in this release; nothing of a release that was not read.
  public var limits: [String] {
    guard let version, roms.count == 1 else { return [] }
    return roms[0].limits(of: version)
  }

  /// Where to look for the id, each place once.
  var idAddresses: [UInt32] {
    candidates.reduce(into: []) { places, rom in
      if let address = rom.idAddress, !places.contains(address) { places.append(address) }
    }
  }

  /// Where the chip tells its size and unique id, if that is one place.
  var registers: ChipRegisters? {
    let all = Set(roms.map(\.registers))
    return all.count == 1 ? all.first ?? nil : nil
  }

  /// Takes in what stands where some candidates have their id.
  ///
  /// With several such places, the other ones hold anything: only an id that belongs there counts.
  mutating func told(_ bytes: [UInt8], at address: UInt32) {
    let here = candidates.filter { $0.idAddress == address }
    guard let found = BootloaderVersion(bytes, of: here) else { return }
    let fitting = here.filter { $0.ids.contains(found.id) }
    guard !fitting.isEmpty || idAddresses.count == 1 else { return }
    let isFirst = version == nil
    if !fitting.isEmpty { roms = isFirst ? fitting : roms + fitting }
    // Two places that both may be right tell no release.
    version = isFirst || version == found ? found : nil
    versionAddress = version == nil ? nil : address
  }

  /// Takes in the half word with the flash size.
  ///
  /// No STM32 has less than 8 KiB or more than 8 MiB: anything else is no size.
  mutating func toldFlashSize(_ bytes: [UInt8]) {
    let size = UInt64(bytes[0]) | UInt64(bytes[1]) << 8
    if (8...8192).contains(size) { kibibytes = size }
  }

  /// Takes in the words of the unique id; blank memory is none.
  mutating func toldUniqueID(_ words: [UInt32]) {
    guard words.count == 3, !words.allSatisfy({ $0 == .max }), !words.allSatisfy({ $0 == 0 }) else {
      return
    }
    uniqueID = UniqueID(words: words)
  }
}
