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
    let sectors = try sectors(of: memory, erasing: range, allowBootloader)
    try enter()
    try readVersion(erasing: sectors)
    _ = try drive(try eraser([memory]) { $0.erasing(sectors, in: memory.alternateSetting) })
    let start = sectors.first?.lowerBound ?? range.lowerBound
    return start..<(sectors.last?.upperBound ?? start)
  }

  /// The sectors that an erase would take; sends nothing.
  ///
  /// - Parameters:
  ///   - range: Addresses in one flash memory, or nil for the whole flash.
  ///   - allowBootloader: Whether an application bootloader's own are among them.
  /// - Returns: Their addresses, rising.
  /// - Throws: As ``erase(_:allowBootloader:)`` before anything is erased.
  public func sectors(
    erasing range: Range<UInt64>?, allowBootloader: Bool = false
  ) throws(FlashError) -> [Range<UInt64>] {
    if let range {
      return try sectors(of: flash(holding: range), erasing: range, allowBootloader)
    }
    guard !board.flash.isEmpty else { throw .noMemoryMap }
    let spared = allowBootloader ? nil : bootloader
    return board.flash.flatMap { $0.map.erasableSectors }.filter { spared?.owns($0) != true }
  }

  /// The sectors of a memory that a range touches, all of which can be erased.
  private func sectors(
    of memory: AlternateMemory, erasing range: Range<UInt64>, _ allowBootloader: Bool
  ) throws(FlashError) -> [Range<UInt64>] {
    let sectors = memory.map.sectors(overlapping: range)
    if !allowBootloader, let bootloader, let sector = sectors.first(where: bootloader.owns) {
      throw .bootloaderSectors(sector, bootloader)
    }
    if let sector = sectors.first(where: { !memory.map.allows(.erasable, in: $0) }) {
      throw .notErasable(sector)
    }
    return sectors
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
    let flash = board.flash
    guard !flash.isEmpty else { throw .noMemoryMap }
    try enter()
    spareBootloader(unless: allowBootloader)
    let byOneCommand = massEraseWorks(allowBootloader: allowBootloader)
    let spared = bootloaderSectors
    if !byOneCommand { try readVersion(erasing: flash.flatMap { $0.map.erasableSectors }) }
    return try drive(
      try eraser(flash, isWhole: true) {
        $0.erasingAll(byOneCommand: byOneCommand, sparing: spared)
      }
    ).sectorsErased
  }

  /// A machine that erases and then looks whether all is blank.
  private mutating func eraser(
    _ memories: [AlternateMemory], isWhole: Bool = false, _ list: (FlashSteps) -> [FlashStep]
  ) throws(FlashError) -> FlashMachine {
    var plan = FlashPlan(
      usesMassErase: isWhole, transferSize: board.blocks.length,
      erasedByte: board.chip.erasedByte)
    plan.steps = list(FlashSteps(plan: plan, board: board))
    plan.blankBefore = try blankBefore(plan)
    let steps = FlashSteps(plan: plan, board: board)
    for memory in memories {
      let isReadable = memory.map.erasableSectors.allSatisfy {
        steps.canRead($0, in: memory.alternateSetting)
      }
      if !isReadable { report(.note(.notChecked(name: memory.map.name))) }
    }
    return FlashMachine(steps, isOpen: isOpen, hasRead: hasRead, sparing: bootloaderSectors)
  }

  /// Whether one command erases all of the flash, and nothing else.
  func massEraseWorks(allowBootloader: Bool) -> Bool {
    (allowBootloader ? nil : bootloader?.survivesMassErase) ?? board.chip.massEraseWorks
  }

  /// Notes which sectors are a known bootloader's own.
  mutating func spareBootloader(unless allowed: Bool) {
    guard !allowed, let bootloader, let first = board.flash.first else { return }
    let own = first.map.sectors(overlapping: 0..<(1 << 32)).filter(bootloader.owns)
    guard let start = own.first?.lowerBound else { return }
    bootloaderSectors = start..<own.reduce(start) { $0 == $1.lowerBound ? $1.upperBound : $0 }
  }

  private func flash(holding range: Range<UInt64>) throws(FlashError) -> AlternateMemory {
    guard !memories.isEmpty else { throw .noMemoryMap }
    guard
      let memory = memories.first(where: {
        $0.map.kind.isFlash && $0.map.segment(at: range.lowerBound) != nil
      }), memory.map.contains(range)
    else {
      throw .outside(range, memories.first { $0.map.kind.isFlash })
    }
    return memory
  }
}
