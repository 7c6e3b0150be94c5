extension BoardMemory {
  /// What became of a program or erase operation.
  package enum Outcome: Hashable, Sendable {
    /// Done.
    case done
    /// Nothing is there, or nothing that can be written or erased.
    case outside
    /// The sector is write protected; nothing changed.
    case writeProtected
    /// The flash refused at least this unit; the others were programmed.
    case refused(address: UInt32)
  }

  /// Erases the sector that holds `address`.
  package mutating func eraseSector(at address: UInt32) -> Outcome {
    guard let region = region(at: UInt64(address)), region.kind == .flash,
      let sector = region.sector(at: UInt64(address))
    else { return .outside }
    if writeProtected.contains(UInt32(sector.lowerBound)) { return .writeProtected }
    erase(sector)
    return .done
  }

  /// Erases all program memory but write-protected sectors.
  package mutating func eraseFlash(evenProtected: Bool = false) {
    let kept = evenProtected ? [] : writeProtected
    for region in regions where region.kind == .flash {
      guard !kept.isEmpty else {
        erase(region.range)
        continue
      }
      var address = region.range.lowerBound
      while let sector = region.sector(at: address) {
        if !kept.contains(UInt32(sector.lowerBound)) { erase(sector) }
        address = sector.upperBound
      }
    }
  }

  /// Programs `bytes` at `address` by the rules of the memory there.
  ///
  /// `bytes` must be a whole number of units; the caller knows what fills the last one.
  package mutating func program(_ bytes: [UInt8], at address: UInt32) -> Outcome {
    let start = UInt64(address)
    guard !bytes.isEmpty, let region = region(holding: start..<(start + UInt64(bytes.count)))
    else { return .outside }
    switch region.kind {
    case .flash:
      return programFlash(bytes, at: start, in: region)
    case .eeprom, .ram, .deviceFeature:
      for (index, byte) in bytes.enumerated() { put(byte, at: start + UInt64(index), region) }
      return .done
    case .otp:
      for (index, byte) in bytes.enumerated() {
        let target = start + UInt64(index)
        put(byte & (read(target..<(target + 1)).first ?? 0xFF), at: target, region)
      }
      return .done
    case .optionBytes:
      // The ROM erases all of them and writes one whole block; anything else it cannot do.
      guard start == region.range.lowerBound, bytes.count == region.size else {
        return .refused(address: address)
      }
      for (index, byte) in bytes.enumerated() { put(byte, at: start + UInt64(index), region) }
      return .done
    case .readOnly:
      return .outside
    }
  }

  private mutating func programFlash(
    _ bytes: [UInt8], at start: UInt64, in region: MemoryRegion
  ) -> Outcome {
    let unit = UInt64(rules.unit)
    guard start % unit == 0 else { return .refused(address: UInt32(start)) }
    var outcome = Outcome.done
    var offset = 0
    while offset < bytes.count {
      let target = start + UInt64(offset)
      let data = bytes[offset..<min(offset + rules.unit, bytes.count)]
      offset += rules.unit
      if let sector = region.sector(at: target),
        writeProtected.contains(UInt32(sector.lowerBound))
      {
        if outcome == .done { outcome = .writeProtected }
        continue
      }
      if !accepts(data, at: target, in: region) {
        if outcome == .done { outcome = .refused(address: UInt32(target)) }
        continue
      }
      for (index, byte) in data.enumerated() {
        let place = target + UInt64(index)
        switch rules.rewrite {
        case .clearsBits:
          put(byte & (read(place..<(place + 1)).first ?? 0xFF), at: place, region)
        case .zeroOnly, .never:
          put(byte, at: place, region)
        }
      }
    }
    return outcome
  }

  /// Whether the flash takes one unit of data at `target`.
  private func accepts(_ data: ArraySlice<UInt8>, at target: UInt64, in region: MemoryRegion)
    -> Bool
  {
    switch rules.rewrite {
    case .clearsBits:
      true
    case .zeroOnly:
      data.allSatisfy { $0 == 0 }
        || isBlank(target..<(target + UInt64(data.count)), in: region)
    case .never:
      isBlank(target..<(target + UInt64(data.count)), in: region)
    }
  }

  /// Writes one byte; stuck bits keep the erased value.
  private mutating func put(_ byte: UInt8, at address: UInt64, _ region: MemoryRegion) {
    let stuck = stuckBits[UInt32(address)] ?? 0
    poke(byte & ~stuck | region.erased & stuck, at: address)
  }
}
