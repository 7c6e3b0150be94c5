/// Misbehaviour of bootloaders that a host has to know beforehand.
enum ChipQuirk: CaseIterable, Hashable, Sendable {
  /// STM32H74x revision V: an erase in bank 2 stays in dfuDNBUSY.
  case h743StuckBusy
  /// STM32H74x, bootloader V9.1: an erase in bank 2 is reported done while it goes on.
  case waitWorstCaseErase
  /// STM32F42x/43x, bootloader V9.0 and V9.1: erasing in bank 2 does nothing.
  case secondBankEraseBroken
  /// STM32L4: DFU_GETSTATUS stalls while the device is busy.
  case stallsWhileBusy
  /// GD32VF103: no DFU_GETSTATUS is answered after the empty DFU_DNLOAD.
  case leavesWithoutStatus

  /// What is known of it.
  var account: QuirkAccount {
    switch self {
    case .h743StuckBusy:
      QuirkAccount(
        "an erase at or above 0x08100000 stays in dfuDNBUSY for ever",
        source: "betaflight-configurator#1861, dfu-util ticket 88",
        answer: "after the longest erase time two DFU_CLRSTATUS; the erase has been done")
    case .waitWorstCaseErase:
      QuirkAccount(
        "an erase in bank 2 is reported as done and goes on", source: "AN2606",
        answer: "reads the bootloader's id; looks at both ends of the sector, before and after, "
          + "until they are blank; waits the longest erase time where they were blank before")
    case .secondBankEraseBroken:
      QuirkAccount(
        "an erase in bank 2 does nothing", source: "AN2606",
        answer: "reads the bootloader's id; looks at both ends of the sector and stops before "
          + "anything is written")
    case .stallsWhileBusy:
      QuirkAccount(
        "stalls DFU_GETSTATUS while busy, and reports 20 ms for 22", source: "dfu-util",
        answer: "waits the chip's own time; after a stall the reported one again, at most three "
          + "times")
    case .leavesWithoutStatus:
      QuirkAccount(
        "starts the program on the empty DFU_DNLOAD, and answers nothing more",
        source: "dfu-util, gd32-dfu-utils#3", answer: "sends no DFU_GETSTATUS after leaving")
    }
  }

  /// Whether it is about an erase at this address: in bank 2, on the chips whose quirks are about it.
  func concernsErase(at address: UInt64) -> Bool {
    switch self {
    case .h743StuckBusy, .secondBankEraseBroken, .waitWorstCaseErase: address >= 0x0810_0000
    case .stallsWhileBusy, .leavesWithoutStatus: false
    }
  }
}

/// A quirk as the pages tell of it.
package struct QuirkAccount: Hashable, Sendable {
  /// What the bootloader does.
  package var text: String
  /// Where that was told.
  package var source: String
  /// What `dfuse` does about it.
  package var answer: String

  package init(_ text: String, source: String, answer: String) {
    self.text = text
    self.source = source
    self.answer = answer
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
