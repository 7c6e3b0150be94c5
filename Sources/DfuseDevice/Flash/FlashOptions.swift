/// How a flash is to be done.
public struct FlashOptions: Hashable, Sendable {
  /// Erases and writes every sector of the image, whatever the board holds already.
  public var full = false
  /// Reads bytes that share a sector with the image but are not in it, and writes them back.
  public var preserve = false
  /// Reads back what was written and compares it.
  public var verify = true
  /// Erases the whole flash by one command instead of the image's sectors one by one.
  public var massErase = false
  /// The board's supply voltage, to be told to a ROM that programs faster when it knows.
  public var supply: SupplyRange?
  /// Lets the container's ids differ from the board's.
  public var ignoreIDs = false
  /// Allows the firmware to change option bytes and the like, which can lock a chip.
  public var allowOptionBytes = false
  /// Allows the firmware to program one-time programmable memory, for ever.
  public var allowOTP = false
  /// Allows the firmware to overwrite an application bootloader, where the board lets it.
  public var allowBootloader = false

  /// The serial number of the one board that may be locked for ever by the firmware's option bytes.
  public var permanentLockSerial: String?

  /// Makes the default options: what changed, with verification.
  public init() {}
}

/// The supply voltage that a board is known to have, which an F2, F4 or F7 ROM can be told.
///
/// These ROMs program byte by byte until they are told that the supply allows more. The range is
/// written to the first byte of the memory "Device Feature", and holds until the next reset. A range
/// that the board does not have makes programming unreliable.
///
/// - SeeAlso: ST AN2606, the Device Feature bytes of the STM32F2, F4 and F7 bootloaders.
public enum SupplyRange: String, CaseIterable, Hashable, Sendable {
  /// 1.8 to 2.1 V: bytes.
  case from1800mV = "1.8-2.1"
  /// 2.1 to 2.4 V: half words.
  case from2100mV = "2.1-2.4"
  /// 2.4 to 2.7 V: half words.
  case from2400mV = "2.4-2.7"
  /// 2.7 to 3.6 V: words, two to four times as fast.
  case from2700mV = "2.7-3.6"

  /// The byte that names the range to the ROM.
  var code: UInt8 {
    switch self {
    case .from1800mV: 0
    case .from2100mV: 1
    case .from2400mV: 2
    case .from2700mV: 3
    }
  }
}

/// How to wait for a device while it works.
public enum Polling: String, CaseIterable, Hashable, Sendable {
  /// As the device reports, to the letter.
  case spec
  /// Shorter where the device answers sooner.
  case adaptive
}
