/// Where a line of parts has which option: the words of its option bytes and their fields.
///
/// Fields are written as `NAME BITS`, with more behind that where it applies: `NAME=MANUAL'S`,
/// `each` for a name for each bit, `if:FIELD=V` for what is there only then, `*UNIT` in hexadecimal
/// bytes with `?FIELD=V` for when it holds, `in:V/V` for the only values that are legal.
///
/// - SeeAlso: The data base of ST's programmer, held bit by bit against the CMSIS headers and the
///   register descriptions of embassy's stm32-data; factory words from reference manuals, Black Magic
///   Debug and posted read-outs.
struct OptionLayout: Hashable, Sendable {
  /// A word.
  struct Word: Hashable, Sendable {
    /// Where it is read.
    var address: UInt64
    /// What the chip leaves the factory with; nil where that is not known.
    var factory: UInt32?
  }

  /// Addresses as a first one and a number of bytes.
  struct Block: Hashable, Sendable {
    var range: Range<UInt64>

    init(_ start: UInt64, _ count: UInt64) { range = start..<start + count }
  }

  /// The chips, for people.
  private(set) var name: String
  /// The device id in DBGMCU, by which ST's programmer has its data.
  let device: UInt16
  /// The lines of parts in AN2606's table of bootloaders.
  private(set) var parts: [String]
  /// The sizes of flash that it is for; nil for all.
  private(set) var kibibytes: ClosedRange<UInt64>?
  private(set) var family: OptionFamily
  /// What may be read: never the words of passwords, which U5 and U0 show behind the options.
  private(set) var reads: [Range<UInt64>]
  /// What is written at once, in this order; none where nobody has two sources for it, or a write is
  /// known to be dangerous.
  private(set) var writes: [Range<UInt64>]
  private(set) var words: [Word]
  private(set) var fields: [OptionField]
  /// What of the text is no field: none, as a test has it.
  let problems: [String]

  init(
    _ name: String, device: UInt16, parts: [String], kibibytes: ClosedRange<UInt64>? = nil,
    _ family: OptionFamily, reads: [Block], writes: [Block] = [], words text: String
  ) {
    self.name = name
    self.device = device
    self.parts = parts
    self.kibibytes = kibibytes
    self.family = family
    self.reads = reads.map(\.range)
    self.writes = writes.map(\.range)
    var reader = OptionText()
    for line in text.split(separator: "\n") { reader.take(line) }
    (words, fields, problems) = (reader.words, reader.fields, reader.problems)
  }

  /// The layout of what all of some chips have in common, where nobody can tell which of them it is; nil
  /// for chips of several forms.
  static func common(_ layouts: [OptionLayout]) -> OptionLayout? {
    // What is written is right for all of them if it is for one: it is the same.
    let written = layouts.filter(\.isWritten)
    let models = written.isEmpty ? layouts : written
    guard var common = models.first else { return nil }
    guard layouts.count > 1 else { return common }
    guard layouts.allSatisfy({ $0.family.form == common.family.form }) else { return nil }
    common.name = models.map(\.name).joined(separator: " or ")
    common.parts = models.flatMap(\.parts)
    common.kibibytes = nil
    if !models.allSatisfy({ $0.family.ways == common.family.ways }) {
      common.family.ways = .unknown
    }
    if !models.allSatisfy({ $0.family.cut == common.family.cut }) { common.family.cut = .unknown }
    common.reads.removeAll { range in !models.allSatisfy { $0.reads.contains(range) } }
    common.writes.removeAll { range in !models.allSatisfy { $0.writes.contains(range) } }
    common.words.removeAll { word in !models.allSatisfy { $0.words.contains(word) } }
    common.fields = common.fields.compactMap { field in
      if field.hasNamedBits { return narrowest(like: field, in: layouts) }
      let isCommon =
        models.allSatisfy { $0.fields.contains(field) } && layouts.allSatisfy { $0.has(field) }
      return isCommon ? field : nil
    }
    return common
  }

  /// The bits that all have of a field with a name for each: chips of one family differ in how many
  /// sectors they have.
  private static func narrowest(
    like field: OptionField, in layouts: [OptionLayout]
  ) -> OptionField? {
    let fields = layouts.compactMap { layout in
      layout.fields.first { $0.hasSameBits(as: field) }
    }
    // Where the same bits may be those of PCROP, it has to be seen whether they are.
    let modes = Set(layouts.map { $0.fields.first(where: \.turnsProtection) })
    guard fields.count == layouts.count, modes.count == 1 else { return nil }
    return fields.min { $0.width < $1.width }
  }

  private func has(_ field: OptionField) -> Bool {
    fields.contains {
      $0.name == field.name && $0.address == field.address && $0.mask == field.mask
    }
  }

  /// Whether it can be written at all.
  var isWritten: Bool { !writes.isEmpty }

  /// Where a word is written.
  func writeAddress(of address: UInt64) -> UInt64 { address + family.form.writeOffset }
}

extension OptionLayout {
  /// All of them.
  static let all = f + l + gwu + h

  /// The layouts that a chip may have.
  ///
  /// - Parameters:
  ///   - roms: The lines of parts that it may be.
  ///   - kibibytes: The size of its flash; nil where that is not known.
  /// - Returns: None for a chip of which nobody has written them down.
  static func candidates(of roms: [BootloaderROM], kibibytes: UInt64?) -> [OptionLayout] {
    all.filter { layout in
      let fits = kibibytes.map { layout.kibibytes?.contains($0) ?? true } ?? true
      return fits && roms.contains { layout.parts.contains($0.parts) }
    }
  }

  /// The layouts that a chip may have whose bootloader shows these memories.
  static func candidates(
    of roms: [BootloaderROM], maps: [MemoryMap], kibibytes: UInt64?
  ) -> [OptionLayout] {
    let shown = maps.optionSegments
    // A map that has a group which a chip does not have is another chip's.
    return candidates(of: roms, kibibytes: kibibytes).filter { layout in
      shown.allSatisfy { segment in layout.reads.contains { $0.lowerBound == segment.start } }
    }
  }
}

/// Reads the words of a layout.
private struct OptionText {
  var words: [OptionLayout.Word] = []
  var fields: [OptionField] = []
  var problems: [String] = []

  /// Takes a line: `ADDRESS FACTORY FIELDS`, or more fields after a space.
  mutating func take(_ line: Substring) {
    var rest = line
    if !line.hasPrefix(" ") {
      let parts = line.split(separator: " ", maxSplits: 2)
      guard parts.count == 3, let address = UInt64(parts[0], radix: 16) else {
        return problems.append(String(line))
      }
      let factory = parts[1] == "-" ? nil : UInt32(parts[1], radix: 16)
      if factory == nil, parts[1] != "-" { problems.append(String(line)) }
      words.append(OptionLayout.Word(address: address, factory: factory))
      rest = parts[2]
    }
    guard let word = words.last else { return problems.append(String(line)) }
    for text in rest.split(separator: ",") {
      let trimmed = text.drop { $0 == " " }
      guard !trimmed.isEmpty else { continue }
      guard let field = OptionField(trimmed, in: word) else {
        problems.append(String(trimmed))
        continue
      }
      fields.append(field)
    }
  }
}

extension OptionField {
  /// A field as a layout has it; nil for what is none.
  fileprivate init?(_ text: Substring, in word: OptionLayout.Word) {
    let parts = text.split(separator: " ")
    guard parts.count >= 2 else { return nil }
    let names = parts[0].split(separator: "=")
    let bits = parts[1].split(separator: ":").compactMap { Int($0) }
    guard let name = names.first, let high = bits.first, let low = bits.last,
      (0..<32).contains(low), (low..<32).contains(high)
    else { return nil }
    var (isNamed, legal, units) = (false, [UInt32]?.none, [Unit]())
    var condition: OptionCondition?
    for part in parts.dropFirst(2) {
      if part == "each" {
        isNamed = true
      } else if part.hasPrefix("in:") {
        let texts = part.dropFirst(3).split(separator: "/")
        let values = texts.compactMap { UInt32($0, radix: 16) }
        guard values.count == texts.count else { return nil }
        legal = values
      } else if part.hasPrefix("if:") {
        guard let parsed = OptionCondition(part.dropFirst(3)) else { return nil }
        condition = parsed
      } else if part.hasPrefix("*") {
        let pieces = part.dropFirst().split(separator: "?")
        guard let first = pieces.first, let bytes = UInt64(first, radix: 16) else { return nil }
        let when = pieces.count > 1 ? OptionCondition(pieces[1]) : nil
        guard pieces.count == 1 || when != nil else { return nil }
        units.append(Unit(bytes: bytes, condition: when))
      } else {
        return nil
      }
    }
    self.name = String(name)
    manualName = names.count > 1 ? String(names[1]) : nil
    address = word.address
    self.low = low
    width = high - low + 1
    hasNamedBits = isNamed
    self.legal = legal
    self.units = units
    self.condition = condition
    let mask = (high - low == 31 ? UInt32.max : (1 << UInt32(high - low + 1)) - 1)
    factory = word.factory.map { $0 >> UInt32(low) & mask }
  }
}

extension OptionCondition {
  /// `FIELD=V`, or several of them with `&` between; V in hexadecimal.
  fileprivate init?(_ text: Substring) {
    values = []
    for part in text.split(separator: "&") {
      let sides = part.split(separator: "=")
      guard sides.count == 2, let value = UInt32(sides[1], radix: 16) else { return nil }
      values.append(Value(field: String(sides[0]), value: value))
    }
  }
}
