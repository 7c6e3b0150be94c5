import DfuseFormat

extension Flasher {
  /// Reads which release the bootloader is, where that decides how sectors are erased.
  ///
  /// One that does not tell is treated as before: as if it had the misbehaviour of all releases.
  mutating func readVersion(erasing sectors: [Range<UInt64>]) throws(FlashError) {
    guard readsVersion, let address = board.chip.decidingID(erasing: sectors),
      let flash = board.flash.first
    else { return }
    readsVersion = false
    try select(flash.alternateSetting)
    guard let bytes = try peek(at: address, count: 2),
      let version = BootloaderVersion(bytes, of: board.chip.roms)
    else { return }
    board.chip.version = version
    session.limits = OperationLimits(for: board.chip)
    report(.note(.bootloaderVersion(version)))
  }

  /// The sectors that look blank before they are erased, on a chip that is known to report erases
  /// as done that are not: a sector that looks blank afterwards as well may still be at it.
  ///
  /// Of a chip that does not tell its release, nothing more is asked than that.
  mutating func blankBefore(_ plan: FlashPlan) throws(FlashError) -> Set<UInt64> {
    guard board.chip.reportsErasesEarly else { return [] }
    var blank: Set<UInt64> = []
    for step in plan.steps {
      guard let sector = step.erasedSector,
        ChipQuirk.waitWorstCaseErase.concernsErase(at: sector.lowerBound),
        try looksBlank(sector, plan, in: step.alternateSetting)
      else { continue }
      blank.insert(sector.lowerBound)
    }
    return blank
  }

  private mutating func looksBlank(
    _ sector: Range<UInt64>, _ plan: FlashPlan, in number: UInt8
  ) throws(FlashError) -> Bool {
    let steps = FlashSteps(plan: plan, board: board)
    guard steps.canRead(sector, in: number), let memory = board.memory(number) else { return false }
    for place in steps.places(in: sector, of: number) {
      let bytes = try read(place, of: memory)
      if !bytes.holdOnly(board.chip.erasedByte) { return false }
    }
    return true
  }

  /// Asks the chip for its bootloader's id, its flash size and its unique id.
  ///
  /// Where its map leaves chips whose addresses are known. Changes nothing.
  /// Whether a bootloader serves these addresses is not known of most: one that says no does not tell.
  ///
  /// - Returns: What it told, with what its map says.
  /// - Throws: ``FlashError/fellSilent(reading:_:)`` when it does not answer any more; other
  ///   ``FlashError``.
  public mutating func identify() throws(FlashError) -> ChipIdentity {
    try enter()
    let isProtected = try isReadProtected()
    try enter()
    var identity = ChipIdentity(board, isReadProtected: isProtected)
    guard isProtected != true else { return identity }
    try askForBootloader(&identity)
    guard board.canUpload, !board.flash.isEmpty, let registers = identity.registers else {
      return identity
    }
    if let bytes = try peek(at: registers.flashSize, count: 2) { identity.toldFlashSize(bytes) }
    // One read where the words stand in a row.
    var words: [UInt32] = []
    for (address, count) in registers.uniqueIDReads {
      guard let bytes = try peek(at: address, count: count) else { return identity }
      words += stride(from: 0, to: count, by: 4).map { littleEndian(bytes[$0..<$0 + 4]) }
    }
    identity.toldUniqueID(words)
    return identity
  }

  /// Asks a chip in dfuIDLE that lets itself be read for its bootloader's id, wherever those that its map
  /// leaves have it.
  ///
  /// - Throws: As ``identify()``.
  mutating func askForBootloader(_ identity: inout ChipIdentity) throws(FlashError) {
    guard board.canUpload, let flash = board.flash.first else { return }
    try select(flash.alternateSetting)
    for address in identity.idAddresses {
      if let bytes = try peek(at: address, count: 2) { identity.told(bytes, at: address) }
    }
  }

  /// Reads a few bytes outside the memory maps; nil where the device does not tell.
  ///
  /// No document says that a ROM takes any address: one that falls silent is not asked further.
  mutating func peek(
    at address: UInt32, count: Int
  ) throws(FlashError) -> [UInt8]? {
    do {
      return try session.peek(at: address, count: count)
    } catch {
      do {
        try session.enter()
        return nil
      } catch {
        throw .fellSilent(reading: address, error)
      }
    }
  }
}
