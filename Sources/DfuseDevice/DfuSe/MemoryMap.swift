import DfuseFormat

/// The memory behind one alternate setting, as the device describes it in the setting's name.
///
/// Runs of equal sectors stay runs: a map costs a few numbers a run, whatever counts the device
/// claims.
///
/// - SeeAlso: ST UM0424, the DFU memory descriptor string; ``parse(_:)`` for what is understood.
public struct MemoryMap: Hashable, Sendable {
  /// The memory's name, blanks collapsed: `Internal Flash`.
  public var name: String
  /// The whole string as the device sent it.
  public var text: String
  /// The sound segments, in the order of the string; they do not overlap.
  public var segments: [MemorySegment]
  /// What is odd about the string, and what was corrected in it.
  public var notes: [MemoryMapNote] = []

  /// The segment that holds `address`, or nil.
  public func segment(at address: UInt64) -> MemorySegment? {
    segments.first { $0.range.contains(address) }
  }

  /// Whether every address of `range` lies in some segment.
  ///
  /// An empty range is contained when its address is.
  public func contains(_ range: Range<UInt64>) -> Bool {
    end(of: [], from: range.lowerBound) >= max(range.upperBound, range.lowerBound + 1)
  }
}

extension MemoryMap {
  /// First and last address, not all between them need be there; `empty` without sectors.
  package var extentText: String {
    guard let start = segments.map(\.start).min(), let end = segments.map(\.end).max() else {
      return "empty"
    }
    return (start..<max(start, end)).addressText
  }

  /// Whether something may be done with a sector.
  func allows(_ access: MemoryAccess, in sector: Range<UInt64>) -> Bool {
    segment(at: sector.lowerBound)?.access.isSuperset(of: access) == true
  }

  /// The sectors that overlap a range, by address.
  func sectors(overlapping range: Range<UInt64>) -> [Range<UInt64>] {
    segments.sorted { $0.start < $1.start }.flatMap { segment -> [Range<UInt64>] in
      let shared = segment.range.clamped(to: range)
      guard !shared.isEmpty else { return [] }
      let first = segment.sector(at: shared.lowerBound).lowerBound
      return stride(from: first, to: shared.upperBound, by: UInt64.Stride(segment.sectorSize)).map {
        $0..<($0 + segment.sectorSize)
      }
    }
  }

  /// All sectors that can be erased.
  ///
  /// Only for the flash of a device that has answered: as long as the list is the map's claim.
  var erasableSectors: [Range<UInt64>] {
    sectors(overlapping: 0..<(1 << 32)).filter { allows(.erasable, in: $0) }
  }

  /// Everything that allows some access, in rising order; what touches is one range.
  public func ranges(_ access: MemoryAccess) -> [Range<UInt64>] {
    segments.filter { $0.access.isSuperset(of: access) }.map(\.range)
      .sorted { $0.lowerBound < $1.lowerBound }.joined
  }

  /// Behind the last address that allows some access in one go from `address` on.
  func end(of access: MemoryAccess, from address: UInt64) -> UInt64 {
    var end = address
    while let segment = segment(at: end), segment.access.isSuperset(of: access) {
      end = segment.end
    }
    return end
  }

  /// Whether every address of a range allows some access.
  func allows(_ access: MemoryAccess, throughout range: Range<UInt64>) -> Bool {
    end(of: access, from: range.lowerBound) >= range.upperBound
  }
}

extension [Range<UInt64>] {
  /// Ranges in rising order, those that touch or overlap joined.
  var joined: [Range<UInt64>] {
    reduce(into: []) { joined, range in
      if let last = joined.last, last.upperBound >= range.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
  }

  /// All addresses of the ranges, which may overlap and come in any order, in rising order.
  package var union: [Range<UInt64>] {
    filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }.joined
  }

  /// The addresses that are in these ranges and in others; both in rising order, and apart.
  package func intersection(_ others: [Range<UInt64>]) -> [Range<UInt64>] {
    var shared: [Range<UInt64>] = []
    for range in self {
      for other in others where other.overlaps(range) { shared.append(range.clamped(to: other)) }
    }
    return shared
  }

  /// The addresses that are in these ranges and not in others; both in rising order, and apart.
  package func subtracting(_ others: [Range<UInt64>]) -> [Range<UInt64>] {
    var rest: [Range<UInt64>] = []
    for range in self {
      var start = range.lowerBound
      for other in others where other.overlaps(range) {
        if start < other.lowerBound { rest.append(start..<other.lowerBound) }
        start = Swift.max(start, other.upperBound)
      }
      if start < range.upperBound { rest.append(start..<range.upperBound) }
    }
    return rest
  }

  /// The bytes in all of them.
  package var byteCount: UInt64 { reduce(0) { $0 + UInt64($1.count) } }
}

/// A stretch of memory made of equal sectors with one kind of access.
///
/// - SeeAlso: ST UM0424, the memory description string of the DFU chapter.
public struct MemorySegment: Hashable, Sendable {
  /// First address, in 64 bits so that the end of a segment can be 0x1_0000_0000.
  public var start: UInt64
  /// Bytes in each sector; at least 1.
  public var sectorSize: UInt64
  /// Number of sectors; at least 1.
  public var sectorCount: UInt64
  /// What may be done with it.
  public var access: MemoryAccess

  /// First address behind the segment.
  public var end: UInt64 { start + sectorSize * sectorCount }
  /// All addresses of the segment.
  public var range: Range<UInt64> { start..<end }

  /// The sector that holds `address`, which must be in ``range``.
  public func sector(at address: UInt64) -> Range<UInt64> {
    let first = start + (address - start) / sectorSize * sectorSize
    return first..<(first + sectorSize)
  }
}

/// What may be done with a memory segment: the low three bits of its type letter.
public struct MemoryAccess: OptionSet, Hashable, Sendable {
  /// The bits: 1 readable, 2 erasable, 4 writable.
  public var rawValue: UInt8

  /// Makes an access set from the low three bits of a type letter.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// DFU_UPLOAD is allowed.
  public static let readable = MemoryAccess(rawValue: 1)
  /// The erase command is allowed.
  public static let erasable = MemoryAccess(rawValue: 2)
  /// DFU_DNLOAD of data is allowed.
  public static let writable = MemoryAccess(rawValue: 4)
}

extension MemoryAccess: CustomStringConvertible {
  /// What may be done: `read, erase, write`; a single thing as `read only`; or `nothing`.
  public var description: String {
    let all: [(MemoryAccess, String)] = [
      (.readable, "read"), (.erasable, "erase"), (.writable, "write"),
    ]
    let names = all.filter { contains($0.0) }.map(\.1)
    switch names.count {
    case 0: return "nothing"
    case 1: return names[0] + " only"
    default: return names.joined(separator: ", ")
    }
  }
}

/// What a memory is for, as far as its name or its address tells.
public enum MemoryKind: Hashable, Sendable {
  /// The flash the program runs from.
  case internalFlash
  /// Option bytes: written as one block, which erases and often resets.
  case optionBytes
  /// One-time programmable memory.
  case otp
  /// The register-like word at 0xFFFF_0000 of F2, F4, F7 and L4 ROMs.
  case deviceFeature
  /// Data EEPROM of L0 and L1.
  case dataEEPROM
  /// Read-only engineering bytes of newer ROMs.
  case engineeringBytes
  /// Flash outside the chip.
  case externalFlash
  /// Anything else.
  case other
}

extension MemoryKind {
  /// Whether it is erased by sectors and programmed by units.
  var isFlash: Bool {
    switch self {
    case .internalFlash, .externalFlash, .other: true
    case .optionBytes, .otp, .deviceFeature, .dataEEPROM, .engineeringBytes: false
    }
  }
}

extension MemoryMap {
  /// What the memory is for: by its name, else by where it starts.
  ///
  /// Case and blanks of the name do not matter.
  public var kind: MemoryKind {
    let key = name.lowercased().filter { $0 != " " }
    for (prefix, kind) in Self.kindsByName where key.hasPrefix(prefix) { return kind }
    // Where all STM32 parts and their clones have their flash.
    let flash: Range<UInt64> = 0x0800_0000..<0x0900_0000
    if let first = segments.first, flash.contains(first.start) { return .internalFlash }
    return .other
  }

  /// Starts of names as seen in the field, lower case and without blanks.
  private static let kindsByName: [(String, MemoryKind)] = [
    ("internalflash", .internalFlash),
    ("optionbyte", .optionBytes),  // AT32 has the singular
    ("obbytes", .optionBytes),  // U0, C0
    ("otp", .otp),
    ("devicefeature", .deviceFeature),
    ("datamemory", .dataEEPROM),
    ("engibytes", .engineeringBytes),
    ("externalflash", .externalFlash),
    ("spiflash", .externalFlash),  // DSO Nano, Spark Core
    ("serialflash", .externalFlash),  // Particle P1
    ("norflash", .externalFlash),
    ("extrawflash", .externalFlash),  // Arduino
    ("extfileflash", .externalFlash),
  ]
}

/// An alternate setting of a DfuSe interface, and the memory behind it.
public struct AlternateMemory: Hashable, Sendable {
  /// `bAlternateSetting`.
  public var alternateSetting: UInt8
  /// Its memory map, corrected where the device is known to be wrong.
  public var map: MemoryMap

  /// Makes an entry.
  public init(alternateSetting: UInt8, map: MemoryMap) {
    self.alternateSetting = alternateSetting
    self.map = map
  }
}

extension DFUInterface {
  /// The memories of the interface, in the order of its alternate settings.
  ///
  /// Alternate settings whose names are no memory map are left out. Where several have the same
  /// map, as on the G0B1, the first one will do: such devices go by address alone.
  ///
  /// - Parameter identity: The device that has the interface, for ``MemoryMap/corrected(for:siblings:)``.
  /// - Returns: One entry an alternate setting with a map.
  public func memories(of identity: DeviceIdentity) -> [AlternateMemory] {
    let found = alternateSettings.compactMap { setting in
      setting.name.flatMap(MemoryMap.parse).map {
        AlternateMemory(alternateSetting: setting.number, map: $0)
      }
    }
    let siblings = found.map(\.map)
    return found.map { memory in
      AlternateMemory(
        alternateSetting: memory.alternateSetting,
        map: memory.map.corrected(for: identity, siblings: siblings))
    }
  }
}

/// Something odd in a memory map, or a correction of it.
public enum MemoryMapNote: Hashable, Sendable {
  /// Characters that are not printable ASCII were left out.
  case charactersDropped(count: Int)
  /// A group of sectors without a sound address, or without sectors; it is left out.
  case malformedGroup(String)
  /// A run of sectors that cannot be read; it and the rest of its group are left out.
  case malformedRun(String)
  /// A run of no sectors, or of sectors of no bytes; it is left out.
  case emptyRun(String)
  /// A letter in the multiplier's place that means nothing; sizes are taken as bytes.
  case unknownMultiplier(String)
  /// A run without a type letter; it is taken as readable only.
  case typeMissing(String)
  /// More characters than a multiplier and a type; the rest is ignored.
  case junkAfterRun(String)
  /// A run goes on beyond 0xFFFF_FFFF; only its whole sectors below are kept.
  case beyondAddressSpace(String)
  /// A run covers addresses of an earlier one; it is left out.
  case overlap(String)
  /// More runs than any string descriptor can hold; the rest is left out.
  case tooManyRuns(limit: Int)
  /// Corrected: Device Feature can be read and written, never erased.
  case deviceFeatureAccess
  /// Corrected: option bytes and OTP are never erased by the erase command.
  case notErasable
  /// Corrected: pages of 1 KiB, as many as the GD32's serial number says.
  case gd32Pages(count: UInt64)
  /// Corrected: the H7A3's sectors are 8 KiB; its first bootloader says 2 KiB.
  case h7a3Sectors
  /// Corrected: these addresses behind the option bytes take keys, and are left out.
  case keyWords(Range<UInt64>)
}

extension MemoryMapNote: CustomStringConvertible {
  /// What is odd, in one sentence.
  public var description: String {
    switch self {
    case .charactersDropped(let count):
      "\(count) character\(count == 1 ? "" : "s") of the memory map cannot be printed"
    case .malformedGroup(let text): "the group '\(text)' has no sound address or no sectors"
    case .malformedRun(let text): "the sectors '\(text)' cannot be understood"
    case .emptyRun(let text): "the sectors '\(text)' are none"
    case .unknownMultiplier(let text): "the sectors '\(text)' have an unknown unit, taken as bytes"
    case .typeMissing(let text): "the sectors '\(text)' have no type, taken as read-only"
    case .junkAfterRun(let text): "the sectors '\(text)' are followed by something else"
    case .beyondAddressSpace(let text): "the sectors '\(text)' go beyond 0xFFFF_FFFF"
    case .overlap(let text): "the sectors '\(text)' lie upon earlier ones"
    case .tooManyRuns(let limit): "the memory map has more than \(limit) runs of sectors"
    case .deviceFeatureAccess: "Device Feature is taken as readable and writable"
    case .notErasable: "this memory cannot be erased, whatever its map says"
    case .gd32Pages(let count):
      "this GD32 has \(count) pages of 1 KiB, whatever its memory map says"
    case .h7a3Sectors: "this STM32H7A3 has sectors of 8 KiB, whatever its memory map says"
    case .keyWords(let range):
      "\(range.addressText) takes the keys of a locked chip: it is never read or written"
    }
  }
}
