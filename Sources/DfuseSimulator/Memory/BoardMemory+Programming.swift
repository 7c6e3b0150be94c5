extension BoardMemory {
  /// What became of a program or erase operation.
  enum Outcome: Hashable, Sendable {
    /// Done.
    case done
    /// Nothing is there, or nothing that can be written or erased.
    case outside
    /// The sector is write protected; nothing changed.
    case writeProtected
    /// The flash refused at least this unit; the others were programmed.
    case refused(address: UInt32)
  }

  /// Erases all program memory but write-protected sectors.
  mutating func eraseFlash(evenProtected: Bool = false) {
    let kept = evenProtected ? [] : writeProtected.union(optionProtected).union(hidden)
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
  mutating func program(_ bytes: [UInt8], at address: UInt32) -> Outcome {
    let start = UInt64(address)
    guard !bytes.isEmpty, let region = region(holding: start..<(start + UInt64(bytes.count)))
    else { return .outside }
    if region.kind == .flash || region.kind == .eeprom,
      start % UInt64(rules.alignment ?? rules.unit) != 0
    {
      return .refused(address: address)
    }
    switch region.kind {
    case .flash:
      return programFlash(bytes, at: start, in: region)
    case .eeprom, .ram, .deviceFeature, .otp:
      put(bytes[...], at: start, region, clearingBits: region.kind == .otp)
      return .done
    case .optionBytes:
      if let options { return programOptions(bytes, at: address, in: region, options) }
      // The ROM erases all of them and writes one whole block; anything else it cannot do.
      guard start == region.range.lowerBound, bytes.count == region.size else {
        return .refused(address: address)
      }
      put(bytes[...], at: start, region)
      return .done
    case .readOnly:
      return .outside
    }
  }

  /// Programs flash, sector by sector.
  private mutating func programFlash(
    _ bytes: [UInt8], at start: UInt64, in region: MemoryRegion
  ) -> Outcome {
    guard start % UInt64(rules.unit) == 0 else { return .refused(address: UInt32(start)) }
    let clearsBits = rules.rewrite == .clearsBits
    var outcome = Outcome.done
    var rest = bytes[...]
    var target = start
    while !rest.isEmpty, let sector = region.sector(at: target) {
      let inSector = rest.prefix(Int(sector.upperBound - target))
      rest = rest.dropFirst(inSector.count)
      let range = target..<(target + UInt64(inSector.count))
      target = range.upperBound
      let result: Outcome
      if isProtected(UInt32(sector.lowerBound)) {
        result = .writeProtected
      } else if hidden.contains(UInt32(sector.lowerBound)) {
        result = .done
      } else if clearsBits || isBlank(range, in: region) {
        put(inSector, at: range.lowerBound, region, clearingBits: clearsBits)
        result = .done
      } else {
        result = programUnits(inSector, at: range.lowerBound, in: region)
      }
      if outcome == .done { outcome = result }
    }
    return outcome
  }

  /// Programs flash that is not blank, unit by unit.
  private mutating func programUnits(
    _ bytes: ArraySlice<UInt8>, at start: UInt64, in region: MemoryRegion
  ) -> Outcome {
    var outcome = Outcome.done
    var rest = bytes
    var target = start
    while !rest.isEmpty {
      let data = rest.prefix(rules.unit)
      if accepts(data, at: target, in: region) {
        put(data, at: target, region)
      } else if outcome == .done {
        outcome = .refused(address: UInt32(target))
      }
      rest = rest.dropFirst(data.count)
      target += UInt64(data.count)
    }
    return outcome
  }

  /// Whether the flash takes one unit of data at `target`.
  private func accepts(
    _ data: ArraySlice<UInt8>, at target: UInt64, in region: MemoryRegion
  ) -> Bool {
    switch rules.rewrite {
    case .clearsBits: return true
    case .zeroOnly where data.allSatisfy { $0 == 0 }: return true
    case .zeroOnly, .never: return isBlank(target..<(target + UInt64(data.count)), in: region)
    }
  }

  /// Writes bytes; stuck bits keep the erased value.
  private mutating func put(
    _ bytes: ArraySlice<UInt8>, at start: UInt64, _ region: MemoryRegion,
    clearingBits: Bool = false
  ) {
    var bytes = bytes
    if !stuckBits.isEmpty {
      for index in bytes.indices {
        let stuck = stuckBits[UInt32(start) + UInt32(index - bytes.startIndex)] ?? 0
        bytes[index] = bytes[index] & ~stuck | region.erased & stuck
      }
    }
    store(bytes, at: start, clearingBits: clearingBits)
  }
}
