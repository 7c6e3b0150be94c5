import DfuseFormat

/// Where firmware goes on one board: all checks that need no transfer.
///
/// All pieces for one alternate setting are united first, so that no later step can destroy what
/// an earlier one did. Every byte must lie in a writable segment of its memory.
struct FlashLayout {
  let memories: [AlternateMemory]
  let profile: ChipProfile
  let identity: DeviceIdentity
  let options: FlashOptions

  /// The work for each memory, flash first and option bytes last.
  ///
  /// - Throws: A ``FlashError`` from ``FlashError/noMemoryMap`` to
  ///   ``FlashError/needsConsent(_:name:range:)``.
  func work(
    for firmware: Firmware, forWriting: Bool = true
  ) throws(FlashError) -> [MemoryWork] {
    guard !memories.isEmpty else { throw .noMemoryMap }
    try checkIDs(of: firmware)
    var work: [MemoryWork] = []
    for (memory, image) in try assign(firmware) where !image.isEmpty {
      if forWriting { try checkBootloader(image, in: memory) }
      try checkAccess(to: image, in: memory, forWriting: forWriting)
      if forWriting {
        try checkLock(by: image, in: memory)
        try checkConsent(for: image, in: memory)
      }
      work.append(widened(image, in: memory))
    }
    guard !work.isEmpty else { throw .nothingToFlash }
    return work.enumerated()
      .sorted { ($0.element.kind.order, $0.offset) < ($1.element.kind.order, $1.offset) }
      .map(\.element)
  }

  // MARK: - Which memory

  private func checkIDs(of firmware: Firmware) throws(FlashError) {
    guard let stated = firmware.suffix else { return }
    // Of 73 real containers 38 have the product 0, ST's own among them: it means any, as 0xFFFF.
    func fits(_ wanted: UInt16, _ found: UInt16) -> Bool {
      wanted == 0xFFFF || wanted == 0 || wanted == found
    }
    guard
      options.ignoreIDs
        || fits(stated.vendorID, identity.vendorID) && fits(stated.productID, identity.productID)
    else {
      throw .otherDevice(
        vendorID: stated.vendorID, productID: stated.productID,
        deviceVendorID: identity.vendorID, deviceProductID: identity.productID)
    }
  }

  private func assign(
    _ firmware: Firmware
  ) throws(FlashError) -> [(memory: AlternateMemory, image: MemoryImage)] {
    var elements: [UInt8: [ImageElement]] = [:]
    for target in firmware.targets {
      let named = try target.alternateSetting.map { number throws(FlashError) in
        try memory(number)
      }
      for (memory, piece) in target.elements.flatMap({ memories.pieces(of: $0, named: named) }) {
        guard let memory else { throw outside(piece.range, of: named) }
        elements[memory.alternateSetting, default: []].append(piece)
      }
    }
    return try mergedWhereShared(united(elements))
  }

  private func united(
    _ elements: [UInt8: [ImageElement]]
  ) throws(FlashError) -> [(memory: AlternateMemory, image: MemoryImage)] {
    var assigned: [(memory: AlternateMemory, image: MemoryImage)] = []
    for (number, elements) in elements.sorted(by: { $0.key < $1.key }) {
      assigned.append((try memory(number), try united(elements)))
    }
    return assigned
  }

  /// Several alternate settings with one map lead to the same memory, and the first serves for all.
  private func mergedWhereShared(
    _ assigned: [(AlternateMemory, MemoryImage)]
  ) throws(FlashError) -> [(memory: AlternateMemory, image: MemoryImage)] {
    var merged: [(memory: AlternateMemory, image: MemoryImage)] = []
    for (memory, image) in assigned {
      let shared = memories.first { $0.map.text == memory.map.text } ?? memory
      if let index = merged.firstIndex(where: { $0.memory == shared }) {
        merged[index].image = try united(merged[index].image.runs + image.runs)
      } else {
        merged.append((shared, image))
      }
    }
    return merged
  }

  private func memory(_ number: UInt8) throws(FlashError) -> AlternateMemory {
    guard let memory = memories.first(where: { $0.alternateSetting == number }) else {
      throw .noSuchAlternateSetting(number, available: memories.map(\.alternateSetting))
    }
    guard !memory.map.segments.isEmpty else { throw .nothingThere(memory) }
    return memory
  }

  private func united(_ elements: [ImageElement]) throws(FlashError) -> MemoryImage {
    do {
      return try MemoryImage(merging: elements)
    } catch {
      throw .conflict(error)
    }
  }

  // MARK: - Whether it may be written

  /// Refuses what would erase or overwrite the bootloader that is asked to do it.
  private func checkBootloader(
    _ image: MemoryImage, in memory: AlternateMemory
  ) throws(FlashError) {
    guard !options.allowBootloader, let bootloader = ApplicationBootloader.running(on: identity)
    else { return }
    for run in image.runs {
      if let lost = memory.map.sectors(overlapping: run.range).first(where: bootloader.owns) {
        throw .bootloaderSectors(lost, bootloader)
      }
    }
  }

  private func checkAccess(
    to image: MemoryImage, in memory: AlternateMemory, forWriting: Bool
  ) throws(FlashError) {
    for run in image.runs {
      var rest = run.range
      while !rest.isEmpty {
        guard let segment = memory.map.segment(at: rest.lowerBound) else {
          throw outside(rest, of: memory)
        }
        let part = rest.clamped(to: segment.range)
        guard !forWriting || segment.access.contains(.writable) else {
          let writable = memory.map.segments.first {
            $0.start >= segment.end && $0.access.contains(.writable)
          }
          throw .notWritable(part, segment: segment, writable: writable)
        }
        rest = part.upperBound..<max(rest.upperBound, part.upperBound)
      }
    }
  }

  private func outside(_ range: Range<UInt64>, of memory: AlternateMemory?) -> FlashError {
    let found = memories.first { other in
      other != memory && other.map.segment(at: range.lowerBound) != nil
    }
    return .outsideMemory(
      range, alternateSetting: memory?.alternateSetting, memory: memory?.map ?? memories.first?.map,
      found: found?.alternateSetting)
  }

  /// Refuses a protection level that is for ever, unless this one board was named for it.
  private func checkLock(
    by image: MemoryImage, in memory: AlternateMemory
  ) throws(FlashError) {
    guard let lock = ProtectionLevel.lock(in: image, for: memory.map, of: profile.family) else {
      return
    }
    let serial = identity.ownSerialNumber
    guard let serial, serial == options.permanentLockSerial else {
      throw .permanentLock(
        level: lock.level, address: lock.address, name: memory.map.name, serial: serial)
    }
  }

  private func checkConsent(
    for image: MemoryImage, in memory: AlternateMemory
  ) throws(FlashError) {
    let allowed: Bool =
      switch memory.map.kind {
      case .internalFlash, .externalFlash, .dataEEPROM, .other: true
      case .optionBytes, .deviceFeature: options.allowOptionBytes
      case .otp: options.allowOTP
      case .engineeringBytes: false
      }
    guard allowed else {
      let range =
        (image.runs.first?.range.lowerBound ?? 0)..<(image.runs.last?.range.upperBound ?? 0)
      throw .needsConsent(memory.map.kind, name: memory.map.name, range: range)
    }
  }

  // MARK: - What is written

  private func widened(_ image: MemoryImage, in memory: AlternateMemory) -> MemoryWork {
    let runs = memory.map.kind.isFlash ? padded(image, in: memory.map) : image.runs
    return MemoryWork(
      alternateSetting: memory.alternateSetting, map: memory.map, kind: memory.map.kind,
      runs: runs, image: image, sectors: sectors(of: runs, image: image, in: memory.map))
  }

  /// Rounds each run outwards to the programming unit, inside its first and last sector.
  ///
  /// No sector is entered that the image does not touch. What cannot be erased is not padded.
  private func padded(_ image: MemoryImage, in map: MemoryMap) -> [ImageElement] {
    var padded: [ImageElement] = []
    for run in image.runs {
      let (low, high) = (
        roundedDown(run.range.lowerBound, in: map), roundedUp(run.range.upperBound, in: map)
      )
      let start = padded.last.map { max(low, $0.range.upperBound) } ?? low
      let before = [UInt8](
        repeating: profile.erasedByte, count: Int(max(start, run.range.lowerBound) - start))
      let after = [UInt8](
        repeating: profile.erasedByte, count: Int(high - run.range.upperBound))
      // Two runs that meet in one unit: the gap between them was filled as the first one's tail.
      if let previous = padded.last, previous.range.upperBound > run.range.lowerBound {
        let overlap = Int(previous.range.upperBound - run.range.lowerBound)
        padded[padded.count - 1].bytes.removeLast(min(overlap, previous.bytes.count))
        padded[padded.count - 1].bytes += run.bytes + after
      } else if let previous = padded.last, previous.range.upperBound == start {
        padded[padded.count - 1].bytes += before + run.bytes + after
      } else {
        padded.append(
          ImageElement(
            address: UInt32(truncatingIfNeeded: start), bytes: before + run.bytes + after))
      }
    }
    return padded
  }

  private func roundedDown(_ address: UInt64, in map: MemoryMap) -> UInt64 {
    guard let segment = map.segment(at: address), segment.access.contains(.erasable) else {
      return address
    }
    let sector = segment.sector(at: address)
    return max(address / unit * unit, sector.lowerBound)
  }

  private func roundedUp(_ end: UInt64, in map: MemoryMap) -> UInt64 {
    guard let segment = map.segment(at: end - 1), segment.access.contains(.erasable) else {
      return end
    }
    let sector = segment.sector(at: end - 1)
    return min((end + unit - 1) / unit * unit, sector.upperBound)
  }

  private var unit: UInt64 { UInt64(max(profile.programmingUnit, 1)) }

  private func sectors(
    of runs: [ImageElement], image: MemoryImage, in map: MemoryMap
  ) -> [MemoryWork.Sector] {
    var sectors: [MemoryWork.Sector] = []
    for run in runs {
      var address = run.range.lowerBound
      while address < run.range.upperBound, let segment = map.segment(at: address) {
        let range = segment.sector(at: address)
        if sectors.last?.range != range {
          let covered = runs.reduce(0) { $0 + $1.range.clamped(to: range).count }
          sectors.append(
            .init(range: range, access: segment.access, isCovered: covered == range.count))
        }
        address = range.upperBound
      }
    }
    return sectors
  }
}

extension MemoryKind {
  /// When it is written: option bytes last, because they may reset the chip.
  fileprivate var order: Int {
    switch self {
    case .internalFlash: 0
    case .externalFlash, .other: 1
    case .dataEEPROM: 2
    case .deviceFeature, .engineeringBytes: 3
    case .otp: 4
    case .optionBytes: 5
    }
  }
}

/// One memory of the board, and what is to go into it: checked, and widened to whole units.
struct MemoryWork: Equatable {
  /// A sector that the image touches.
  struct Sector: Equatable {
    var range: Range<UInt64>
    var access: MemoryAccess
    /// Whether the image has a byte for every address of the sector.
    var isCovered: Bool
  }

  var alternateSetting: UInt8
  var map: MemoryMap
  var kind: MemoryKind
  /// The image's runs, in rising order, widened to the programming unit with the erased value.
  var runs: [ImageElement]
  /// The image's bytes as the firmware has them.
  var image: MemoryImage
  /// The sectors that the image touches, in rising order.
  var sectors: [Sector]

  /// Whether all of the image can be read back.
  var isReadable: Bool { sectors.allSatisfy { $0.access.contains(.readable) } }

  /// The runs' bytes in a range.
  func runs(in range: Range<UInt64>) -> [ImageElement] {
    runs.compactMap { $0.part(range) }
  }
}

extension ImageElement {
  /// The bytes within a range, or nil when there are none.
  func part(_ range: Range<UInt64>) -> ImageElement? {
    let shared = self.range.clamped(to: range)
    guard !shared.isEmpty, let address = UInt32(exactly: shared.lowerBound) else { return nil }
    let start = Int(shared.lowerBound - self.range.lowerBound)
    return ImageElement(
      address: address, bytes: Array(bytes[start..<(start + shared.count)]))
  }
}
