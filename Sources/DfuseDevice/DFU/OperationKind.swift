/// What a device is working on while it is polled, as far as waiting for it depends on that.
public enum OperationKind: Hashable, Sendable {
  /// Setting the address pointer.
  case setAddress
  /// Erasing one sector of this many bytes.
  case erase(sectorSize: UInt64)
  /// Erasing the whole flash.
  case massErase
  /// Writing a block of this many bytes.
  case write(bytes: Int)
  /// Removing the read protection, which erases the flash.
  case unprotect

  /// Whether DFU_GETSTATUS may be answered only after a flash erase, many seconds later.
  public var erases: Bool {
    switch self {
    case .erase, .massErase, .unprotect: true
    case .setAddress, .write: false
    }
  }
}
