extension BootloaderModel {
  /// Answers a DFU request.
  ///
  /// `arrival` is when the host sent it; behind NAK it is looked at only at `now`.
  mutating func answerClass(
    _ packet: SetupPacket, _ data: [UInt8], arrival: Duration, at now: Duration
  ) -> Reaction {
    guard standard.configuration != 0, packet.wIndex == standard.descriptors.dfuInterface else {
      return Reaction(.stall)
    }
    if profile.behaviour.flavour == .mboot {
      return answerMboot(packet, data, arrival: arrival, at: now)
    }
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

  /// What the device makes of a request to an interface.
  ///
  /// Arduino's does not look which interface is meant: its class's one handler gets the requests to
  /// the serial port, too, and stalls SET_LINE_CODING and those like it, which it does not know
  /// (`USBD_StdItfReq`, `USBD_DFU_Setup`).
  func readdressed(_ packet: SetupPacket) -> SetupPacket {
    let descriptors = standard.descriptors
    guard profile.behaviour.flavour == .arduino, packet.bmRequestType & 0x1F == 1,
      descriptors.interface(packet.wIndex & 0xFF) != nil
    else { return packet }
    var packet = packet
    packet.wIndex = descriptors.dfuInterface
    return packet
  }

  /// Answers a request of type vendor; those that it does not know stall.
  func answerVendor(_ packet: SetupPacket) -> Reaction {
    let isConfigured = standard.configuration != 0
    let known = profile.usb.platform.answers.first { $0.fits(packet, isConfigured: isConfigured) }
    if let known {
      return known.ignoresLength && packet.wLength > 0
        ? Reaction(.data(known.bytes)) : packet.answer(known.bytes)
    }
    // Its class does not know them, and says nothing (`usbd_dfu_Setup`).
    if profile.behaviour.flavour == .photon, packet.bmRequestType & 0x1F == 1, isConfigured {
      return packet.wLength > 0 ? Reaction(.silence) : Reaction(.acknowledge)
    }
    return Reaction(.stall)
  }

  /// Answers a standard request.
  mutating func answerStandard(_ packet: SetupPacket) -> Reaction {
    let flavour = profile.behaviour.flavour
    switch (packet.bmRequestType, packet.bRequest, packet.wValue >> 8) {
    case (0x81, _, _) where flavour == .mboot:
      // Its class has no answer to standard requests, and acknowledges those without data
      // (`pyb_usbdd_Setup`; usbd_ctlreq.c, `USBD_StdItfReq`).
      return Reaction(.silence)
    case (0x01, _, _) where flavour == .mboot:
      return Reaction(.acknowledge)
    case (0x80, 0x06, 0x21) where flavour == .mboot:
      return Reaction(.stall)
    case (0x80, 0x06, 0x03)
    where flavour == .arduino && standard.descriptors.descriptor(packet.wValue) == nil:
      // There is no such string, and no word of that (`USBD_GetDescriptor`).
      return packet.wLength > 0 ? Reaction(.silence) : Reaction(.acknowledge)
    case (0x01, 0x0B, _) where flavour == .tinyUSB:
      enter(.dfuIDLE)
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

  /// A request that the state does not allow, and what becomes of it, if not the usual.
  ///
  /// DFU 1.1 appendix A: stall, and on to dfuERROR with errSTALLEDPKT; in dfuERROR the first
  /// status stays. ST's device library stalls and changes nothing.
  mutating func refuse(_ refusal: StateMachine.Refusal? = nil) -> Reaction {
    let machine = profile.behaviour.machine
    switch refusal ?? machine.refusal {
    case .ignored: return Reaction(.acknowledge)
    case .stalls: return Reaction(.stall)
    case .fails(let code):
      let isIgnored =
        state == .dfuERROR && machine.keepsFirstError
        || state == .dfuDNBUSY && profile.behaviour.whileBusy == .stalls
      if !isIgnored {
        if let work { finish(work) }
        fail(code)
      }
      return Reaction(.stall)
    }
  }

  private mutating func getState() -> Reaction {
    // DFU 1.1 A.2.5 and A.2.8: not even DFU_GETSTATE is answered while busy.
    let isBusy = [.dfuDNBUSY, .dfuMANIFEST, .dfuMANIFESTWAITRESET].contains(state)
    if isBusy, !profile.behaviour.machine.alwaysTellsState { return refuse() }
    return Reaction(.data([state.rawValue]))
  }

  private mutating func detach() -> Reaction {
    let machine = profile.behaviour.machine
    switch machine.detach {
    case .refused: return refuse()
    case .ignored: return Reaction(.acknowledge)
    case .reconnects:
      return Reaction(.silence, then: .leaveBus(after: .zero, as: .bootloader))
    case .answersAndReconnects:
      guard machine.aborts.contains(state) else { return refuse() }
      return Reaction(.acknowledge, then: .leaveBus(after: .zero, as: .bootloader))
    case .resets:
      return Reaction(.acknowledge, then: .leaveBus(after: .zero, as: resetProgram))
    case .leaves:
      return Reaction(.acknowledge, then: .leaveBus(after: .zero, as: .application))
    }
  }

  private mutating func abort() -> Reaction {
    let machine = profile.behaviour.machine
    guard machine.aborts.contains(state) else { return refuse(machine.abortRefusal) }
    if let work { finish(work) }
    enter(.dfuIDLE)
    return Reaction(.acknowledge)
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
    case .ignored:
      return Reaction(.acknowledge)
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
      let isStalled =
        job == .malformed || profile.behaviour.flavour == .photon && refusal(of: job) != nil
      guard isStalled else { return begin(job, at: now) }
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
    case .dfuIDLE, .dfuDNLOADIDLE, .dfuMANIFEST, .dfuMANIFESTWAITRESET, .dfuUPLOADIDLE, .dfuERROR,
      .strayStatus:
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
    let components = (busy ? poll : .milliseconds(profile.polls.idle)).components
    let milliseconds = min(
      max(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000, 0), 0xFF_FFFF)
    lastBusyReply = busy ? (now + delay, .milliseconds(milliseconds)) : nil
    let bytes =
      [status] + milliseconds.littleEndianBytes.prefix(3) + [state.rawValue, statusString]
    return Reaction(.data(bytes), delay: delay)
  }

  /// Records a poll that came before the time that was asked for.
  mutating func noteEarlyPoll(at arrival: Duration) -> Bool {
    guard let (at, poll) = lastBusyReply, arrival < at + poll else { return false }
    counters.earlyPolls.append(.init(reported: poll, waited: max(arrival - at, .zero)))
    return true
  }

  // MARK: - Leaving

  mutating func manifest(at now: Duration) -> Reaction {
    if profile.quirks.leaveNeedsAddress, !pointerWasSet {
      fail(StatusCode.errTARGET)
      return statusReply(poll: .zero, busy: false, at: now)
    }
    let behaviour = profile.behaviour
    let poll = Duration.milliseconds(profile.polls.manifest)
    switch behaviour.leave {
    case .afterStatus, .atDownload:
      // Particle's says dfuDNLOAD-IDLE, for the sake of what dfu-util prints last.
      state = behaviour.flavour == .photon ? .dfuDNLOADIDLE : .dfuMANIFEST
      var reply = statusReply(poll: poll, busy: true, at: now)
      if behaviour.flavour == .dapboot, resetProgram == .bootloader {
        // `validate_application`: it looks at the stack pointer, and stays if that is none.
        fail(StatusCode.errFIRMWARE)
        return reply
      }
      if [.arduino, .photon, .deviceOS].contains(behaviour.flavour) {
        state = .dfuMANIFESTWAITRESET
      }
      reply.then = .leaveBus(after: behaviour.leaveDelay ?? poll, as: nextProgram)
      return reply
    case .duringStatus:
      return Reaction(.silence, then: .leaveBus(after: .zero, as: nextProgram))
    case .stallsStatus:
      return Reaction(.stall, then: .leaveBus(after: .milliseconds(1), as: nextProgram))
    case .returnsToIdle:
      let wasManifested = isManifested
      enter(wasManifested ? .dfuIDLE : .dfuMANIFEST)
      let reply = statusReply(poll: poll, busy: !wasManifested, at: now)
      if !wasManifested { (state, isManifested) = (.dfuMANIFESTSYNC, true) }
      return reply
    }
  }

  /// What the chip runs when the bootloader is told to leave: mostly it jumps to the program at the
  /// pointer.
  ///
  /// AN3156: the stack pointer comes from the pointer's word, the entry from the next; an address
  /// that is not executable memory resets the chip, and the boot pins lead back here.
  var nextProgram: RunningProgram {
    profile.behaviour.resetsToLeave ? resetProgram : program(at: pointer)
  }

  /// What a reset starts where the bootloader is a program in flash: what is behind it, if that begins
  /// with a stack pointer, else the bootloader again.
  ///
  /// So the templates of ST's device library, Arduino's, libopencm3's, and dapboot; an mboot looks at
  /// the two lowest bits only.
  private var resetProgram: RunningProgram {
    let start = UInt64(programStart)
    let stack = UInt32(littleEndian: memory.read(start..<(start + 4)))
    return (0x1000_0000..<0x4000_0000).contains(stack) ? flashedProgram : .bootloader
  }

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
    guard pointer.isMultiple(of: 4) else { return .nothing }
    let stack = UInt32(littleEndian: words[0..<4])
    let entry = UInt32(littleEndian: words[4..<8])
    let isStackInRAM = (0x1000_0000..<0x4000_0000).contains(stack)
    let isEntryCode = entry & 1 == 1 && memory.region(at: UInt64(entry)) != nil
    return isStackInRAM && isEntryCode ? .application : .nothing
  }
}
