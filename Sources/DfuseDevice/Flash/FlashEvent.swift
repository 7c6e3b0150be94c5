/// What happens during a flash, for whoever shows its progress.
///
/// The order: notes at any time; `planned` once; then for each phase that has work `started`, any
/// number of `advanced`, and `finished`, which comes only when the phase has reached its total. A
/// sector that is done again is told by `repeating`, outside the phases' totals. A failure is the
/// thrown error, never an event. Reports come on the thread of the work, which waits meanwhile.
public enum FlashEvent: Hashable, Sendable {
  /// A part of the work.
  public enum Phase: String, CaseIterable, Hashable, Sendable {
    /// Reading the board to see what differs.
    case compare
    /// Erasing sectors.
    case erase
    /// Writing blocks.
    case write
    /// Reading back.
    case verify
    /// Writing and reading back the block with the vector table, last of all.
    case finish
    /// Reading memory into a file.
    case read
  }

  /// The plan is made; nothing on the board has changed so far.
  indirect case planned(FlashPlan)
  /// A phase begins; `total` in bytes.
  case started(Phase, total: UInt64)
  /// `done` bytes of the phase's total are done.
  case advanced(Phase, done: UInt64)
  /// The phase has reached its total.
  case finished(Phase)
  /// A sector did not verify and is erased and written once more.
  case repeating(sector: Range<UInt64>)
  /// Something worth knowing.
  case note(FlashNote)
}

/// Something worth knowing that stops nothing.
public enum FlashNote: Hashable, Sendable {
  /// An earlier program had left the device in another state than dfuIDLE.
  case entered([EntryStep])
  /// The memory cannot be read, so that it is neither compared nor verified.
  case notReadable(name: String)
  /// The memory does not let itself be read, and is left out of a snapshot.
  case leftOut(name: String)
  /// The mass erase left data behind; those sectors are erased one by one.
  case massEraseIncomplete(sectors: Int)
  /// The memory cannot be read, so that nobody looks whether it is blank.
  case notChecked(name: String)
  /// The device refused the mass erase; that many sectors are erased one by one.
  case massEraseRefused(sectors: Int)
  /// The bootloader refused to erase sectors at the start of the flash, which hold itself.
  case bootloaderKept(Range<UInt64>)
  /// The device left the bus when its option bytes were written.
  case resetByOptionBytes
  /// The bootloader's release was read, and decides how sectors are erased.
  case bootloaderVersion(BootloaderVersion)
  /// Bytes that are not blank, beside the image in sectors that are erased, will be lost.
  case bytesLost(UInt64)
}

/// What a flash did.
public struct FlashResult: Hashable, Sendable {
  /// Sectors erased, repeats included.
  public var sectorsErased = 0
  /// Sectors that held their bytes already.
  public var sectorsKept = 0
  /// Bytes sent.
  public var bytesWritten: UInt64 = 0
  /// Bytes read back, or compared and found right.
  public var bytesVerified: UInt64 = 0
  /// Sectors that had to be done twice.
  public var sectorsRepeated = 0
  /// Transfers that failed for no lasting reason, after which the work went on.
  public var transfersRepeated = 0
  /// Whether all memories of the plan can be read back.
  public var isReadable = true
  /// Whether all of the firmware is known to be on the board.
  public var isVerified = false
  /// Whether the device reset itself, as some do when their option bytes are written.
  public var deviceReset = false
  /// Whether the chip is read protected now, by the option bytes that were written.
  public var isReadProtected = false
  /// What was written when the device reset itself: to be read back once it is there again.
  public var toCheck: [DirectWrite] = []
  /// What the device did not get because it reset itself: the same plan made anew writes it.
  public var toWrite: [Range<UInt64>] = []

  /// Makes the result of having done nothing.
  public init() {}
}
