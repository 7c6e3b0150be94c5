public import DfuseFormat

extension Flasher {
  /// The memory that has the option bytes, and what of it may be read.
  struct OptionPlace {
    var alternateSetting: UInt8
    /// Addresses to read.
    var ranges: [Range<UInt64>]
    /// Whether they stand in a memory map.
    var isMapped: Bool
  }

  /// Reads the option bytes, and changes nothing.
  ///
  /// Where the chip's map leaves several lines of parts, its bootloader's id decides which it is.
  /// - Returns: What the bootloader shows; decoded where the chip is known.
  /// - Throws: ``FlashError/readProtected``; ``FlashError/notReadable(name:_:)`` when the bootloader
  ///   has none; other ``FlashError``.
  public mutating func readOptions() throws(FlashError) -> OptionBytes {
    try enter()
    if try isReadProtected() == true { throw .readProtected }
    try enter()
    let layout = try optionLayout()
    guard let place = optionPlace(of: layout) else {
      throw .notReadable(name: "Option Bytes", .untouched)
    }
    var blocks: [ImageElement] = []
    for range in place.ranges {
      guard let address = UInt32(exactly: range.lowerBound) else { continue }
      try select(place.alternateSetting)
      if place.isMapped, let memory = board.memory(place.alternateSetting) {
        blocks.append(ImageElement(address: address, bytes: try read(range, of: memory)))
      } else if let bytes = try peek(at: address, count: range.count) {
        blocks.append(ImageElement(address: address, bytes: bytes))
      }
    }
    guard !blocks.isEmpty else { throw .notReadable(name: "Option Bytes", .untouched) }
    return OptionBytes(layout: layout, blocks: blocks)
  }

  /// The addresses of option bytes that the bootloader shows, or serves all the same.
  public var shownOptions: [Range<UInt64>] { board.optionSegments.map(\.range) }

  /// Writes a block of option bytes.
  ///
  /// - Returns: Whether the device left the bus at it, as many do.
  /// - Throws: ``FlashError/notTaken(_:)`` when the device said no; other ``FlashError``.
  public mutating func write(
    options block: ImageElement, of options: OptionBytes
  ) throws(FlashError) -> Bool {
    guard let place = optionPlace(of: options.layout) else {
      throw .notReadable(name: "Option Bytes", .untouched)
    }
    try endReading()
    try select(place.alternateSetting)
    try enter()
    try attemptAgain { session throws(DFUError) in try session.setAddress(block.address) }
    do {
      let outcome = try session.write(
        block: BlockNumbering.first, data: block.bytes, mayReset: true)
      return outcome == .deviceReset
    } catch {
      throw .notTaken(
        FlashError.Leftover(
          name: "Option Bytes", range: block.range, reason: .failed(error), firmware: .untouched))
    }
  }

  /// Where the chip's fields are; nil where that is not known or cannot be decided.
  private mutating func optionLayout() throws(FlashError) -> OptionLayout? {
    var layouts = optionCandidates
    let roms = try optionROMs(layouts)
    let fitting = layouts.filter { layout in
      roms.contains { layout.parts.contains($0.parts) }
    }
    if !fitting.isEmpty { layouts = fitting }
    return OptionLayout.common(layouts)
  }

  /// The lines of parts that the chip may be; asked for its bootloader's id where that decides which
  /// fields its option bytes have.
  ///
  /// - Throws: ``FlashError``.
  public mutating func partsByOptions() throws(FlashError) -> [String] {
    try enter()
    return try optionROMs(optionCandidates).map(\.parts)
  }

  /// The layouts that the chip may have by its map.
  private var optionCandidates: [OptionLayout] {
    OptionLayout.candidates(
      of: board.chip.roms, maps: board.memories.map(\.map), kibibytes: board.flashKibibytes)
  }

  private mutating func optionROMs(
    _ layouts: [OptionLayout]
  ) throws(FlashError) -> [BootloaderROM] {
    guard readsVersion, layouts.count > 1 else { return board.chip.roms }
    var identity = ChipIdentity(board, isReadProtected: false)
    try askForBootloader(&identity)
    return identity.roms
  }

  private func optionPlace(of layout: OptionLayout?) -> OptionPlace? {
    guard let memory = board.allMemories.first(where: { $0.map.kind == .optionBytes }) else {
      return nil
    }
    let shown = memory.map.ranges(.readable)
    let wanted = layout?.reads ?? shown
    let ranges = shown.compactMap { segment in
      wanted.first { $0.lowerBound >= segment.lowerBound && $0.lowerBound < segment.upperBound }
        .map { $0.clamped(to: segment) }
    }
    return OptionPlace(
      alternateSetting: memory.alternateSetting, ranges: ranges,
      isMapped: board.memories.contains(memory))
  }
}

extension Board {
  /// What stands behind its alternate settings: the memories of its maps, and option bytes that none
  /// of these tells of.
  public var allMemories: [AlternateMemory] { memories + [unmappedOptions].compactMap(\.self) }

  /// The option bytes of a chip whose bootloader gives its flash's name to every alternate setting,
  /// and serves option bytes by their address all the same.
  ///
  /// Where they are, the layouts of the chips that it may be tell, if all do the same. Behind the
  /// flash's first name is the flash; the option bytes are behind the second one, where the ROMs of
  /// its maker have them.
  private var unmappedOptions: AlternateMemory? {
    guard memories.allSatisfy({ $0.map.kind != .optionBytes }), let flash = flash.first,
      let second = memories.first(where: {
        $0.alternateSetting != flash.alternateSetting && $0.map.text == flash.map.text
      })
    else { return nil }
    let layouts = OptionLayout.candidates(of: chip.roms, kibibytes: flashKibibytes)
    guard let reads = layouts.first?.reads,
      layouts.allSatisfy({ $0.family.isServedUnmapped && $0.reads == reads })
    else { return nil }
    let groups = reads.map { range in
      "/\(UInt32(truncatingIfNeeded: range.lowerBound).hex)/01*\(range.count) e"
    }
    return MemoryMap.parse("@Option Bytes   " + groups.joined()).map {
      AlternateMemory(alternateSetting: second.alternateSetting, map: $0)
    }
  }

  /// Whether its bootloader shows option bytes, or serves them all the same.
  public var hasOptionBytes: Bool { !optionSegments.isEmpty }

  /// The segments of its memories that are option bytes.
  var optionSegments: [MemorySegment] { allMemories.map(\.map).optionSegments }
}
