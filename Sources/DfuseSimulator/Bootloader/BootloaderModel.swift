/// A bootloader as a pure machine: SETUP packets in, reactions out.
///
/// It performs no I/O and knows no clock; the moment of each request is told to it. The work that
/// a request starts goes on in the time between requests.
///
/// - SeeAlso: DFU 1.1 appendix A for the states, AN3156 for the DfuSe commands.
struct BootloaderModel: Sendable {
  /// What kind of bootloader this is; option bytes change what its flash looks like.
  var profile: DeviceProfile
  /// What its flash looks like unless they do.
  let ownRuns: [MemoryRegion.Run]
  let ownMap: String
  /// The chip's memories.
  var memory: BoardMemory
  /// What is wrong with it.
  var faults: FaultPlan
  /// What has happened so far.
  var counters = BoardCounters()
  /// The serial number it shows.
  let serial: String

  /// `bState`.
  var state = MachineState.dfuIDLE
  /// `bStatus`.
  var status = StatusCode.ok
  /// `iString`.
  var statusString: UInt8 = 0
  /// The address pointer.
  var pointer: UInt32
  /// Whether Set Address came since power-on.
  var pointerWasSet = false
  /// The job a DNLOAD left for the next DFU_GETSTATUS.
  var pending: Job?
  /// The job being worked on.
  var work: Work?
  /// What the next DFU_GETSTATUS goes to, in an mboot.
  var noted: MachineState?
  /// Bytes since the transfer began, for firmware that counts them instead of blocks.
  var transferred = 0
  /// Whether the manifestation is done, for a device that stays.
  var isManifested = false
  /// The page that was erased last.
  var lastErased: UInt32?
  /// An erase that was reported as done before it was.
  var lateErase: (address: UInt32, end: Duration)?
  /// How the finished job ended.
  var result = JobResult.done
  /// Until when the device does not even look at its endpoint.
  var silentUntil = Duration.zero
  /// When dfuDNBUSY was last answered, and the wait that was asked for.
  var lastBusyReply: (at: Duration, poll: Duration)?
  /// Extra time for the next job, from a fault; the inner nil means for ever.
  var extraWork: Duration??
  /// The transfer buffer; what is behind a short block is left over from earlier ones.
  var buffer: [UInt8]
  /// What it answers to standard requests.
  var standard: StandardRequests

  /// Makes a freshly powered bootloader on a blank chip.
  init(profile: DeviceProfile, serial: String? = nil, faults: FaultPlan = FaultPlan()) {
    self.profile = profile
    ownRuns = profile.memories.first { $0.kind == .flash }?.runs ?? []
    ownMap = profile.usb.maps.first ?? ""
    self.serial = serial ?? profile.usb.serial
    self.faults = faults
    standard = StandardRequests(Descriptors(profile, serial: self.serial))
    memory = BoardMemory(
      regions: profile.memories, rules: profile.rules, options: profile.options)
    // Engineering bytes, which some ROMs show, have some of it.
    for (address, bytes) in profile.system?.pieces(
      kibibytes: memory.kibibytes, serial: self.serial) ?? [:]
    {
      memory.load(bytes, at: UInt32(truncatingIfNeeded: address))
    }
    pointer = profile.defaultPointer
    buffer = [UInt8](repeating: 0, count: Int(profile.blockSize))
    memory.stuckBits = faults.stuckBits
    if faults.isReadProtected { memory.readProtection = 1 }
    resumeOptions(isProtected: faults.isReadProtected)
    memory.writeProtected = Set(
      faults.writeProtected.compactMap(memory.sector).map { UInt32($0.lowerBound) })
    powerOn(at: .zero)
  }

  /// Answers one control transfer that arrives at `now`.
  ///
  /// `data` is the data stage of a transfer to the device. Moments must not go back.
  mutating func handle(_ packet: SetupPacket, data: [UInt8], at now: Duration) -> Reaction {
    // A host controller cannot send more than it announced, but a USB/IP client can.
    let data = data.count > Int(packet.wLength) ? Array(data.prefix(Int(packet.wLength))) : data
    let kinds = RequestKind.kinds(of: packet, data: data)
    for kind in kinds { counters.transfers[kind, default: 0] += 1 }
    var limit: Int?
    if let action = faults.action(for: kinds, counts: counters.transfers) {
      switch action {
      case .stall: return Reaction(.stall)
      case .timeOut: return Reaction(.silence)
      case .short(let count): limit = count
      case .status(let code):
        fail(code)
        // The DNLOAD is taken, and what becomes of it is a failure.
        if kinds.contains(.dnload) { return Reaction(.acknowledge) }
      case .stayBusy(let duration): extraWork = .some(duration)
      case .disconnect:
        return Reaction(.silence, then: .leaveBus(after: .zero, as: .nothing))
      case .disconnectAndReturn(let after):
        return Reaction(
          .silence, then: .leaveBus(after: .zero, as: .bootloader, absentFor: after))
      }
    }
    var reaction = react(packet, data, at: now)
    if let limit, case .data(let bytes) = reaction.answer {
      reaction.answer = .data(Array(bytes.prefix(limit)))
    }
    return reaction
  }

  /// Answers a request that no fault has touched.
  private mutating func react(_ packet: SetupPacket, _ data: [UInt8], at now: Duration) -> Reaction
  {
    var start = max(now, silentUntil)
    settle(at: start)
    if let work, let end = work.end, !work.isShownBusy, profile.behaviour.whileBusy == .waits {
      start = end
      settle(at: start)
    }
    var reaction: Reaction
    let packet = readdressed(packet)
    if packet.isClassToInterface {
      reaction = answerClass(packet, data, arrival: now, at: start)
    } else if packet.isStandard {
      reaction = answerStandard(packet)
    } else {
      reaction = answerVendor(packet)
    }
    reaction.delay += start - now
    silentUntil = max(silentUntil, now + reaction.delay)
    return reaction
  }

  /// Starts the bootloader as after a reset of the chip.
  mutating func powerOn(at now: Duration) {
    standard.configuration = 0
    (lateErase, lastErased) = (nil, nil)
    resetMachine()
    silentUntil = now
    for region in memory.regions where region.kind == .ram || region.kind == .deviceFeature {
      memory.erase(region.range)
    }
    if let feature = profile.memory(.deviceFeature) { memory.load([0], at: feature.start) }
    buffer = [UInt8](repeating: 0, count: buffer.count)
    if let code = profile.quirks.powerOnError { fail(code) }
    switch faults.start {
    case .dfuERROR: fail(StatusCode.errUNKNOWN)
    case .dfuUPLOADIDLE: state = .dfuUPLOADIDLE
    case .dfuDNLOADIDLE: state = .dfuDNLOADIDLE
    case .dfuDNBUSY:
      state = .dfuDNBUSY
      work = Work(
        job: .nothing, begin: now, end: now + .seconds(1), poll: .milliseconds(100),
        isShownBusy: true)
    case nil: break
    }
  }

  /// A bus reset, or the host choosing a configuration anew: back to dfuIDLE.
  ///
  /// A ROM cannot go to appIDLE; ST's device library behaves so, too.
  mutating func busReset(at now: Duration) {
    settle(at: now)
    // The flash controller goes on without the USB part.
    if let work { finish(work) }
    standard.alternate = 0
    if !profile.behaviour.machine.outlastsBusReset { resetMachine() }
  }

  private mutating func resetMachine() {
    enter(.dfuIDLE)
    pointer = profile.defaultPointer
    pointerWasSet = false
    work = nil
    lastBusyReply = nil
    extraWork = nil
    standard.alternate = 0
  }

  /// Goes to a state in which no job waits to be begun.
  mutating func enter(_ state: MachineState, _ code: UInt8 = StatusCode.ok, text: UInt8 = 0) {
    self.state = state
    status = code
    statusString = text
    (pending, noted, isManifested) = (nil, nil, false)
  }

  /// Goes to dfuERROR.
  mutating func fail(_ code: UInt8, text: UInt8 = 0) {
    enter(.dfuERROR, code, text: text)
    work = nil
    // The time that was asked for belongs to work that is over.
    lastBusyReply = nil
  }
}

/// The `bState` values the bootloader model can show.
///
/// The simulator keeps its own numbers, so that a slip in the host's cannot cancel out.
///
/// - SeeAlso: DFU 1.1 section 6.1.2.
enum MachineState: UInt8, CaseIterable, Hashable, Sendable {
  /// Waiting for a request.
  case dfuIDLE = 2
  /// A block was received and waits for DFU_GETSTATUS; or the work on it has ended.
  case dfuDNLOADSYNC = 3
  /// Working.
  case dfuDNBUSY = 4
  /// In a download.
  case dfuDNLOADIDLE = 5
  /// Told to leave, waiting for DFU_GETSTATUS.
  case dfuMANIFESTSYNC = 6
  /// Leaving.
  case dfuMANIFEST = 7
  /// Left, waiting for the reset.
  case dfuMANIFESTWAITRESET = 8
  /// In an upload.
  case dfuUPLOADIDLE = 9
  /// Failed.
  case dfuERROR = 10
  /// Not a state: ST's device library puts the status code 0x0F here when an upload fails.
  case strayStatus = 15
}
