/// What can go wrong in a DFU session: facts, and what the session was doing.
///
/// After ``device(_:state:text:during:)`` and ``unknownState(_:during:)`` the session has brought
/// the device back to dfuIDLE if that was possible. ``DFUSession/state`` says where the device is;
/// when that is nil or not an idle state, ``DFUSession/enter()`` comes next.
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
  case illegalRequest(DFUEvent, state: DFUState?, during: Activity)
  /// The host was about to use a block that does not exist or may not be sent.
  ///
  /// Data blocks are 2 to 0xFFFF, hold 2 bytes to one transfer size, lie below 4 GiB, and need an
  /// address that was set before. A mistake of the program that uses the session.
  case illegalBlock(UInt16, count: Int, transferSize: Int)
  /// The device sent fewer bytes of memory than it was asked for, and memory goes on there.
  case shortBlock(found: Int, expected: Int, address: UInt64)
  /// The device does not list this command; `listed` is what it lists, nil if it lists nothing.
  case notOffered(DfuSeCommand, listed: [UInt8]?)
  /// The device does not come to dfuIDLE, whatever is tried; `bState` as the device sent it.
  case cannotRecover(bState: UInt8, status: DFUStatus)
}
