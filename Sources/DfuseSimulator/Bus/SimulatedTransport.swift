package import DfuseDevice

/// A transport to a simulated board, on the board's virtual clock.
package final class SimulatedTransport: SimulatedControlLink, USBTransport {
  package let board: Board

  init(bus: SimulatedBus, board: Board, generation: Int) {
    self.board = board
    super.init(bus: bus, path: board.identity.path, generation: generation)
  }

  deinit { withSlot { slot, _ in slot.isOpen = false } }

  package func watchPort(for limit: Duration, away: Duration) -> PortSighting {
    let sighting = withSlot { [generation] slot, now -> PortSighting in
      var deadline = now + max(limit, .zero)
      var hasLeft = false
      slot.settle(at: now)
      while slot.visible == .nothing || slot.generation == generation {
        if !hasLeft, slot.visible == .nothing {
          (hasLeft, deadline) = (true, min(deadline, slot.clock + max(away, .zero)))
        }
        guard let next = slot.nextMoment, next <= deadline else {
          slot.clock = deadline
          return slot.visible == .nothing ? .gone : .stillThere
        }
        slot.clock = max(slot.clock, next)
        slot.settle(at: slot.clock)
      }
      return slot.listing().map { .returned($0.identity) } ?? .gone
    }
    return sighting ?? .gone
  }
}

/// Control transfers with a simulated device, on its board's virtual clock.
///
/// A transfer takes the time of its packets on a full-speed bus and the time the device sends NAK.
/// When that is longer than the time-out, the clock goes on by the time-out only, the transfer
/// fails, and the device goes on working.
package class SimulatedControlLink: ControlLink {
  private let bus: SimulatedBus
  private let path: String
  /// The appearance of the device this link was opened for.
  let generation: Int

  /// What libusb, and Linux below it, carry in one control transfer.
  private static let mostBytes = 4096

  init(bus: SimulatedBus, path: String, generation: Int) {
    self.bus = bus
    self.path = path
    self.generation = generation
  }

  package func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    _ = try transfer(request, data: data, length: data.count, timeout: timeout)
  }

  package func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try transfer(request, data: [], length: length, timeout: timeout)
  }

  package func perform(
    _ transfers: [QueuedTransfer], until isStopped: (() -> Bool)?
  ) -> [TransferAnswer] {
    let taken = transfers.prefix { $0.length <= Self.mostBytes }
    var answers =
      withSlot { [generation] slot, _ in
        slot.transfer(Array(taken), generation: generation, until: isStopped)
      } ?? [TransferAnswer(.failure(.disconnected), ended: now)]
    let isOver = answers.last?.isLast ?? false
    if taken.count < transfers.count, answers.count == taken.count, !isOver {
      let error = USBError.other(
        call: "libusb_submit_transfer", code: -2, name: "LIBUSB_ERROR_INVALID_PARAM")
      answers.append(TransferAnswer(.failure(error), ended: now))
    }
    return answers
  }

  package func reset() throws(USBError) {
    let isThere = withSlot { [generation] slot, _ in slot.reset(generation: generation) }
    guard isThere == true else { throw .disconnected }
  }

  package func wait(_ duration: Duration) {
    withSlot { slot, _ in
      slot.clock += max(duration, .zero)
      slot.settle(at: slot.clock)
    }
  }

  package var now: Duration { withSlot { slot, now in max(now, slot.clock) } ?? bus.now }

  /// Runs `body` with the slot of the device's port.
  @discardableResult
  func withSlot<Result: Sendable>(
    _ body: (inout BusSlot, _ now: Duration) -> Result
  ) -> Result? {
    bus.withSlot(path) { slot, now in
      // Time passes for all that is not open at once.
      slot.clock = max(slot.clock, now)
      return body(&slot, now)
    }
  }

  private func transfer(
    _ request: ControlRequest, data: [UInt8], length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    let transfer: QueuedTransfer =
      request.isIn
      ? .asking(for: length, request, timeout: timeout)
      : .sending(data, request, timeout: timeout)
    guard let answer = perform([transfer], until: nil).first else { throw .disconnected }
    return try answer.result.get()
  }
}

/// A serial port of a simulated device, as a kernel's driver for CDC ACM has it.
package final class SimulatedSerialLink: SerialLink {
  /// How long the driver waits for a request.
  private static let timeOut = Duration.seconds(5)

  private let link: SimulatedControlLink
  private let interface: UInt8
  /// The speed before the port was opened; nil once it is closed.
  private var earlierSpeed: UInt32?

  /// Opens the port: its speed if it differs, then both lines; after that, the usual speed.
  init(_ link: SimulatedControlLink, interface: UInt8) throws(SerialError) {
    self.link = link
    self.interface = interface
    earlierSpeed = link.withSlot { slot, _ in slot.tty.speed }
    try setLines(dtr: true, rts: true)
    try setSpeed(115_200)
  }

  deinit { close() }

  package func setSpeed(_ baud: UInt32) throws(SerialError) {
    guard tty?.speed != baud else { return }
    try request(0x20, 0, baud.littleEndianBytes + [0, 0, 8])
    withDevice { $0.tty.speed = baud }
  }

  package func setLines(dtr: Bool, rts: Bool) throws(SerialError) {
    try setLines((dtr ? 1 : 0) | (rts ? 2 : 0))
  }

  package func write(_ bytes: [UInt8], timeout: Duration) throws(SerialError) {
    let generation = link.generation
    let isThere = link.withSlot { slot, _ in
      slot.send(bytes, endpoint: 0x01, generation: generation)
    }
    guard isThere == true else { throw .gone }
  }

  package func read(limit: Duration) throws(SerialError) -> [UInt8] {
    let generation = link.generation
    let bytes = link.withSlot { slot, _ in
      slot.receive(limit: limit, endpoint: 0x81, generation: generation)
    }
    guard let bytes, let bytes else { throw .gone }
    return bytes
  }

  package func wait(_ duration: Duration) { link.wait(duration) }

  package var now: Duration { link.now }

  package func close() {
    guard let speed = earlierSpeed else { return }
    earlierSpeed = nil
    guard tty != nil else { return }
    // The speed first: lines that fall at 1200 baud mean something.
    try? setSpeed(speed == 1200 ? 9600 : speed)
    if tty?.others == 0 { try? setLines(0) }
    withDevice { $0.tty.isOpen = false }
  }

  /// The port, while the device is there.
  private var tty: BusSlot.SerialState? {
    let generation = link.generation
    let state = link.withSlot { slot, _ in slot.isThere(generation) ? slot.tty : nil }
    return state ?? nil
  }

  private func withDevice(_ body: (inout BusSlot) -> Void) {
    let generation = link.generation
    link.withSlot { slot, _ in if slot.isThere(generation) { body(&slot) } }
  }

  /// Only changes are sent.
  private func setLines(_ lines: UInt16) throws(SerialError) {
    guard tty?.lines != lines else { return }
    try request(0x22, lines, [])
    withDevice { $0.tty.lines = lines }
  }

  private func request(_ number: UInt8, _ value: UInt16, _ data: [UInt8]) throws(SerialError) {
    let request = ControlRequest(
      bmRequestType: 0x21, bRequest: number, wValue: value, wIndex: UInt16(interface))
    do {
      try link.controlOut(request, data: data, timeout: Self.timeOut)
    } catch .disconnected {
      throw .gone
    } catch .timedOut {
      throw .timedOut
    } catch {
      throw .usb(error)
    }
  }
}
