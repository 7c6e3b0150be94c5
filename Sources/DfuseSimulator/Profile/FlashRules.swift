/// How a chip's flash takes data.
package struct FlashRules: Hashable, Sendable {
  /// What happens when a unit is programmed that is not blank.
  package enum Rewrite: Hashable, Sendable {
    /// Bits go from 1 to 0, the rest stays: F2, F4, F7.
    case clearsBits
    /// Refused unless all zero is written: F0, F1, F3, L4, G0, G4, WB.
    case zeroOnly
    /// Refused: L0, L1, H7, H5, U5.
    case never
  }

  /// How a refused program operation shows.
  package enum Failure: Hashable, Sendable {
    /// Not at all: the bootloader reports success and the memory keeps its content.
    ///
    /// AN3156 lists no status for it, and says of write protection that there is no error.
    case silent
    /// As this `bStatus` at the second DFU_GETSTATUS.
    case status(UInt8)
  }

  /// Bytes that are programmed at once.
  package var unit: Int
  /// What the bootloader wants an address to be a multiple of (AN2606 Rev 70 table 7).
  package var alignment: Int
  /// Whether a unit carries ECC, so that a programmed unit counts as used whatever it holds.
  package var hasECC: Bool
  /// Rule for units that are not blank.
  package var rewrite: Rewrite
  /// How a refusal shows.
  package var failure: Failure
  /// Address of the option byte that holds the read protection level (0xAA none), if simulated.
  package var readProtectionByte: UInt32?
  /// Whether writing option bytes resets the chip at once.
  package var optionWriteResets: Bool

  /// Makes a set of rules.
  package init(
    unit: Int, alignment: Int? = nil, hasECC: Bool, rewrite: Rewrite, failure: Failure = .silent,
    readProtectionByte: UInt32? = nil, optionWriteResets: Bool = true
  ) {
    self.unit = unit
    self.alignment = alignment ?? unit
    self.hasECC = hasECC
    self.rewrite = rewrite
    self.failure = failure
    self.readProtectionByte = readProtectionByte
    self.optionWriteResets = optionWriteResets
  }
}
