import DfuseFormat

/// A field of option bytes that two contents have otherwise.
public struct OptionFieldDifference: Hashable, Sendable {
  /// A value of it.
  public struct Value: Hashable, Sendable {
    /// The number.
    public var number: UInt32
    /// What it means; nil where that is not known, or the number says it.
    public var meaning: String?
  }

  /// The field.
  public var field: OptionField
  /// What one has.
  public var left: Value
  /// What the other has.
  public var right: Value
}

/// The option bytes of two contents, by the fields of the chip that both may be of.
struct ComparedOptions {
  private let layout: OptionLayout
  private let left: OptionBytes
  private let right: OptionBytes

  /// Nil where no chip is known, or the two are not of one.
  init?(_ left: ComparedContents, _ right: ComparedContents, in ranges: [Range<UInt64>]) {
    let sides = [left, right].filter { !$0.roms.isEmpty }.map { side in
      OptionLayout.candidates(
        of: side.roms, maps: side.maps,
        kibibytes: side.maps.filter { $0.kind == .internalFlash }.kibibytes)
    }
    guard let first = sides.first,
      let layout = OptionLayout.common(
        first.filter { layout in sides.allSatisfy { $0.contains(layout) } })
    else { return nil }
    self.layout = layout
    self.left = OptionBytes(layout, left, ranges)
    self.right = OptionBytes(layout, right, ranges)
  }

  /// The fields that differ, in the order of their addresses.
  var fields: [OptionFieldDifference] { left.differences(to: right) }

  /// Whether a word differs in more than fields and their complements.
  func hasMore(_ word: Comparison.Pair<UInt32>) -> Bool {
    let form = layout.family.form
    if form.complementsNext, let one = left.word(at: word.address &- 4),
      let other = right.word(at: word.address &- 4),
      layout.words.contains(where: { $0.address == word.address &- 4 })
    {
      return one != ~word.left || other != ~word.right
    }
    var explained = layout.fields.reduce(UInt32(0)) {
      $1.address == word.address ? $0 | $1.mask : $0
    }
    if form.holdsComplement(word.left), form.holdsComplement(word.right) {
      explained |= ~form.mask
    }
    return (word.left ^ word.right) & ~explained != 0
  }
}

extension OptionBytes {
  /// The fields that other option bytes of the same chip have otherwise, in the order of their
  /// addresses; these are on the left.
  public func differences(to other: OptionBytes) -> [OptionFieldDifference] {
    fields.compactMap { field in
      guard let mine = value(of: field), let theirs = other.value(of: field), mine != theirs
      else { return nil }
      return OptionFieldDifference(
        field: field, left: .init(number: mine, meaning: meaning(of: mine, for: field)),
        right: .init(number: theirs, meaning: other.meaning(of: theirs, for: field)))
    }
  }

  fileprivate init(
    _ layout: OptionLayout, _ contents: ComparedContents, _ ranges: [Range<UInt64>]
  ) {
    self.init(
      layout: layout,
      blocks: ranges.compactMap { range in
        UInt32(exactly: range.lowerBound).map {
          ImageElement(address: $0, bytes: contents.bytes(range, erased: 0xFF))
        }
      })
  }
}
