/// A board made of software: a chip with its bootloader, its memory and its faults.
package struct SimulatedBoard: Sendable {
  /// Which chip it is.
  package let chip: SimulatedChip
  /// Whether each transfer is kept in ``transcript``.
  package var recordsTransfers = false
  /// The transfers since recording was switched on, oldest first.
  package private(set) var transcript: [TransferRecord] = []
  /// What its firmware has on USB.
  package var afterLeave = AfterLeave.application
  var model: BootloaderModel
  /// What the firmware's device answers, while the firmware runs; all but standard requests stall.
  private(set) var application: StandardRequests?

  /// Makes a board, blank as from the factory.
  ///
  /// `serial` is a serial number other than the chip's usual one.
  package init(_ chip: SimulatedChip, serial: String? = nil, faults: FaultPlan = FaultPlan()) {
    self.chip = chip
    model = BootloaderModel(profile: chip.profile, serial: serial, faults: faults)
  }

  /// Makes a board that continues from a saved state.
  ///
  /// - Throws: ``BoardStateError/otherChip(found:expected:)`` when the state is of another chip.
  package init(
    _ chip: SimulatedChip, state: SimulatedBoardState, faults: FaultPlan = FaultPlan()
  ) throws(BoardStateError) {
    guard state.chip == chip.name else {
      throw .otherChip(found: state.chip, expected: chip.name)
    }
    self.init(chip, serial: state.serial, faults: faults)
    let protected = model.memory.writeProtected
    model.memory.pages = state.pages
    model.memory.readProtection = max(state.readProtection, faults.isReadProtected ? 1 : 0)
    model.memory.writeProtected = state.writeProtected.union(protected)
  }

  /// What the board keeps without power.
  package var state: SimulatedBoardState {
    SimulatedBoardState(
      chip: chip.name, serial: model.serial, readProtection: model.memory.readProtection,
      writeProtected: model.memory.writeProtected, pages: model.memory.pages)
  }

  /// What has happened on it.
  package var counters: BoardCounters { model.counters }

  /// What is wrong with it; may be changed at any time.
  package var faults: FaultPlan {
    get { model.faults }
    set { model.faults = newValue }
  }

  /// The bytes in memory from `address` on, cut at the end of that memory.
  package func read(_ count: Int, at address: UInt32) -> [UInt8] {
    model.memory.read(UInt64(address)..<(UInt64(address) + UInt64(max(count, 0))))
  }

  /// Puts bytes into memory as a debug probe would.
  package mutating func load(_ bytes: [UInt8], at address: UInt32) {
    model.memory.load(bytes, at: address)
  }

  /// Those of the device that runs.
  var descriptors: Descriptors { (application ?? model.standard).descriptors }

  /// Answers one control transfer that arrives at `now`.
  ///
  /// `setup` is the eight bytes of the SETUP packet, `data` the data stage of a transfer to the
  /// device.
  mutating func handle(setup: [UInt8], data: [UInt8] = [], at now: Duration) -> Reaction {
    guard let packet = SetupPacket(setup) else { return Reaction(.stall) }
    let reaction = application?.answer(packet) ?? model.handle(packet, data: data, at: now)
    if recordsTransfers {
      transcript.append(TransferRecord(packet, data: data, reaction: reaction, at: now))
    }
    return reaction
  }

  /// What is to be seen on the port while `program` runs: a firmware may have no USB device.
  func visible(while program: RunningProgram) -> RunningProgram {
    program == .application && afterLeave == .nothing ? .nothing : program
  }

  /// Runs what is to be seen on the port from `now` on; the memory is what it was.
  mutating func run(_ program: RunningProgram, at now: Duration) {
    application = nil
    switch program {
    case .nothing: break
    case .bootloader: model.powerOn(at: now)
    case .application:
      application = StandardRequests(ApplicationDevice.descriptors(serial: model.serial))
    }
  }
}

/// What a board's firmware has on USB, once the bootloader has started it.
package enum AfterLeave: String, CaseIterable, Hashable, Sendable {
  /// A device of its own: the board comes back as that.
  case application
  /// Nothing: the board stays off the bus.
  case nothing
}

/// What a chip runs.
package enum RunningProgram: Hashable, Sendable {
  /// Nothing: it is not powered, or there is no program in its flash.
  case nothing
  /// The firmware that was flashed.
  case application
  /// The bootloader, freshly started.
  case bootloader
}
