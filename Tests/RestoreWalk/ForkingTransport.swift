import DfuseDevice
import DfuseSimulator

/// A transport to a simulated board that lets somebody look, before each request and in the middle of
/// the work that one has begun, at a copy of the bus on which the plug is pulled there.
final class ForkingTransport: USBTransport {
  private let inner: any USBTransport
  private let bus: SimulatedBus
  private let device: PluggedDevice
  private let cut: (SimulatedBus) -> Void

  static let port = "1-1"

  init(
    _ inner: any USBTransport, bus: SimulatedBus, device: PluggedDevice,
    cut: @escaping (SimulatedBus) -> Void
  ) {
    (self.inner, self.bus, self.device, self.cut) = (inner, bus, device, cut)
  }

  var board: Board { inner.board }
  var now: Duration { inner.now }

  func perform(
    _ transfers: [QueuedTransfer], until isStopped: (() -> Bool)?
  ) -> [TransferAnswer] {
    fork(transfers)
    return inner.perform(transfers, until: isStopped)
  }

  func controlOut(_ request: ControlRequest, data: [UInt8], timeout: Duration) throws(USBError) {
    fork([.sending(data, request, timeout: timeout)])
    try inner.controlOut(request, data: data, timeout: timeout)
  }

  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    fork([.asking(for: length, request, timeout: timeout)])
    return try inner.controlIn(request, length: length, timeout: timeout)
  }

  func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    fork([])
    pull(bus.fork())
    try inner.selectAlternateSetting(number)
  }

  func reset() throws(USBError) { try inner.reset() }
  func wait(_ duration: Duration) { inner.wait(duration) }
  func string(at index: UInt8) -> String? { inner.string(at: index) }
  func watchPort(for limit: Duration, away: Duration) -> PortSighting {
    inner.watchPort(for: limit, away: away)
  }

  /// Goes through some requests on a copy of the bus, and pulls the plug on copies of that.
  private func fork(_ transfers: [QueuedTransfer]) {
    let copy = bus.fork()
    for transfer in transfers {
      pull(copy.fork())
      guard let link = try? copy.openControl(device, claiming: nil) else { return }
      _ = link.perform([transfer], until: nil)
      guard let end = copy.board(at: Self.port)?.workEnd, end > copy.now else { continue }
      pull(copy.fork(), after: (end - copy.now) / 2)
    }
  }

  private func pull(_ copy: SimulatedBus, after delay: Duration = .zero) {
    copy.unplug(Self.port, after: delay)
    if delay > .zero { _ = copy.waitForChange(limit: delay) }
    cut(copy)
  }
}

extension SimulatedBoard {
  /// What must have happened to no board, wherever its plug was pulled, and has.
  var harms: [String] {
    (state.readProtection > 1 ? ["locked for ever"] : [])
      + (touchedPasswordWords.isEmpty ? [] : ["a key word was written"])
  }
}

extension SimulatedBus {
  /// Plugs the board in again, with its boot pin set; whether its bootloader starts then.
  func plugBackIntoROM() -> Bool {
    plugBack(ForkingTransport.port, boot0: true)
    return board(at: ForkingTransport.port)?.hasWayIntoROM == true
  }
}
