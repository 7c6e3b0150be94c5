/// The commands a device lists.
///
/// - SeeAlso: ST AN3156, the Get Commands request.
public enum CommandList: Hashable, Sendable {
  /// What the device sent: the first byte of each command, with 0x00 for the list itself.
  case listed([UInt8])
  /// The device has no list, as devices made with libopencm3.
  ///
  /// Setting the address and erasing a sector can be counted on; nothing else can.
  case assumed

  /// Whether the device can be sent `command`.
  ///
  /// One code stands for both kinds of erase, so a listed mass erase may still do nothing.
  public func offers(_ command: DfuSeCommand) -> Bool {
    switch (self, command) {
    case (.listed(let codes), _): codes.contains(command.code)
    case (.assumed, .setAddress), (.assumed, .eraseSector): true
    case (.assumed, .massErase), (.assumed, .readUnprotect): false
    }
  }

  /// The listed bytes, or nil when there is no list.
  public var codes: [UInt8]? {
    switch self {
    case .listed(let codes): codes
    case .assumed: nil
    }
  }
}
