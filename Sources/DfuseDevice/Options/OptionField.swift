/// A field of a chip's option bytes.
public struct OptionField: Hashable, Sendable {
  /// Its name in ST's programmer; of one with a name for each bit, the first bit's.
  public let name: String
  /// Its name in the reference manual, where that is another.
  public let manualName: String?
  /// The address of its word.
  public let address: UInt64
  /// The lowest bit.
  let low: Int
  /// How many bits it has, 1 to 32.
  public let width: Int
  /// Whether each bit has a name of its own: `nWRP0`, `nWRP1`.
  public let hasNamedBits: Bool
  /// The values that it may have; nil for all that fit.
  public let legal: [UInt32]?
  /// What a value is to be multiplied with for an address or a length, by condition; the first that
  /// holds.
  let units: [Unit]
  /// When it is there at all; nil for always.
  let condition: OptionCondition?
  /// The value that the chip leaves the factory with; nil where no source has it, or they differ.
  public let factory: UInt32?

  /// A unit with its condition.
  struct Unit: Hashable, Sendable {
    var bytes: UInt64
    var condition: OptionCondition?
  }

  /// The bits within its word.
  var mask: UInt32 { (width == 32 ? UInt32.max : (1 << UInt32(width)) - 1) << UInt32(low) }
  /// The largest value that fits.
  public var most: UInt32 { mask >> UInt32(low) }
  /// What it is for.
  public var role: OptionRole { OptionRole(of: self) }

  /// Its value in a word.
  func value(in word: UInt32) -> UInt32 { (word & mask) >> UInt32(low) }

  /// A word with another value of it.
  func setting(_ value: UInt32, in word: UInt32) -> UInt32 {
    word & ~mask | (value << UInt32(low)) & mask
  }

  /// Whether it may have a value.
  public func allows(_ value: UInt32) -> Bool {
    value <= most && (legal?.contains(value) ?? true)
  }

  /// Its name for people: `BOR_LEV`, or `nWRP0-7` where each bit has a name.
  public var title: String {
    guard hasNamedBits else { return name }
    return "\(name)-\(Self.stem(of: name).1 + width - 1)"
  }

  /// What a name means here: the whole field, one of its bits, or nothing.
  ///
  /// Upper and lower case are the same.
  func match(_ word: String) -> Match? {
    let wanted = word.lowercased()
    if !hasNamedBits {
      return wanted == name.lowercased() || wanted == manualName?.lowercased() ? .whole : nil
    }
    let (stem, number) = Self.stem(of: wanted)
    let (own, first) = Self.stem(of: name.lowercased())
    guard Self.family(of: stem) == Self.family(of: own), stem != wanted, number >= first,
      number < first + width
    else { return nil }
    return .bit(number - first)
  }

  /// What a name means.
  enum Match: Hashable, Sendable {
    case whole
    case bit(Int)
  }

  /// A name without the digits at its end, and those.
  static func stem(of name: String) -> (String, Int) {
    let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
    let stem = String(name.dropLast(digits))
    return (stem, Int(name.dropFirst(stem.count)) ?? 0)
  }

  /// Whether it makes protection against reading (PCROP) of that against writing.
  var turnsProtection: Bool { ["SPRMOD", "WPRMOD"].contains(name) }

  /// Whether each bit has the name that another field's bit in the same place has, as far as both go.
  func hasSameBits(as other: OptionField) -> Bool {
    let (own, first) = Self.stem(of: name)
    let (stem, number) = Self.stem(of: other.name)
    return hasNamedBits && other.hasNamedBits && address == other.address && low == other.low
      && first == number && condition == other.condition
      && Self.family(of: own.lowercased()) == Self.family(of: stem.lowercased())
  }

  /// Write protection goes by several names: `nWRP0`, `WRP0`, `WRPOT0`, `WRPS0`, `WRP_bit0`.
  private static func family(of stem: String) -> String {
    let bare = stem.hasPrefix("n") ? String(stem.dropFirst()) : stem
    return ["wrp", "wrpot", "wrps", "wrpsn", "wrp_bit"].contains(bare) ? "wrp" : bare
  }
}

/// Values that other fields of the same chip have.
struct OptionCondition: Hashable, Sendable {
  /// Names and values; all must be so.
  var values: [Value]

  struct Value: Hashable, Sendable {
    var field: String
    var value: UInt32
  }

  /// Whether it is so, by what gives the value of a field by its name; nil where it cannot be read.
  func holds(_ value: (String) -> UInt32?) -> Bool {
    values.allSatisfy { value($0.field) == $0.value }
  }
}

/// What a field is for, as far as that decides what may happen to the board.
public enum OptionRole: Hashable, Sendable {
  /// The protection level.
  case protection
  /// Where the chip starts from, and so whether there is a way into its bootloader.
  case boot
  /// Where the flash is, and in which sectors.
  case map
  /// Sectors that cannot be written: to be undone by writing it again.
  case writeProtection
  /// What only a return from protection level 1 undoes, which erases everything, or nothing at all.
  case oneWay
  /// TrustZone.
  case trustZone
  /// What damages the chip at the wrong supply, or may keep it from running.
  case care
  /// Anything else.
  case plain

  /// The role of a field, by its name.
  init(of field: OptionField) {
    let name = field.name
    let (stem, _) = OptionField.stem(of: name)
    func begins(_ beginnings: String...) -> Bool { beginnings.contains { name.hasPrefix($0) } }
    self =
      if ["RDP", "RDP_level", "PRODUCT_STATE"].contains(name) {
        .protection
      } else if name == "TZEN" {
        .trustZone
      } else if name.hasSuffix("BOOT_LOCK")
        || begins("PCROP", "SEC_", "SECWM", "HDP", "UNLOCK_", "PROT_AREA", "DMEP", "DMES")
        || ["SPRMOD", "WPRMOD", "SECURITY", "BOOT_UBE", "SECBOOTADD", "LOCKBL"].contains(stem)
      {
        .oneWay
      } else if begins("nBOOT", "NBOOT", "BOOT", "nSWBOOT", "NSBOOT", "BFB", "nBFB", "BCM")
        || name == "nDBOOT"
      {
        .boot
      } else if begins("DBANK", "nDBANK", "DB1M", "DB256", "DualBank", "DUAL_BANK", "SWAP_BANK")
        || ["nSWAP_BANK", "SINGLE_BANK"].contains(name)
      {
        .map
      } else if begins("WRP", "nWRP") {
        .writeProtection
      } else if name.hasPrefix("BOR") || name.contains("HSLV") || begins("NRST_MODE", "IWDG")
        || ["WDG_SW", "WWDG_SW", "CPU_FREQ_BOOST", "ST_RAM_SIZE"].contains(name)
      {
        .care
      } else {
        .plain
      }
  }
}
