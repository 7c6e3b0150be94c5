import DfuseFormat

/// Where a chip keeps its protection level in its option bytes, and which levels are for ever.
///
/// Addresses are those under which the bootloaders show option bytes. The chip takes a level of
/// which the complement is wrong for another one, but the bootloader or the hardware may put the
/// complement right: the byte alone counts here.
///
/// - SeeAlso: The option byte chapters of the reference manuals; STM32CubeProgrammer's data base
///   for the addresses that its bootloader interface uses.
struct ProtectionLevel {
  /// The addresses of the byte; the newest chips have one to read and one to write.
  var bytes: [UInt64]
  /// The values from which no erase, no bootloader and no debug probe leads back.
  var permanent: Set<UInt8>

  /// What is known of a family; nil where the level's place is not known.
  private static func known(of family: ChipFamily) -> ProtectionLevel? {
    switch family {
    // RDP: 0xCC is level 2; F1 knows no level 2 (PM0075).
    case .f1: ProtectionLevel(bytes: [0x1FFF_F800], permanent: [])
    case .f0, .f3: ProtectionLevel(bytes: [0x1FFF_F800], permanent: [0xCC])
    case .f4: ProtectionLevel(bytes: [0x1FFF_C001], permanent: [0xCC])
    case .f7: ProtectionLevel(bytes: [0x1FFF_0001], permanent: [0xCC])
    case .l0, .l1: ProtectionLevel(bytes: [0x1FF8_0000], permanent: [0xCC])
    case .l4: ProtectionLevel(bytes: [0x1FFF_7800, 0x1FF0_0000], permanent: [0xCC])
    case .g0, .g4: ProtectionLevel(bytes: [0x1FFF_7800], permanent: [0xCC])
    case .c0: ProtectionLevel(bytes: [0x1FFF_7800, 0x4002_2020], permanent: [0xCC])
    case .wb: ProtectionLevel(bytes: [0x1FFF_8000], permanent: [0xCC])
    case .l5, .u5: ProtectionLevel(bytes: [0x4002_2040], permanent: [0xCC])
    case .u0: ProtectionLevel(bytes: [0x4002_2020], permanent: [0xCC])
    case .h7: ProtectionLevel(bytes: [0x5200_201D, 0x5200_2021], permanent: [0xCC])
    // PRODUCT_STATE: 0x5C is "locked". 0xD1 is none of an H5, but the end of a C5, which looks alike.
    case .h5: ProtectionLevel(bytes: [0x4002_2051, 0x4002_2055], permanent: [0x5C, 0xD1])
    // RDP_LEVEL of C5: both are level 2.
    case .c5: ProtectionLevel(bytes: [0x4002_2051, 0x4002_2055], permanent: [0xD1, 0x72])
    case .gd32, .at32, .apm32, .x32, .unknown: nil
    }
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
  ///   - family: The chip, as far as it is known.
  /// - Returns: Where the level is to go, and which it is; nil for every other image.
  static func lock(
    in image: MemoryImage, for map: MemoryMap, of family: ChipFamily
  ) -> (address: UInt64, level: UInt8)? {
    let known = known(of: family)
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
