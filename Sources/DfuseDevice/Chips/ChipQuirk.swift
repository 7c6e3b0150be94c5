/// Misbehaviour of bootloaders that a host has to know beforehand.
enum ChipQuirk: Hashable, Sendable {
  /// STM32H74x revision V: an erase at or above 0x0810_0000 stays in dfuDNBUSY for ever.
  ///
  /// Two DFU_CLRSTATUS, once the longest erase time has passed, bring it back; the erase has been
  /// done (betaflight-configurator#1861, dfu-util ticket 88).
  case h743StuckBusy
  /// STM32L4: DFU_GETSTATUS stalls while the device is busy, because bwPollTimeout is too short.
  ///
  /// Waiting the same time again helps, at most three times (dfu-util).
  case stallsWhileBusy
  /// GD32VF103: starts the program on the empty DFU_DNLOAD; no DFU_GETSTATUS is answered (dfu-util).
  case leavesWithoutStatus
  /// STM32F42x/43x, bootloader V9.0 and V9.1: erasing in bank 2 does nothing (AN2606).
  ///
  /// What was erased there is looked at.
  case secondBankEraseBroken
  /// STM32H74x, bootloader V9.1: an erase in bank 2 is reported done while it goes on (AN2606).
  ///
  /// The sector is looked at until it is blank, at most for the longest erase time.
  case waitWorstCaseErase

  /// Whether it is about an erase at this address: in bank 2, on the chips whose quirks are about it.
  func concernsErase(at address: UInt64) -> Bool {
    switch self {
    case .h743StuckBusy, .secondBankEraseBroken, .waitWorstCaseErase: address >= 0x0810_0000
    case .stallsWhileBusy, .leavesWithoutStatus: false
    }
  }
}

/// A quirk, and the releases of the bootloader that have it.
struct QuirkFact: Hashable, Sendable {
  /// Which releases.
  enum Releases: Hashable, Sendable {
    /// All of them, or all that anybody has seen.
    case all
    /// Just these ids.
    case only(Set<UInt16>)
    /// All but these ids.
    case allBut(Set<UInt16>)
  }

  var quirk: ChipQuirk
  var releases: Releases

  init(_ quirk: ChipQuirk, _ releases: Releases = .all) {
    self.quirk = quirk
    self.releases = releases
  }

  /// Whether a release has it; the answer is yes as long as the release is not known.
  func holds(for version: BootloaderVersion?) -> Bool {
    guard let version else { return true }
    switch releases {
    case .all: return true
    case .only(let ids): return ids.contains(version.id)
    case .allBut(let ids): return !ids.contains(version.id)
    }
  }
}

extension ChipProfile {
  /// Whether it has a quirk that an erase at this address meets.
  func has(_ quirk: ChipQuirk, erasingAt address: UInt64) -> Bool {
    quirk.concernsErase(at: address) && quirks.contains(quirk)
  }

  /// Where to read the release of the bootloader before sectors are erased, if that decides how.
  ///
  /// - Parameter sectors: What is to be erased.
  /// - Returns: The address of the id; nil where it decides nothing or is known already, and where
  ///   the table has no address, or several, for what the chip may be.
  func decidingID(erasing sectors: [Range<UInt64>]) -> UInt32? {
    guard version == nil, isROM, let address = idAddress else { return nil }
    let isDecided = quirkFacts.contains { fact in
      fact.releases != .all && sectors.contains { fact.quirk.concernsErase(at: $0.lowerBound) }
    }
    return isDecided ? address : nil
  }

  /// Whether the bootloader is known to report erases as done that go on.
  var reportsErasesEarly: Bool { version != nil && quirks.contains(.waitWorstCaseErase) }

  /// Where the id of the bootloader can be read, if that is one place.
  var idAddress: UInt32? {
    let addresses = Set(roms.map(\.idAddress))
    return addresses.count == 1 ? addresses.first ?? nil : nil
  }
}
