import DfuseFormat

/// One thing that is done to a board, and why.
public struct FlashStep: Hashable, Sendable {
  /// What is done.
  public enum Work: Hashable, Sendable {
    /// The ROM is told the supply voltage.
    case tellSupply(SupplyRange)
    /// The whole flash is erased by one command.
    case massErase
    /// A look at the first bytes of a sector that a mass erase should have erased.
    case probe(Range<UInt64>)
    /// Of these sectors those are erased that the mass erase left; all, if it was refused.
    case eraseLeft([Range<UInt64>])
    /// One sector is erased.
    case erase(Range<UInt64>)
    /// One block is written; `pointer` is the address pointer from which its number counts.
    case write(Range<UInt64>, pointer: UInt32)
    /// A part of one sector is read back and compared. `pointer` is what a new upload starts from,
    /// `end` where it need read no further.
    case verify(Range<UInt64>, pointer: UInt32, end: UInt64)
    /// A part of an erased sector is read back, which has to be blank.
    case verifyBlank(Range<UInt64>, pointer: UInt32, end: UInt64)
    /// Sectors that the steps before have found wrong are done once more.
    case settle
    /// A piece of memory that is no flash is written: its number in ``FlashPlan/directWrites``.
    case writeDirectly(Int)
    /// Such a piece is read back.
    case checkDirectly(Int)
  }

  /// Why it is done.
  public enum Reason: String, Hashable, Sendable {
    /// The board's supply allows faster programming.
    case supply
    /// One command takes less time than all sectors, or was asked for.
    case wholeFlash
    /// Not every bootloader that offers a mass erase does it.
    case notTrusted
    /// The sector holds the start of the program: from now on the old one does not start.
    case vectorTableFirst
    /// The sector holds something else.
    case different
    /// What the sector holds was not looked at.
    case unread
    /// The image has bytes there that the board does not hold.
    case missing
    /// The start of the program comes when all else has been read back.
    case vectorTableLast
    /// What was written is read back.
    case written
    /// No flash: it is written after all flash, since some chips reset at that.
    case afterFlash
  }

  /// The memory.
  public var alternateSetting: UInt8
  /// What is done.
  public var work: Work
  /// Why.
  public var reason: Reason
  /// The part of the work that it belongs to; nil for what shows no progress.
  public var phase: FlashEvent.Phase?

  /// Bytes of the phase's total that are done with the step.
  var weight: UInt64 {
    switch (work, phase) {
    case (.erase(let range), .erase), (.write(let range, _), .write),
      (.verify(let range, _, _), .verify), (.verifyBlank(let range, _, _), .verify),
      (.write(let range, _), .finish):
      UInt64(range.count)
    case (.eraseLeft(let sectors), .erase): sectors.reduce(0) { $0 + UInt64($1.count) }
    default: 0
    }
  }

  /// The sector that the step erases, if it erases one.
  var erasedSector: Range<UInt64>? {
    if case .erase(let sector) = work { sector } else { nil }
  }

  /// Whether nothing is done of it yet, as long as `left` is to be erased.
  func isUntouched(with left: [Range<UInt64>]) -> Bool {
    if case .eraseLeft(let sectors) = work { sectors == left } else { false }
  }

  /// Whether it reads memory.
  var reads: Bool {
    switch work {
    case .probe, .verify, .verifyBlank, .checkDirectly: true
    case .tellSupply, .massErase, .eraseLeft, .erase, .write, .settle, .writeDirectly: false
    }
  }

  /// Whether it writes flash.
  var isWrite: Bool { if case .write = work { true } else { false } }

  /// Whether it writes the block with the vector table.
  var isVectorTable: Bool { isWrite && reason == .vectorTableLast }

  /// Whether it is about memory that is no flash.
  var isDirect: Bool {
    switch work {
    case .writeDirectly, .checkDirectly: true
    default: false
    }
  }
}
