public import DfuseDevice
import Synchronization

/// A USB bus with simulated boards on it, in virtual time.
///
/// Each board has its own clock while it is open, so that boards flashed from several threads do
/// not slow each other down; the bus's clock is that of the board farthest ahead. Safe to use from
/// several threads.
public final class SimulatedBus: USBBus {
  struct State: Sendable {
    var slots: [BusSlot] = []
    /// The ports of the slots: a slot that is asked for its port may be copied for that, board and all.
    var paths: [String] = []
    /// What is no board, and when it is plugged in.
    var others: [(device: PluggedDevice, at: Duration)] = []
    var kernelLog = KernelLog()
    var clock = Duration.zero
  }

  private let state = Mutex(State())

  /// Makes a bus with boards on the ports `1-1`, `1-2` and so on.
  public init(_ boards: [SimulatedBoard] = []) {
    for board in boards { plugIn(board) }
  }

  private init(_ state: State) { self.state.withLock { $0 = state } }

  /// A bus of its own with all that is on this one, as it is now; nothing on it is open.
  package func fork() -> SimulatedBus {
    var copy = state.withLock { $0 }
    for index in copy.slots.indices { copy.slots[index].isOpen = false }
    return SimulatedBus(copy)
  }

  // MARK: - Plugging

  /// Plugs a board in, now or later.
  ///
  /// `path` is the port; nil takes the first free one of `1-1`, `1-2`, …
  ///
  /// - Returns: The port.
  @discardableResult
  public func plugIn(
    _ board: SimulatedBoard, path: String? = nil, after delay: Duration = .zero
  ) -> String {
    state.withLock { state in
      let path = path ?? Self.freePort(state.paths)
      if let index = state.paths.firstIndex(of: path) {
        state.paths.remove(at: index)
        state.slots.remove(at: index)
      }
      var board = board
      board.losePower()
      var slot = BusSlot(path: path, board: board)
      slot.clock = state.clock
      slot.schedule((state.clock + delay, board.firstProgram))
      slot.settle(at: state.clock)
      state.slots.append(slot)
      state.paths.append(slot.path)
      return path
    }
  }

  /// Pulls the plug, now or later; work in progress stays half done.
  public func unplug(_ path: String, after delay: Duration = .zero) {
    withSlot(path) { slot, now in
      slot.unpluggedAt = now + delay
      slot.schedule((now + delay, .nothing))
      slot.settle(at: now)
    }
  }

  /// Plugs a board in again that was unplugged or has left.
  ///
  /// It starts its bootloader, or the application it was made with, unless `boot0` is set.
  public func plugBack(_ path: String, after delay: Duration = .zero, boot0: Bool = false) {
    withSlot(path) { slot, now in
      slot.schedule((now, .nothing))
      slot.settle(at: now)
      slot.board.losePower()
      slot.schedule((now + delay, boot0 ? .bootloader : slot.board.firstProgram))
      slot.settle(at: now)
    }
  }

  /// Plugs in something that is no board, such as a debug probe, now or later.
  package func plugIn(
    _ other: DeviceIdentity, interfaces: [USBInterface] = [], after delay: Duration = .zero
  ) {
    let device = PluggedDevice(identity: other, interfaces: interfaces)
    state.withLock { $0.others.append((device, $0.clock + delay)) }
  }

  /// Lets a board that leaves the bus come back at another port, as behind USB/IP.
  package func setReturnPort(_ port: String?, for path: String) {
    withSlot(path) { slot, _ in slot.returnPath = port }
  }

  /// So many other programs have the board's serial port open, and keep DTR up when this one closes.
  package func setOtherOpeners(_ count: Int, at path: String) {
    withSlot(path) { slot, _ in slot.tty.others = count }
  }

  /// What a kernel would have of the board's serial port.
  package func serialPort(at path: String) -> BusSlot.SerialState? {
    withSlot(path) { slot, _ in slot.tty }
  }

  /// Lets the kernel's log hold these records.
  package func setKernelLog(_ records: String) {
    state.withLock { $0.kernelLog.records = records }
  }

  /// Makes opening a board fail, or work again with nil.
  public func setOpenError(_ error: USBError?, at path: String) {
    withSlot(path) { slot, _ in slot.openError = error }
  }

  /// The board that belongs to a port, whether it is to be seen or not.
  public func board(at path: String) -> SimulatedBoard? {
    withSlot(path) { slot, _ in slot.board }
  }

  /// Changes the board that belongs to a port.
  public func changeBoard(at path: String, _ change: @Sendable (inout SimulatedBoard) -> Void) {
    withSlot(path) { slot, _ in
      change(&slot.board)
      slot.enumerate()
    }
  }

  // MARK: - USBBus

  /// The boards that are to be seen, in the order of their ports.
  public func devices() throws(USBError) -> [USBDeviceListing] {
    state.withLock { state in
      state.settleClosed()
      return state.sortedSlots.compactMap { $0.listing(openError: $0.openError) }
        .filter { !$0.interfaces.isEmpty }
    }
  }

  /// Opens a board; it is closed when the transport is let go.
  ///
  /// - Throws: `USBError.disconnected` when it has left, `USBError.busy` when it
  ///   is open already, or what ``setOpenError(_:at:)`` said.
  public func open(_ board: Board) throws(USBError) -> any USBTransport {
    let generation = try state.withLock { state throws(USBError) in
      let index = try state.find(board.place)
      if let error = state.slots[index].openError { throw error }
      guard !state.slots[index].isOpen else { throw .busy }
      state.slots[index].isOpen = true
      state.slots[index].clock = max(state.slots[index].clock, state.clock)
      return state.slots[index].generation
    }
    return SimulatedTransport(bus: self, board: board, generation: generation)
  }

  /// The boards, whatever they run, and what else was plugged in.
  public func pluggedDevices() throws(USBError) -> [PluggedDevice] {
    state.withLock { state in
      state.settleClosed()
      let others = state.others.filter { $0.at <= state.clock }.map(\.device)
      return (state.sortedSlots.compactMap(\.plugged) + others).sorted {
        State.isBefore($0.identity.path, $1.identity.path)
      }
    }
  }

  /// Opens a device for control transfers.
  public func openControl(
    _ device: PluggedDevice, claiming interface: UInt8?
  ) throws(USBError) -> any ControlLink {
    try state.withLock { state throws(USBError) in
      let slot = state.slots[try state.find(device.identity.place)]
      if let error = slot.openError { throw error }
      // A device that is open elsewhere takes requests, but each interface has one owner.
      guard let interface else { return }
      guard slot.board.descriptors.interface(UInt16(interface)) != nil else { throw .disconnected }
      guard !slot.isOpen else { throw .busy }
    }
    return SimulatedControlLink(
      bus: self, path: device.identity.path, generation: Int(device.identity.generation))
  }

  /// Opens a serial port of a board that runs its firmware.
  public func openSerial(
    _ device: PluggedDevice, interface: UInt8
  ) throws(SerialError) -> any SerialLink {
    try state.withLock { state throws(SerialError) in
      let index: Int
      do { index = try state.find(device.identity.place) } catch { throw .gone }
      let slot = state.slots[index]
      let port = "/dev/ttyACM\(index)"
      let code = slot.board.descriptors.interface(UInt16(interface))?.code ?? []
      guard code.starts(with: [0x02, 0x02]) else { throw .noPort(nil) }
      switch slot.openError {
      case nil: break
      case .accessDenied: throw .accessDenied(port: port, group: "dialout")
      case .busy: throw .inUse(port: port, by: nil)
      case let error?: throw .usb(error)
      }
      if slot.board.faults.enter == .held, slot.board.running != nil,
        max(slot.clock, state.clock) < slot.appeared + .seconds(8)
      {
        throw .inUse(port: port, by: .init(id: 612, name: "ModemManager"))
      }
      guard !slot.tty.isOpen else { throw .inUse(port: port, by: nil) }
      state.slots[index].tty.isOpen = true
    }
    return try SimulatedSerialLink(
      SimulatedControlLink(
        bus: self, path: device.identity.path, generation: Int(device.identity.generation)),
      interface: interface)
  }

  /// All that is on the bus, and what a kernel's log says.
  public func surroundings() -> BusSurroundings? {
    state.withLock { state in
      state.settleClosed()
      var log = state.kernelLog
      log.clocks = [state.clock]
      let others = state.others.filter { $0.at <= state.clock }.map(\.device.identity)
      return BusSurroundings(
        devices: state.sortedSlots.compactMap { $0.listing()?.identity } + others, log: log)
    }
  }

  /// Turns the clock to the next moment at which something comes or goes, by `limit` at most.
  public func waitForChange(limit: Duration) -> Bool {
    state.withLock { state in
      let end = state.clock + max(limit, .zero)
      let before = state.places
      while true {
        var boards: [Duration] = []
        var events = state.others.map(\.at).filter { $0 > state.clock }
        for index in state.slots.indices {
          state.withSlot(at: index) { slot in
            guard !slot.isOpen, let moment = slot.nextMoment else { return }
            boards.append(moment)
            if let event = slot.events.first { events.append(event.at) }
          }
        }
        guard let due = (boards + events).min(), due <= end else { break }
        // What a firmware does by itself need not be seen on the bus.
        let isEvent = events.contains(due)
        state.clock = max(state.clock, due)
        state.settleClosed()
        if isEvent || state.places != before { return true }
      }
      state.clock = end
      return false
    }
  }

  /// The time of the board farthest ahead.
  public var now: Duration { state.withLock { $0.clock } }

  // MARK: - For the transport

  /// Runs `body` with the slot of a port and the present time there.
  @discardableResult
  func withSlot<Result: Sendable>(
    _ path: String, _ body: (inout BusSlot, _ now: Duration) -> Result
  ) -> Result? {
    state.withLock { state in
      guard let index = state.paths.firstIndex(of: path) else { return nil }
      var clock = state.clock
      let result = state.withSlot(at: index) { slot in
        let now = slot.isOpen ? slot.clock : max(slot.clock, clock)
        let result = body(&slot, now)
        clock = max(clock, slot.clock)
        return result
      }
      state.clock = clock
      return result
    }
  }

  private static func freePort(_ paths: [String]) -> String {
    var port = 1
    while paths.contains("1-\(port)") { port += 1 }
    return "1-\(port)"
  }
}

extension SimulatedBus.State {
  /// Runs `body` with a slot, in its place.
  mutating func withSlot<Result>(
    at index: Int, _ body: (inout BusSlot) -> Result
  ) -> Result {
    func run(_ slot: inout BusSlot, _ path: inout String) -> Result {
      // A board may come back at another port.
      defer { path = slot.path }
      return body(&slot)
    }
    return run(&slots[index], &paths[index])
  }

  /// Lets everything happen that is due on ports without an open transport.
  mutating func settleClosed() {
    let clock = clock
    for index in slots.indices { withSlot(at: index) { $0.settleIfClosed(at: clock) } }
  }

  /// The slots in the order of their ports.
  var sortedSlots: [BusSlot] {
    slots.indices.sorted { Self.isBefore(paths[$0], paths[$1]) }.map { slots[$0] }
  }

  /// What is to be seen, and since when.
  var places: [String] {
    mutating get {
      slots.indices.map { index in
        withSlot(at: index) { "\($0.path) \($0.generation) \($0.visible)" }
      }
    }
  }

  /// The slot with a plug-in that is to be seen now.
  ///
  /// - Throws: ``USBError/disconnected`` when there is none.
  mutating func find(_ place: DeviceIdentity.Place) throws(USBError) -> Int {
    settleClosed()
    for index in slots.indices where paths[index] == place.path {
      if withSlot(at: index, { $0.isThere(Int(clamping: place.generation)) }) { return index }
    }
    throw .disconnected
  }

  /// Whether a port comes before another: 1-10 comes after 1-2.
  static func isBefore(_ left: String, _ right: String) -> Bool {
    func numbers(_ path: String) -> [Int] {
      path.split { $0 == "-" || $0 == "." }.map { Int($0) ?? 0 }
    }
    return numbers(left).lexicographicallyPrecedes(numbers(right))
  }
}
