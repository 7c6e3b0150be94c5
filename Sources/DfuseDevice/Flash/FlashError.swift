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

extension FlashError: CustomStringConvertible {
  /// What happened, where, and what is on the chip now, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .noMemoryMap: "the device shows no memory map"
    case .blocksTooShort(let size):
      "the device takes only \(UInt64(size).quantityText) at a time (wTransferSize), too few for flash"
    case .noSuchAlternateSetting(let number, let available):
      "the firmware is for alternate setting \(number), and the device has "
        + available.map(String.init).joined(separator: ", ")
    case .otherDevice(let wanted, let found):
      "the firmware is for devices \(wanted.orAny), and the device is \(found)"
    case .nothingToFlash: "the firmware has no bytes"
    case .conflict(let error): error.description
    case .nothingThere(let memory):
      "alternate setting \(memory.alternateSetting) (\(memory.map.name.visible())) has no sectors"
    case .outsideMemory(let range, let number, let memory, let found):
      "\(range.addressText) is not in \(Self.place(number, memory))"
        + (found.map { "; alternate setting \($0) has it" } ?? "")
    case .notWritable(let range, let segment, let writable):
      "\(range.addressText) cannot be written: \(segment.range.addressText) is \(segment.access)"
        + (writable.map { "; the next address that can be written is \($0.start.addressText)" }
          ?? "")
    case .needsConsent(_, let name, let range):
      "\(name.visible()) (\(range.addressText)) is written only with consent"
    case .bootloaderSectors(let range, let bootloader):
      "\(range.addressText) is \(bootloader.name)'s own"
    case .permanentLock(let level, let address, let name, let serial):
      "protection level \(level.hex) at \(address.addressText) (\(name.visible())) "
        + "would lock the chip for ever" + serial.asSerialClause
    case .nothingForFlash: "the firmware has nothing for the flash that the mass erase would erase"
    case .alreadyProgrammed(let address, let found, let wanted):
      "\(address.addressText) is programmed already: \(found.hex), not \(wanted.hex)"
    case .cannotPreserve(let range):
      "\(range.addressText) cannot be read, and so not be preserved"
    case .noSupplySetting: "the device cannot be told its supply voltage"
    case .notErasable(let range): "\(range.addressText) cannot be erased"
    case .fellSilent(let address, let error):
      "the device does not answer any more since \(UInt64(address).addressText) was read: \(error)"
    case .readProtected: "the chip is read protected"
    case .notReadable(let name, let progress):
      "\(name.visible()) does not let itself be read; \(progress)"
    case .different(let difference):
      "\(difference)" + (difference.looksProtected ? "; its sector was as if never erased" : "")
        + "; \(difference.progress)"
    case .notTaken(let leftover): leftover.description
    case .cancelled(let progress): "stopped on request; \(progress)"
    case .device(let error, let progress): "\(error); \(progress)"
    case .refused(let error, let progress):
      "\(error), and the chip is not read protected; \(progress)"
    }
  }

  private static func place(_ number: UInt8?, _ memory: MemoryMap?) -> String {
    let setting = number.map { "alternate setting \($0)" }
    guard let memory else { return setting ?? "any memory" }
    return "\(memory.name.visible()) ("
      + [setting, memory.extentText].compactMap(\.self).joined(separator: ", ") + ")"
  }
}

extension String? {
  /// A serial number behind what is said of a board; nothing where it has none.
  var asSerialClause: String { map { "; its serial number is \($0.visible())" } ?? "" }
}

extension FlashError.Progress: CustomStringConvertible {
  /// What is on the chip now.
  public var description: String {
    switch self {
    case .untouched: "nothing on the board was changed"
    case .erased: "the old program may be erased, in part or wholly"
    case .incomplete: "the firmware on the board is incomplete, and does not start"
    case .mixed:
      "the board holds a part of the old firmware, and of the new what was written: do not start it"
    case .unverified: "the firmware is written, but not all of it was read back"
    case .complete: "the firmware is written and verified"
    }
  }
}

extension FlashError.Difference: CustomStringConvertible {
  /// The first byte that differs, and how many do: `0x0800_4004 holds 0x02 instead of 0x01; 8 bytes
  /// differ`.
  public var description: String {
    "\(holds) instead of \(expected.hex)" + (count > 1 ? "; \(count) bytes differ" : "")
  }

  /// What is there.
  package var holds: String { "\(address.addressText) holds \(found.hex)" }
}

extension FlashError.Leftover: CustomStringConvertible {
  /// What was not written, why, and what is in the flash.
  public var description: String {
    let what =
      switch reason {
      case .failed(let error): error.description
      case .unchanged: "it reads as before"
      case .different(let difference): difference.description
      }
    return "the device did not take \(name.visible()) (\(range.addressText)): \(what)"
      + (firmware == .untouched ? "" : "; \(firmware)")
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
