/// A bootloader that can be told from the others by what it says of itself, and what is known of it.
struct ChipEntry: Sendable {
  /// By what it is known.
  var signature: ChipSignature
  /// What is known of it.
  var profile: ChipProfile

  init(_ signature: ChipSignature, _ profile: ChipProfile) {
    self.signature = signature
    self.profile = profile
  }
}

extension ChipProfile {
  /// Tells which chip a device is, as far as its ids and memory maps show.
  ///
  /// STM32 ROMs all have one id; the addresses of option bytes and the sectors of the flash tell
  /// most lines of parts apart. A bootloader that is not the chip's ROM gets what is true of the
  /// flash, and none of the ROM's quirks.
  ///
  /// - Parameters:
  ///   - identity: The device; its product string helps if it could be read.
  ///   - maps: The maps of all its alternate settings, in their order, corrected or not.
  /// - Returns: The profile; ``unknown``, or its like for small pages, when nothing fits, or entries
  ///   that differ in more than their names.
  static func identify(_ identity: DeviceIdentity, maps: [MemoryMap]) -> ChipProfile {
    let facts = ChipFacts(identity: identity, maps: maps)
    let fitting = ChipTable.entries.filter { $0.signature.fits(facts) }
    guard let entry = fitting.first, fitting.count == 1 else { return careful(facts) }
    var profile = entry.profile
    guard let flash = facts.flash, identity.usbID == .stBootloader else { return profile }
    profile.narrow(to: flash)
    return facts.isROM ? profile : profile.withoutROM
  }

  private static func careful(_ facts: ChipFacts) -> ChipProfile {
    var profile = facts.hasSmallPages ? unknownWithSmallPages : unknown
    if facts.isDeviceLibrary { profile.whileBusy = .worksFirst }
    return profile
  }

  /// Leaves the lines of parts that come with so much flash, and takes the time of a mass erase
  /// for as many sectors as there are, where they count.
  private mutating func narrow(to flash: FlashShape) {
    let kibibytes = flash.size / 1024
    let fitting = roms.filter { $0.flash.contains(kibibytes) }
    if !fitting.isEmpty { roms = fitting }
    if name.isEmpty { name = Self.name(of: roms, kibibytes: kibibytes) }
    guard massEraseIsBySectors, let size = flash.sectorSize else { return }
    let count = Int(clamping: min(flash.sectorCount, 1 << 16))
    massEraseTime.typical = eraseTime(forSectorOf: size).typical * count
    massEraseTime.maximum = max(massEraseTime.maximum, massEraseTime.typical)
  }

  /// What up to three lines of parts are called together: `STM32F401 or F2xx`; more by their series
  /// and size: `STM32F2/F4 (512 KiB)`.
  static func name(of roms: [BootloaderROM], kibibytes: UInt64) -> String {
    let parts = roms.map { $0.parts.dropFirst("STM32".count) }
    if parts.count <= 3, let last = parts.last {
      let others = parts.dropLast().joined(separator: ", ")
      return "STM32" + (others.isEmpty ? "" : others + " or ") + last
    }
    let series = Set(
      parts.map { part in
        let letters = part.prefix { $0.isLetter }
        return letters.count > 1 ? letters : part.prefix(2)
      }
    ).sorted().joined(separator: "/")
    let size = kibibytes.isMultiple(of: 1024) && kibibytes > 0
    return "STM32\(series) (\(size ? "\(kibibytes / 1024) MiB" : "\(kibibytes) KiB"))"
  }
}
