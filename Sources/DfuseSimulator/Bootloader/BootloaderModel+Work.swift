extension BootloaderModel {
  /// Finishes the work if its time is over.
  mutating func settle(at now: Duration) {
    if let late = lateErase, late.end <= now {
      lateErase = nil
      _ = erase(at: late.address)
    }
    guard let work, let end = work.end, end <= now else { return }
    finish(work)
  }

  /// Carries out the work and stops being busy.
  mutating func finish(_ work: Work) {
    self.work = nil
    result = perform(work.job)
    guard state == .dfuDNBUSY else { return }
    switch (profile.behaviour.machine.ending, result) {
    case (.synced, _), (.failsAtOnce, .done):
      state = .dfuDNLOADSYNC
    case (.atOnce, .failed(let code, _)) where profile.behaviour.flavour == .epsilon:
      // `wholeDataSentCallback` ends in dfuDNLOAD-IDLE whatever came of the work.
      enter(.dfuDNLOADIDLE, code)
    case (_, .failed(let code, let text)):
      fail(code, text: text)
      result = .done
    case (.atOnce, .done):
      enter(.dfuDNLOADIDLE)
    }
  }

  /// Begins the pending job; called by the first DFU_GETSTATUS after a DNLOAD.
  mutating func begin(_ wanted: Job, at now: Duration) -> Reaction {
    let poll = faults.reportedPoll ?? .milliseconds(cost(of: wanted).poll)
    let job = startsLateErase(wanted, at: now) ? .nothing : wanted
    let refusal = refusal(of: job)
    var duration = refusal == nil ? cost(of: job).time : .zero
    // Arduino's copy of ST's library stays busy for ever when something fails.
    let isStuck =
      profile.behaviour.flavour == .arduino && refusal != nil && !failsSilently(job)
    var endless =
      job == .endless || isStuck || isErase(job, from: profile.quirks.staysBusyErasingFrom)
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
      result = isStuck ? .done : perform(job)
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

  /// Begins an erase that is reported as done at once, if this is one.
  private mutating func startsLateErase(_ job: Job, at now: Duration) -> Bool {
    let early = profile.quirks.reportsEraseEarly
    guard isErase(job, from: early?.start), case .erase(let address) = job,
      let duration = early?.time
    else { return false }
    counters.busyTime += duration
    // The flash takes no second command before the first is over.
    if lateErase == nil { lateErase = (address, now + duration) }
    return true
  }

  /// The answer to the first DFU_GETSTATUS of a job after which the chip resets: there is no second.
  private mutating func lastReply(
    before job: Job, at now: Duration, duration: Duration, _ poll: Duration
  ) -> Reaction? {
    var reply = statusReply(poll: poll, busy: true, at: now)
    reply.then = .leaveBus(after: duration, as: .bootloader)
    if job == .unprotect {
      result = perform(job)
      return reply
    }
    guard profile.leavesAfterOptions, isOptionWrite(job),
      case .program(let address, let bytes) = job, let region = memory.region(at: address),
      profile.options != nil ? address % 4 == 0 : region.size == bytes.count
    else { return nil }
    // Power may fail before it is done.
    work = Work(job: job, begin: now, end: now + duration, poll: poll, isShownBusy: true)
    return reply
  }

  /// Why a job fails before it touches the memory, or nil.
  func refusal(of job: Job) -> JobResult? {
    let isServed: Bool
    var needsReadableChip = true
    switch job {
    case .setAddress(let address):
      isServed =
        profile.quirks.acceptsAnyAddress || memory.region(at: UInt64(address)) != nil
        || faults.systemMemory != .refused && system(UInt64(address)..<UInt64(address) + 2) != nil
      needsReadableChip = profile.quirks.refusesAddressWhenProtected
    case .erase(let address):
      isServed = memory.region(at: UInt64(address))?.kind == .flash
    case .massErase:
      isServed = true
    case .program(let address, let bytes):
      let range = address..<(address + UInt64(max(bytes.count, 1)))
      isServed = memory.region(holding: range).map { $0.kind != .readOnly } ?? false
    case .fails(let code):
      return .failed(code, text: 0)
    case .unprotect, .nothing, .endless, .malformed:
      return nil
    }
    if needsReadableChip, memory.readProtection > 0 {
      return .failed(StatusCode.errVENDOR, text: 0)
    }
    return isServed ? nil : outsideMap(job.address ?? 0)
  }

  /// What the chip tells outside its memory maps, in a range.
  func system(_ range: Range<UInt64>) -> [UInt8]? {
    profile.system?.bytes(range, kibibytes: memory.kibibytes, serial: serial)
  }

  /// The failure for an address the bootloader does not serve.
  ///
  /// AN3156: errTARGET. ST's device library says errVENDOR for everything, mboot errADDRESS and which
  /// of two things is wrong.
  private func outsideMap(_ address: UInt64) -> JobResult {
    let texts = profile.quirks.failureTexts.keys.sorted()
    let isOwn = memory.region(at: address)?.kind == .readOnly
    return .failed(
      profile.quirks.mediaFailure ?? StatusCode.errTARGET,
      text: (isOwn ? texts.first : texts.last) ?? 0)
  }

  /// Whether nobody is told that a job failed: libopencm3's example never says so, the Black Magic
  /// Probe and Arduino not of blocks for the chip's own flash.
  private func failsSilently(_ job: Job) -> Bool {
    switch (profile.behaviour.flavour, job) {
    case (.libopencm3, _), (.blackMagic, .program): true
    case (.arduino, .program(let address, _)): address < 0xA000_0000
    default: false
    }
  }

  /// Carries a job out.
  mutating func perform(_ job: Job) -> JobResult {
    // The older states of ST's library keep the address of an erase in the pointer.
    if [.arduino, .photon].contains(profile.behaviour.flavour), case .erase(let address) = job {
      pointer = address
    }
    if let refusal = refusal(of: job) { return failsSilently(job) ? .done : refusal }
    switch job {
    case .setAddress(let address):
      pointer = address
      pointerWasSet = true
    case .erase(let address):
      if let first = profile.quirks.ignoresEraseFrom, address >= first { return .done }
      return outcome(erase(at: address), at: address)
    case .massErase where !profile.quirks.ignoresMassErase:
      memory.eraseFlash()
      counters.massErases += 1
    case .program(let address, let bytes):
      return program(bytes, at: UInt32(truncatingIfNeeded: address))
    case .unprotect where memory.readProtection > 0:
      liftProtection()
    case .massErase, .unprotect, .nothing, .endless, .malformed, .fails:
      break
    }
    return .done
  }

  /// Erases the sector that holds `address`.
  private mutating func erase(at address: UInt32) -> BoardMemory.Outcome {
    guard memory.region(at: UInt64(address))?.kind == .flash,
      let sector = memory.sector(at: address)
    else { return .outside }
    let first = UInt32(sector.lowerBound)
    if memory.isProtected(first) { return .writeProtected }
    if memory.hidden.contains(first) { return .done }
    if profile.quirks.skipsRepeatedErase, lastErased == first { return .done }
    lastErased = first
    memory.erase(sector)
    counters.erases[first, default: 0] += 1
    return .done
  }

  private mutating func program(_ bytes: [UInt8], at address: UInt32) -> JobResult {
    if lateErase != nil, let first = profile.quirks.reportsEraseEarly?.start, address >= first {
      // It comes into an erase that goes on in the same bank.
      counters.refusedPrograms.append(address)
      return .done
    }
    if profile.behaviour.flavour == .dapboot { eraseAhead(of: bytes.count, at: address) }
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
    if kind == .optionBytes, result == .done, profile.leavesAfterOptions {
      loadOptions(at: .launched)
    }
    return outcome(result, at: address)
  }

  /// Erases the pages that begin in a range: dapboot does so as it comes to them.
  private mutating func eraseAhead(of count: Int, at address: UInt32) {
    var next = UInt64(address)
    while next < UInt64(address) + UInt64(count), let place = UInt32(exactly: next),
      let sector = memory.sector(at: place)
    {
      if sector.lowerBound >= address { _ = erase(at: place) }
      next = sector.upperBound
    }
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
      return profile.rules.failure.map { .failed($0, text: 0) } ?? .done
    case .outside:
      return outsideMap(UInt64(address))
    }
  }

  /// Whether a job is an erase that will be carried out, at or above the address that a quirk names.
  private func isErase(_ job: Job, from first: UInt32?) -> Bool {
    guard case .erase(let address) = job, let first, address >= first else { return false }
    return refusal(of: job) == nil
  }

  /// The times that hold now: on F2, F4 and F7 they depend on the supply range.
  var times: WorkTimes {
    guard let feature = profile.memory(.deviceFeature) else { return profile.times }
    let supply = memory.read(feature.range.lowerBound..<(feature.range.lowerBound + 1)).first
    return supply.flatMap { profile.timesBySupply[$0] } ?? profile.times
  }

  /// How long a job takes, and the milliseconds of `bwPollTimeout` for it.
  private func cost(of job: Job) -> (time: Duration, poll: Int) {
    let polls = profile.polls
    return switch job {
    case .setAddress, .nothing, .endless, .malformed, .fails:
      (.zero, polls.setAddress ?? polls.write)
    case .erase(let address):
      (memory.sector(at: address).map { times.erasing($0.count) } ?? .zero, polls.erase)
    case .massErase: (profile.quirks.ignoresMassErase ? .zero : times.massErase, polls.erase)
    case .program(_, let bytes): (times.programming(bytes.count), polls.write)
    case .unprotect:
      (memory.readProtection > 0 ? times.massErase : .milliseconds(10), polls.erase)
    }
  }

  /// Power fails at `now`: of work in progress, the first part of the sector is erased, of the block
  /// is programmed.
  mutating func losePower(at now: Duration) {
    settle(at: now)
    guard let work, let end = work.end, end > work.begin else { return }
    self.work = nil
    let fraction = (now - work.begin) / (end - work.begin)
    switch work.job {
    case .erase(let address):
      guard let sector = memory.sector(at: address),
        !memory.isProtected(UInt32(sector.lowerBound))
      else { return }
      let count = UInt64(Double(sector.count) * fraction)
      memory.erase(sector.lowerBound..<(sector.lowerBound + count))
    case .program(let address, _) where memory.options != nil && isOptionWrite(work.job):
      guard fraction > 0, let region = memory.region(at: address) else { return }
      memory.tearOptions(in: region)
    case .program(let address, let bytes):
      let units = Int(Double(bytes.count) * fraction) / profile.rules.unit
      guard units > 0 else { return }
      _ = program(
        Array(bytes.prefix(units * profile.rules.unit)), at: UInt32(truncatingIfNeeded: address))
    case .massErase:
      // Which bank goes first is not known; all of it is gone or none.
      if fraction > 0.5 { _ = perform(.massErase) }
    case .setAddress, .unprotect, .nothing, .endless, .malformed, .fails:
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
  /// What ends in dfuERROR with this status.
  case fails(UInt8)

  /// The address it is about, if any.
  var address: UInt64? {
    switch self {
    case .setAddress(let address), .erase(let address): UInt64(address)
    case .program(let address, _): address
    case .massErase, .unprotect, .nothing, .endless, .malformed, .fails: nil
    }
  }
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
