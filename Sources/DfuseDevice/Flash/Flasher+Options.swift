public import DfuseFormat

extension Flasher {
  /// The memory that has the option bytes, and what of it may be read.
  ///
  /// Where no map has option bytes and the chip is known to serve them all the same, they are looked for
  /// where its layout has them.
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
  public func shownOptions(of options: OptionBytes) -> [Range<UInt64>] {
    guard let place = optionPlace(of: options.layout) else { return [] }
    return place.isMapped
      ? board.optionSegments.map(\.range) : options.layout?.reads ?? []
  }

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
    guard readsVersion, Set(layouts.map(\.device)).count > 1 else { return board.chip.roms }
    var identity = ChipIdentity(board, isReadProtected: false)
    try askForBootloader(&identity)
    return identity.roms
  }

  private func optionPlace(of layout: OptionLayout?) -> OptionPlace? {
    if let memory = board.memories.first(where: { $0.map.kind == .optionBytes }) {
      let shown = memory.map.ranges(.readable)
      let wanted = layout?.reads ?? shown
      let ranges = shown.compactMap { segment in
        wanted.first { $0.lowerBound >= segment.lowerBound && $0.lowerBound < segment.upperBound }
          .map { $0.clamped(to: segment) }
      }
      return OptionPlace(
        alternateSetting: memory.alternateSetting,
        ranges: ranges, isMapped: true)
    }
    guard let layout, layout.family.isServedUnmapped, let flash = board.flash.first else {
      return nil
    }
    return OptionPlace(
      alternateSetting: flash.alternateSetting, ranges: layout.reads, isMapped: false)
  }
}

extension Board {
  /// Whether its bootloader shows option bytes.
  public var hasOptionBytes: Bool { !optionSegments.isEmpty }

  /// The segments of its maps that are option bytes.
  var optionSegments: [MemorySegment] { memories.map(\.map).optionSegments }
}
