import DfuseDevice
import DfuseFormat

/// In what two contents differ, for people and for programs; documented in `docs/json.md`.
struct ComparisonReport: Encodable, Equatable, Sendable {
  struct Difference: Encodable, Equatable, Sendable {
    var range: AddressRange
    var bytesDiffering: Int
    /// The first bytes of each, in hexadecimal.
    var left: String
    var right: String
  }

  struct Vectors: Encodable, Equatable, Sendable {
    var stack: UInt32
    var reset: UInt32
  }

  struct VectorTable: Encodable, Equatable, Sendable {
    var address: UInt64
    var left: Vectors
    var right: Vectors
  }

  struct OptionWord: Encodable, Equatable, Sendable {
    var address: UInt64
    var left: UInt32
    var right: UInt32
  }

  struct OptionField: Encodable, Equatable, Sendable {
    struct Value: Encodable, Equatable, Sendable {
      var value: UInt32
      var meaning: String?
    }

    /// Its name in ST's programmer; `nWRP0-7` where each bit has one.
    var name: String
    /// The address of its word.
    var address: UInt64
    var left: Value
    var right: Value
  }

  /// The names of both.
  var left: String
  var right: String
  var bytesCompared: UInt64
  var bytesDiffering: Int
  var compared: [AddressRange]
  /// What only one of them can have.
  var onlyLeft: [AddressRange]
  var onlyRight: [AddressRange]
  var sectors: [AddressRange]
  var differences: [Difference]
  var vectorTables: [VectorTable]
  var optionWords: [OptionWord]
  var optionFields: [OptionField]
  /// The words that people are shown: those that no field explains.
  private var otherOptionWords: [OptionWord]

  private enum CodingKeys: String, CodingKey {
    case left, right, bytesCompared, bytesDiffering, compared, onlyLeft, onlyRight, sectors
    case differences, vectorTables, optionWords, optionFields
  }

  init(_ comparison: Comparison, left: String, right: String) {
    (self.left, self.right) = (left, right)
    bytesCompared = comparison.byteCount
    bytesDiffering = comparison.differingCount
    compared = comparison.compared.map { AddressRange($0) }
    onlyLeft = comparison.onlyLeft.map { AddressRange($0) }
    onlyRight = comparison.onlyRight.map { AddressRange($0) }
    sectors = comparison.sectors.map { AddressRange($0) }
    differences = comparison.differences.map {
      Difference(
        range: AddressRange($0.range), bytesDiffering: $0.count, left: $0.left.hexBytes(),
        right: $0.right.hexBytes())
    }
    vectorTables = comparison.vectors.map {
      VectorTable(
        address: $0.address, left: Vectors(stack: $0.left.stack, reset: $0.left.reset),
        right: Vectors(stack: $0.right.stack, reset: $0.right.reset))
    }
    optionWords = comparison.optionWords.map(OptionWord.init)
    otherOptionWords = comparison.otherOptionWords.map(OptionWord.init)
    optionFields = comparison.optionFields.map { difference in
      OptionField(
        name: difference.field.title, address: difference.field.address,
        left: .init(value: difference.left.number, meaning: difference.left.meaning),
        right: .init(value: difference.right.number, meaning: difference.right.meaning))
    }
  }

  /// Whether they are the same.
  var isSame: Bool { bytesDiffering == 0 }

  /// In one sentence.
  var verdict: String {
    let size = bytesCompared.sizeText
    return isSame
      ? "\(left) and \(right) are the same: \(size) compared"
      : "\(left) and \(right) differ in \(bytesDiffering.counted("byte")) of \(size) compared"
  }

  /// Most differences that people are shown.
  private static let mostShown = 20

  /// The rest for people, a line each.
  var lines: [String] {
    var lines: [String] = []
    if !sectors.isEmpty {
      let places = sectors.reduce(into: [Range<UInt64>]()) { joined, sector in
        if let last = joined.last, last.upperBound == sector.address {
          joined[joined.count - 1] = last.lowerBound..<sector.address + sector.size
        } else {
          joined.append(sector.range)
        }
      }
      let shown = places.prefix(Self.mostShown).map(\.addressText).joined(separator: ", ")
      let more = places.count > Self.mostShown ? " and more" : ""
      lines.append("  \(sectors.count.counted("sector")): \(shown)\(more)")
    }
    for table in vectorTables {
      lines.append("  vector table at \(table.address.addressText)")
      lines.append("    \(left): \(table.left.words)")
      lines.append("    \(right): \(table.right.words)")
    }
    for difference in differences.prefix(Self.mostShown) {
      let count =
        UInt64(difference.bytesDiffering) == difference.range.size
        ? difference.bytesDiffering.counted("byte")
        : "\(difference.bytesDiffering) of \(Int(difference.range.size).counted("byte"))"
      let more = difference.range.size > 8 ? " …" : ""
      lines.append("  \(difference.range.text)  \(count)")
      lines.append("    \(left): \(difference.left)\(more)")
      lines.append("    \(right): \(difference.right)\(more)")
    }
    if differences.count > Self.mostShown {
      lines.append("  and \((differences.count - Self.mostShown).counted("place")) more")
    }
    if !optionWords.isEmpty {
      lines.append("  option bytes")
      for field in optionFields {
        lines.append(
          "    \(field.name)  \(left): \(field.left.words)  \(right): \(field.right.words)")
      }
      for word in otherOptionWords {
        lines.append(
          "    \(word.address.addressText)  \(left): \(word.left.hex)  \(right): \(word.right.hex)")
      }
    }
    return lines + restLines
  }

  private var restLines: [String] {
    func line(_ ranges: [AddressRange], _ name: String) -> String? {
      guard !ranges.isEmpty else { return nil }
      let shown = ranges.prefix(Self.mostShown).map(\.text).joined(separator: ", ")
      return "  not compared, since only \(name) has it: \(shown)"
        + (ranges.count > Self.mostShown ? " and more" : "")
    }
    return [line(onlyLeft, left), line(onlyRight, right)].compactMap(\.self)
  }
}

extension ComparisonReport.OptionWord {
  fileprivate init(_ pair: Comparison.Pair<UInt32>) {
    self.init(address: pair.address, left: pair.left, right: pair.right)
  }
}

extension ComparisonReport.OptionField.Value {
  /// `3 (off)`.
  fileprivate var words: String {
    OptionsReport.text(value) + (meaning.map { " (\($0))" } ?? "")
  }
}

extension AddressRange {
  fileprivate var range: Range<UInt64> { address..<address + size }
  /// The first and the last address, or the only one.
  fileprivate var text: String { size == 1 ? address.addressText : range.addressText }
}

extension ComparisonReport.Vectors {
  /// Blank words are none.
  fileprivate var words: String {
    if stack == .max, reset == .max { return "blank" }
    return "stack \(UInt64(stack).addressText), reset \(UInt64(reset).addressText)"
  }
}
