extension BootloaderModel {
  /// Finishes the work if its time is over.
  mutating func settle(at now: Duration) {
    settleLateErase(at: now)
    guard let work, let end = work.end, end <= now else { return }
    finish(work)
  }

  /// Carries out the work and stops being busy.
  mutating func finish(_ work: Work) {
    self.work = nil
    result = perform(work.job)
    if state == .dfuDNBUSY { state = .dfuDNLOADSYNC }
  }

  /// Begins the pending job; called by the first DFU_GETSTATUS after a DNLOAD.
  mutating func begin(_ wanted: Job, at now: Duration) -> Reaction {
    let poll = faults.reportedPoll ?? self.poll(for: wanted)
    let job = startsLateErase(wanted, at: now) ? .nothing : wanted
    let refusal = refusal(of: job)
    var duration = refusal == nil ? time(of: job) : .zero
    var endless = job == .endless || erasesForEver(job)
    var isShownBusy = endless
    if let extra = extraWork {
      extraWork = nil
      isShownBusy = true
      if let extra { duration += extra } else { endless = true }
    }
    counters.busyTime += duration
    let worksFirst = profile.behaviour.whileBusy == .worksBeforeAnswering && !isShownBusy
    counters.requestedTime += worksFirst ? duration + poll : max(duration, poll)
    state = .dfuDNBUSY
    if refusal == nil, let reply = lastReply(before: job, at: now, duration: duration, poll) {
      return reply
    }
    guard !endless else {
      // The erase itself does happen; only its end is never reported.
      result = perform(job)
      work = Work(job: .nothing, begin: now, end: nil, poll: poll, isShownBusy: true)
      let answersLate = profile.behaviour.whileBusy == .worksBeforeAnswering
      return statusReply(poll: poll, busy: true, at: now, delay: answersLate ? duration : .zero)
    }
    let begun = Work(
      job: job, begin: now, end: now + duration, poll: poll, isShownBusy: isShownBusy)
    let reply = statusReply(poll: poll, busy: true, at: now, delay: worksFirst ? duration : .zero)
    if worksFirst { finish(begun) } else { work = begun }
    return reply
  }

  /// The answer to the first DFU_GETSTATUS of a job after which the chip resets: there is no second.
  private mutating func lastReply(
    before job: Job, at now: Duration, duration: Duration, _ poll: Duration
  ) -> Reaction? {
    let resets: Bool
    switch job {
    case .unprotect: resets = true
    case .program(let address, let bytes):
      resets =
        profile.rules.optionWriteResets && memory.region(at: address)?.kind == .optionBytes
        && memory.region(at: address)?.size == bytes.count
    case .setAddress, .erase, .massErase, .nothing, .endless, .malformed: resets = false
    }
    guard resets else { return nil }
    var reply = statusReply(poll: poll, busy: true, at: now)
    result = perform(job)
    let locked = memory.readProtection == 2
    reply.then = .leaveBus(after: duration, as: locked ? .nothing : .bootloader)
    return reply
  }

  /// Why a job fails before it touches the memory, or nil.
  func refusal(of job: Job) -> JobResult? {
    let isServed: Bool
    var needsReadableChip = true
    switch job {
    case .setAddress(let address):
      isServed = profile.quirks.acceptsAnyAddress || memory.region(at: UInt64(address)) != nil
      needsReadableChip = profile.quirks.refusesAddressWhenProtected
    case .erase(let address):
      isServed = memory.region(at: UInt64(address))?.kind == .flash
    case .massErase:
      isServed = true
    case .program(let address, let bytes):
      let range = address..<(address + UInt64(max(bytes.count, 1)))
      isServed = memory.region(holding: range).map { $0.kind != .readOnly } ?? false
    case .unprotect, .nothing, .endless, .malformed:
      return nil
    }
    if needsReadableChip, memory.readProtection > 0 {
      return .failed(StatusCode.errVENDOR, text: 0)
    }
    return isServed ? nil : outsideMap
  }

  /// The failure for an address the bootloader does not serve.
  ///
  /// AN3156: errTARGET. ST's device library says errVENDOR for everything, mboot errADDRESS.
  private var outsideMap: JobResult {
    guard let code = profile.quirks.mediaFailure else {
      return .failed(StatusCode.errTARGET, text: 0)
    }
    let text = profile.quirks.failureTexts.keys.min() ?? 0
    return .failed(code, text: text)
  }

  /// Carries a job out.
  mutating func perform(_ job: Job) -> JobResult {
    if let refusal = refusal(of: job) { return refusal }
    switch job {
    case .setAddress(let address):
      pointer = address
      pointerWasSet = true
      return .done
    case .erase(let address):
      if let first = profile.quirks.ignoresEraseFrom, address >= first { return .done }
      return outcome(erase(at: address), at: address)
    case .massErase:
      guard !profile.quirks.ignoresMassErase else { return .done }
      memory.eraseFlash()
      counters.massErases += 1
      return .done
    case .program(let address, let bytes):
      return program(bytes, at: UInt32(truncatingIfNeeded: address))
    case .unprotect:
      guard memory.readProtection > 0 else { return .done }
      memory.readProtection = 0
      memory.eraseFlash(evenProtected: true)
      if let byte = profile.rules.readProtectionByte { memory.load([0xAA], at: byte) }
      return .done
    case .nothing, .endless, .malformed:
      return .done
    }
  }

  mutating func erase(at address: UInt32) -> BoardMemory.Outcome {
    let outcome = memory.eraseSector(at: address)
    if outcome == .done, let sector = memory.sector(at: address) {
      counters.erases[UInt32(sector.lowerBound), default: 0] += 1
    }
    return outcome
  }

  private mutating func program(_ bytes: [UInt8], at address: UInt32) -> JobResult {
    if isLost(writeAt: address) { return .done }
    let kind = memory.region(at: UInt64(address))?.kind
    if kind == .optionBytes, profile.quirks.ignoresOptionBytes { return .done }
    let unit = kind == .flash ? profile.rules.unit : 1
    // What fills the last unit is left over in the transfer buffer: a measured property of ST's
    // device library, assumed of the ROMs.
    let missing = (unit - bytes.count % unit) % unit
    let tail = buffer.dropFirst(bytes.count).prefix(missing)
    let padding = [UInt8](repeating: 0, count: missing - tail.count)
    var units = bytes + tail + padding
    if profile.quirks.corruptsLongOddWrites, bytes.count > 256, bytes.count % 8 != 0 {
      // Which bytes suffer is not documented.
      units[0] = ~units[0]
    }
    let result = memory.program(units, at: address)
    if result == .done { counters.bytesProgrammed += bytes.count }
    if kind == .optionBytes, result == .done { adoptReadProtection() }
    return outcome(result, at: address)
  }

  /// What the device says of an outcome.
  private mutating func outcome(_ outcome: BoardMemory.Outcome, at address: UInt32) -> JobResult {
    switch outcome {
    case .done:
      return .done
    case .writeProtected:
      // AN3156: no error is reported; only reading back shows it.
      counters.protectedAccesses.append(address)
      return .done
    case .refused(let unit):
      counters.refusedPrograms.append(unit)
      switch profile.rules.failure {
      case .silent: return .done
      case .status(let code): return .failed(code, text: 0)
      }
    case .outside:
      return outsideMap
    }
  }

  /// Takes over the protection level from freshly written option bytes.
  private mutating func adoptReadProtection() {
    guard let place = profile.rules.readProtectionByte else { return }
    switch memory.read(UInt64(place)..<(UInt64(place) + 1)).first {
    case 0xAA:
      if memory.readProtection > 0 { memory.eraseFlash(evenProtected: true) }
      memory.readProtection = 0
    case 0xCC: memory.readProtection = 2
    default: memory.readProtection = 1
    }
  }

  /// Whether the end of this erase is never reported.
  private func erasesForEver(_ job: Job) -> Bool {
    guard case .erase(let address) = job, let first = profile.quirks.staysBusyErasingFrom else {
      return false
    }
    return address >= first && refusal(of: job) == nil
  }

  /// The times that hold now: on F2, F4 and F7 they depend on the supply range.
  private var times: WorkTimes {
    guard let feature = profile.memory(.deviceFeature) else { return profile.times }
    let supply = memory.read(feature.range.lowerBound..<(feature.range.lowerBound + 1)).first
    return supply.flatMap { profile.timesBySupply[$0] } ?? profile.times
  }

  /// How long a job takes.
  func time(of job: Job) -> Duration {
    switch job {
    case .setAddress, .nothing, .endless, .malformed: .zero
    case .erase(let address):
      memory.sector(at: address).map { times.erasing($0.count) } ?? .zero
    case .massErase: profile.quirks.ignoresMassErase ? .zero : times.massErase
    case .program(_, let bytes): times.programming(bytes.count)
    case .unprotect: memory.readProtection > 0 ? times.massErase : .milliseconds(10)
    }
  }

  /// The `bwPollTimeout` for a job.
  private func poll(for job: Job) -> Duration {
    switch job {
    case .setAddress, .nothing, .endless, .malformed: profile.polls.setAddress
    case .erase, .massErase, .unprotect: profile.polls.erase
    case .program: profile.polls.write
    }
  }

  /// How long it takes to fetch `count` bytes.
  func readingTime(_ count: Int) -> Duration { times.reading(count) }

  /// Leaves work half done: the first part of the sector is erased, of the block is programmed.
  mutating func interruptWork(at now: Duration) {
    guard let work, let end = work.end, end > work.begin else { return }
    self.work = nil
    let fraction = (now - work.begin) / (end - work.begin)
    switch work.job {
    case .erase(let address):
      guard let sector = memory.sector(at: address),
        !memory.writeProtected.contains(UInt32(sector.lowerBound))
      else { return }
      let count = UInt64(Double(sector.count) * fraction)
      memory.erase(sector.lowerBound..<(sector.lowerBound + count))
    case .program(let address, let bytes):
      let units = Int(Double(bytes.count) * fraction) / profile.rules.unit
      guard units > 0 else { return }
      _ = program(
        Array(bytes.prefix(units * profile.rules.unit)), at: UInt32(truncatingIfNeeded: address))
    case .massErase:
      // Which bank goes first is not known; all of it is gone or none.
      if fraction > 0.5 { _ = perform(.massErase) }
    case .setAddress, .unprotect, .nothing, .endless, .malformed:
      break
    }
  }
}

/// What a DNLOAD asks the chip to do.
enum Job: Hashable, Sendable {
  /// Move the address pointer.
  case setAddress(UInt32)
  /// Erase the sector that holds an address.
  case erase(UInt32)
  /// Erase the whole flash.
  case massErase
  /// Program bytes at an address, which is beyond the address space when the block number is wild.
  case program(UInt64, [UInt8])
  /// Lift the read protection and erase everything.
  case unprotect
  /// Nothing, but in the form of work.
  case nothing
  /// A command that never ends (ST's device library on an unknown command of five bytes).
  case endless
  /// A command that is too short or too long (ST's device library stalls its DFU_GETSTATUS).
  case malformed
}

/// How a job ended.
enum JobResult: Hashable, Sendable {
  /// Well, or so the device says.
  case done
  /// With a status and the index of a text.
  case failed(UInt8, text: UInt8)
}

/// A job in progress.
struct Work: Hashable, Sendable {
  /// What is done.
  var job: Job
  /// Since when.
  var begin: Duration
  /// Until when; nil for ever.
  var end: Duration?
  /// The `bwPollTimeout` to report.
  var poll: Duration
  /// Whether dfuDNBUSY is answered whatever the device's behaviour.
  var isShownBusy = false
}

/// An erase that goes on although the device has said that it is done.
struct LateErase: Hashable, Sendable {
  /// An address in the sector.
  var address: UInt32
  /// When it is over.
  var end: Duration
}

extension BootloaderModel {
  /// Begins an erase that is reported as done at once, if this is one.
  mutating func startsLateErase(_ job: Job, at now: Duration) -> Bool {
    guard case .erase(let address) = job, let first = profile.quirks.reportsEraseEarlyFrom,
      address >= first, refusal(of: job) == nil
    else { return false }
    let duration = time(of: job)
    counters.busyTime += duration
    // The flash takes no second command before the first is over.
    if lateErase == nil { lateErase = LateErase(address: address, end: now + duration) }
    return true
  }

  /// Ends the erase if its time is over.
  mutating func settleLateErase(at now: Duration) {
    guard let late = lateErase, late.end <= now else { return }
    lateErase = nil
    _ = erase(at: late.address)
  }

  /// Whether a write comes into an erase that goes on in the same bank.
  mutating func isLost(writeAt address: UInt32) -> Bool {
    guard lateErase != nil, let first = profile.quirks.reportsEraseEarlyFrom, address >= first
    else { return false }
    counters.refusedPrograms.append(address)
    return true
  }
}
