package import DfuseFormat

/// Where firmware goes on one board: all checks that need no transfer.
///
/// All pieces for one alternate setting are united first, so that no later step can destroy what
/// an earlier one did. Every byte must lie in a writable segment of its memory.
package struct FlashLayout {
  let board: Board
  let options: FlashOptions

  /// Lays firmware out on a board.
  package init(board: Board, options: FlashOptions = FlashOptions()) {
    self.board = board
    self.options = options
  }

  /// The work for each memory, flash first and option bytes last.
  ///
  /// - Throws: A ``FlashError`` from ``FlashError/noMemoryMap`` to
  ///   ``FlashError/needsConsent(_:name:range:)``.
  package func work(
    for firmware: Firmware, forWriting: Bool = true
  ) throws(FlashError) -> [MemoryWork] {
    guard !board.memories.isEmpty else { throw .noMemoryMap }
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
    return work.sorted { $0.memory.map.kind.order < $1.memory.map.kind.order }
  }

  // MARK: - Which memory

  private func checkIDs(of firmware: Firmware) throws(FlashError) {
    guard let stated = firmware.suffix else { return }
    guard options.ignoreIDs || stated.fits(board.identity) else {
      throw .otherDevice(
        wanted: USBID(vendorID: stated.vendorID, productID: stated.productID),
        found: board.identity.usbID)
    }
  }

  /// Unites what goes to each memory.
  ///
  /// Several alternate settings with one map lead to the same memory, and the first serves for all.
  private func assign(
    _ firmware: Firmware
  ) throws(FlashError) -> [(memory: AlternateMemory, image: MemoryImage)] {
    var elements: [UInt8: [ImageElement]] = [:]
    for target in firmware.targets {
      let named = try target.alternateSetting.map { number throws(FlashError) in
        try memory(number)
      }
      for (memory, piece) in target.elements.flatMap({
        board.memories.pieces(of: $0, named: named)
      }) {
        guard let memory else { throw outside(piece.range, of: named) }
        let shared = board.memories.first { $0.map.text == memory.map.text } ?? memory
        elements[shared.alternateSetting, default: []].append(piece)
      }
    }
    var assigned: [(memory: AlternateMemory, image: MemoryImage)] = []
    for (number, elements) in elements.sorted(by: { $0.key < $1.key }) {
      assigned.append((try memory(number), try united(elements)))
    }
    return assigned
  }

  private func memory(_ number: UInt8) throws(FlashError) -> AlternateMemory {
    let memory = try board.existing(number)
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
    guard !options.allowBootloader, let bootloader = board.bootloader else { return }
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
    let found = board.memories.first { other in
      other != memory && other.map.segment(at: range.lowerBound) != nil
    }
    return .outsideMemory(
      range, alternateSetting: memory?.alternateSetting,
      memory: memory?.map ?? board.memories.first?.map, found: found?.alternateSetting)
  }

  /// Refuses a protection level that is for ever, unless this one board was named for it.
  private func checkLock(
    by image: MemoryImage, in memory: AlternateMemory
  ) throws(FlashError) {
    let known = board.chip.protection
    guard let lock = ProtectionLevel.lock(in: image, for: memory.map, known: known) else { return }
    let serial = board.identity.ownSerialNumber
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
    let ranges = memory.map.kind.isFlash ? padded(image, in: memory.map) : image.ranges
    let sectors = ranges.flatMap { memory.map.sectors(overlapping: $0) }
    return MemoryWork(
      memory: memory,
      widened: WidenedImage(image.runs, to: ranges, filler: board.chip.erasedByte), image: image,
      sectors: sectors.enumerated().filter { index, sector in
        index == 0 || sectors[index - 1] != sector
      }.map(\.element))
  }

  /// Rounds each run outwards to the programming unit, inside its first and last sector.
  ///
  /// No sector is entered that the image does not touch. What cannot be erased is not padded.
  private func padded(_ image: MemoryImage, in map: MemoryMap) -> [Range<UInt64>] {
    image.ranges.map { range in
      let (start, end) = (range.lowerBound, range.upperBound)
      let whole = range.rounded(to: UInt64(board.chip.programmingUnit))
      let (first, last) = (erasableSector(at: start, in: map), erasableSector(at: end - 1, in: map))
      let low = max(whole.lowerBound, first?.lowerBound ?? start)
      return low..<min(whole.upperBound, last?.upperBound ?? end)
    }.joined
  }

  private func erasableSector(at address: UInt64, in map: MemoryMap) -> Range<UInt64>? {
    guard let segment = map.segment(at: address), segment.access.contains(.erasable) else {
      return nil
    }
    return segment.sector(at: address)
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
package struct MemoryWork: Equatable {
  package let memory: AlternateMemory
  /// What is written: the image, widened to the programming unit with the erased value.
  var widened: WidenedImage
  /// The image's bytes as the firmware has them.
  package let image: MemoryImage
  /// The sectors that the image touches, in rising order.
  let sectors: [Range<UInt64>]

  /// Whether all of the image can be read back.
  var isReadable: Bool { sectors.allSatisfy { memory.map.allows(.readable, in: $0) } }

  /// Whether there is a byte to write for every address of a sector.
  func isCovered(_ sector: Range<UInt64>) -> Bool {
    widened.ranges(in: sector).byteCount == UInt64(sector.count)
  }
}

extension Collection<UInt8> {
  /// Whether all of them have this value.
  ///
  /// Whole arrays are compared at once, also where nothing is optimised.
  func holdOnly(_ byte: UInt8) -> Bool { Array(self) == [UInt8](repeating: byte, count: count) }
}

extension DFUSuffix {
  /// Whether firmware with these ids is for a device.
  ///
  /// Of 73 real containers 38 have the product 0, ST's own among them: it means any, as 0xFFFF.
  package func fits(_ device: DeviceIdentity) -> Bool {
    func fits(_ wanted: UInt16, _ found: UInt16) -> Bool {
      wanted == 0xFFFF || wanted == 0 || wanted == found
    }
    return fits(vendorID, device.vendorID) && fits(productID, device.productID)
  }
}
