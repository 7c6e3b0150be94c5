extension ChipProfile {
  /// Tells which chip a device is, as far as its ids and memory maps show.
  ///
  /// STM32 ROMs all have one id; the addresses of option bytes and the sectors of the flash tell
  /// most families apart. A bootloader that is not the chip's ROM gets what is true of the flash,
  /// and none of the ROM's quirks.
  ///
  /// - Parameters:
  ///   - identity: The device; its product string helps if it could be read.
  ///   - maps: The maps of all its alternate settings, in their order, corrected or not.
  /// - Returns: The profile; ``unknown``, or its like for small pages, when nothing fits.
  static func identify(_ identity: DeviceIdentity, maps: [MemoryMap]) -> ChipProfile {
    if let clone = clones[identity.usbID] { return clone }
    let facts = ChipFacts(identity: identity, maps: maps)
    guard identity.usbID == .stBootloader, let flash = facts.flash else {
      return unknown(facts)
    }
    let byOptionBytes = facts.optionBytes.lazy.compactMap { profile(facts, flash, options: $0) }
    guard let found = byOptionBytes.first ?? profile(facts, flash) else { return unknown(facts) }
    let sized = found.withMassErase(of: flash)
    return facts.isROM ? sized : sized.withoutROM
  }

  private static func unknown(_ facts: ChipFacts) -> ChipProfile {
    var profile = facts.hasSmallPages ? unknownWithSmallPages : unknown
    if facts.isDeviceLibrary { profile.whileBusy = .worksFirst }
    return profile
  }

  /// The profile with the time of a mass erase for as many sectors as the flash has, where they
  /// count.
  private func withMassErase(of flash: FlashShape) -> ChipProfile {
    guard massEraseIsBySectors, let size = flash.sectorSize else { return self }
    var profile = self
    let count = Int(clamping: min(flash.sectorCount, 1 << 16))
    profile.massEraseTime.typical = eraseTime(forSectorOf: size).typical * count
    profile.massEraseTime.maximum = max(massEraseTime.maximum, profile.massEraseTime.typical)
    return profile
  }

  private static let clones: [USBID: ChipProfile] = [
    .gd32Bootloader: gd32,
    USBID(vendorID: 0x2E3C, productID: 0xDF11): at32,
    USBID(vendorID: 0x314B, productID: 0x0106): apm32,
    USBID(vendorID: 0x3997, productID: 0xDF11): x32,
    // Particle Argon, Boron and Xenon.
    USBID(vendorID: 0x2B04, productID: 0xD00C): nrf52,
    USBID(vendorID: 0x2B04, productID: 0xD00D): nrf52,
    USBID(vendorID: 0x2B04, productID: 0xD00E): nrf52,
  ]

  /// The profile by where the option bytes are.
  ///
  /// Addresses from the ROMs' own strings; those of F7, L5 and WB from the reference manuals.
  private static func profile(
    _ facts: ChipFacts, _ flash: FlashShape, options: MemorySegment
  ) -> ChipProfile? {
    let small = (flash.sectorSize ?? 0) <= 4096
    switch options.start {
    case 0x5200_201C: return h7(flash, options: options)
    case 0x01FF_8000 where flash.sectorCount == 256: return h7a3  // an H7B3I-EVAL's first ROM
    case 0x4002_2040 where small: return l5
    case 0x4002_2040: return u5(name: flash.size > 2 << 20 ? "STM32U59x/5Ax" : "STM32U5")
    // ST's OpenBootloader for the C5.
    case 0x4002_2050 where options.sectorSize == 432: return c5
    case 0x4002_2020: return facts.otpStart == 0x1FFF_6800 ? u0 : c0
    case 0x1FFF_C000: return f4(flash)
    case 0x1FFF_0000: return f7(flash)
    case 0x1FFF_F800 where flash.sectorSize != nil: return f0(facts, flash)
    case 0x1FF8_0000 where flash.sectorSize == 128: return l0
    case 0x1FF8_0000 where flash.sectorSize == 256: return l1
    case 0x1FF0_0000: return l4plus
    case 0x1FFF_8000: return wb
    // L4 and G4 share the address; the ROMs of the first say 0x2200, of the second 0x0200.
    case 0x1FFF_7800 where facts.isOldROM: return l4(name: "STM32L4")
    case 0x1FFF_7800: return options.sectorSize == 48 ? g474 : g431
    default: return nil
    }
  }

  /// The profile by the flash alone, for ROMs that show no option bytes.
  private static func profile(_ facts: ChipFacts, _ flash: FlashShape) -> ChipProfile? {
    switch flash.sectorSize {
    case 128: return l0
    case 256: return l1
    case 2048 where facts.alternatesShareOneMap: return g0
    case 8192 where facts.maps.count > 1: return h5
    case 8192 where flash.sectorCount == 64: return c5
    case 8192: return h5
    case 128 << 10: return h743
    default: return flash.banks(unit: 32) == 1 ? f7(flash) : f4(flash)
    }
  }

  private static func f0(_ facts: ChipFacts, _ flash: FlashShape) -> ChipProfile {
    if facts.isF105 { return f105 }
    if flash.sectorSize == 1024 { return f042 }
    return flash.size > 128 << 10 ? f3 : f0(name: "STM32F07x or F30x")
  }

  private static func f4(_ flash: FlashShape) -> ChipProfile? {
    switch (flash.banks(unit: 16), flash.size) {
    case (1, ...(512 << 10)): f4(name: "STM32F401/411/412/446")
    case (1, ...(1024 << 10)): f4(name: "STM32F405/407/415/417")
    case (1, _): f4(name: "STM32F413/423")
    case (2, _): f4(name: "STM32F42x/43x", quirks: [.secondBankEraseBroken])
    default: nil
    }
  }

  private static func f7(_ flash: FlashShape) -> ChipProfile? {
    switch (flash.banks(unit: 32), flash.banks(unit: 16)) {
    case (1, _): f7(name: flash.size > 1024 << 10 ? "STM32F76x/77x" : "STM32F74x/75x")
    case (_, 1): f7(name: "STM32F72x/73x")
    case (_, 2): f7(name: "STM32F76x/77x")
    default: nil
    }
  }

  private static func h7(_ flash: FlashShape, options: MemorySegment) -> ChipProfile {
    switch (flash.sectorSize, options.sectorSize) {
    case (128 << 10, 88): h723
    case (128 << 10, _): h743
    default: h7a3
    }
  }
}

/// What is looked at to tell chips apart.
struct ChipFacts {
  let identity: DeviceIdentity
  let maps: [MemoryMap]

  private var flashMap: MemoryMap? { maps.first { $0.kind == .internalFlash } }
  /// The flash, if a map shows it whole.
  var flash: FlashShape? { flashMap.flatMap(FlashShape.init) }
  /// The segments of option bytes.
  var optionBytes: [MemorySegment] { maps.filter { $0.kind == .optionBytes }.flatMap(\.segments) }
  /// Where one-time programmable memory starts.
  var otpStart: UInt64? { maps.first { $0.kind == .otp }?.segments.first?.start }
  /// Several alternate settings, and all of them with the same map.
  var alternatesShareOneMap: Bool { maps.count > 1 && Set(maps.map(\.text)).count == 1 }
  /// Flash pages of 128 or 256 bytes.
  var hasSmallPages: Bool {
    flashMap?.segments.contains { [128, 256].contains($0.sectorSize) } ?? false
  }
  /// Whether the release is one of those before ST numbered them 0x0200: 0x2000 to 0x2200.
  var isOldROM: Bool { identity.bcdDevice >= 0x2000 }

  private var product: String? { identity.product?.lowercased() }
  /// Whether this may be ST's ROM: its product string says so, or could not be read.
  ///
  /// "STM32  BOOTLOADER", "STM32 0x418 DFU Bootloader", "DFU in FS Mode".
  var isROM: Bool {
    guard let product else { return true }
    return product.hasPrefix("stm32 ") && product.hasSuffix("bootloader") || isDeviceLibrary
  }
  /// Whether the product string is that of ST's USB device library, from which newer ROMs have it
  /// as well: "DFU in FS Mode".
  var isDeviceLibrary: Bool { product?.hasPrefix("dfu in ") ?? false }
  /// Whether this is the F105/107, by its product string or by the way it writes its map: F0 and F3
  /// write their pages with four digits, "0002Kg".
  var isF105: Bool {
    product?.contains("0x418") ?? false || flashMap?.text.contains("*002Kg") ?? false
  }
}

/// The sectors of a flash, looked at for what tells families apart.
struct FlashShape {
  private let segments: [MemorySegment]

  /// The shape of a chip's whole flash.
  ///
  /// Nil when the map does not start where flash starts, or has parts that cannot be written: then
  /// it is no ROM's, and says little of the chip.
  init?(_ map: MemoryMap) {
    guard map.kind == .internalFlash, map.segments.first?.start == 0x0800_0000 else { return nil }
    let all: MemoryAccess = [.readable, .erasable, .writable]
    guard map.segments.allSatisfy({ $0.access == all }) else { return nil }
    segments = map.segments
  }

  /// The size of all sectors, or nil when they differ.
  var sectorSize: UInt64? {
    guard let first = segments.first else { return nil }
    return segments.allSatisfy { $0.sectorSize == first.sectorSize } ? first.sectorSize : nil
  }

  /// Bytes of the flash, without gaps.
  var size: UInt64 { segments.map(\.range).byteCount }

  /// Number of sectors.
  var sectorCount: UInt64 { segments.reduce(0) { $0 + $1.sectorCount } }

  /// How many times the flash is 4 × `unit`, `unit` × 4 and at least one of `unit` × 8, in KiB.
  ///
  /// 16 is the bank of F4, F2 and dual-bank F7; 32 that of F7. Nil for any other shape.
  func banks(unit: UInt64) -> Int? {
    let small = unit * 1024
    guard !segments.isEmpty, segments.count.isMultiple(of: 3) else { return nil }
    for start in stride(from: 0, to: segments.count, by: 3) {
      let bank = segments[start..<start + 3]
      guard bank.map(\.sectorSize) == [small, small * 4, small * 8],
        bank.prefix(2).map(\.sectorCount) == [4, 1]
      else { return nil }
    }
    return segments.count / 3
  }
}
