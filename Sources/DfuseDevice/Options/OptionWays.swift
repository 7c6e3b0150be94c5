/// How a chip decides what it starts, and so whether a person can get into its bootloader, and
/// whether firmware starts.
///
/// - SeeAlso: The boot configuration chapters of the reference manuals; AN2606 Rev 70, table 2.
enum OptionWays: Hashable, Sendable {
  /// Two pins alone: F1, F2, F4, L1.
  case pins
  /// Pin BOOT0, and nBOOT1 where it is high: F0, F3, L0, L47x.
  case bootPin1
  /// The same, with BOOT_SEL to take nBOOT0 instead of the pin: F04x, F303xE.
  case bootSelector
  /// nSWBOOT0 to take nBOOT0 instead of the pin, nBOOT1 where it is high, and a lock: L4, G4, WB.
  case switchedBoot
  /// nBOOT_SEL to take nBOOT0 instead of the pin, nBOOT1 where it is high, and a lock: G0, C0, U0.
  case selectedBoot
  /// nSWBOOT0 to take nBOOT0 instead of the pin, and an address for each: L5, U5, U3.
  case secureBoot
  /// An address for each state of the pin, in 16 KiB: F7.
  case f7Addresses
  /// An address for each state of the pin, in 64 KiB: H7.
  case h7Addresses
  /// Nobody has written it down.
  case unknown

  /// What a chip does at its next start.
  struct Outcome: Hashable, Sendable {
    /// Whether its bootloader can be reached: by the pin, or always.
    var reachesBootloader: Bool
    /// Whether a program in its memory can start.
    var startsFirmware: Bool
  }

  /// What the option bytes let the chip do, by what gives the value of a field by its name; nil where
  /// that cannot be told.
  func outcome(_ value: (String) -> UInt32?) -> Outcome? {
    func bit(_ name: String) -> Bool? { value(name).map { $0 != 0 } }
    switch self {
    case .unknown: return nil
    case .pins: return Outcome(reachesBootloader: true, startsFirmware: true)
    case .bootPin1:
      return bit("nBOOT1").map { Outcome(reachesBootloader: $0, startsFirmware: true) }
    case .bootSelector:
      guard let byPin = bit("BOOT_SEL") else { return nil }
      return Self.outcome(byPin: byPin, nBOOT0: bit("nBOOT0"), nBOOT1: bit("nBOOT1"))
    case .switchedBoot:
      if bit("BOOT_LOCK") == true { return .locked }
      guard let byPin = bit("nSWBOOT0") else { return nil }
      return Self.outcome(byPin: byPin, nBOOT0: bit("nBOOT0"), nBOOT1: bit("nBOOT1"))
    case .selectedBoot:
      if bit("BOOT_LOCK") == true { return .locked }
      guard let byBit = bit("nBOOT_SEL") ?? bit("NBOOT_SEL") else { return nil }
      return Self.outcome(byPin: !byBit, nBOOT0: bit("nBOOT0"), nBOOT1: bit("nBOOT1"))
    case .secureBoot:
      // With TrustZone the chip starts at a secure address, and its ROM sees nothing secure.
      guard bit("TZEN") == false else { return nil }
      guard let byPin = bit("nSWBOOT0"), let nBOOT0 = bit("nBOOT0"),
        let low = value("NSBOOTADD0"), let high = value("NSBOOTADD1")
      else { return nil }
      let starts = byPin ? [low, high] : [nBOOT0 ? low : high]
      return Outcome(
        reachesBootloader: starts.contains { Self.isROM(secureUnits: $0) },
        startsFirmware: starts.contains { Self.isMemory(UInt64($0) * 0x80) })
    case .f7Addresses:
      return Self.outcome(
        [value("BOOT_ADD0"), value("BOOT_ADD1")], unit: 0x4000, rom: 0x0010_0000..<0x0011_0000)
    case .h7Addresses:
      // A second core that is alone has addresses of its own.
      return Self.outcome(
        [value("BOOT_CM7_ADD0"), value("BOOT_CM7_ADD1")], unit: 0x1_0000,
        rom: 0x1FF0_0000..<0x1FF2_0000)
    }
  }

  private static func outcome(byPin: Bool, nBOOT0: Bool?, nBOOT1: Bool?) -> Outcome? {
    guard let nBOOT0, let nBOOT1 else { return nil }
    if byPin { return Outcome(reachesBootloader: nBOOT1, startsFirmware: true) }
    return Outcome(reachesBootloader: !nBOOT0 && nBOOT1, startsFirmware: nBOOT0)
  }

  private static func outcome(
    _ values: [UInt32?], unit: UInt64, rom: Range<UInt64>
  ) -> Outcome? {
    let starts = values.compactMap { $0.map { UInt64($0) * unit } }
    guard starts.count == values.count else { return nil }
    return Outcome(
      reachesBootloader: starts.contains { rom.contains($0) },
      startsFirmware: starts.contains { !rom.contains($0) && isMemory($0) })
  }

  /// System memory of L5 and U5, in units of 128 bytes (RM0438, RM0456).
  private static func isROM(secureUnits units: UInt32) -> Bool {
    (0x0BF8_0000..<0x0BFA_0000).contains(UInt64(units) * 0x80)
  }

  /// Where programs can be: flash, RAM near the core, and on F7 flash over ITCM at 0x0020_0000.
  private static func isMemory(_ address: UInt64) -> Bool {
    (0..<0x4000).contains(address) || (0x0020_0000..<0x0040_0000).contains(address)
      || (0x0800_0000..<0x0840_0000).contains(address)
      || (0x2000_0000..<0x2100_0000).contains(address)
      || (0x2400_0000..<0x2500_0000).contains(address)
      || (0x3000_0000..<0x3100_0000).contains(address)
      || (0x9000_0000..<0xA000_0000).contains(address)
  }
}

extension OptionWays.Outcome {
  /// BOOT_LOCK: flash, whatever the pins say.
  fileprivate static let locked = OptionWays.Outcome(
    reachesBootloader: false, startsFirmware: true)
}
