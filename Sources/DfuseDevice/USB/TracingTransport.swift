/// A transport that tells of every control transfer that goes through another one.
///
/// The closure is called after each transfer, on the thread that made it.
public final class TracingTransport: USBTransport {
  private let inner: any USBTransport
  private let trace: (TracedTransfer) -> Void

  /// Wraps a transport.
  public init(_ inner: any USBTransport, trace: @escaping (TracedTransfer) -> Void) {
    self.inner = inner
    self.trace = trace
  }

  /// The board at the other end.
  public var board: Board { inner.board }

  /// Sends `data` to the device in the data stage of `request`.
  public func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    let start = now
    do {
      try inner.controlOut(request, data: data, timeout: timeout)
    } catch {
      tell(start, request, data.count, data: data, .failed(error))
      throw error
    }
    tell(start, request, data.count, data: data, .sent)
  }

  /// Asks the device for at most `length` bytes.
  public func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    let start = now
    let bytes: [UInt8]
    do {
      bytes = try inner.controlIn(request, length: length, timeout: timeout)
    } catch {
      tell(start, request, length, .failed(error))
      throw error
    }
    tell(start, request, length, .received(bytes))
    return bytes
  }

  /// Selects an alternate setting of the claimed interface (SET_INTERFACE).
  ///
  /// Told even where the inner transport has nothing to send.
  public func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    let start = now
    let request = ControlRequest(
      bmRequestType: 0x01, bRequest: 11, wValue: UInt16(number), wIndex: UInt16(interface.number))
    do {
      try inner.selectAlternateSetting(number)
    } catch {
      tell(start, request, 0, .failed(error))
      throw error
    }
    tell(start, request, 0, .sent)
  }

  /// Lets `duration` pass.
  public func wait(_ duration: Duration) { inner.wait(duration) }

  /// Time on the inner transport's clock.
  public var now: Duration { inner.now }

  /// Resets the device's port.
  public func reset() throws(USBError) { try inner.reset() }

  /// Watches the port for at most `limit`.
  public func watchPort(for limit: Duration) -> PortSighting { inner.watchPort(for: limit) }

  /// Reads a string descriptor, or gives nil.
  public func string(at index: UInt8) -> String? { inner.string(at: index) }

  private func tell(
    _ start: Duration, _ request: ControlRequest, _ length: Int, data: [UInt8] = [],
    _ outcome: TracedTransfer.Outcome
  ) {
    trace(
      TracedTransfer(
        start: start, time: now - start, request: request, length: length, data: data,
        outcome: outcome))
  }
}
