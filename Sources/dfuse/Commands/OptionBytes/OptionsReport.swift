import DfuseDevice
import DfuseFormat

/// What `dfuse options` tells, for people and for programs.
struct OptionsReport: Encodable, Equatable, Sendable {
  struct Field: Encodable, Equatable, Sendable {
    /// Its name in ST's programmer; `nWRP0-7` where each bit has one.
    var name: String
    /// The reference manual's name, where that is another.
    var manualName: String?
    /// The address of its word.
    var address: UInt64
    /// Missing when the bootloader does not show its word.
    var value: UInt32?
    /// Missing when nobody knows it.
    var factory: UInt32?
    var meaning: String?
    /// Whether the chip has it now: some fields are there only with TrustZone.
    var present: Bool
  }

  struct Word: Encodable, Equatable, Sendable {
    var address: UInt64
    var value: UInt32
    /// Whether its complement is wrong.
    var torn: Bool
  }

  /// The chips whose fields they are; missing when they are not decoded.
  var layout: String?
  var words: [Word]
  var fields: [Field]
  /// Whether there is a way into the bootloader at the next start; missing when nobody can tell.
  var reachesBootloader: Bool?
  /// Whether firmware starts; missing when nobody can tell.
  var startsFirmware: Bool?

  init(_ options: OptionBytes, shown: [Range<UInt64>]) {
    layout = options.layoutName
    let torn = Set(options.tornWords)
    words = options.blocks.flatMap { block in
      stride(from: block.range.lowerBound, to: block.range.upperBound, by: 4).compactMap { place in
        options.word(at: place).map {
          Word(address: place, value: $0, torn: torn.contains(place))
        }
      }
    }
    fields = options.fields.map { field in
      let value = options.value(of: field)
      return Field(
        name: field.title, manualName: field.manualName, address: field.address, value: value,
        factory: field.factory, meaning: value.flatMap { options.meaning(of: $0, for: field) },
        present: options.has(field))
    }
    reachesBootloader = options.reachesBootloader
    startsFirmware = options.startsFirmware
  }

  /// `, as the STM32F40x/41x has them`, where the board's name does not say that.
  func title(of board: BoardName) -> String {
    guard let layout else { return ", which are not decoded for this chip" }
    return layout == board.chip ? "" : ", as the \(layout) has them"
  }

  /// The lines for people: each word with its fields.
  var lines: [String] {
    var lines: [String] = []
    let widest = fields.map(\.name.count).max() ?? 0
    for word in words {
      let here = fields.filter { $0.address == word.address }
      // A complement says nothing new, and a register that is written elsewhere neither.
      guard layout == nil || !here.isEmpty || word.torn else { continue }
      var line = "  \(word.address.addressText)  \(word.value.hex)"
      if word.torn { line += "  its complement is wrong" }
      lines.append(line)
      for field in here where field.present {
        lines.append(Self.line(field, widest: widest))
      }
    }
    let hidden = fields.filter { $0.value == nil && $0.present }.map(\.name)
    if !hidden.isEmpty {
      lines.append("  not shown by this bootloader: \(hidden.joined(separator: ", "))")
    }
    let absent = fields.filter { !$0.present }.map(\.name)
    if !absent.isEmpty {
      lines.append("  there only with TrustZone: \(absent.joined(separator: ", "))")
    }
    if fields.contains(where: { $0.isChanged }) {
      lines.append("  * not as it left the factory")
    }
    if reachesBootloader == false {
      lines.append(
        "  no way into the bootloader by the pin: only a program or a debug probe can start it")
    }
    if startsFirmware == false { lines.append("  the chip does not start a program in its flash") }
    return lines
  }

  private static func line(_ field: Field, widest: Int) -> String {
    let name = field.name
    let value = field.value.map { Self.text($0) } ?? "?"
    let start = "  \(field.isChanged ? "*" : " ") \(name.padded(to: widest + 2))"
    var words: [String] = []
    if let meaning = field.meaning { words.append(meaning) }
    if field.isChanged, let factory = field.factory {
      words.append("(factory \(Self.text(factory)))")
    }
    guard !words.isEmpty else { return start + value }
    return start + value.padded(to: 8) + "  " + words.joined(separator: " ")
  }

  /// Small numbers as they are, others in hexadecimal.
  static func text(_ value: UInt32) -> String { value < 10 ? "\(value)" : value.shortHex }
}

extension OptionsReport.Field {
  /// Whether it is known to differ from what the factory set.
  var isChanged: Bool {
    guard present, let value, let factory else { return false }
    return value != factory
  }
}

extension OptionChange {
  /// What changes, a line each.
  var lines: [String] {
    let widest = differences.map { $0.field.title.count }.max() ?? 0
    return differences.map { difference in
      var line =
        difference.field.title.padded(to: widest + 2) + OptionsReport.text(difference.before)
        + " -> "
        + OptionsReport.text(difference.after)
      if let now = before.meaning(of: difference.before, for: difference.field),
        let then = after.meaning(of: difference.after, for: difference.field)
      {
        line += "  (\(now) -> \(then))"
      }
      return line
    }
  }

  /// The words that are written, a line each.
  var words: [String] {
    blocks.map { block in
      "\(block.range.addressText): " + block.bytes.hexBytes()
    }
  }
}

extension OptionChange.Caution {
  /// What to know, for people.
  var text: String {
    switch self {
    case .holdSupply:
      "leave the board plugged in: a supply that is cut while this chip's option bytes are written can "
        + "leave it without a way into its bootloader"
    case .protects:
      "the chip is read protected afterwards: its flash can only be erased, by 'dfuse unprotect'"
    case .mapChanges(let field):
      "\(field.name) changes where the flash and its sectors are: flash the firmware again afterwards"
    case .watchdog(let field):
      "\(field.name)=0 starts a watchdog by hardware, in the bootloader as well: it may reset the chip "
        + "while it is flashed"
    case .fastOutputs(let field):
      "\(field.name)=1 is for supplies below 2.7 V; above, it can damage the chip"
    case .highThreshold(let field):
      "\(field.name) is at its highest: at a lower supply the chip is held in reset, and cannot be "
        + "reached"
    case .leftAlone(let field):
      "\(field.name) is left as it is: it cannot be set back by writing option bytes"
    }
  }
}
