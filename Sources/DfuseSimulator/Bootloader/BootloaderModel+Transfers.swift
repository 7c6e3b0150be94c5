extension BootloaderModel {
  // MARK: - DFU_DNLOAD

  mutating func download(_ packet: SetupPacket, _ data: [UInt8]) -> Reaction {
    let isOversize = packet.wLength > buffer.count
    if isOversize, case .stalls(let code) = profile.behaviour.oversize { return refuse(code) }
    guard state == .dfuIDLE || state == .dfuDNLOADIDLE else { return refuse() }
    if isOversize {
      accept(packet, Array(data.prefix(buffer.count)))
      return Reaction(.silence)
    }
    if packet.wLength == 0 { return requestLeave() }
    guard isAcceptable(packet, data) else { return refuse() }
    accept(packet, data)
    return Reaction(.acknowledge)
  }

  private mutating func requestLeave() -> Reaction {
    if profile.behaviour.leave == .atDownload {
      return Reaction(.acknowledge, then: .leaveBus(after: .zero, as: nextProgram))
    }
    state = .dfuMANIFESTSYNC
    return Reaction(.acknowledge)
  }

  /// Whether a block is taken at all.
  ///
  /// A ROM wants a known command of the right length, or 2 bytes of data or more (AN3156). ST's
  /// device library takes everything and fails later.
  private func isAcceptable(_ packet: SetupPacket, _ data: [UInt8]) -> Bool {
    guard profile.behaviour.flavour == .specification else { return true }
    switch packet.wValue {
    case 0:
      switch command(data) {
      case .setAddress, .erase, .massErase, .unprotect: return profile.commands.contains(data[0])
      case .program, .nothing, .endless, .malformed: return false
      }
    case 1: return false
    default: return data.count >= 2
    }
  }

  /// Takes a block; the work on it starts with the next DFU_GETSTATUS.
  private mutating func accept(_ packet: SetupPacket, _ data: [UInt8]) {
    buffer.replaceSubrange(0..<data.count, with: data)
    state = .dfuDNLOADSYNC
    result = .done
    pending = job(block: packet.wValue, data)
  }

  private func job(block: UInt16, _ data: [UInt8]) -> Job {
    if profile.behaviour.flavour == .plainDFU { return .program(dataAddress(block: block), data) }
    switch block {
    case 0: return command(data)
    case 1: return .nothing
    default: return .program(dataAddress(block: block), data)
    }
  }

  private func command(_ data: [UInt8]) -> Job {
    switch (data.count, data.first) {
    case (5, 0x21): return .setAddress(Self.address(in: data))
    case (5, 0x41): return .erase(Self.address(in: data))
    case (1, 0x41): return .massErase
    case (1, 0x92) where profile.commands.contains(0x92): return .unprotect
    case (1, _): return .nothing
    case (5, _): return .endless
    default: return .malformed
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
    if profile.behaviour.flavour == .plainDFU {
      return UInt64(profile.defaultPointer) + UInt64(block) * UInt64(profile.blockSize)
    }
    return UInt64(pointer) + (UInt64(block) - 2) * UInt64(profile.blockSize)
  }

  // MARK: - DFU_UPLOAD

  mutating func upload(_ packet: SetupPacket) -> Reaction {
    guard state == .dfuIDLE || state == .dfuUPLOADIDLE else { return refuse() }
    let asked = min(Int(packet.wLength), buffer.count)
    switch packet.wValue {
    case 0 where profile.quirks.answersNoCommandList:
      return Reaction(.silence)
    case 0 where profile.behaviour.flavour != .plainDFU:
      return answerUpload(Array(profile.commands.prefix(asked)), to: packet)
    case 1 where profile.behaviour.flavour != .plainDFU:
      return failUpload(StatusCode.errSTALLEDPKT)
    default:
      guard !profile.quirks.refusesUploads else { return failUpload(StatusCode.errSTALLEDPKT) }
      guard memory.readProtection == 0 else { return failUpload(StatusCode.errVENDOR) }
      let start = dataAddress(block: packet.wValue)
      let range = start..<(start + UInt64(asked))
      var bytes = memory.read(range)
      if bytes.isEmpty, faults.systemMemory != .refused, let told = system(range) {
        if faults.systemMemory == .silent {
          silentUntil = .seconds(Int64.max / 2)
          return Reaction(.silence)
        }
        bytes = told
      }
      guard !bytes.isEmpty else {
        return failUpload(profile.quirks.mediaFailure ?? StatusCode.errTARGET)
      }
      counters.bytesRead += bytes.count
      var reaction = answerUpload(bytes, to: packet)
      reaction.delay = times.reading(bytes.count)
      counters.fetchTime += reaction.delay
      return reaction
    }
  }

  /// DFU 1.1: a reply shorter than asked ends the upload.
  private mutating func answerUpload(_ bytes: [UInt8], to packet: SetupPacket) -> Reaction {
    state = bytes.count < Int(packet.wLength) ? .dfuIDLE : .dfuUPLOADIDLE
    return Reaction(.data(bytes))
  }

  /// Ends an upload that cannot be answered.
  ///
  /// AN3156: stall, then DFU_GETSTATUS tells why. ST's device library puts a status code into
  /// `bState` and leaves the status OK.
  private mutating func failUpload(_ code: UInt8) -> Reaction {
    if profile.behaviour.flavour == .stMiddleware { state = .strayStatus } else { fail(code) }
    return Reaction(.stall)
  }
}
