public import DfuseFormat

extension [AlternateMemory] {
  /// The memory that takes a byte.
  ///
  /// That is the one that its target names, else the one other that has the address, if that is
  /// flash or option bytes. Memories with one map are one memory.
  /// Other programs pack option bytes into the target for the flash, since HEX knows no targets.
  ///
  /// - Parameters:
  ///   - address: Where the byte belongs.
  ///   - named: The memory that the firmware names, or nil.
  /// - Returns: The memory, or nil if there is none, or more than one.
  public func home(of address: UInt64, named: AlternateMemory?) -> AlternateMemory? {
    if let named, named.map.segment(at: address) != nil { return named }
    let others = filter { $0.map.segment(at: address) != nil }
    guard let first = others.first else { return nil }
    guard named != nil else { return first }
    let isOne = others.allSatisfy { $0.map.text == first.map.text }
    switch first.map.kind {
    case .internalFlash, .externalFlash, .optionBytes: return isOne ? first : nil
    case .otp, .deviceFeature, .dataEEPROM, .engineeringBytes, .other: return nil
    }
  }

  /// Takes an element apart by the memories that take its bytes.
  ///
  /// - Parameters:
  ///   - element: Some bytes of the firmware.
  ///   - named: The memory that the firmware names for them, or nil.
  /// - Returns: Pieces in rising order; `memory` is nil where there is none.
  public func pieces(
    of element: ImageElement, named: AlternateMemory?
  ) -> [(memory: AlternateMemory?, element: ImageElement)] {
    var parts: [(memory: AlternateMemory?, range: Range<UInt64>)] = []
    var rest = element.range
    while !rest.isEmpty {
      let memory = home(of: rest.lowerBound, named: named)
      let end: UInt64
      if let segment = memory?.map.segment(at: rest.lowerBound) {
        end = segment.end
      } else {
        // Up to the next address that any memory has.
        end =
          flatMap(\.map.segments).map(\.start).filter { $0 > rest.lowerBound }.min()
          ?? rest.upperBound
      }
      let part = rest.lowerBound..<Swift.min(end, rest.upperBound)
      if let last = parts.last, last.memory == memory {
        parts[parts.count - 1].range = last.range.lowerBound..<part.upperBound
      } else {
        parts.append((memory, part))
      }
      rest = part.upperBound..<rest.upperBound
    }
    return parts.compactMap { memory, range in element.part(range).map { (memory, $0) } }
  }
}

/// What an STM32 has at an address that is in none of a board's memories.
///
/// - SeeAlso: ARMv7-M Architecture Reference Manual, B3.1, the address map; the memory maps of RM0090,
///   RM0385, RM0433 and RM0438.
public enum OutsideRegion: Hashable, Sendable {
  /// RAM, which a program fills itself when it starts.
  case ram
  /// Core-coupled RAM at 0x1000_0000.
  case coreCoupledRAM
  /// External memory: 0x6000_0000 to 0xDFFF_FFFF.
  case externalMemory
  /// Where the flash is to be seen as well: 0, 0x0020_0000 (F7), 0x0C00_0000 (TrustZone).
  case flashAlias
  /// Anything else.
  case unknown

  /// The region of an address.
  public init(_ address: UInt64) {
    switch address {
    case 0..<0x0100_0000, 0x0C00_0000..<0x0D00_0000: self = .flashAlias
    case 0x1000_0000..<0x1010_0000: self = .coreCoupledRAM
    case 0x2000_0000..<0x4000_0000: self = .ram
    case 0x6000_0000..<0xE000_0000: self = .externalMemory
    default: self = .unknown
    }
  }
}
