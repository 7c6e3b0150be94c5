import DfuseFormat

/// What can go wrong in a DFU session: facts, and what the session was doing.
///
/// After ``device(_:state:text:during:)`` and ``unknownState(_:during:)`` the session has brought
/// the device back to dfuIDLE if that was possible. `DFUSession.state` says where the device is;
/// when that is nil or not an idle state, `DFUSession.enter()` comes next.
public enum DFUError: Error, Hashable, Sendable {
  /// A transfer failed.
  case usb(USBError, during: Activity)
  /// The device reported an error; `text` is what its `iString` pointed at, if anything.
  case device(DFUStatus, state: DFUState, text: String?, during: Activity)
  /// The device is in a state where it cannot be after what was sent.
  case unexpectedState(found: DFUState, expected: [DFUState], during: Activity)
  /// The device sent a `bState` that no specification knows.
  case unknownState(UInt8, during: Activity)
  /// The answer to DFU_GETSTATUS was not 6 bytes.
  case malformedReply([UInt8], during: Activity)
  /// The device was given this much time and had still not finished.
  case stillBusy(after: Duration, during: Activity)
  /// The host was about to send what the state table forbids; nil stands for an unknown state.
  ///
  /// A mistake of the program that uses the session.
  case illegalRequest(DFURequest, state: DFUState?, during: Activity)
  /// The host was about to use a block that does not exist or may not be sent.
  ///
  /// Data blocks are 2 to 0xFFFF, hold 2 bytes to one transfer size, lie below 4 GiB, and need an
  /// address that was set before. A mistake of the program that uses the session.
  case illegalBlock(UInt16, count: Int, transferSize: Int)
  /// The device sent fewer bytes of memory than it was asked for, and memory goes on there.
  case shortBlock(found: Int, expected: Int, address: UInt64)
  /// The device does not list the command for this; `listed` is what it lists, nil if it lists nothing.
  case notOffered(listed: [UInt8]?, during: Activity)
  /// The device does not come to dfuIDLE, whatever is tried; `bState` as the device sent it.
  case cannotRecover(bState: UInt8, status: DFUStatus)
}

extension DFUError: CustomStringConvertible {
  /// What happened and why, in one sentence without a full stop.
  public var description: String {
    switch self {
    case .usb(let error, let activity):
      return "\(activity) failed: \(error)"
    case .device(let status, let state, let text, let activity):
      let said = text.map { " (\"\($0)\")" } ?? ""
      return "\(activity) failed: the device reports \(status) in \(state)\(said)"
    case .unexpectedState(let found, let expected, let activity):
      let names = expected.map(\.description).joined(separator: " or ")
      return "\(activity) failed: the device is in \(found), expected was \(names)"
    case .unknownState(let number, let activity):
      return "\(activity) failed: the device reports state \(number), which does not exist"
    case .malformedReply(let bytes, let activity):
      return "\(activity) failed: the status reply is not 6 bytes long: \(bytes.bytesText)"
    case .stillBusy(let time, let activity):
      return "\(activity) failed: the device is still busy after \(time.quantityText)"
    case .illegalRequest(let request, let state, let activity):
      let place = state.map { "in \($0)" } ?? "in an unknown state"
      return "\(activity) failed: \(request) must not be sent \(place)"
    case .illegalBlock(let block, let count, let transferSize):
      return "block \(block) of \(count) bytes cannot be transferred "
        + "(transfer size \(transferSize))"
    case .shortBlock(let found, let expected, let address):
      return "reading \(expected) bytes at \(address.addressText) failed: "
        + "the device sent only \(found)"
    case .notOffered(let listed, let activity):
      guard let listed else { return "\(activity) failed: the device does not list its commands" }
      return "\(activity) failed: the device offers only the commands \(listed.bytesText)"
    case .cannotRecover(let bState, let status):
      let name = DFUState(rawValue: bState).map(\.description) ?? "the unknown state \(bState)"
      return "the device stays in \(name) with \(status) and does not come to dfuIDLE"
    }
  }
}

extension DFUError {
  /// What a failure can mean for those who go on after it.
  private enum Meaning {
    /// The device said no, and did nothing.
    case refusal
    /// The same request may well succeed when the device has been brought back to dfuIDLE.
    case passing
    /// The device may have left the bus.
    case absence
  }

  /// A status that the device reports is its last word, but for errSTALLEDPKT, which says no more
  /// than a stall.
  private var meanings: Set<Meaning> {
    switch self {
    case .usb(.stall, _): [.refusal, .passing, .absence]
    case .usb(.timedOut, _), .usb(.overflow, _), .usb(.other, _): [.passing, .absence]
    case .usb(.cancelled, _): [.passing]
    case .usb: [.absence]
    case .device(.errSTALLEDPKT, _, _, _): [.refusal, .passing]
    case .device: [.refusal]
    case .malformedReply: [.passing, .absence]
    case .unexpectedState, .unknownState, .shortBlock: [.passing]
    case .stillBusy: [.absence]
    case .illegalRequest, .illegalBlock, .notOffered, .cannotRecover: []
    }
  }

  /// Whether the device said no, and did nothing.
  var isRefusal: Bool { meanings.contains(.refusal) }
  /// Whether the same request may well succeed when the device has been brought back to dfuIDLE.
  var mayBeTransient: Bool { meanings.contains(.passing) }
  /// Whether the reason can be that the device has left the bus.
  var mayMeanDisappearance: Bool { meanings.contains(.absence) }
}

/// What a session was doing when something went wrong.
public enum Activity: Hashable, Sendable {
  /// Choosing an alternate setting.
  case selecting(alternateSetting: UInt8)
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

// Sizes, times and bytes in the sentences of this layer.

extension UInt64 {
  /// A number of bytes: whole KiB where that is exact.
  var quantityText: String {
    self >= 1024 && isMultiple(of: 1024) ? "\(self / 1024) KiB" : "\(self) bytes"
  }
}

extension Duration {
  /// Milliseconds below a second, else seconds with at most one decimal place.
  var quantityText: String {
    let (seconds, attoseconds) = components
    if seconds == 0 { return "\(attoseconds / 1_000_000_000_000_000) ms" }
    let tenths = attoseconds / 100_000_000_000_000_000
    return tenths == 0 ? "\(seconds) s" : "\(seconds).\(tenths) s"
  }
}

extension [UInt8] {
  /// The bytes, two digits each, or that there are none.
  var bytesText: String { isEmpty ? "no bytes" : hexBytes(uppercase: true) }
}
