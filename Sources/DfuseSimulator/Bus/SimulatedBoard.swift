/// A board made of software: a chip with its bootloader, its memory and its faults.
public struct SimulatedBoard: Sendable {
  /// Which chip it is.
  public let chip: SimulatedChip
  /// Whether each transfer is kept in ``transcript``.
  public var recordsTransfers = false
  /// The transfers since recording was switched on, oldest first.
  public private(set) var transcript: [TransferRecord] = []
  /// What its firmware has on USB, if no ``application`` is named.
  public var afterLeave = AfterLeave.application
  /// What its firmware is; a board with one starts it when it is plugged in, others start their
  /// bootloader.
  public private(set) var application: ApplicationFace?
  /// What its firmware was told to do.
  package private(set) var applicationCounters = ApplicationCounters()
  var model: BootloaderModel
  /// The firmware, while it runs, or a bootloader that came in the place of the board's own.
  private(set) var running: ApplicationModel?
  /// Whether the firmware has begun to leave the bus: nothing more comes of what is asked of it.
  private var isLeaving = false
  /// What the firmware starts as next, if not as what was flashed; RAM keeps that over a reset.
  private var nextStage: ApplicationFace?

  /// Whether its firmware has jumped into the bootloader, for which boot options do not matter.
  var isEnteredByFirmware = false
  /// Whether it has been without power since it ran last.
  var wasWithoutPower = true

  /// Makes a board: blank as from the factory, or with an application.
  ///
  /// `serial` is a serial number other than the chip's usual one.
  public init(
    _ chip: SimulatedChip, serial: String? = nil, faults: FaultPlan = FaultPlan(),
    application: ApplicationFace? = nil
  ) {
    self.chip = chip
    model = BootloaderModel(profile: chip.profile, serial: serial, faults: faults)
    if let application { install(application) }
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
    model.resumeOptions(isProtected: model.memory.readProtection > 0)
  }

  /// What the board keeps without power.
  ///
  /// Option bytes that are programmed are in force as soon as there is power again.
  package var state: SimulatedBoardState {
    var model = model
    model.loadOptions(at: .powered)
    return SimulatedBoardState(
      chip: chip.name, serial: model.serial, readProtection: model.memory.readProtection,
      writeProtected: model.memory.writeProtected, pages: model.memory.pages)
  }

  /// What has happened on it.
  public var counters: BoardCounters { model.counters }

  /// When the work ends that its bootloader is at, by itself; nil while there is none, or no end of it.
  package var workEnd: Duration? { model.work?.end }

  /// What is wrong with it; may be changed at any time.
  public var faults: FaultPlan {
    get { model.faults }
    set { model.faults = newValue }
  }

  /// The bytes in memory from `address` on, cut at the end of that memory.
  public func read(_ count: Int, at address: UInt32) -> [UInt8] {
    model.memory.read(UInt64(address)..<(UInt64(address) + UInt64(max(count, 0))))
  }

  /// Puts bytes into memory as a debug probe would.
  public mutating func load(_ bytes: [UInt8], at address: UInt32) {
    model.memory.load(bytes, at: address)
  }

  /// Says what the firmware in its flash is; where there is none, a small one is put there.
  public mutating func install(_ application: ApplicationFace) {
    self.application = application
    let start = model.programStart
    guard model.flashedProgram == .nothing, model.memory.isErased(8, at: start) else { return }
    // A stack, an entry, and there a branch to itself.
    load([0x00, 0x50, 0x00, 0x20] + (start + 9).littleEndianBytes + [0xFE, 0xE7], at: start)
  }

  /// What it runs when it is powered: its application if it has one, without BOOT0, else the
  /// bootloader.
  var firstProgram: RunningProgram { application == nil ? .bootloader : model.flashedProgram }

  /// Those of the device that runs.
  var descriptors: Descriptors { (running?.standard ?? model.standard).descriptors }

  /// Answers one control transfer that arrives at `now`.
  ///
  /// `setup` is the eight bytes of the SETUP packet, `data` the data stage of a transfer to the
  /// device.
  mutating func handle(setup: [UInt8], data: [UInt8] = [], at now: Duration) -> Reaction {
    guard let packet = SetupPacket(setup) else { return Reaction(.stall) }
    var reaction: Reaction
    if running != nil {
      reaction = running?.answer(packet, data: data, at: now) ?? Reaction(.stall)
      let then = resolve(reaction.then)
      if then == .stay, reaction.then != .stay, reaction.answer == .silence {
        reaction.answer = packet.isIn ? .data([]) : .acknowledge
      }
      reaction.then = then
    } else {
      reaction = model.handle(packet, data: data, at: now)
    }
    if recordsTransfers {
      transcript.append(TransferRecord(packet, data: data, reaction: reaction, at: now))
    }
    return reaction
  }

  /// Takes in a packet that arrives on a bulk endpoint.
  mutating func receive(
    _ bytes: [UInt8], endpoint: UInt8, at now: Duration
  ) -> Reaction.Consequence {
    if faults.enter == .needsDTR, running?.isConnected == false { return .stay }
    return resolve(running?.receive(bytes, endpoint: endpoint, at: now) ?? .stay)
  }

  /// At most `count` bytes that the device has for the host on an endpoint; none if there are none.
  mutating func take(_ count: Int, endpoint: UInt8, at now: Duration) -> [UInt8] {
    running?.take(count, endpoint: endpoint, at: now) ?? []
  }

  /// When something happens by itself on the board; a bootloader works without that being noticed.
  var deadline: Duration? { isLeaving ? nil : running?.deadline }

  /// Lets what is due at `now` happen.
  mutating func advance(to now: Duration) -> Reaction.Consequence {
    isLeaving ? .stay : resolve(running?.advance(to: now) ?? .stay)
  }

  /// The host resets the port, and chooses the configuration again.
  mutating func busReset(at now: Duration) -> Reaction.Consequence {
    guard running != nil else {
      model.busReset(at: now)
      _ = handle(setup: [0x00, 0x09, 1, 0, 0, 0, 0, 0], at: now)
      return .stay
    }
    let then = running?.busReset() ?? .stay
    configure()
    return resolve(then)
  }

  /// The kernel chooses the configuration before anyone else talks to the device.
  mutating func configure() {
    if running == nil {
      model.standard.configuration = 1
    } else {
      running?.standard.configuration = 1
    }
  }

  /// What becomes of the board when its firmware wants this.
  private mutating func resolve(_ then: Reaction.Consequence) -> Reaction.Consequence {
    guard let running, !isLeaving else { return .stay }
    (applicationCounters, nextStage) = (running.counters, running.nextStage)
    guard case .leaveBus(let after, let next, let absence) = then else { return .stay }
    isLeaving = true
    guard next == .bootloader else { return then }
    applicationCounters.entries += 1
    isEnteredByFirmware = faults.enter != .nothing
    self.running?.counters = applicationCounters
    switch faults.enter {
    case .nothing:
      isLeaving = false
      return .stay
    case .again(let times) where applicationCounters.entries <= times:
      return .leaveBus(after: after, as: .application, absentFor: absence)
    case .other: return .leaveBus(after: after, as: .otherBootloader, absentFor: absence)
    case .gone: return .leaveBus(after: after, as: .nothing)
    case .slow: return .leaveBus(after: after, as: .bootloader, absentFor: .seconds(10))
    case .again, .held, .needsDTR, nil: return then
    }
  }

  /// What is to be seen on the port while `program` runs: a firmware may have no USB device.
  func visible(while program: RunningProgram) -> RunningProgram {
    program == .application && application == nil && afterLeave == .nothing ? .nothing : program
  }

  /// Runs what is to be seen on the port from `now` on; the memory is what it was.
  mutating func run(_ program: RunningProgram, at now: Duration) {
    (running, isLeaving) = (nil, false)
    if program != .nothing { wasWithoutPower = false }
    let facts: ApplicationFacts
    switch program {
    case .nothing: return
    case .bootloader:
      nextStage = nil
      return model.powerOn(at: now)
    case .application:
      facts = ApplicationFacts(nextStage ?? application ?? .vendor, on: chip)
      nextStage = nil
    case .otherBootloader:
      facts = ApplicationFacts(insteadOfDfuSeFor: application, on: chip)
    }
    running = ApplicationModel(facts, romSerial: model.serial, counters: applicationCounters)
  }

  /// Forgets what RAM kept over a reset.
  mutating func losePower() {
    (nextStage, wasWithoutPower, isEnteredByFirmware) = (nil, true, false)
  }
}

/// What a board's firmware has on USB, once the bootloader has started it.
public enum AfterLeave: String, CaseIterable, Hashable, Sendable {
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
  /// A bootloader that does not speak DfuSe, in the place of the board's own.
  case otherBootloader
}
