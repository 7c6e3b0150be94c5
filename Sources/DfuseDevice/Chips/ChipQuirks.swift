/// Misbehaviour of bootloaders that a host has to know beforehand.
public struct ChipQuirks: OptionSet, Hashable, Sendable {
  /// One bit a quirk.
  public var rawValue: UInt16

  /// Makes a set from its bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Where bank 2 begins on the chips whose quirks are about it.
  static let bank2Start: UInt64 = 0x0810_0000

  /// STM32H74x revision V: an erase at or above 0x0810_0000 stays in dfuDNBUSY for ever.
  ///
  /// Two DFU_CLRSTATUS, once the longest erase time has passed, bring it back; the erase has been
  /// done (betaflight-configurator#1861, dfu-util ticket 88).
  public static let h743StuckBusy = ChipQuirks(rawValue: 1 << 0)
  /// STM32L4: DFU_GETSTATUS stalls while the device is busy, because bwPollTimeout is too short.
  ///
  /// Waiting the same time again helps, at most three times (dfu-util).
  public static let stallsWhileBusy = ChipQuirks(rawValue: 1 << 1)
  /// GD32VF103: starts the program on the empty DFU_DNLOAD; no DFU_GETSTATUS is answered (dfu-util).
  public static let leavesWithoutStatus = ChipQuirks(rawValue: 1 << 2)
  /// STM32F42x/43x, bootloader V9.0 and V9.1: erasing in bank 2 does nothing (AN2606).
  ///
  /// The version cannot be seen, so that what was erased there is looked at.
  public static let bank2EraseBroken = ChipQuirks(rawValue: 1 << 3)
  /// STM32H74x, bootloader V9.1: an erase in bank 2 is reported done while it goes on (AN2606).
  ///
  /// The version cannot be seen: the sector is looked at until it is blank, at most for the longest
  /// erase time.
  public static let waitWorstCaseErase = ChipQuirks(rawValue: 1 << 4)
  /// STM32G0B1: every alternate setting has the flash's map, and only addresses count.
  public static let alternatesShareOneMap = ChipQuirks(rawValue: 1 << 5)
  /// STM32F07x on some hosts: erase and write are acknowledged in 1 or 2 ms and not done.
  ///
  /// Real ones take 20 ms and more; a hub between helps (dfu-util ticket 78).
  public static let acknowledgesWithoutWork = ChipQuirks(rawValue: 1 << 6)
}
