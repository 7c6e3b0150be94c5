import DfuseFormat

/// What a session was doing when something went wrong.
public enum Activity: Hashable, Sendable {
  /// Choosing an alternate setting.
  case selecting(alternateSetting: UInt8)
  /// Asking an application to enter DFU mode.
  case detaching
  /// Bringing a device in DFU mode to dfuIDLE.
  case entering
  /// Ending a download or an upload.
  case aborting
  /// Asking for the list of commands.
  case gettingCommands
  /// Setting the address pointer.
  case settingAddress(UInt32)
  /// Erasing the sector at `address`; `size` in bytes.
  case erasing(address: UInt32, size: UInt64)
  /// Erasing the whole flash.
  case massErasing
  /// Writing `count` bytes at `address`.
  case writing(address: UInt32, count: Int)
  /// Reading `count` bytes at `address`.
  case reading(address: UInt32, count: Int)
  /// Removing the read protection.
  case unprotecting
  /// Leaving DFU mode and starting the firmware.
  case leaving
}

extension Activity: CustomStringConvertible {
  /// The activity as the beginning of a sentence, in lower case: "erasing 0x0801_0000 (64 KiB)".
  public var description: String {
    switch self {
    case .selecting(let number): "selecting alternate setting \(number)"
    case .detaching: "asking the application to enter DFU mode"
    case .entering: "bringing the device to dfuIDLE"
    case .aborting: "ending the transfer"
    case .gettingCommands: "asking for the commands"
    case .settingAddress(let address): "setting the address \(UInt64(address).addressText)"
    case .erasing(let address, let size):
      "erasing \(UInt64(address).addressText) (\(size.quantityText))"
    case .massErasing: "erasing the whole flash"
    case .writing(let address, let count):
      "writing \(count) bytes at \(UInt64(address).addressText)"
    case .reading(let address, let count):
      "reading \(count) bytes at \(UInt64(address).addressText)"
    case .unprotecting: "removing the read protection"
    case .leaving: "starting the firmware"
    }
  }
}
