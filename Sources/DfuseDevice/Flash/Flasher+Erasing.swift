import DfuseFormat

extension Flasher {
  /// Erases the sectors that overlap a range, and checks that they are blank.
  ///
  /// - Parameters:
  ///   - range: Addresses in one flash memory; need not be those of whole sectors.
  ///   - allowBootloader: Erases an application bootloader's own sectors as well.
  /// - Returns: The addresses erased: whole sectors.
  /// - Throws: ``FlashError/outsideMemory(_:alternateSetting:memory:found:)``,
  ///   ``FlashError/bootloaderSectors(_:_:)``, ``FlashError/notErasable(_:)`` before anything is
  ///   erased; ``FlashError/different(_:)`` when a sector is not blank afterwards, as
  ///   write-protected ones are.
  public mutating func erase(
    _ range: Range<UInt64>, allowBootloader: Bool = false
  ) throws(FlashError) -> Range<UInt64> {
    let memory = try flash(holding: range)
    let sectors = memory.map.sectors(overlapping: range)
    if !allowBootloader, let bootloader, let sector = sectors.first(where: bootloader.owns) {
      throw .bootloaderSectors(sector, bootloader)
    }
    if let sector = sectors.first(where: { !memory.map.isErasable($0) }) {
      throw .notErasable(sector)
    }
    try enter()
    try select(memory.alternateSetting)
    try eraseSectors(sectors)
    try checkBlank(sectors, in: memory)
    let start = sectors.first?.lowerBound ?? range.lowerBound
    return start..<(sectors.last?.upperBound ?? start)
  }

  /// Erases the whole flash: by mass erase where the device offers it and it is known to work,
  /// else sector by sector.
  ///
  /// An application bootloader's own sectors are left alone.
  ///
  /// - Parameter allowBootloader: Erases those as well.
  /// - Returns: Sectors erased one by one; 0 when the mass erase did it all.
  /// - Throws: ``FlashError``.
  public mutating func eraseAll(allowBootloader: Bool = false) throws(FlashError) -> Int {
    guard !wholeFlash.isEmpty else { throw .noMemoryMap }
    try enter()
    let before = result.sectorsErased
    try massErase(allowBootloader: allowBootloader)
    let own = bootloaderSectors ?? 0..<0
    for memory in wholeFlash {
      try select(memory.alternateSetting)
      let sectors = erasableSectors(of: memory, allowBootloader: allowBootloader)
      try checkBlank(sectors.filter { !own.overlaps($0) }, in: memory)
    }
    return result.sectorsErased - before
  }

  /// Mass erase, and then one by one whatever it left, behind every alternate setting that shows
  /// some of the flash.
  mutating func massErase(allowBootloader: Bool) throws(FlashError) {
    let flash = wholeFlash
    guard let first = flash.first else { return }
    try select(first.alternateSetting)
    if !allowBootloader, let bootloader {
      bootloaderSectors =
        first.map.sectors(overlapping: 0..<(1 << 32))
        .filter(bootloader.owns).joined.first
    }
    let works = allowBootloader ? nil : bootloader?.survivesMassErase
    guard works ?? profile.massEraseWorks, try offersMassErase() else {
      for memory in flash {
        try select(memory.alternateSetting)
        try eraseSectors(
          erasableSectors(of: memory, allowBootloader: allowBootloader),
          sparingBootloader: memory == first)
      }
      return
    }
    let sectors = flash.map { erasableSectors(of: $0, allowBootloader: allowBootloader) }
    let total = sectors.joined().reduce(0) { $0 + UInt64($1.count) }
    report(.started(.erase, total: total))
    let isDone = try tryMassErase(first)
    for (memory, sectors) in zip(flash, sectors) {
      try select(memory.alternateSetting)
      // ST's device code says that it is done, and does nothing.
      let left = isDone ? try notBlank(sectors, in: memory) : sectors
      if !isDone { report(.note(.massEraseRefused(sectors: left.count))) }
      try eraseEach(left, sparingBootloader: memory == first, isErasedOtherwise: isDone) { _, _ in }
      let own = bootloaderSectors ?? 0..<0
      let count = left.count { !own.overlaps($0) }
      if isDone, count > 0 { report(.note(.massEraseIncomplete(sectors: count))) }
    }
    report(.advanced(.erase, done: total))
    report(.finished(.erase))
  }

  /// The memories that erasing the whole flash is about: the chip's own, or where it shows none, the
  /// one that programs are in.
  private var wholeFlash: [AlternateMemory] {
    let inside = memories.internalFlash
    return inside.isEmpty ? board.programMemory.map { [$0] } ?? [] : inside
  }

  private func erasableSectors(
    of memory: AlternateMemory, allowBootloader: Bool
  ) -> [Range<UInt64>] {
    let sectors = memory.map.erasableSectors
    guard !allowBootloader, let bootloader else { return sectors }
    return sectors.filter { !bootloader.owns($0) }
  }

  private mutating func offersMassErase() throws(FlashError) -> Bool {
    let list = try attemptAgain { session throws(DFUError) in try session.commands() }
    return list.offers(.massErase)
  }

  /// Mass erase; false when the device refuses it.
  ///
  /// One whose transfer failed may have done it all the same.
  private mutating func tryMassErase(_ memory: AlternateMemory) throws(FlashError) -> Bool {
    let before = progress
    progress = .erased
    do {
      try session.massErase()
      return true
    } catch .device(let status, _, _, _) {
      // The session has cleared the error.
      if let start = memory.map.segments.first?.start {
        try checkReadProtection(status, at: start, before: before)
      }
      progress = before
      return false
    } catch {
      guard recover(from: error) else { throw failure(error) }
      guard case .usb(.stall, _) = error else { return true }
      progress = before
      return false
    }
  }

  /// Finds out whether an erase was refused because the chip is read protected.
  ///
  /// ST's device library says errVENDOR of every failure; a plain read tells them apart.
  /// - Throws: ``FlashError/readProtected``, with nothing changed; nothing else.
  mutating func checkReadProtection(
    _ status: DFUStatus, at address: UInt64, before: FlashError.Progress
  ) throws(FlashError) {
    guard status == .errVENDOR, before == .untouched, canUpload, !isOpen,
      let address = UInt32(exactly: address),
      let isProtected = try? session.isReadProtected(at: address)
    else { return }
    guard isProtected else {
      isOpen = true
      return
    }
    progress = before
    throw .readProtected
  }

  private mutating func eraseSectors(
    _ sectors: [Range<UInt64>], sparingBootloader: Bool = false
  ) throws(FlashError) {
    report(.started(.erase, total: sectors.reduce(0) { $0 + UInt64($1.count) }))
    try eraseEach(sectors, sparingBootloader: sparingBootloader) { flasher, done in
      flasher.report(.advanced(.erase, done: done))
    }
    report(.finished(.erase))
  }

  /// Erases sectors in rising order.
  ///
  /// A bootloader that is a program in this flash refuses the sectors that hold itself; its map may
  /// show them like all others. They come first, and are left out if that is wanted.
  private mutating func eraseEach(
    _ sectors: [Range<UInt64>], sparingBootloader: Bool, isErasedOtherwise: Bool = false,
    done: (inout Flasher, UInt64) -> Void
  ) throws(FlashError) {
    var bytes: UInt64 = 0
    var refusal: FlashError?
    for sector in sectors {
      try checkCancelled()
      let before = progress
      do {
        try eraseSector(sector)
        refusal = nil
      } catch {
        guard sparingBootloader, !profile.isROM, error.isRefusal,
          sector.lowerBound == bootloaderEnd(of: sectors)
        else { throw error }
        progress = before
        refusal = error
        let start = bootloaderSectors?.lowerBound ?? sector.lowerBound
        bootloaderSectors = start..<sector.upperBound
      }
      bytes += UInt64(sector.count)
      done(&self, bytes)
    }
    // All of it was refused: that is another reason.
    if let refusal, !isErasedOtherwise { throw refusal }
    if let bootloaderSectors { report(.note(.bootloaderKept(bootloaderSectors))) }
  }

  /// Where the bootloader's own sectors end, as far as it has refused them.
  private func bootloaderEnd(of sectors: [Range<UInt64>]) -> UInt64? {
    bootloaderSectors?.upperBound ?? sectors.first?.lowerBound
  }

  /// The sectors that hold something at their beginning; one upload looks at all of them.
  private mutating func notBlank(
    _ sectors: [Range<UInt64>], in memory: AlternateMemory
  ) throws(FlashError) -> [Range<UInt64>] {
    guard canUpload else { return [] }
    do {
      return try readNotBlank(sectors, in: memory)
    } catch .notReadable {
      return []
    }
  }

  private mutating func readNotBlank(
    _ sectors: [Range<UInt64>], in memory: AlternateMemory
  ) throws(FlashError) -> [Range<UInt64>] {
    var left: [Range<UInt64>] = []
    var upload: UploadRun?
    for sector in sectors
    where memory.map.readableEnd(from: sector.lowerBound) > sector.lowerBound {
      let limit = min(sector.upperBound, sector.lowerBound + 64)
      let (bytes, start) = try readBlock(
        at: sector.lowerBound, limit: limit, in: memory.map, upload: &upload)
      let skipped = Int(sector.lowerBound - start)
      if bytes[skipped...].contains(where: { $0 != profile.erasedByte }) { left.append(sector) }
    }
    try endUpload(&upload)
    return left
  }

  /// Reads sectors back whole.
  private mutating func checkBlank(
    _ sectors: [Range<UInt64>], in memory: AlternateMemory
  ) throws(FlashError) {
    guard canUpload else { return report(.note(.notChecked(name: memory.map.name))) }
    for sector in sectors {
      guard memory.map.readableEnd(from: sector.lowerBound) >= sector.upperBound else {
        return report(.note(.notChecked(name: memory.map.name)))
      }
    }
    do {
      try readBlank(sectors, in: memory)
    } catch .notReadable {
      report(.note(.notChecked(name: memory.map.name)))
    }
  }

  private mutating func readBlank(
    _ sectors: [Range<UInt64>], in memory: AlternateMemory
  ) throws(FlashError) {
    let total = sectors.reduce(0) { $0 + UInt64($1.count) }
    report(.started(.verify, total: total))
    var done: UInt64 = 0
    var upload: UploadRun?
    for range in sectors.joined {
      var address = range.lowerBound
      while address < range.upperBound {
        try checkCancelled()
        let (bytes, start) = try readBlock(
          at: address, limit: range.upperBound, in: memory.map, upload: &upload)
        if let index = bytes.firstIndex(where: { $0 != profile.erasedByte }) {
          try? session.abort()
          throw .different(
            .init(
              address: start + UInt64(index), expected: profile.erasedByte, found: bytes[index],
              count: UInt64(bytes.count { $0 != profile.erasedByte }), looksProtected: true))
        }
        done += start + UInt64(bytes.count) - address
        address = start + UInt64(bytes.count)
        report(.advanced(.verify, done: done))
      }
    }
    try endUpload(&upload)
    report(.finished(.verify))
  }

  private func flash(holding range: Range<UInt64>) throws(FlashError) -> AlternateMemory {
    guard !memories.isEmpty else { throw .noMemoryMap }
    guard
      let memory = memories.first(where: {
        $0.map.kind.isFlash && $0.map.segment(at: range.lowerBound) != nil
      }), memory.map.contains(range)
    else {
      let flash = memories.first { $0.map.kind.isFlash }
      throw .outsideMemory(
        range, alternateSetting: flash?.alternateSetting, memory: flash?.map, found: nil)
    }
    return memory
  }
}

extension [Range<UInt64>] {
  /// Ranges in rising order, those that touch joined.
  fileprivate var joined: [Range<UInt64>] {
    reduce(into: []) { joined, range in
      if let last = joined.last, last.upperBound == range.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<range.upperBound
      } else {
        joined.append(range)
      }
    }
  }
}

extension [AlternateMemory] {
  /// The chip's flash: one entry for each map, whatever alternate settings show it.
  var internalFlash: [AlternateMemory] {
    var shown: Set<String> = []
    return filter { $0.map.kind == .internalFlash && shown.insert($0.map.text).inserted }
  }
}

extension MemoryMap {
  /// The sectors that overlap a range, by address.
  func sectors(overlapping range: Range<UInt64>) -> [Range<UInt64>] {
    segments.sorted { $0.start < $1.start }.flatMap { segment -> [Range<UInt64>] in
      let shared = segment.range.clamped(to: range)
      guard !shared.isEmpty else { return [] }
      let first = segment.sector(at: shared.lowerBound).lowerBound
      return stride(from: first, to: shared.upperBound, by: UInt64.Stride(segment.sectorSize)).map {
        $0..<($0 + segment.sectorSize)
      }
    }
  }

  /// All sectors that can be erased.
  ///
  /// Only for the flash of a device that has answered: as long as the list is the map's claim.
  var erasableSectors: [Range<UInt64>] {
    sectors(overlapping: 0..<(1 << 32)).filter { isErasable($0) }
  }
}
