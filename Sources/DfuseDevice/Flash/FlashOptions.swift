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
