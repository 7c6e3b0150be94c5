import DfuseFormat

/// The bootloader in the ROM of a line of parts, as a row of AN2606 has it.
///
/// - SeeAlso: ST AN2606 Rev 70, table 3, for id, address and version of USB DFU.
public struct BootloaderROM: Hashable, Sendable {
  /// What AN2606 says of some releases of it.
  struct Limit: Hashable, Sendable {
    /// The releases.
    var versions: Set<UInt16>
    /// What does not work in them, for people.
    var text: String
  }

  /// The line of parts: `STM32F42x/43x`.
  public var parts: String
  /// The ids that AN2606 has for it; other releases may be about.
  public var ids: [UInt16]
  /// Where the id can be read; nil where AN2606 has none, or another source has it elsewhere.
  public var idAddress: UInt32?
  /// The release of its DFU protocol, in BCD: 0x0220 is V2.2.
  public var dfu: UInt16
  /// How much flash parts of this line have, in KiB.
  var flash: [UInt64]
  /// The RAM of the largest part, in which a program's stack can be; none where no source has it.
  var ram: [RAMRange]
  /// Where the chip tells its flash size and unique id; nil where no source has that.
  var registers: ChipRegisters?
  /// What does not work, by release.
  var limits: [Limit] = []
  /// What has happened to single boards and to batches.
  var troubles: [KnownTrouble] = []

  init(
    _ parts: String, ids: [UInt16], at idAddress: UInt32?, dfu: UInt16, flash: [UInt64],
    ram: [RAMRange], registers: ChipRegisters? = nil, limits: [Limit] = [],
    troubles: [KnownTrouble] = []
  ) {
    self.parts = parts
    self.ids = ids
    self.idAddress = idAddress
    self.dfu = dfu
    self.flash = flash
    self.ram = ram
    self.registers = registers
    self.limits = limits
    self.troubles = troubles
  }

  /// What AN2606 says of one release; empty where it says nothing.
  public func limits(of version: BootloaderVersion) -> [String] {
    limits.filter { $0.versions.contains(version.id) }.map(\.text)
  }
}

/// A stretch of RAM.
struct RAMRange: Hashable, Sendable {
  var start: UInt32
  var kibibytes: UInt64

  init(_ start: UInt32, _ kibibytes: UInt64) {
    self.start = start
    self.kibibytes = kibibytes
  }

  /// Whether a stack that begins at an address grows into it, or may have one of a neighbour's.
  func takesStack(at address: UInt32) -> Bool {
    let end = UInt64(start) + kibibytes * 1024
    return address >= start && UInt64(address) <= end
  }
}

extension [RAMRange] {
  /// RAM of a chip with TrustZone, where it stands once more for secure programs.
  static func withSecureAlias(_ ranges: [RAMRange]) -> [RAMRange] {
    ranges + ranges.map { RAMRange($0.start + 0x1000_0000, $0.kibibytes) }
  }
}

extension ChipProfile {
  /// Whether a program's stack can begin at an address, which may be the end of RAM.
  ///
  /// - Parameter address: The first word of its vector table.
  /// - Returns: True if one of the lines of parts that the chip may be has RAM below the address; nil
  ///   if that is not known of all of them.
  public func hasRAM(forStackAt address: UInt32) -> Bool? {
    guard !roms.isEmpty, roms.allSatisfy({ !$0.ram.isEmpty }) else { return nil }
    return roms.contains { $0.ram.contains { $0.takesStack(at: address) } }
  }
}

/// Where a chip tells what it is, if its bootloader serves these addresses.
///
/// From ST's CMSIS headers and the data base of its programmer.
struct ChipRegisters: Hashable, Sendable {
  /// The flash size in KiB, a half word.
  var flashSize: UInt32
  /// The three words of the unique id.
  var uniqueID: [UInt32]

  /// What to read for the unique id: addresses, and how many bytes from each.
  var uniqueIDReads: [(address: UInt32, count: Int)] {
    uniqueID.reduce(into: []) { reads, word in
      if let last = reads.last, last.address + UInt32(last.count) == word {
        reads[reads.count - 1].count += 4
      } else {
        reads.append((word, 4))
      }
    }
  }

  init(_ flashSize: UInt32, _ uniqueID: UInt32, words: [UInt32] = [0, 4, 8]) {
    self.flashSize = flashSize
    self.uniqueID = words.map { uniqueID + $0 }
  }

  static let c0 = ChipRegisters(0x1FFF_75A0, 0x1FFF_7550)
  static let f0 = ChipRegisters(0x1FFF_F7CC, 0x1FFF_F7AC)  // F3 as well
  static let f1 = ChipRegisters(0x1FFF_F7E0, 0x1FFF_F7E8)
  static let f4 = ChipRegisters(0x1FFF_7A22, 0x1FFF_7A10)  // F2 as well
  static let f72 = ChipRegisters(0x1FF0_7A22, 0x1FF0_7A10)
  static let f74 = ChipRegisters(0x1FF0_F442, 0x1FF0_F420)  // F76x as well
  static let h5 = ChipRegisters(0x08FF_F80C, 0x08FF_F800)  // H7A3 as well
  static let h74 = ChipRegisters(0x1FF1_E880, 0x1FF1_E800)  // H72x as well
  static let l0 = ChipRegisters(0x1FF8_007C, 0x1FF8_0050, words: [0, 4, 0x14])
  static let l1 = ChipRegisters(0x1FF8_00CC, 0x1FF8_00D0, words: [0, 4, 0x14])
  static let l4 = ChipRegisters(0x1FFF_75E0, 0x1FFF_7590)  // G0, G4 and WB as well
  static let l5 = ChipRegisters(0x0BFA_05E0, 0x0BFA_0590)
  static let u0 = ChipRegisters(0x1FFF_6EA0, 0x1FFF_6E50)
  static let u5 = ChipRegisters(0x0BFA_07A0, 0x0BFA_0700)
}

/// The release of a bootloader, as its id in system memory tells it.
///
/// The high digit stands for the interfaces that it serves, the low one for the revision (AN2606).
public struct BootloaderVersion: Hashable, Sendable, CustomStringConvertible {
  /// The id: a byte, or three digits on the C5.
  public var id: UInt16

  /// Makes the release of an id.
  public init(id: UInt16) { self.id = id }

  /// Reads the bytes at the address of the id.
  ///
  /// The byte behind an id of two digits means nothing. Memory that was never written, and what no
  /// release of any ROM has, are no id.
  ///
  /// - Parameters:
  ///   - bytes: At least two.
  ///   - roms: The bootloaders that have their id there.
  init?(_ bytes: [UInt8], of roms: [BootloaderROM]) {
    guard bytes.count >= 2 else { return nil }
    let hasThreeDigits = roms.contains { $0.ids.contains { $0 > 0xFF } }
    id = hasThreeDigits ? UInt16(bytes[0]) | UInt16(bytes[1]) << 8 : UInt16(bytes[0])
    // Interfaces and revision; no ROM serves none, or is of revision 15.
    let isID = hasThreeDigits ? (0x100..<0x1000).contains(id) : id >> 4 != 0 && id & 15 != 15
    if !isID { return nil }
  }

  /// `V9.1`; `id 0x100` for three digits, of which no document tells the reading.
  public var description: String {
    id > 0xFF ? "id \(id.shortHex)" : "V\(id >> 4).\(id & 15)"
  }
}

/// A chip's unique id, 96 bits.
public struct UniqueID: Hashable, Sendable {
  /// Its three words.
  public var words: [UInt32]

  /// The serial number that ST's bootloaders make of it: twelve digits.
  ///
  /// - SeeAlso: `Get_SerialNum` of ST's USB device library.
  public var serialNumber: String {
    guard words.count == 3 else { return "" }
    let first = (words[0] &+ words[2]).hexDigits(uppercase: true)
    return first + UInt16(truncatingIfNeeded: words[1] >> 16).hexDigits(uppercase: true)
  }

  /// The bytes as they stand in memory, in hexadecimal.
  public var bytes: String {
    words.flatMap { littleEndian($0) }.hexBytes()
  }
}
