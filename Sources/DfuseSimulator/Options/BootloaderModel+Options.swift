extension BootloaderModel {
  /// How the chip starts.
  enum Start: Hashable, Sendable {
    /// It was without power.
    case powered
    /// It was reset.
    case reset
    /// Its option bytes were launched, or a debug probe has seen to it.
    case launched
  }

  /// Takes over the option bytes as they are programmed, if such a start does that.
  mutating func loadOptions(at start: Start) {
    guard let options = profile.options else { return }
    if start == .reset, options.after == .staysUntilPowerOff || options.after == .launch { return }
    adoptOptions(memory.programmedOptions, options)
  }

  /// Lets words be in force, with what that does to the chip.
  private mutating func adoptOptions(
    _ words: [UInt32: UInt32], _ options: SimulatedOptionBytes
  ) {
    let level = options.level.of(words[options.level.address] ?? 0)
    let old = memory.readProtection
    memory.loadedOptions = words
    if old == 2 {
      // There is no way back, whatever a probe has written.
      memory.readProtection = 2
    } else {
      memory.readProtection = level
      if old == 1, level == 0 { regress(options) }
    }
    rearrange(options)
    followOptions(options)
  }

  /// Takes over what a saved board has, whose contents stand where they are to be seen.
  mutating func resumeOptions(isProtected: Bool) {
    guard let options = profile.options else { return }
    if isProtected, options.level.of(memory.programmedOptions[options.level.address] ?? 0) == 0 {
      setLevel(0xBB, options)
    }
    let words = memory.programmedOptions
    memory.loadedOptions = words
    if memory.readProtection < 2 {
      memory.readProtection = options.level.of(words[options.level.address] ?? 0)
    }
    memory.banksAreSwapped = holds(options.swap)
    memory.banksAreJoined = holds(options.joins)
    setMode(options)
    followOptions(options)
  }

  private func holds(_ condition: SimulatedOptionBytes.Condition?) -> Bool {
    condition?.holds { memory.loadedOptions[$0] ?? 0 } ?? false
  }

  /// What follows from the words in force at every start.
  private mutating func followOptions(_ options: SimulatedOptionBytes) {
    memory.optionProtected = memory.sectors(of: options.protections)
    memory.hidden = holds(options.trustZone) ? memory.sectors(of: options.secure) : []
    memory.showLoaded()
  }

  // MARK: - Read protection

  /// Programs a value of the read protection, and nothing else.
  private mutating func setLevel(_ value: UInt32, _ options: SimulatedOptionBytes) {
    let level = options.level
    let word = memory.programmedOptions[level.address] ?? 0
    memory.setProgrammedOption(
      word & ~(0xFF << level.shift) | value << level.shift, at: level.address)
  }

  /// Lifts the read protection, as the bootloader's command does: a mass erase, and the other option
  /// bytes keep their values.
  mutating func liftProtection() {
    guard let options = profile.options else {
      memory.readProtection = 0
      memory.eraseFlash(evenProtected: true)
      return
    }
    setLevel(options.level.open, options)
    if faults.options == .tornBootAddresses {
      for patch in options.lostByUnprotect { memory.patchOption(patch, options) }
    }
    loadOptions(at: .launched)
  }

  /// What a chip does that is open again: everything is erased, and so is a read-proof area if its bit
  /// says so.
  private mutating func regress(_ options: SimulatedOptionBytes) {
    memory.eraseFlash(evenProtected: true)
    guard holds(options.readProofClears) else { return }
    for address in options.readProofWords {
      memory.setProgrammedOption(options.initial(address), at: address)
      memory.loadedOptions[address] = options.initial(address)
    }
  }

  // MARK: - The map

  /// Lets the flash take the form that the words in force say.
  private mutating func rearrange(_ options: SimulatedOptionBytes) {
    let isSwapped = holds(options.swap)
    if isSwapped != memory.banksAreSwapped {
      memory.banksAreSwapped = isSwapped
      memory.swapBanks()
    }
    let isJoined = holds(options.joins)
    if isJoined != memory.banksAreJoined {
      memory.banksAreJoined = isJoined
      memory.shuffleBanks(joining: isJoined, unit: options.joinedBytes)
    }
    setMode(options)
  }

  private mutating func setMode(_ options: SimulatedOptionBytes) {
    guard !options.modes.isEmpty,
      let index = profile.memories.firstIndex(where: { $0.kind == .flash })
    else { return }
    let mode = options.modes.first { holds($0.condition) }
    let (runs, map) = (mode?.runs ?? ownRuns, mode?.map ?? ownMap)
    guard profile.memories[index].runs != runs || profile.usb.maps[0] != map else { return }
    profile.memories[index].runs = runs
    profile.usb.maps[0] = map
    memory.regions = profile.memories.sorted { $0.start < $1.start }
    standard.descriptors = Descriptors(profile, serial: serial)
  }

  // MARK: - The way in

  /// Whether the chip can start its ROM, with BOOT0 as it must be for that.
  var hasWayIntoROM: Bool {
    guard let options = profile.options else { return memory.readProtection < 2 }
    if memory.readProtection == 2 || holds(options.lock) { return false }
    if options.doors.contains(where: { $0.allSatisfy(holds) }) { return true }
    guard options.blankLeadsToROM, let flash = profile.memory(.flash) else { return false }
    return memory.read(flash.range.lowerBound..<(flash.range.lowerBound + 4))
      .allSatisfy { $0 == 0xFF }
  }

  /// What the bootloader sees of bytes from an address on.
  func seen(_ bytes: [UInt8], at start: UInt64) -> [UInt8] {
    var bytes = bytes
    if faults.options == .late, let options = profile.options {
      let shown = memory.bytesOfLoaded(options)
      for index in bytes.indices {
        if let old = shown[start + UInt64(index)] { bytes[index] = old }
      }
    }
    guard !memory.hidden.isEmpty else { return bytes }
    // TrustZone: the ROM reads zeros there.
    for index in bytes.indices {
      let sector = memory.region(at: start)?.sector(at: start + UInt64(index))
      if let sector, memory.hidden.contains(UInt32(sector.lowerBound)) { bytes[index] = 0 }
    }
    return bytes
  }

  /// Whether a write there is one of option bytes.
  func isOptionWrite(_ job: Job) -> Bool {
    guard case .program(let address, _) = job else { return false }
    return memory.region(at: address)?.kind == .optionBytes
  }
}
