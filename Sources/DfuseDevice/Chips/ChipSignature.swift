/// By what a bootloader is known: its ids, and what its memory maps say.
///
/// All of it has to fit. What a case leaves out is not asked.
struct ChipSignature: Sendable {
  /// The sectors of the flash.
  enum Flash: Sendable {
    /// Sectors of one size in bytes, and how much flash that is in KiB.
    case sectors(of: UInt64, kibibytes: ClosedRange<UInt64>)
    /// As many banks of 4 sectors of `unit` KiB, one of four times and some of eight times that.
    case banks(Int, unit: UInt64, kibibytes: ClosedRange<UInt64>)
  }

  /// Where the option bytes are.
  enum OptionBytes: Sendable {
    /// The first segment begins there; with one of these lengths in bytes, if any are named.
    case at(UInt64, bytes: Set<UInt64> = [])
    /// As ``at(_:bytes:)``, or the bootloader shows none.
    case atOrHidden(UInt64)
    /// The bootloader shows none.
    case hidden
  }

  /// Which generation of ST's ROMs it is, by `bcdDevice`.
  enum Generation: Sendable {
    /// 0x2000 to 0x2200.
    case first
    /// 0x0200 and later.
    case second
  }

  /// The ids.
  var ids: Set<USBID> = [.stBootloader]
  /// The flash; nil for clones that are known by their ids alone.
  var flash: Flash?
  /// The option bytes.
  var options: OptionBytes?
  /// Where the first segment of option bytes does not begin.
  var optionsNot: Set<UInt64> = []
  /// The generation.
  var generation: Generation?
  /// `bcdDevice`, where the generation says too little.
  var releases: ClosedRange<UInt16>?
  /// Where one-time programmable memory begins, if it is shown.
  var otp: UInt64?
  /// Where it does not begin.
  var otpNot: UInt64?
  /// How many alternate settings there are.
  var alternates: ClosedRange<Int>?
  /// Whether all alternate settings have the same map.
  var sharesOneMap: Bool?
  /// The product string or the flash's map has one of these in it, which tells the oldest ROM from
  /// later ones.
  var says: [String] = []
  /// Neither has any of these in it.
  var saysNot: [String] = []

  /// Whether a device has this signature.
  func fits(_ facts: ChipFacts) -> Bool {
    guard ids.contains(facts.identity.usbID) else { return false }
    if let flash, !(facts.flash.map { $0.fits(flash) } ?? false) { return false }
    if let options, !facts.fits(options) { return false }
    if let first = facts.optionBytes.first, optionsNot.contains(first.start) { return false }
    if let generation, facts.isOldROM != (generation == .first) { return false }
    if let releases, !releases.contains(facts.identity.bcdDevice) { return false }
    if let otp, facts.otpStart != otp { return false }
    if let otpNot, facts.otpStart == otpNot { return false }
    if let alternates, !alternates.contains(facts.maps.count) { return false }
    if let sharesOneMap, facts.alternatesShareOneMap != sharesOneMap { return false }
    return (says.isEmpty || says.contains(where: facts.says))
      && !saysNot.contains(where: facts.says)
  }
}

extension ChipFacts {
  fileprivate func fits(_ options: ChipSignature.OptionBytes) -> Bool {
    switch options {
    case .hidden: optionBytes.isEmpty
    case .atOrHidden(let start): optionBytes.isEmpty || fits(.at(start))
    case .at(let start, let lengths):
      optionBytes.first.map {
        $0.start == start && (lengths.isEmpty || lengths.contains(UInt64($0.range.count)))
      } ?? false
    }
  }
}

extension FlashShape {
  fileprivate func fits(_ flash: ChipSignature.Flash) -> Bool {
    let kibibytes = size / 1024
    return switch flash {
    case .sectors(let bytes, let sizes): sectorSize == bytes && sizes.contains(kibibytes)
    case .banks(let count, let unit, let sizes):
      banks(unit: unit) == count && sizes.contains(kibibytes)
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
  /// Whether the product string or the flash's map has a text in it.
  func says(_ text: String) -> Bool {
    product?.contains(text.lowercased()) ?? false || flashMap?.text.contains(text) ?? false
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
