/// A device that a USB/IP server shows to its clients: control transfers only.
package protocol USBIPDevice: AnyObject, Sendable {
  /// How it is announced; another device may be there each time it is attached.
  var record: USBIPDeviceRecord { get }

  /// A client has imported it: it is plugged in.
  func attach(at now: Duration)

  /// The client has let it go, or it has left the bus by itself: it has no power any more.
  func detach(at now: Duration)

  /// A SETUP packet and the data that came with it; `now` never goes back.
  func control(setup: [UInt8], data: [UInt8], at now: Duration) -> Reaction
}
