import DfuseFormat

/// Where a chip keeps its protection level in its option bytes, and which levels are for ever.
///
/// Addresses are those under which the bootloaders show option bytes. The chip takes a level of
/// which the complement is wrong for another one, but the bootloader or the hardware may put the
/// complement right: the byte alone counts here.
///
/// - SeeAlso: The option byte chapters of the reference manuals; STM32CubeProgrammer's data base
///   for the addresses that its bootloader interface uses.
struct ProtectionLevel: Hashable, Sendable {
  /// The addresses of the byte; the newest chips have one to read and one to write.
  var bytes: [UInt64]
  /// The values from which no erase, no bootloader and no debug probe leads back.
  var permanent: Set<UInt8>

  /// RDP: 0xCC is level 2.
  static func rdp(_ bytes: UInt64...) -> ProtectionLevel {
    ProtectionLevel(bytes: bytes, permanent: [0xCC])
  }

  /// The level of a chip that is not known, by where its option bytes begin.
  ///
  /// The byte is the first on chips like F1 and L4, the second on chips like F4 and H7.
  private static func guessed(at start: UInt64) -> ProtectionLevel {
    switch start {
    case 0x4002_2050:
      ProtectionLevel(bytes: [start + 1, start + 5], permanent: [0xCC, 0x5C, 0xD1, 0x72])
    case 0x5200_201C: ProtectionLevel(bytes: [start + 1, start + 5], permanent: [0xCC])
    default: ProtectionLevel(bytes: [start, start + 1], permanent: [0xCC])
    }
  }

  /// The first byte of an image that would lock the chip for ever.
  ///
  /// - Parameters:
  ///   - image: What is to be written to the memory behind `map`.
  ///   - map: The memory; its name does not matter, only its addresses do.
  ///   - known: The chip's own, if that is known.
  /// - Returns: Where the level is to go, and which it is; nil for every other image.
  static func lock(
    in image: MemoryImage, for map: MemoryMap, known: ProtectionLevel?
  ) -> (address: UInt64, level: UInt8)? {
    var levels = known.map { [$0] } ?? []
    let holdsKnown = known?.bytes.contains { map.segment(at: $0) != nil } ?? false
    if !holdsKnown, map.kind == .optionBytes {
      levels += map.segments.map { guessed(at: $0.start) }
    }
    for level in levels {
      for address in level.bytes where map.segment(at: address) != nil {
        guard let run = image.runs.first(where: { $0.range.contains(address) }) else { continue }
        let value = run.bytes[Int(address - run.range.lowerBound)]
        if level.permanent.contains(value) { return (address, value) }
      }
    }
    return nil
  }
}
