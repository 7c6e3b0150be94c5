import DfuseDevice
import Foundation

/// Something that carries control transfers to a board: a network, a serial line, a browser's WebUSB.
public protocol Bridge {
  /// Carries one transfer: the eight bytes of the SETUP packet, and the data stage.
  ///
  /// - Returns: The bytes that the board sent; none for a transfer to the board.
  func carry(
    setup: [UInt8], data: [UInt8], timeout: Duration
  ) throws(USBError) -> [UInt8]
}

/// A board behind a bridge.
public final class BridgeTransport: USBTransport {
  /// The board at the other end.
  public let board: Board
  private let bridge: any Bridge
  private let start = ContinuousClock.now

  /// Asks the device for its descriptors, and opens it if it is a board in its bootloader.
  public init(_ bridge: any Bridge, path: String) throws(USBError) {
    func descriptor(
      _ kind: UInt8, _ index: UInt8 = 0, language: UInt16 = 0
    ) throws(USBError) -> [UInt8] {
      let request = ControlRequest(
        bmRequestType: 0x80, bRequest: 6, wValue: UInt16(kind) << 8 | UInt16(index),
        wIndex: language)
      return try bridge.carry(
        setup: request.setup(length: kind == 3 ? 255 : 4096), data: [], timeout: .seconds(1))
    }
    let listing = try USBDeviceListing(
      device: descriptor(1), configuration: descriptor(2), path: path,
      string: { index in try? descriptor(3, index, language: 0x0409) })
    guard let board = listing.board else { throw .disconnected }
    self.board = board
    self.bridge = bridge
  }

  /// Sends `data`.
  public func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    _ = try bridge.carry(
      setup: request.setup(length: UInt16(data.count)), data: data, timeout: timeout)
  }

  /// Asks for `length` bytes.
  public func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try bridge.carry(setup: request.setup(length: UInt16(length)), data: [], timeout: timeout)
  }

  /// This bridge cannot reset a port.
  public func reset() throws(USBError) { throw .disconnected }

  /// Nothing is known of the port: a board that answers is still there.
  public func watchPort(for limit: Duration, away: Duration) -> PortSighting {
    let request = ControlRequest(bmRequestType: 0x80, bRequest: 6, wValue: 0x0100, wIndex: 0)
    let answer = try? controlIn(request, length: 18, timeout: .seconds(1))
    return answer == nil ? .gone : .stillThere
  }

  /// Sleeps.
  public func wait(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    Thread.sleep(forTimeInterval: Double(seconds) + Double(attoseconds) / 1e18)
  }

  /// Time since the transport was made.
  public var now: Duration { start.duration(to: .now) }
}
