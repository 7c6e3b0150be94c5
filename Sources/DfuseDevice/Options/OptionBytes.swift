public import DfuseFormat

/// The option bytes of a board, as its bootloader shows them.
public struct OptionBytes: Hashable, Sendable {
  /// Where the fields are; nil for a chip of which nobody has written that down, or that cannot be
  /// told from others that differ.
  let layout: OptionLayout?
  /// What was read, in rising order of the addresses.
  public private(set) var blocks: [ImageElement]

  /// Makes the option bytes of what was read.
  ///
  /// - Parameters:
  ///   - layout: Where the fields are, if that is known.
  ///   - blocks: The bytes.
  init(layout: OptionLayout?, blocks: [ImageElement]) {
    self.layout = layout
    self.blocks = blocks.sorted { $0.address < $1.address }
  }

  /// The chips whose layout it is, for people; nil where there is none.
  public var layoutName: String? { layout?.name }

  /// All fields, in the order of their addresses, also those that the bootloader does not show.
  public var fields: [OptionField] { layout?.fields ?? [] }

  /// The word at an address, little-endian; nil where it was not read.
  public func word(at address: UInt64) -> UInt32? {
    for block in blocks where block.range.contains(address) {
      let offset = Int(address - block.range.lowerBound)
      guard offset + 4 <= block.bytes.count else { return nil }
      return littleEndian(block.bytes[offset..<offset + 4])
    }
    return nil
  }

  /// The value of a field; nil where its word was not read.
  public func value(of field: OptionField) -> UInt32? {
    word(at: field.address).map { field.value(in: $0) }
  }

  /// The value of a field of this name in ST's programmer; nil where there is none.
  func value(named name: String) -> UInt32? {
    fields.first { $0.name == name }.flatMap { value(of: $0) }
  }

  /// Whether the chip has a field now: some are there only with TrustZone.
  public func has(_ field: OptionField) -> Bool {
    field.condition?.holds { value(named: $0) } ?? true
  }

  /// What a value of a field stands for in bytes; nil where it is no address and no length.
  public func scaled(_ value: UInt32, of field: OptionField) -> UInt64? {
    let unit = field.units.first { unit in
      unit.condition?.holds { self.value(named: $0) } ?? true
    }
    return unit.map { $0.bytes * UInt64(value) }
  }

  /// The words whose complement is wrong; the chip takes them for something else.
  public var tornWords: [UInt64] {
    guard let layout else { return [] }
    return layout.words.map(\.address).filter { address in
      guard let word = word(at: address) else { return false }
      if layout.family.form.complementsNext {
        return self.word(at: address + 4).map { $0 != ~word } ?? false
      }
      // On F2, F4 and F7 nobody says that there is one.
      return layout.family.form == .bytes && !layout.family.form.holdsComplement(word)
    }
  }

  /// The same with the bytes that a file has for them, in any order; nil where it has none.
  public func filled(with elements: [ImageElement]) -> OptionBytes? {
    var (filled, found) = (self, false)
    for index in blocks.indices {
      for element in elements {
        guard let part = element.part(blocks[index].range) else { continue }
        filled.blocks[index].replace(part)
        found = true
      }
    }
    return found ? filled : nil
  }

  /// What the chip does at its next start; nil where that cannot be told.
  var outcome: OptionWays.Outcome? { layout?.family.ways.outcome { value(named: $0) } }

  /// Whether a person can still get into the bootloader: by the pin, or because the chip always starts
  /// it; nil where that cannot be told.
  public var reachesBootloader: Bool? { outcome?.reachesBootloader }

  /// Whether a program in the chip's memory can start; nil where that cannot be told.
  public var startsFirmware: Bool? { outcome?.startsFirmware }

  /// The same with other values.
  func setting(_ values: [OptionField: UInt32]) -> OptionBytes {
    guard let form = layout?.family.form else { return self }
    var changed = self
    for (field, value) in values {
      guard let before = changed.word(at: field.address) else { continue }
      let word = form.word(of: field.setting(value, in: before), before: before)
      changed.put(word, at: field.address)
      if form.complementsNext { changed.put(~word, at: field.address + 4) }
    }
    return changed
  }

  /// Replaces a word, if it was read whole.
  private mutating func put(_ word: UInt32, at address: UInt64) {
    guard let first = UInt32(exactly: address) else { return }
    for index in blocks.indices where blocks[index].range.contains(address) {
      guard blocks[index].range.upperBound >= address + 4 else { return }
      blocks[index].replace(ImageElement(address: first, bytes: littleEndian(word)))
    }
  }

  /// The blocks to write for options that change, each whole.
  ///
  /// Words that are written elsewhere than they are read get what they hold first.
  /// - Parameters:
  ///   - changed: The words that change.
  ///   - shown: The addresses that the bootloader shows.
  /// - Returns: In the order in which to write them: what decides how the chip starts comes last.
  func blocks(writing changed: Set<UInt64>, within shown: [Range<UInt64>]) -> [ImageElement] {
    guard let layout else { return [] }
    let form = layout.family.form
    var written: [ImageElement] = []
    // Blocks may overlap: a word is written once.
    let needed = changed.compactMap { word in
      layout.writes.firstIndex { $0.contains(layout.writeAddress(of: word)) }
    }
    for (index, block) in layout.writes.enumerated() where needed.contains(index) {
      let end = shown.first { $0.contains(block.lowerBound) }?.upperBound ?? block.upperBound
      let range = block.lowerBound..<min(block.upperBound, end)
      guard let first = UInt32(exactly: range.lowerBound),
        let source = blocks.first(where: { $0.range.contains(range) })
      else { continue }
      var element = source.part(range) ?? ImageElement(address: first, bytes: [])
      if form == .registerPairs {
        for word in layout.words {
          guard let value = self.word(at: word.address),
            let place = UInt32(exactly: word.address + 4), range.contains(UInt64(place) + 3)
          else { continue }
          element.replace(ImageElement(address: place, bytes: littleEndian(value)))
        }
      }
      written.append(element)
    }
    return written.reversed()
  }
}
