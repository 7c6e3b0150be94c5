/// What is looked at to tell chips apart.
struct ChipFacts {
  /// The flash, if a map shows it whole.
  var flash: FlashShape?
  /// The segments of option bytes.
  var optionBytes: [MemorySegment]
  /// Where one-time programmable memory starts.
  var otpStart: UInt64?
  /// Alternate settings with a map.
  var mapCount: Int
  /// Several alternate settings, and all of them with the same map.
  var alternatesShareOneMap: Bool
  /// Flash pages of 128 or 256 bytes.
  var hasSmallPages: Bool
  /// Whether the release is one of those before ST numbered them 0x0200: 0x2000 to 0x2200.
  var isOldROM: Bool
  /// Whether this may be ST's ROM: its product string says so, or could not be read.
  var isROM: Bool
  /// Whether this is the F105/107, by its product string or by the way it writes its map.
  var isF105: Bool

  init(identity: DeviceIdentity, maps: [MemoryMap]) {
    let flashMap = maps.first { $0.kind == .internalFlash }
    flash = flashMap.flatMap(FlashShape.init)
    optionBytes = maps.filter { $0.kind == .optionBytes }.flatMap(\.segments)
    otpStart = maps.first { $0.kind == .otp }?.segments.first?.start
    mapCount = maps.count
    alternatesShareOneMap = maps.count > 1 && Set(maps.map(\.text)).count == 1
    hasSmallPages =
      flashMap?.segments.contains { $0.sectorSize == 128 || $0.sectorSize == 256 } ?? false
    isOldROM = identity.bcdDevice >= 0x2000

    // "STM32  BOOTLOADER", "STM32 0x418 DFU Bootloader", "DFU in FS Mode".
    let product = identity.product?.lowercased()
    isROM =
      product.map {
        ($0.hasPrefix("stm32 ") && $0.hasSuffix("bootloader")) || $0.hasPrefix("dfu in ")
      } ?? true
    // F0 and F3 write their pages with four digits, "0002Kg".
    isF105 =
      product?.contains("0x418") ?? false
      || flashMap?.text.contains("*002Kg") ?? false
  }
}
