package import DfuseDevice

/// A transport to a simulated board, on the board's virtual clock.
///
/// A transfer takes the time of its packets on a full-speed bus and the time the device sends NAK.
/// When that is longer than the time-out, the clock goes on by the time-out only, the transfer
/// fails, and the device goes on working.
package final class SimulatedTransport: USBTransport {
  package let board: Board
  private let bus: SimulatedBus
  /// The appearance of the device this transport was opened for.
  private let generation: Int

  init(bus: SimulatedBus, board: Board, generation: Int) {
    self.bus = bus
    self.board = board
    self.generation = generation
  }

  deinit {
    bus.withSlot(identity.path) { slot, _ in slot.isOpen = false }
  }

  package func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    _ = try transfer(request, data: data, length: data.count, timeout: timeout)
  }

  package func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    let bytes = try transfer(request, data: [], length: length, timeout: timeout)
    guard bytes.count <= length else { throw .overflow }
    return bytes
  }

  package func selectAlternateSetting(_ number: UInt8) throws(USBError) {
    let request = ControlRequest(
      bmRequestType: 0x01, bRequest: 0x0B, wValue: UInt16(number),
      wIndex: UInt16(interface.number))
    try controlOut(request, data: [], timeout: .seconds(1))
  }

  package func wait(_ duration: Duration) {
    bus.withSlot(identity.path) { slot, _ in
      slot.clock += max(duration, .zero)
      slot.settle(at: slot.clock)
    }
  }

  package var now: Duration {
    bus.withSlot(identity.path) { slot, _ in slot.clock } ?? .zero
  }

  package func reset() throws(USBError) {
    let isThere = bus.withSlot(identity.path) { [generation] slot, _ in
      guard slot.isThere(generation) else { return false }
      // Reset signalling, recovery and a new enumeration, as Linux does it.
      slot.clock += .milliseconds(100)
      slot.settle(at: slot.clock)
      guard slot.isThere(generation) else { return false }
      slot.board.model.busReset(at: slot.clock)
      _ = slot.board.handle(setup: [0x00, 0x09, 1, 0, 0, 0, 0, 0], at: slot.clock)
      return true
    }
    guard isThere == true else { throw .disconnected }
  }

  package func watchPort(for limit: Duration) -> PortSighting {
    let sighting = bus.withSlot(identity.path) { [generation] slot, now -> PortSighting in
      let deadline = now + max(limit, .zero)
      slot.settle(at: now)
      while slot.visible == .nothing || slot.generation == generation {
        guard let next = slot.events.first?.at, next <= deadline else {
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

  package func string(at index: UInt8) -> String? {
    guard index != 0 else { return nil }
    let language = StringDescriptor.language(stringDescriptor(0, language: 0) ?? [])
    return stringDescriptor(index, language: language).flatMap { StringDescriptor.decode($0) }
  }

  private func stringDescriptor(_ index: UInt8, language: UInt16) -> [UInt8]? {
    let request = ControlRequest(
      bmRequestType: 0x80, bRequest: 0x06, wValue: 0x0300 | UInt16(index), wIndex: language)
    return try? controlIn(request, length: 255, timeout: .seconds(1))
  }

  private func transfer(
    _ request: ControlRequest, data: [UInt8], length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    // What libusb, and Linux below it, carry in one control transfer.
    guard length <= 4096 else {
      throw .other(
        call: "libusb_control_transfer", code: -2, name: "LIBUSB_ERROR_INVALID_PARAM")
    }
    let setup =
      [request.bmRequestType, request.bRequest] + request.wValue.littleEndianBytes
      + request.wIndex.littleEndianBytes + UInt16(clamping: length).littleEndianBytes
    let outcome = bus.withSlot(identity.path) { [generation] slot, _ in
      slot.transfer(setup: setup, data: data, timeout: timeout, generation: generation)
    }
    return try (outcome ?? .failure(.disconnected)).get()
  }
}
