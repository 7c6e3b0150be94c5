/// What a host knows of a chip beyond its descriptors.
///
/// Facts for estimates, limits, padding and ways around misbehaviour. A device's descriptors and
/// its memory map come first wherever they say the same kind of thing.
/// Times marked "datasheet" are for supplies above 2.7 V.
public struct ChipProfile: Hashable, Sendable {
  /// The chips this is, for people: `STM32F405/407/415/417`.
  public var name: String
  /// The family.
  public var family: ChipFamily
  /// The value of a byte of erased flash.
  public var erasedByte: UInt8
  /// Bytes that are to be written whole and aligned, a power of two.
  ///
  /// The larger of the flash's own unit and the alignment that the family's ROM asks of an address
  /// (AN2606 Rev 70 table 7: 4, 8 or 16); with any other "the operation fails".
  public var programmingUnit: Int
  /// Erase times by sector size, ascending; see ``eraseTime(forSectorOf:)``.
  public var sectorEraseTimes: [SectorEraseTime]
  /// Time to program ``programmingUnit`` bytes, without the transfer.
  public var programTimePerUnit: ExpectedTime
  /// Time of a mass erase.
  public var massEraseTime: ExpectedTime
  /// The times when the ROM has been told that the supply allows whole words; nil where there is
  /// nothing to tell.
  public var wordTimes: FlashTimes?
  /// Whether the mass erase command is known to work.
  ///
  /// False where ST lists it as broken and where nothing is known: bootloaders made from ST's
  /// code report it done and do nothing. Erase sector by sector then.
  public var massEraseWorks: Bool
  /// Whether the bootloader is taken for the one in the chip's ROM, which cannot be erased.
  public var isROM: Bool
  /// Whether bwPollTimeout may be cut short.
  public var safePolling: PollingSafety
  /// Known misbehaviour.
  public var quirks: ChipQuirks

  /// Makes a profile.
  public init(
    name: String, family: ChipFamily, erasedByte: UInt8 = 0xFF, programmingUnit: Int,
    sectorEraseTimes: [SectorEraseTime], programTimePerUnit: ExpectedTime,
    massEraseTime: ExpectedTime, wordTimes: FlashTimes? = nil, massEraseWorks: Bool = true,
    isROM: Bool = true, safePolling: PollingSafety, quirks: ChipQuirks = []
  ) {
    self.name = name
    self.family = family
    self.erasedByte = erasedByte
    self.programmingUnit = programmingUnit
    self.sectorEraseTimes = sectorEraseTimes
    self.programTimePerUnit = programTimePerUnit
    self.massEraseTime = massEraseTime
    self.wordTimes = wordTimes
    self.massEraseWorks = massEraseWorks
    self.isROM = isROM
    self.safePolling = safePolling
    self.quirks = quirks
  }

  /// How long it takes to erase a sector of `bytes` bytes.
  ///
  /// The entry of that size or the next larger one; beyond the largest, in proportion to it, as
  /// far as ten times.
  public func eraseTime(forSectorOf bytes: UInt64) -> ExpectedTime {
    if let entry = sectorEraseTimes.first(where: { $0.sectorSize >= bytes }) { return entry.time }
    guard let last = sectorEraseTimes.last, last.sectorSize > 0 else { return massEraseTime }
    let factor = Int(min(bytes / last.sectorSize + 1, 10))
    return ExpectedTime(
      typical: last.time.typical * factor, maximum: last.time.maximum * factor)
  }

  /// The profile with the times that hold when the ROM programs whole words.
  var withWordTimes: ChipProfile {
    guard let wordTimes else { return self }
    var profile = self
    profile.sectorEraseTimes = wordTimes.sectorErase
    profile.programTimePerUnit = wordTimes.programPerUnit
    profile.massEraseTime = wordTimes.massErase
    return profile
  }
}

/// The families of chips whose bootloaders are told apart.
public enum ChipFamily: Hashable, Sendable, CaseIterable {
  /// STM32F0, with the F3 parts that look the same.
  case f0
  /// STM32F105 and F107.
  case f1
  /// STM32F3.
  case f3
  /// STM32F4, with the F2 parts that look the same.
  case f4
  /// STM32F7.
  case f7
  /// STM32C0.
  case c0
  /// STM32C5.
  case c5
  /// STM32G0.
  case g0
  /// STM32G4.
  case g4
  /// STM32H5.
  case h5
  /// STM32H7.
  case h7
  /// STM32L0.
  case l0
  /// STM32L1.
  case l1
  /// STM32L4 and L4+.
  case l4
  /// STM32L5.
  case l5
  /// STM32U0.
  case u0
  /// STM32U5.
  case u5
  /// STM32WB.
  case wb
  /// GigaDevice GD32.
  case gd32
  /// Artery AT32.
  case at32
  /// Geehy APM32.
  case apm32
  /// X32.
  case x32
  /// None of these, or not to be told.
  case unknown
}
