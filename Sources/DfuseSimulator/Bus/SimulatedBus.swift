package import DfuseDevice
import Synchronization

/// A USB bus with simulated boards on it, in virtual time.
///
/// Each board has its own clock while it is open, so that boards flashed from several threads do
/// not slow each other down; the bus's clock is that of the board farthest ahead. Safe to use from
/// several threads.
package final class SimulatedBus: USBBus {
  struct State: Sendable {
    var slots: [BusSlot] = []
    /// What is no board, and when it is plugged in.
    var others: [(identity: DeviceIdentity, at: Duration)] = []
    var kernelLog = KernelLog()
    var clock = Duration.zero
  }

  private let state = Mutex(State())

  /// Makes a bus with boards on the ports `1-1`, `1-2` and so on.
  package init(_ boards: [SimulatedBoard] = []) {
    for board in boards { plugIn(board) }
  }

  // MARK: - Plugging

  /// Plugs a board in, now or later.
  ///
  /// `path` is the port; nil takes the first free one of `1-1`, `1-2`, …
  ///
  /// - Returns: The port.
  @discardableResult
  package func plugIn(
    _ board: SimulatedBoard, path: String? = nil, after delay: Duration = .zero
  ) -> String {
    state.withLock { state in
      let path = path ?? Self.freePort(state.slots)
      state.slots.removeAll { $0.path == path }
      var slot = BusSlot(path: path, board: board)
      slot.clock = state.clock
      slot.schedule((state.clock + delay, .bootloader))
      slot.settle(at: state.clock)
      state.slots.append(slot)
      state.slots.sort {
        Self.portNumbers($0.path).lexicographicallyPrecedes(Self.portNumbers($1.path))
      }
      return path
    }
  }

  /// Pulls the plug, now or later; work in progress stays half done.
  package func unplug(_ path: String, after delay: Duration = .zero) {
    withSlot(path) { slot, now in
      slot.schedule((now + delay, .nothing))
      slot.settle(at: now)
    }
  }

  /// Plugs a board in again that was unplugged or has left; it starts its bootloader.
  package func plugBack(_ path: String, after delay: Duration = .zero) {
    withSlot(path) { slot, now in
      slot.schedule((now, .nothing))
      slot.schedule((now + delay, .bootloader))
      slot.settle(at: now)
    }
  }

  /// Plugs in something that is no board, such as a debug probe, now or later.
  package func plugIn(_ other: DeviceIdentity, after delay: Duration = .zero) {
    state.withLock { $0.others.append((other, $0.clock + delay)) }
  }

  /// Lets the kernel's log hold these records.
  package func setKernelLog(_ records: String) {
    state.withLock { $0.kernelLog.records = records }
  }

  /// Makes opening a board fail, or work again with nil.
  package func setOpenError(_ error: USBError?, at path: String) {
    withSlot(path) { slot, _ in slot.openError = error }
  }

  /// The board that belongs to a port, whether it is to be seen or not.
  package func board(at path: String) -> SimulatedBoard? {
    withSlot(path) { slot, _ in slot.board }
  }

  /// Changes the board that belongs to a port.
  package func changeBoard(at path: String, _ change: @Sendable (inout SimulatedBoard) -> Void) {
    withSlot(path) { slot, _ in change(&slot.board) }
  }

  // MARK: - USBBus

  package func devices() throws(USBError) -> [USBDeviceListing] {
    state.withLock { state in
      state.settleClosed()
      return state.slots.filter { $0.visible == .bootloader }
        .compactMap { $0.listing(openError: $0.openError) }
    }
  }

  package func open(_ board: Board) throws(USBError) -> any USBTransport {
    let generation = try state.withLock { state throws(USBError) in
      state.settleClosed()
      guard
        let index = state.slots.firstIndex(where: {
          $0.visible == .bootloader && $0.listing()?.identity.place == board.place
        })
      else { throw .disconnected }
      if let error = state.slots[index].openError { throw error }
      guard !state.slots[index].isOpen else { throw .busy }
      state.slots[index].isOpen = true
      state.slots[index].clock = max(state.slots[index].clock, state.clock)
      return state.slots[index].generation
    }
    return SimulatedTransport(bus: self, board: board, generation: generation)
  }

  package func surroundings() -> BusSurroundings? {
    state.withLock { state in
      state.settleClosed()
      var log = state.kernelLog
      log.clocks = [state.clock]
      let others = state.others.filter { $0.at <= state.clock }.map(\.identity)
      return BusSurroundings(
        devices: state.slots.compactMap { $0.listing()?.identity } + others, log: log)
    }
  }

  package func waitForChange(limit: Duration) -> Bool {
    state.withLock { state in
      let boards = state.slots.filter { !$0.isOpen }.compactMap { $0.events.first?.at }
      let others = state.others.map(\.at).filter { $0 > state.clock }
      let due = (boards + others).min()
      if let due, due <= state.clock + limit {
        state.clock = max(state.clock, due)
        state.settleClosed()
        return true
      }
      state.clock += limit
      return false
    }
  }

  /// The time of the board farthest ahead.
  package var now: Duration { state.withLock { $0.clock } }

  // MARK: - For the transport

  /// Runs `body` with the slot of a port and the present time there.
  @discardableResult
  func withSlot<Result: Sendable>(
    _ path: String, _ body: (inout BusSlot, _ now: Duration) -> Result
  ) -> Result? {
    state.withLock { state in
      guard let index = state.slots.firstIndex(where: { $0.path == path }) else { return nil }
      let isOpen = state.slots[index].isOpen
      let now = isOpen ? state.slots[index].clock : max(state.slots[index].clock, state.clock)
      let result = body(&state.slots[index], now)
      state.clock = max(state.clock, state.slots[index].clock)
      return result
    }
  }

  private static func freePort(_ slots: [BusSlot]) -> String {
    var port = 1
    while slots.contains(where: { $0.path == "1-\(port)" }) { port += 1 }
    return "1-\(port)"
  }

  /// The numbers of a path, so that 1-10 comes after 1-2.
  private static func portNumbers(_ path: String) -> [Int] {
    path.split { $0 == "-" || $0 == "." }.map { Int($0) ?? 0 }
  }
}

extension SimulatedBus.State {
  /// Lets everything happen that is due on ports without an open transport.
  mutating func settleClosed() {
    for index in slots.indices where !slots[index].isOpen {
      slots[index].clock = max(slots[index].clock, clock)
      slots[index].settle(at: slots[index].clock)
    }
  }
}
