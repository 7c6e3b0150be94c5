extension BootloaderModel {
  /// Answers a DFU request.
  ///
  /// `arrival` is when the host sent it; behind NAK it is looked at only at `now`.
  mutating func answerClass(
    _ packet: SetupPacket, _ data: [UInt8], arrival: Duration, at now: Duration
  ) -> Reaction {
    guard standard.configuration != 0, packet.wIndex == 0 else { return Reaction(.stall) }
    switch packet.dfuRequest {
    case .detach: return detach()
    case .dnload: return download(packet, data)
    case .upload: return upload(packet)
    case .getstatus: return getStatus(arrival: arrival, at: now)
    case .clrstatus: return clearStatus()
    case .getstate: return getState()
    case .abort: return abort()
    default: return Reaction(.stall)
    }
  }

  /// Answers a standard request.
  mutating func answerStandard(_ packet: SetupPacket) -> Reaction {
    switch (packet.bmRequestType, packet.bRequest, packet.wValue >> 8) {
    case (0x80, 0x06, 0x21), (0x81, 0x06, 0x21):
      if profile.quirks.ignoresFunctionalDescriptorRequest { return Reaction(.silence) }
    case (0x00, 0x09, 0) where packet.wValue <= 1 && standard.configuration != 0:
      // The first choice after power-on leaves the state as it is found; a later one follows a bus
      // reset and starts the machine anew.
      busReset(at: silentUntil)
    default:
      break
    }
    return standard.answer(packet)
  }

  /// A request that the state does not allow.
  ///
  /// DFU 1.1 appendix A: stall, and on to dfuERROR with errSTALLEDPKT; in dfuERROR the first
  /// status stays. ST's device library stalls and changes nothing.
  mutating func refuse(_ code: UInt8 = StatusCode.errSTALLEDPKT) -> Reaction {
    let isIgnored =
      profile.behaviour.flavour == .stMiddleware || state == .dfuERROR
      || state == .dfuDNBUSY && profile.behaviour.whileBusy == .stalls
    if !isIgnored {
      if let work { finish(work) }
      fail(code)
    }
    return Reaction(.stall)
  }

  private mutating func getState() -> Reaction {
    // DFU 1.1 A.2.5 and A.2.8: not even DFU_GETSTATE is answered while busy.
    let isBusy = state == .dfuDNBUSY || state == .dfuMANIFEST
    if isBusy, profile.behaviour.flavour != .stMiddleware { return refuse() }
    return Reaction(.data([state.rawValue]))
  }

  private mutating func detach() -> Reaction {
    guard profile.behaviour.flavour == .stMiddleware else { return refuse() }
    // A soft disconnect in the middle of the request.
    return Reaction(.silence, then: .leaveBus(after: .zero, as: .bootloader))
  }

  private mutating func abort() -> Reaction {
    switch (profile.behaviour.flavour, state) {
    case (_, .dfuIDLE), (_, .dfuDNLOADIDLE), (_, .dfuUPLOADIDLE),
      (.stMiddleware, .dfuDNLOADSYNC), (.stMiddleware, .dfuMANIFESTSYNC):
      enter(.dfuIDLE)
      return Reaction(.acknowledge)
    case (.stMiddleware, _):
      return Reaction(.acknowledge)
    case (.specification, _), (.plainDFU, _):
      return refuse()
    }
  }

  private mutating func clearStatus() -> Reaction {
    switch state == .dfuERROR ? .clears : profile.behaviour.clearStatus {
    case .stallsIntoError:
      return refuse()
    case .errUnknown:
      if let work { finish(work) }
      fail(StatusCode.errUNKNOWN)
      return Reaction(.acknowledge)
    case .stalls:
      return Reaction(.stall)
    case .clears:
      if let work { finish(work) }
      enter(.dfuIDLE)
      return Reaction(.acknowledge)
    }
  }

  // MARK: - DFU_GETSTATUS

  private mutating func getStatus(arrival: Duration, at now: Duration) -> Reaction {
    let cameEarly = noteEarlyPoll(at: arrival)
    switch state {
    case .dfuDNLOADSYNC:
      guard let job = pending else { return reportResult(at: now) }
      pending = nil
      guard job == .malformed else { return begin(job, at: now) }
      result = .done
      return Reaction(.stall)
    case .dfuDNBUSY:
      if cameEarly, profile.quirks.skipsWorkWhenPolledEarly, work?.end != nil {
        work = nil
        result = .done
        return reportResult(at: now)
      }
      if let work, !work.isShownBusy, profile.behaviour.whileBusy == .stalls {
        return Reaction(.stall)
      }
      return statusReply(poll: work?.poll ?? .zero, busy: true, at: now)
    case .dfuMANIFESTSYNC:
      return manifest(at: now)
    case .dfuIDLE, .dfuDNLOADIDLE, .dfuMANIFEST, .dfuUPLOADIDLE, .dfuERROR, .strayStatus:
      return statusReply(poll: .zero, busy: false, at: now)
    }
  }

  /// The answer that tells how the finished job ended.
  private mutating func reportResult(at now: Duration) -> Reaction {
    switch result {
    case .done: state = .dfuDNLOADIDLE
    case .failed(let code, let text): fail(code, text: text)
    }
    result = .done
    return statusReply(poll: .zero, busy: false, at: now)
  }

  /// Six bytes of status; `busy` says that the host has to wait before it asks again.
  mutating func statusReply(
    poll: Duration, busy: Bool, at now: Duration, delay: Duration = .zero
  ) -> Reaction {
    let components = poll.components
    let milliseconds = min(
      max(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000, 0), 0xFF_FFFF)
    lastBusyReply = busy ? (now + delay, .milliseconds(milliseconds)) : nil
    let bytes =
      [status] + milliseconds.littleEndianBytes.prefix(3) + [state.rawValue, statusString]
    return Reaction(.data(bytes), delay: delay)
  }

  /// Records a poll that came before the time that was asked for.
  private mutating func noteEarlyPoll(at arrival: Duration) -> Bool {
    guard let (at, poll) = lastBusyReply, arrival < at + poll else { return false }
    counters.earlyPolls.append(.init(reported: poll, waited: max(arrival - at, .zero)))
    return true
  }

  // MARK: - Leaving

  private mutating func manifest(at now: Duration) -> Reaction {
    if profile.quirks.leaveNeedsAddress, !pointerWasSet {
      fail(StatusCode.errTARGET)
      return statusReply(poll: .zero, busy: false, at: now)
    }
    let poll = Duration.milliseconds(profile.polls.manifest)
    switch profile.behaviour.leave {
    case .afterStatus, .atDownload:
      state = .dfuMANIFEST
      var reply = statusReply(poll: poll, busy: true, at: now)
      reply.then = .leaveBus(after: poll, as: nextProgram)
      return reply
    case .duringStatus:
      return Reaction(.silence, then: .leaveBus(after: .zero, as: nextProgram))
    case .stallsStatus:
      return Reaction(.stall, then: .leaveBus(after: .milliseconds(1), as: nextProgram))
    }
  }

  /// What the chip runs when it jumps to the program at the pointer.
  ///
  /// AN3156: the stack pointer comes from the pointer's word, the entry from the next; an address
  /// that is not executable memory resets the chip, and the boot pins lead back here.
  var nextProgram: RunningProgram { program(at: pointer) }

  /// What the chip runs after a reset without its boot pins; a bootloader in flash starts what is
  /// behind it.
  var flashedProgram: RunningProgram { program(at: programStart) }

  /// Where the program begins that a reset starts.
  var programStart: UInt32 {
    if let start = profile.programStart { return start }
    let region = memory.region(at: UInt64(profile.defaultPointer))
    return region?.kind == .flash
      ? profile.defaultPointer : profile.memory(.flash)?.start ?? profile.defaultPointer
  }

  private func program(at pointer: UInt32) -> RunningProgram {
    guard let region = memory.region(at: UInt64(pointer)),
      region.kind == .flash || region.kind == .ram
    else { return .bootloader }
    let words = memory.read(UInt64(pointer)..<(UInt64(pointer) + 8))
    guard words.count == 8, !words.allSatisfy({ $0 == region.erased }) else { return .nothing }
    guard profile.hasVectorTable else { return .application }
    let stack = UInt32(littleEndian: words[0..<4])
    let entry = UInt32(littleEndian: words[4..<8])
    let isStackInRAM = (0x1000_0000..<0x4000_0000).contains(stack)
    let isEntryCode = entry & 1 == 1 && memory.region(at: UInt64(entry)) != nil
    return isStackInRAM && isEntryCode ? .application : .nothing
  }
}
