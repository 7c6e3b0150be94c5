// Option bytes in memory: what is programmed stands in pages, as the bootloader shows it, also where its
// maps do not reach; what is in force is kept beside them.
extension BoardMemory {
  /// Puts a new board's option bytes where they are.
  mutating func formatOptions() {
    guard let options else { return }
    for region in regions where region.kind == .optionBytes {
      guard options.form == .registers || options.form == .pairs else { continue }
      putOptions([UInt8](repeating: 0, count: region.size), at: region.start, isUsed: false)
    }
    for address in options.addresses where region(at: UInt64(address))?.kind == .optionBytes {
      setProgrammedOption(options.initial(address), at: address)
    }
    loadedOptions = programmedOptions
    showLoaded()
  }

  /// The values that are programmed.
  var programmedOptions: [UInt32: UInt32] {
    guard let options else { return [:] }
    var words: [UInt32: UInt32] = [:]
    for address in options.addresses { words[address] = programmedOption(address, options) }
    return words
  }

  /// A word as it is programmed; where nobody has, as it was from the factory.
  private func programmedOption(_ address: UInt32, _ options: SimulatedOptionBytes) -> UInt32 {
    let place = options.place(address)
    guard isUsed(place) else { return options.initial(address) }
    return options.decode(UInt32(littleEndian: peek(4, at: place)[...]), at: address)
  }

  /// Programs a word, whatever the rules.
  mutating func setProgrammedOption(_ value: UInt32, at address: UInt32) {
    guard let options else { return }
    putOptions(options.encode(value), at: options.place(address), isUsed: true)
  }

  /// Shows what is in force where a register of its own does.
  mutating func showLoaded() {
    guard let options, options.form == .pairs else { return }
    for (address, value) in loadedOptions where region(at: UInt64(address)) != nil {
      putOptions(value.littleEndianBytes, at: address, isUsed: true)
    }
  }

  /// The words that hold a password and were written.
  var writtenKeys: [UInt32] {
    guard let keys = options?.keys else { return [] }
    return stride(from: keys.lowerBound, to: keys.upperBound, by: 4).filter { isUsed($0) }
  }

  // MARK: - Writing

  /// Programs option bytes as the bootloader does: from any word on, as far as the block goes.
  mutating func programOptions(
    _ bytes: [UInt8], at start: UInt32, in region: MemoryRegion, _ options: SimulatedOptionBytes
  ) -> Outcome {
    guard start % 4 == 0 else { return .refused(address: start) }
    if options.form == .bytes {
      // What is not written again stays erased.
      let blank = [UInt8](repeating: 0xFF, count: region.size)
      putOptions(blank, at: region.start, isUsed: true)
      putOptions(bytes, at: start, isUsed: true)
      return .done
    }
    let end = start + UInt32(bytes.count)
    for address in options.addresses {
      let place = options.place(address)
      guard place + 4 > start, place < end else { continue }
      var raw = peek(4, at: place)
      if !isUsed(place) { raw = Array(options.encode(options.initial(address)).prefix(4)) }
      for index in 0..<4 where place + UInt32(index) >= start && place + UInt32(index) < end {
        raw[index] = bytes[Int(place - start) + index]
      }
      take(raw, at: address, options)
    }
    guard let keys = options.keys else { return .done }
    for key in stride(from: keys.lowerBound, to: keys.upperBound, by: 4)
    where key + 4 > start && key < end {
      // It reads as 0 whatever it is; that it was written is remembered.
      putOptions([0, 0, 0, 0], at: key, isUsed: true)
    }
    return .done
  }

  /// Takes a word as it was sent.
  private mutating func take(_ raw: [UInt8], at address: UInt32, _ options: SimulatedOptionBytes) {
    guard options.form != .sentHalfWords else {
      return putOptions(raw, at: address, isUsed: true)
    }
    let fixed = options.fixed[address] ?? 0
    let sent = options.decode(UInt32(littleEndian: raw[...]), at: address)
    let old = programmedOption(address, options)
    setProgrammedOption(sent & ~fixed | old & fixed, at: address)
  }

  /// What stands in the option bytes when power fails while they are programmed.
  mutating func tearOptions(in region: MemoryRegion) {
    guard let options else { return }
    if options.form == .bytes {
      putOptions([UInt8](repeating: 0xFF, count: region.size), at: region.start, isUsed: true)
    }
    for patch in options.torn { patchOption(patch, options) }
  }

  /// Programs some bits of a word.
  mutating func patchOption(_ patch: SimulatedOptionBytes.Patch, _ options: SimulatedOptionBytes) {
    let old = programmedOption(patch.address, options)
    setProgrammedOption(old & ~patch.mask | patch.value & patch.mask, at: patch.address)
  }

  /// What the words in force are in memory, byte by byte.
  func bytesOfLoaded(_ options: SimulatedOptionBytes) -> [UInt64: UInt8] {
    var bytes: [UInt64: UInt8] = [:]
    for (address, value) in loadedOptions {
      for (index, byte) in options.encode(value).enumerated() {
        bytes[UInt64(options.place(address)) + UInt64(index)] = byte
      }
    }
    return bytes
  }

  /// Lets the two halves of the flash change places.
  mutating func swapBanks() {
    guard let flash = regions.first(where: { $0.kind == .flash }) else { return }
    let first = flash.start / UInt32(Self.pageSize)
    let half = UInt32(flash.size / 2) / UInt32(Self.pageSize)
    for number in first..<(first + half) {
      let lower = pages.removeValue(forKey: number)
      pages[number] = pages.removeValue(forKey: number + half)
      pages[number + half] = lower
    }
  }

  /// Lets two banks become one or one become two: units of both stand in turn in what is one.
  mutating func shuffleBanks(joining: Bool, unit: Int) {
    guard let flash = regions.first(where: { $0.kind == .flash }) else { return }
    let size = Int(Self.pageSize)
    let first = flash.start / UInt32(size)
    let count = UInt32(flash.size / size)
    let half = flash.size / 2
    var old: [UInt32: Page] = [:]
    for number in first..<(first + count) { old[number] = pages.removeValue(forKey: number) }
    for (number, page) in old {
      for offset in Swift.stride(from: 0, to: size, by: unit) {
        let place = Int(number - first) * size + offset
        let target =
          joining
          ? place % half / unit * 2 * unit + (place < half ? 0 : unit)
          : place / (2 * unit) * unit + (place / unit % 2) * half
        let key = first + UInt32(target / size)
        var new = pages.removeValue(forKey: key) ?? blankPage(key)
        let span = target % size..<(target % size + unit)
        new.bytes.replaceSubrange(span, with: page.bytes[offset..<(offset + unit)])
        new.used.replaceSubrange(span, with: page.used[offset..<(offset + unit)])
        pages[key] = new
      }
    }
  }

  // MARK: - Protection

  /// First addresses of the sectors that option bytes in force protect in some way.
  func sectors(of protections: [SimulatedOptionBytes.Protection]) -> Set<UInt32> {
    let sectors = flashSectors
    let perBank = sectors.count / 2
    var found: Set<UInt32> = []
    func add(_ range: Range<Int>) {
      for index in range.clamped(to: sectors.indices) {
        // The option bytes stay with the bank when the banks change places.
        let place = banksAreSwapped ? (index + perBank) % (2 * perBank) : index
        if sectors.indices.contains(place) { found.insert(sectors[place]) }
      }
    }
    for protection in protections {
      switch protection {
      case .bits(let address, let from, let count, let size, let first, let protects, let rest):
        let word = loadedOptions[address] ?? 0
        let each = size > 0 ? size : sectors.count / count
        for bit in 0..<count where word >> (from + UInt32(bit)) & 1 == protects {
          let start = first + bit * each
          add(start..<(rest && bit == count - 1 ? max(start, sectors.count) : start + each))
        }
      case .range(let address, let width, let bank):
        let word = loadedOptions[address] ?? 0
        let mask = UInt32(1) << width - 1
        let (start, end) = (Int(word & mask), Int(word >> 16 & mask))
        let first = bank == 2 ? perBank : 0
        if start <= end { add((first + start)..<(first + end + 1)) }
      }
    }
    return found
  }

  /// First addresses of the flash's sectors, rising.
  private var flashSectors: [UInt32] {
    var sectors: [UInt32] = []
    for region in regions where region.kind == .flash {
      var address = region.start
      for run in region.runs {
        for _ in 0..<run.count {
          sectors.append(address)
          address += UInt32(run.size)
        }
      }
    }
    return sectors
  }

  /// Whether a sector cannot be erased or programmed, by its first address.
  func isProtected(_ sector: UInt32) -> Bool {
    writeProtected.contains(sector) || optionProtected.contains(sector)
  }

  // MARK: - Bytes

  /// The bytes at an address, in a memory or not.
  private func peek(_ count: Int, at address: UInt32) -> [UInt8] {
    (0..<UInt32(count)).map { index in
      let (number, offset) = Self.place(of: address &+ index)
      return pages[number]?.bytes[offset] ?? 0xFF
    }
  }

  /// Whether somebody has programmed the byte at an address.
  private func isUsed(_ address: UInt32) -> Bool {
    let (number, offset) = Self.place(of: address)
    return pages[number]?.used[offset] == 1
  }

  private mutating func putOptions(_ bytes: [UInt8], at address: UInt32, isUsed: Bool) {
    for (index, byte) in bytes.enumerated() {
      let (number, offset) = Self.place(of: address &+ UInt32(index))
      var page = pages.removeValue(forKey: number) ?? blankPage(number)
      page.bytes[offset] = byte
      page.used[offset] = isUsed ? 1 : 0
      pages[number] = page
    }
  }

  private static func place(of address: UInt32) -> (number: UInt32, offset: Int) {
    (address / UInt32(pageSize), Int(address % UInt32(pageSize)))
  }
}
