/// What a host knows of a chip beyond its descriptors.
///
/// Facts for estimates, limits, padding and ways around misbehaviour. A device's descriptors and
/// its memory map come first wherever they say the same kind of thing.
/// Times marked "datasheet" are for supplies above 2.7 V.
public struct ChipProfile: Hashable, Sendable {
  /// The chips this is, for people: `STM32F2/F4 (1 MiB)`.
  ///
  /// Empty in the table, where the lines of parts and the size of the flash make it.
  public var name = ""
  /// The bootloaders in ROM that may be this one; none for other bootloaders and other makers.
  public internal(set) var roms: [BootloaderROM] = []
  /// The value of a byte of erased flash.
  public var erasedByte: UInt8 = 0xFF
  /// Bytes that are to be written whole and aligned, a power of two.
  ///
  /// The larger of the flash's own unit and the alignment that the family's ROM asks of an address
  /// (AN2606 Rev 70 table 7: 4, 8 or 16); with any other "the operation fails".
  var programmingUnit: Int
  /// Erase times by sector size, ascending; see ``eraseTime(forSectorOf:)``.
  var sectorEraseTimes: [SectorEraseTime]
  /// Time to program ``programmingUnit`` bytes, without the transfer.
  var programTimePerUnit: ExpectedTime
  /// Time of a mass erase.
  var massEraseTime: ExpectedTime
  /// The times when the ROM has been told that the supply allows half words; nil where that changes
  /// nothing.
  var halfWordTimes: FlashTimes?
  /// The times when the ROM has been told that the supply allows whole words; nil where there is
  /// nothing to tell.
  var wordTimes: FlashTimes?
  /// Whether a mass erase takes as long as all sectors one by one; ``massEraseTime`` is then that of
  /// the largest part in the table, and of a board's own flash once the board is known.
  var massEraseIsBySectors = false
  /// Whether the mass erase command is known to work.
  ///
  /// False where ST lists it as broken and where nothing is known: bootloaders made from ST's
  /// code report it done and do nothing. Erase sector by sector then.
  var massEraseWorks = true
  /// Whether the bootloader is taken for the one in the chip's ROM, which cannot be erased.
  var isROM = true
  /// What comes of a DFU_GETSTATUS that is sent earlier than bwPollTimeout says.
  var earlyPolling: EarlyPolling = .unknown
  /// Whether a host may ask a busy device for its status earlier than bwPollTimeout says: where that
  /// was seen to do no harm.
  public var mayBePolledEarly: Bool { if case .harmless = earlyPolling { true } else { false } }
  /// Whether the bootloader may get a request before its answer to the one before it has come to the
  /// host: not where short gaps are known to harm, and not where nobody knows.
  var takesRequestsTogether = true
  /// Whether its programs may be RISC-V's, which begin with an instruction and no vector table.
  public var mayBeRISCV = false
  /// Whether chips of several kinds have its USB id, so that what one bootloader reports says little of
  /// another.
  var sharesItsID = false
  /// What the bootloader reports as `bwPollTimeout`; nil where nobody knows.
  var reported: ReportedTimes?
  /// What the bootloader does with a DFU_GETSTATUS while it works.
  var whileBusy: StatusWhileBusy = .saysBusy
  /// Time in which the bootloader fetches 1 KiB for an upload; some milliseconds in most logs.
  var readTimePerKiB: Duration = .milliseconds(3)
  /// Whether it is one of the chips in the table.
  public var isKnown = true
  /// Known misbehaviour, with the releases that have it.
  var quirkFacts: [QuirkFact] = []
  /// The release of the bootloader, once it has been read.
  public internal(set) var version: BootloaderVersion?
  /// Where the option bytes hold the protection level; nil where that is not known.
  var protection: ProtectionLevel?

  /// The misbehaviour to reckon with: what the release has, or any release while that is not known.
  var quirks: Set<ChipQuirk> { Set(quirkFacts.filter { $0.holds(for: version) }.map(\.quirk)) }

  /// How long it takes to erase a sector of `bytes` bytes.
  ///
  /// The entry of that size or the next larger one; beyond the largest, in proportion to it, as
  /// far as ten times.
  func eraseTime(forSectorOf bytes: UInt64) -> ExpectedTime {
    if let entry = sectorEraseTimes.first(where: { $0.sectorSize >= bytes }) { return entry.time }
    guard let last = sectorEraseTimes.last, last.sectorSize > 0 else { return massEraseTime }
    let factor = Int(min(bytes / last.sectorSize + 1, 10))
    return ExpectedTime(
      typical: last.time.typical * factor, maximum: last.time.maximum * factor)
  }

  /// The profile with the times that hold when the ROM has been told its supply; as it is for nil.
  func withTimes(at supply: SupplyRange?) -> ChipProfile {
    let told: FlashTimes? =
      switch supply {
      case .from2700mV: wordTimes
      case .from2100mV, .from2400mV: halfWordTimes
      case .from1800mV, nil: nil
      }
    guard let told else { return self }
    var profile = self
    profile.sectorEraseTimes = told.sectorErase
    profile.programTimePerUnit = told.programPerUnit
    profile.massEraseTime = told.massErase
    return profile
  }
}

/// What a bootloader does with a DFU_GETSTATUS that comes while it works.
enum StatusWhileBusy: Hashable, Sendable {
  /// It answers dfuDNBUSY each time, as AN3156 has it; or stalls, with ``ChipQuirk/stallsWhileBusy``.
  case saysBusy
  /// It answers the first at once, and any later one only when it is done.
  case holdsBack
  /// It answers the first only when it is done.
  case worksFirst
}

/// What comes of asking a busy bootloader early, with what was seen and where.
enum EarlyPolling: Hashable, Sendable {
  /// It bears it.
  case harmless(String)
  /// It does not.
  case harmful(String)
  /// Nobody has told.
  case unknown
}

/// How long something takes, by a datasheet or by measurement.
struct ExpectedTime: Hashable, Sendable {
  /// What is usual; good for estimates of progress.
  var typical: Duration
  /// What no sound chip exceeds; good for time limits.
  var maximum: Duration

  static func milliseconds(_ typical: Double, _ maximum: Double) -> ExpectedTime {
    ExpectedTime(typical: .milliseconds(typical), maximum: .milliseconds(maximum))
  }

  static func microseconds(_ typical: Double, _ maximum: Double) -> ExpectedTime {
    ExpectedTime(typical: .microseconds(typical), maximum: .microseconds(maximum))
  }
}

/// How long it takes to erase a sector of some size.
struct SectorEraseTime: Hashable, Sendable {
  /// Bytes in the sector.
  var sectorSize: UInt64
  /// The time.
  var time: ExpectedTime

  /// An entry in KiB and milliseconds.
  static func kibibytes(_ size: UInt64, _ typical: Double, _ maximum: Double) -> SectorEraseTime {
    SectorEraseTime(sectorSize: size * 1024, time: .milliseconds(typical, maximum))
  }
}

/// Erase and program times for one way of programming.
struct FlashTimes: Hashable, Sendable {
  /// Erase times by sector size, ascending.
  var sectorErase: [SectorEraseTime]
  /// Time to program one programming unit.
  var programPerUnit: ExpectedTime
  /// Time of a mass erase.
  var massErase: ExpectedTime
}

/// The `bwPollTimeout` that a bootloader reports for each kind of work, whatever that really takes.
struct ReportedTimes: Hashable, Sendable {
  /// For an erase, of a sector or of everything.
  var erase: Duration
  /// For a block.
  var write: Duration
  /// For Set Address.
  var setAddress: Duration

  /// Times in milliseconds.
  static func milliseconds(_ erase: Int, _ write: Int, _ setAddress: Int) -> ReportedTimes {
    ReportedTimes(
      erase: .milliseconds(erase), write: .milliseconds(write),
      setAddress: .milliseconds(setAddress))
  }

  /// `TimingTable` of ST's first device library, for internal flash.
  ///
  /// Seen on an F4 (modm's manual), an F745 (fwupd#2696) and a GD32VF103 (gd32-dfu-utils#3).
  static let internalFlash = milliseconds(100, 104, 104)
  /// What ST's code generator puts into a bootloader made with its USB device library.
  static let codeGenerator = milliseconds(50, 50, 50)
}
