extension BootloaderModel {
  // MARK: - DFU_DNLOAD

  mutating func download(_ packet: SetupPacket, _ data: [UInt8]) -> Reaction {
    let machine = profile.behaviour.machine
    let isOversize = packet.wLength > buffer.count
    if isOversize {
      switch profile.behaviour.oversize {
      case .stalls(let code): return refuse(.fails(code))
      case .stallsUnchanged: return Reaction(.stall)
      case .hangs: break
      }
    }
    if packet.wLength == 0 {
      if machine.leaves.contains(state) { return requestLeave() }
      // dapboot has nothing to leave with before a download.
      let isEarly = profile.behaviour.flavour == .dapboot && state == .dfuIDLE
      return refuse(isEarly ? .fails(StatusCode.errSTALLEDPKT) : machine.leaveRefusal)
    }
    guard machine.downloads.contains(state) else { return refuse() }
    if isOversize {
      accept(packet, Array(data.prefix(buffer.count)))
      return Reaction(.silence)
    }
    guard isAcceptable(packet, data) else { return refuse() }
    if faults.options == .stall, isOptionWrite(job(block: packet.wValue, data)) {
      return refuse(.fails(StatusCode.errSTALLEDPKT))
    }
    accept(packet, data)
    return Reaction(.acknowledge)
  }

  private mutating func requestLeave() -> Reaction {
    if profile.behaviour.leave == .atDownload {
      return Reaction(.acknowledge, then: .leaveBus(after: .zero, as: nextProgram))
    }
    if let work { finish(work) }
    enter(.dfuMANIFESTSYNC, status)
    return Reaction(.acknowledge)
  }

  /// Whether a block is taken at all.
  ///
  /// A ROM wants a known command of the right length, or 2 bytes of data or more (AN3156). ST's
  /// device library takes everything and fails later; Epsilon stalls block 1 and stays where it is.
  private func isAcceptable(_ packet: SetupPacket, _ data: [UInt8]) -> Bool {
    switch profile.behaviour.flavour {
    case .specification: break
    case .epsilon: return packet.wValue != 1
    default: return true
    }
    switch packet.wValue {
    case 0:
      switch command(data) {
      case .setAddress, .erase, .massErase, .unprotect: return profile.commands.contains(data[0])
      case .program, .nothing, .endless, .malformed, .fails: return false
      }
    case 1: return false
    default: return data.count >= 2
    }
  }

  /// Takes a block; the work on it starts with the next DFU_GETSTATUS.
  private mutating func accept(_ packet: SetupPacket, _ data: [UInt8]) {
    let flavour = profile.behaviour.flavour
    if state == .dfuIDLE { transferred = 0 }
    if let work { finish(work) }
    buffer.replaceSubrange(0..<data.count, with: data)
    let job = job(block: packet.wValue, data)
    // These look at a command when it comes.
    if flavour == .epsilon || flavour == .blackMagic, case .fails(let code) = job {
      return fail(code)
    }
    state = .dfuDNLOADSYNC
    result = .done
    pending = job
    transferred += data.count
  }

  func job(block: UInt16, _ data: [UInt8]) -> Job {
    switch (profile.behaviour.flavour, block) {
    case (.plainDFU, _), (.dapboot, _), (.tinyUSB, _):
      return .program(dataAddress(block: block), data)
    case (_, 0): return command(data)
    // They know no block 1.
    case (.libopencm3, 1), (.blackMagic, 1): return .program(dataAddress(block: block), data)
    case (.mboot, 1): return .fails(StatusCode.ok)
    case (.deviceOS, 1): return .fails(StatusCode.errTARGET)
    case (_, 1): return .nothing
    default: return .program(dataAddress(block: block), data)
    }
  }

  private func command(_ data: [UInt8]) -> Job {
    let canUnprotect = profile.commands.contains(0x92)
    switch (profile.behaviour.flavour, data.count, data.first) {
    // Of whatever length: what is missing is left over from an earlier block.
    case (.libopencm3, _, 0x21), (.libopencm3, _, 0x41), (.blackMagic, _, 0x21),
      (.blackMagic, _, 0x41), (.epsilon, _, 0x21), (.epsilon, 2..., 0x41):
      return lenient(data)
    case (.libopencm3, _, _), (.blackMagic, _, _): return .nothing
    case (_, 5, 0x21): return .setAddress(Self.address(in: data))
    case (_, 5, 0x41): return .erase(Self.address(in: data))
    case (.arduino, 1, 0x00), (.photon, 1, 0x00): return .nothing
    case (.arduino, _, _), (.photon, _, _): return .malformed
    case (.deviceOS, 1, 0x41): return .fails(StatusCode.errTARGET)
    case (_, 1, 0x41): return .massErase
    case (.mboot, _, _): return .fails(StatusCode.ok)
    case (.deviceOS, _, 0x00): return .endless
    case (.deviceOS, _, 0x21), (.deviceOS, _, 0x41), (.deviceOS, _, 0x92):
      return .fails(StatusCode.errUNKNOWN)
    case (.deviceOS, _, _), (.epsilon, _, _): return .fails(StatusCode.errSTALLEDPKT)
    case (_, 1, 0x92) where canUnprotect: return .unprotect
    case (_, 1, _): return .nothing
    case (_, 5, _): return .endless
    default: return .malformed
    }
  }

  /// A command that is taken by its first byte.
  private func lenient(_ data: [UInt8]) -> Job {
    let address = Self.address(in: buffer)
    let isServed = memory.region(at: UInt64(address))?.kind == .flash
    switch profile.behaviour.flavour {
    // `dfuERROR` at once for what it does not serve.
    case .blackMagic where data[0] == 0x21 && !isServed,
      .epsilon where data[0] == 0x41 && !isServed:
      return .fails(StatusCode.errTARGET)
    default: return data[0] == 0x21 ? .setAddress(address) : .erase(address)
    }
  }

  private static func address(in command: [UInt8]) -> UInt32 {
    UInt32(littleEndian: command[1...4])
  }

  /// AN3156: (block - 2) × wTransferSize + address pointer.
  ///
  /// ST's USB device library, libopencm3 and mboot take the constant that their descriptor shows,
  /// whatever the length of the block.
  private func dataAddress(block: UInt16) -> UInt64 {
    let size = UInt64(profile.blockSize)
    switch profile.behaviour.flavour {
    case .dapboot: return UInt64(profile.defaultPointer) + UInt64(transferred)
    case .plainDFU, .tinyUSB: return UInt64(profile.defaultPointer) + UInt64(block) * size
    // Blocks 0 and 1 wrap.
    case .libopencm3, .blackMagic:
      return UInt64(pointer &+ (UInt32(block) &- 2) &* UInt32(profile.blockSize))
    default: return UInt64(pointer) + (UInt64(block) - 2) * size
    }
  }

  // MARK: - DFU_UPLOAD

  mutating func upload(_ packet: SetupPacket) -> Reaction {
    let flavour = profile.behaviour.flavour
    let machine = profile.behaviour.machine
    let asked = min(Int(packet.wLength), buffer.count)
    guard machine.uploads.contains(state) else {
      if flavour.isDeviceLibrary, state == .dfuDNLOADSYNC {
        // It forgets the length of the block that waits, and with it the block.
        (pending, result) = (nil, .done)
      }
      // dapboot answers with what is in its buffer.
      if flavour == .dapboot { return Reaction(.data(Array(buffer.prefix(asked)))) }
      return refuse()
    }
    if profile.quirks.answersNoCommandList, packet.wValue == 0 { return Reaction(.silence) }
    switch (flavour, packet.wValue) {
    case (.plainDFU, _): return read(packet, count: asked)
    case (.dapboot, _):
      if state == .dfuIDLE { transferred = 0 }
      let reaction = read(packet, count: asked)
      transferred += asked
      return reaction
    case (.tinyUSB, _):
      guard packet.wLength <= buffer.count else { return Reaction(.stall) }
      return read(packet, count: asked)
    case (.epsilon, 0), (.epsilon, 1):
      return refuse()
    case (.blackMagic, 0), (.blackMagic, 1):
      return answerUpload(Array(buffer.prefix(asked)), to: packet)
    case (.deviceOS, 0):
      enter(.dfuIDLE)
      return packet.answer(profile.commands)
    case (_, 0):
      let list = Array(profile.commands.prefix(asked))
      if flavour.isDeviceLibrary { state = asked > 3 ? .dfuIDLE : .dfuUPLOADIDLE }
      return flavour.isDeviceLibrary ? Reaction(.data(list)) : answerUpload(list, to: packet)
    case (.deviceOS, 1): return failUpload(StatusCode.errUNKNOWN)
    case (_, 1): return failUpload(StatusCode.errSTALLEDPKT)
    default: return read(packet, count: asked)
    }
  }

  /// Answers an upload of memory.
  mutating func read(_ packet: SetupPacket, count: Int) -> Reaction {
    guard !profile.quirks.refusesUploads else { return failUpload(StatusCode.errSTALLEDPKT) }
    guard memory.readProtection == 0 else { return failUpload(StatusCode.errVENDOR) }
    let start = dataAddress(block: packet.wValue)
    let range = start..<(start + UInt64(count))
    var bytes = seen(memory.read(range), at: start)
    if bytes.isEmpty, faults.systemMemory != .refused, let told = system(range) {
      if faults.systemMemory == .silent {
        silentUntil = .seconds(Int64.max / 2)
        return Reaction(.silence)
      }
      bytes = told
    }
    if bytes.isEmpty {
      switch profile.behaviour.flavour {
      // `MAL_Read` fills in zeros where it cannot read.
      case .photon: bytes = [UInt8](repeating: 0, count: count)
      // An access to where nothing is; the core faults.
      case let flavour where flavour.readsAnywhere: return Reaction(.silence)
      // There is no firmware beyond the end of the flash.
      case .dapboot, .tinyUSB: return answerUpload([], to: packet)
      default: return failUpload(profile.quirks.mediaFailure ?? StatusCode.errTARGET)
      }
    }
    counters.bytesRead += bytes.count
    var reaction = answerUpload(bytes, to: packet)
    reaction.delay = times.reading(bytes.count)
    counters.fetchTime += reaction.delay
    return reaction
  }

  /// DFU 1.1: a reply shorter than asked ends the upload.
  private mutating func answerUpload(_ bytes: [UInt8], to packet: SetupPacket) -> Reaction {
    let flavour = profile.behaviour.flavour
    let isShort = bytes.count < Int(packet.wLength)
    let ends = isShort && (profile.behaviour.machine.shortUploadsEnd || flavour == .dapboot)
    // TinyUSB's state knows nothing of uploads; mboot's learns of them with DFU_GETSTATUS.
    if flavour != .tinyUSB, flavour != .mboot { enter(ends ? .dfuIDLE : .dfuUPLOADIDLE, status) }
    return Reaction(.data(bytes))
  }

  /// Ends an upload that cannot be answered.
  ///
  /// AN3156: stall, then DFU_GETSTATUS tells why. ST's device library puts a status code into
  /// `bState` and leaves the status OK.
  private mutating func failUpload(_ code: UInt8) -> Reaction {
    if profile.behaviour.flavour.isDeviceLibrary { state = .strayStatus } else { fail(code) }
    return Reaction(.stall)
  }
}

// MARK: - mboot

extension BootloaderModel {
  /// Answers as MicroPython's mboot, which notes the last command and looks at no state.
  ///
  /// `dfu_handle_rx`, `dfu_handle_tx` and `dfu_process` in ports/stm32/mboot/main.c (2026-08). What it
  /// does not answer it leaves to the host's timer.
  mutating func answerMboot(
    _ packet: SetupPacket, _ data: [UInt8], arrival: Duration, at now: Duration
  ) -> Reaction {
    switch (packet.dfuRequest, packet.wLength) {
    case (.dnload, 0):
      (pending, noted) = (nil, .dfuMANIFEST)
    case (.dnload, _):
      let taken = data.prefix(buffer.count)
      buffer.replaceSubrange(0..<taken.count, with: taken)
      (pending, noted) = (job(block: packet.wValue, Array(taken)), .dfuDNBUSY)
      // More than that overruns its buffers; what comes of it is not known.
      if packet.wLength > buffer.count { return Reaction(.silence) }
    case (.upload, _) where packet.wValue < 2:
      return Reaction(.silence)
    case (.upload, _):
      (pending, noted) = (nil, .dfuUPLOADIDLE)
      return read(packet, count: min(Int(packet.wLength), buffer.count))
    case (.clrstatus, _), (.abort, _):
      enter(.dfuIDLE)
    case (.getstatus, 6):
      return answerStatus(arrival: arrival, at: now)
    case (.getstate, 1):
      return Reaction(.data([state.rawValue]))
    default:
      return Reaction(packet.isIn ? .silence : .acknowledge)
    }
    return Reaction(.acknowledge)
  }

  /// mboot's DFU_GETSTATUS: the state follows from what was noted, and an error is told once.
  private mutating func answerStatus(arrival: Duration, at now: Duration) -> Reaction {
    _ = noteEarlyPoll(at: arrival)
    switch noted {
    case .dfuDNBUSY:
      let job = pending ?? .nothing
      (pending, noted) = (nil, nil)
      return begin(job, at: now)
    case .dfuMANIFEST:
      noted = nil
      return manifest(at: now)
    case let next:
      if let next { state = next }
      let reply = statusReply(poll: .zero, busy: false, at: now)
      (status, statusString) = (StatusCode.ok, 0)
      return reply
    }
  }
}
