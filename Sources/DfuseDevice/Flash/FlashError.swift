public import DfuseFormat

/// Why firmware cannot be, or was not, put on a board.
///
/// Everything up to ``readProtected`` is found before anything is changed.
public enum FlashError: Error, Hashable, Sendable {
  /// No alternate setting of the device has a memory map.
  case noMemoryMap
  /// The device takes blocks of fewer than 8 bytes, in which no programming unit fits.
  case blocksTooShort(transferSize: UInt16)
  /// The firmware is for an alternate setting that the device does not have.
  case noSuchAlternateSetting(UInt8, available: [UInt8])
  /// The container is for another device; 0xFFFF in it would mean any.
  case otherDevice(wanted: USBID, found: USBID)
  /// The firmware has no bytes.
  case nothingToFlash
  /// Two pieces of the firmware differ about the same addresses.
  case conflict(FormatError)
  /// The memory that was chosen has no sectors.
  case nothingThere(AlternateMemory)
  /// Data lie outside the memory; `found` names the alternate setting that would have room.
  case outsideMemory(Range<UInt64>, alternateSetting: UInt8?, memory: MemoryMap?, found: UInt8?)
  /// Data lie in a segment that cannot be written; `writable` is the next one that can.
  case notWritable(Range<UInt64>, segment: MemorySegment, writable: MemorySegment?)
  /// Writing this memory needs consent that was not given.
  case needsConsent(MemoryKind, name: String, range: Range<UInt64>)
  /// Data, or their sectors, are the bootloader's own.
  case bootloaderSectors(Range<UInt64>, ApplicationBootloader)
  /// The option bytes in the firmware would lock the chip for ever: the protection level, where it is
  /// to go, and the board's serial number, which ``FlashOptions/permanentLockSerial`` has to be.
  case permanentLock(level: UInt8, address: UInt64, name: String, serial: String?)
  /// A mass erase was asked for, and there is nothing to be written to the flash.
  case nothingForFlash
  /// One-time programmable memory holds zeros where ones are wanted.
  case alreadyProgrammed(address: UInt64, found: UInt8, wanted: UInt8)
  /// The bytes beside the image cannot be read, and so not be kept.
  case cannotPreserve(Range<UInt64>)
  /// The board has no memory that takes its supply voltage.
  case noSupplySetting
  /// A sector that should be erased cannot be.
  case notErasable(Range<UInt64>)
  /// The device does not answer any more since it was asked for memory outside its memory maps.
  case fellSilent(reading: UInt32, DFUError)
  /// The chip is read protected.
  case readProtected
  /// The memory of that name does not let itself be read: every upload is refused.
  case notReadable(name: String, Progress)
  /// Read-back differs from what was written, even after a second try.
  case different(Difference)
  /// Option bytes, or other memory that is no flash, were not taken.
  case notTaken(Leftover)
  /// The work was stopped on request, between two blocks.
  case cancelled(Progress)
  /// The device failed, or broke the protocol; how far the work had come.
  case device(DFUError, Progress)
  /// The device answered errVENDOR, and is not read protected: this run has read from it, or changed
  /// its memory.
  case refused(DFUError, Progress)

  /// Where a board differs from what it should hold.
  public struct Difference: Hashable, Sendable {
    /// The first address that differs.
    public var address: UInt64
    /// The byte that should be there.
    public var expected: UInt8
    /// The byte that is there.
    public var found: UInt8
    /// How many bytes differ in all.
    public var count: UInt64
    /// Whether the sector looks as if erasing had done nothing, as in write-protected flash.
    public var looksProtected = false
    /// What is on the chip, when this ended a flash.
    public var progress = Progress.incomplete
  }

  /// Memory that is no flash and was not written, or not as it should be.
  public struct Leftover: Hashable, Sendable {
    /// What went wrong.
    public enum Reason: Hashable, Sendable {
      /// The device reported an error, or failed; the memory may have changed only if it failed in
      /// another way than by a status.
      case failed(DFUError)
      /// It reads as it did before.
      case unchanged
      /// It reads otherwise than before, and not as it should.
      case different(Difference)
    }

    /// The memory's name.
    public var name: String
    /// The addresses that were to be written.
    public var range: Range<UInt64>
    /// What went wrong.
    public var reason: Reason
    /// What is in the flash: the firmware was written before.
    public var firmware: Progress
  }

  /// How far the work had come: what is on the chip now.
  public enum Progress: Hashable, Sendable {
    /// Nothing was changed.
    case untouched
    /// Some sectors are erased; the old program is gone or incomplete.
    case erased
    /// The firmware is incomplete; without its vector table it does not start.
    case incomplete
    /// The firmware is incomplete; its vector table, which did not change, starts it all the same.
    case mixed
    /// All is written, but not all of it was read back.
    case unverified
    /// All is written and was read back.
    case complete
  }
}

extension FlashError {
  /// The failure for addresses that a memory does not have.
  static func outside(_ range: Range<UInt64>, _ memory: AlternateMemory?) -> FlashError {
    .outsideMemory(
      range, alternateSetting: memory?.alternateSetting, memory: memory?.map, found: nil)
  }
}

extension FlashError.Difference {
  /// Where bytes that were read differ from those that should be there; nil where they do not.
  package init?(_ found: ArraySlice<UInt8>, instead expected: ArraySlice<UInt8>, at address: UInt64)
  {
    // Whole arrays are compared at once.
    let (found, expected) = (Array(found), Array(expected))
    guard found != expected else { return nil }
    var first: Int?
    var count: UInt64 = 0
    for index in 0..<min(found.count, expected.count) where found[index] != expected[index] {
      first = first ?? index
      count += 1
    }
    guard let first else { return nil }
    self.init(
      address: address + UInt64(first), expected: expected[first], found: found[first], count: count
    )
  }
}

extension FlashError.Difference? {
  /// Counts what differs elsewhere as well.
  mutating func add(_ more: FlashError.Difference?) {
    guard let more else { return }
    if self == nil { self = more } else { self?.count += more.count }
  }
}
