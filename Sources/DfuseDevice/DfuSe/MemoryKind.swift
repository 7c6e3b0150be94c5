/// What a memory is for, as far as its name or its address tells.
public enum MemoryKind: Hashable, Sendable {
  /// The flash the program runs from.
  case internalFlash
  /// Option bytes: written as one block, which erases and often resets.
  case optionBytes
  /// One-time programmable memory.
  case otp
  /// The register-like word at 0xFFFF_0000 of F2, F4, F7 and L4 ROMs.
  case deviceFeature
  /// Data EEPROM of L0 and L1.
  case dataEEPROM
  /// Read-only engineering bytes of newer ROMs.
  case engineeringBytes
  /// Flash outside the chip.
  case externalFlash
  /// Anything else.
  case other
}

extension MemoryMap {
  /// What the memory is for: by its name, else by where it starts.
  ///
  /// Case and blanks of the name do not matter.
  public var kind: MemoryKind {
    let key = name.lowercased().filter { $0 != " " }
    for (prefix, kind) in Self.kindsByName where key.hasPrefix(prefix) { return kind }
    // Where all STM32 parts and their clones have their flash.
    let flash: Range<UInt64> = 0x0800_0000..<0x0900_0000
    if let first = segments.first, flash.contains(first.start) { return .internalFlash }
    return .other
  }

  /// Starts of names as seen in the field, lower case and without blanks.
  private static let kindsByName: [(String, MemoryKind)] = [
    ("internalflash", .internalFlash),
    ("optionbyte", .optionBytes),  // AT32 has the singular
    ("obbytes", .optionBytes),  // U0, C0
    ("otp", .otp),
    ("devicefeature", .deviceFeature),
    ("datamemory", .dataEEPROM),
    ("engibytes", .engineeringBytes),
    ("externalflash", .externalFlash),
    ("spiflash", .externalFlash),  // DSO Nano, Spark Core
    ("serialflash", .externalFlash),  // Particle P1
    ("norflash", .externalFlash),
    ("extrawflash", .externalFlash),  // Arduino
    ("extfileflash", .externalFlash),
  ]
}
