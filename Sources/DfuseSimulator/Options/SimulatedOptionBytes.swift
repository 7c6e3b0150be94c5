/// The option bytes of a chip as its silicon has them: where they stand, what it does with them.
///
/// Words are named by the address at which the bootloader shows them. The value of a word is its
/// fields alone: complements are not part of it, and a register pair has one value.
struct SimulatedOptionBytes: Hashable, Sendable {
  /// How a word stands in memory.
  enum Form: Hashable, Sendable {
    /// Bytes 0 and 2; bytes 1 and 3 are their complements. A write erases all of them first.
    case bytes
    /// The lower half-word; the upper one is its complement, which the hardware computes.
    case halfWords
    /// The same, written word by word as it is sent, complement and all (L0, L1).
    case sentHalfWords
    /// The word; the next one is its complement, which the hardware computes.
    case doubled
    /// A register without a complement.
    case registers
    /// A register with what is in force, and behind it the one that is programmed.
    case pairs
  }

  /// What the board does when option bytes were written.
  enum After: Hashable, Sendable {
    /// The ROM resets the chip, which loads them.
    case reset
    /// The option bytes are launched: the chip is gone at once, and loads them.
    case launch
    /// It goes on with the old ones; any reset loads the new ones.
    case staysUntilReset
    /// It goes on with the old ones until it has been without power.
    case staysUntilPowerOff
  }

  /// Some bits of a word, and the values of them that count.
  struct Condition: Hashable, Sendable {
    var address: UInt32
    var mask: UInt32
    var values: ClosedRange<UInt32>

    /// Whether it holds, by a way to get a word.
    func holds(_ word: (UInt32) -> UInt32) -> Bool { values.contains(word(address) & mask) }
  }

  /// Bits that take a new value.
  struct Patch: Hashable, Sendable {
    var address: UInt32
    var mask: UInt32 = .max
    var value: UInt32
  }

  /// Where the read protection level is, and its values.
  struct Level: Hashable, Sendable {
    var address: UInt32
    /// The lowest bit of its byte.
    var shift: UInt32 = 0
    var open: UInt32 = 0xAA
    /// The values from which there is no way back.
    var forEver: [UInt32] = [0xCC]

    /// 0, 1 or 2.
    func of(_ word: UInt32) -> UInt8 {
      let byte = word >> shift & 0xFF
      return byte == open ? 0 : forEver.contains(byte) ? 2 : 1
    }
  }

  /// Flash that a word keeps from being changed, in sectors of its bank.
  enum Protection: Hashable, Sendable {
    /// Bit after bit, each for so many sectors, or where that is 0 for its share of all; what is behind the
    /// last one's may belong to it as well.
    case bits(
      at: UInt32, from: UInt32 = 0, count: Int, sectors: Int = 1, first: Int = 0,
      protects: UInt32 = 0, lastTakesRest: Bool = false)
    /// From a page to a page, both included; none when the first is behind the last.
    case range(at: UInt32, width: UInt32, bank: Int = 1)
  }

  /// What the flash looks like while a condition holds.
  struct Mode: Hashable, Sendable {
    var condition: Condition
    var runs: [MemoryRegion.Run]
    /// The string of the first alternate setting.
    var map: String
  }

  /// How its words stand.
  var form: Form
  /// The values from the factory by address.
  var words: [UInt32: UInt32]
  /// In what boards that are found in their bootloader differ from that.
  var found: [Patch] = []
  /// Whether some of the values are guessed: open and unprotected.
  var isGuessed = false
  var level: Level
  /// Bits that are no options and stay what they are.
  var fixed: [UInt32: UInt32] = [:]
  var after = After.staysUntilPowerOff
  /// Words that can be written, read as 0, and hold a password.
  var keys: Range<UInt32>?
  /// What counts for a word whose complement is wrong, where that is not all ones.
  var mismatch: [UInt32: UInt32] = [:]
  /// What stands there when power fails while they are written.
  var torn: [Patch] = []
  /// What Read Unprotect has been seen to take with it, as a fault.
  var lostByUnprotect: [Patch] = []
  /// Each a way into the ROM, open while all its conditions hold; BOOT0 is held.
  var doors: [[Condition]] = [[]]
  /// What closes all of them.
  var lock: Condition?
  /// Whether an empty flash leads into the ROM.
  var blankLeadsToROM = false
  var protections: [Protection] = []
  /// While this holds, pages within ``secure`` are hidden from the ROM.
  var trustZone: Condition?
  var secure: [Protection] = []
  /// Forms that the flash takes; the first whose condition holds, else what the chip's profile says.
  var modes: [Mode] = []
  /// While this holds, two banks are one, and so many bytes come from each in turn: what was written in the
  /// other mode is scrambled.
  var joins: Condition?
  var joinedBytes = 16
  /// While this holds, the banks have changed places.
  var swap: Condition?
  /// While this holds, lifting the read protection clears the words of an area that cannot be read.
  var readProofClears: Condition?
  var readProofWords: [UInt32] = []

  /// The addresses of the words, rising.
  var addresses: [UInt32] { words.keys.sorted() }

  /// The value of a new board's word.
  func initial(_ address: UInt32) -> UInt32 {
    var value = words[address] ?? 0
    for patch in found where patch.address == address {
      value = value & ~patch.mask | patch.value & patch.mask
    }
    return value
  }

  /// Where a word's programmed value stands.
  func place(_ address: UInt32) -> UInt32 { form == .pairs ? address + 4 : address }

  /// How many bytes of a word carry it, its complement included.
  var stride: Int { form == .doubled ? 8 : 4 }

  /// A value as it stands in memory, at its ``place(_:)``.
  func encode(_ value: UInt32) -> [UInt8] {
    switch form {
    case .bytes:
      let low = value & 0x00FF_00FF
      return (low | (~low & 0x00FF_00FF) << 8).littleEndianBytes
    case .halfWords, .sentHalfWords:
      let low = value & 0xFFFF
      return (low | (~low & 0xFFFF) << 16).littleEndianBytes
    case .doubled: return value.littleEndianBytes + (~value).littleEndianBytes
    case .registers, .pairs: return value.littleEndianBytes
    }
  }

  /// The value that counts of a word as it stands in memory.
  func decode(_ raw: UInt32, at address: UInt32) -> UInt32 {
    switch form {
    case .bytes:
      // RM0091: a byte whose complement is wrong counts as 0xFF, and so does an erased one.
      func byte(_ shift: UInt32) -> UInt32 {
        let (value, complement) = (raw >> shift & 0xFF, raw >> (shift + 8) & 0xFF)
        return value ^ complement == 0xFF ? value : 0xFF
      }
      return byte(0) | byte(16) << 16
    case .halfWords: return raw & 0xFFFF
    case .sentHalfWords:
      let isWhole = (raw ^ raw >> 16) & 0xFFFF == 0xFFFF
      return isWhole ? raw & 0xFFFF : mismatch[address] ?? words[address] ?? 0
    case .doubled, .registers, .pairs: return raw
    }
  }

  /// The same with another value of the same chip's words.
  func with(_ change: (inout SimulatedOptionBytes) -> Void) -> SimulatedOptionBytes {
    var copy = self
    change(&copy)
    return copy
  }
}
