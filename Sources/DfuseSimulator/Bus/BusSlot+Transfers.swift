import DfuseDevice

extension BusSlot {
  /// Whether the device that a transport was opened for is still on the port.
  func isThere(_ generation: Int) -> Bool {
    face == .bootloader && self.generation == generation
  }

  /// Carries out one control transfer and turns the clock.
  mutating func transfer(
    setup: [UInt8], data: [UInt8], timeout: Duration, generation: Int
  ) -> Result<[UInt8], USBError> {
    settle(at: clock)
    guard isThere(generation) else { return .failure(.disconnected) }
    let deadline = clock + max(timeout, .milliseconds(1))
    let arrival = clock + WireTime.transfer(data.count)
    let reaction = board.handle(setup: setup, data: data, at: arrival)
    let answered: Duration
    let result: Result<[UInt8], USBError>
    switch reaction.answer {
    case .acknowledge:
      (answered, result) = (arrival + reaction.delay, .success([]))
    case .data(let bytes):
      (answered, result) = (
        arrival + reaction.delay + WireTime.data(bytes.count), .success(bytes)
      )
    case .stall:
      (answered, result) = (arrival + reaction.delay, .failure(.stall))
    case .silence:
      if case .leaveBus(let after, _, _) = reaction.then {
        follow(reaction.then, answeredAt: arrival)
        clock = min(arrival + after, deadline)
        settle(at: clock)
        return .failure(isThere(generation) ? .timedOut : .disconnected)
      }
      (answered, result) = (deadline, .failure(.timedOut))
    }
    follow(reaction.then, answeredAt: answered)
    clock = min(answered, deadline)
    if let next = events.first, next.at < clock {
      // Unplugged in the middle of the transfer.
      clock = next.at
      settle(at: clock)
      if !isThere(generation) { return .failure(.disconnected) }
    }
    return answered > deadline ? .failure(.timedOut) : result
  }
}
